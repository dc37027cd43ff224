"""What every engine must keep to; see `hausmusik.seams.Engine`. Runs on all of `tests/contract/engines.py`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import get_args

import numpy as np
import pytest

from hausmusik.codec import decode, encode
from hausmusik.engines.loading import load_engine
from hausmusik.errors import BadInput
from hausmusik.seams import Engine, Scalar
from hausmusik.types import (
    Audio,
    AudioChunk,
    ChatRequest,
    Done,
    Embeddings,
    EmbedRequest,
    Event,
    JudgeRequest,
    MusicRequest,
    Phase,
    Request,
    SoundRequest,
    SpeakRequest,
    TextDelta,
    ThinkingDelta,
    TokenScore,
    ToolCall,
    TranscribeRequest,
    Usage,
    WordTiming,
    concatenate,
)
from tests.contract.engines import CASES, EngineCase

Build = Callable[..., Engine]


@pytest.fixture(scope="module", params=[case.parameter() for case in CASES])
def case(request: pytest.FixtureRequest) -> EngineCase:
    return request.param


@pytest.fixture(scope="module")
def build(case: EngineCase, request: pytest.FixtureRequest) -> Build:
    """Make a new engine, not yet prepared."""
    if case.environment:
        request.getfixturevalue("importable")(case.environment)
    if case.library:
        pytest.importorskip(case.library, reason=f"{case.library} is not installed")
    files = request.getfixturevalue("weights")(*case.weights) if case.weights else {}
    if case.make:
        files = case.make(request.getfixturevalue("tmp_path_factory").mktemp(case.name))

    def built(**options: Scalar) -> Engine:
        return load_engine(case.entry_point, case.context(files, **options))

    return built


@pytest.fixture(scope="module")
def engine(build: Build) -> Iterator[Engine]:
    """An engine that is warm, for all tests of a case."""
    made = warmed(build())
    yield made
    made.close()


def warmed(engine: Engine) -> Engine:
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        for _ in stage:
            pass
    return engine


def played(engine: Engine, request: Request) -> list[Event]:
    return [event for _, event in engine.play([request], threading.Event())]


def results(events: Sequence[Event]) -> list[bytes]:
    """What must be equal when a request is played again: everything but progress and cost."""
    return [encode(event) for event in events if not isinstance(event, Phase | Usage)]


def audio_of(events: Sequence[Event]) -> Audio | None:
    chunks = [event.audio for event in events if isinstance(event, AudioChunk)]
    return concatenate(chunks) if chunks else None


# -- life -------------------------------------------------------------------------------------------------------------


def test_the_spec_can_be_read_before_anything_else(build: Build) -> None:
    spec = build().spec
    assert spec.name
    assert spec.revision
    assert spec.max_batch >= 1
    assert spec.concurrency >= 1
    assert "cpu" in spec.devices


def test_getting_ready_is_told_in_phases(build: Build) -> None:
    engine = build()
    for stage in (engine.prepare, lambda: engine.load("cpu"), engine.warm_up):
        done: dict[str, float] = {}
        for phase in stage():
            assert isinstance(phase, Phase)
            assert phase.name.isidentifier()
            if phase.done is not None:
                assert done.get(phase.name, 0.0) <= phase.done <= 1.0
                done[phase.name] = phase.done
    engine.close()


def test_it_can_be_closed_twice_and_before_it_was_loaded(build: Build) -> None:
    engine = build()
    engine.close()
    engine = warmed(build())
    engine.close()
    engine.close()


# -- plays ------------------------------------------------------------------------------------------------------------


def test_a_play_ends_with_its_only_done(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        told = list(engine.play([request], threading.Event()))
        assert {index for index, _ in told} == {0}
        events = [event for _, event in told]
        assert all(isinstance(event, get_args(Event)) for event in events)
        assert [isinstance(event, Done) for event in events] == [False] * (len(events) - 1) + [True]
        assert len(results(events)) > 1, "there is a result besides Done"


def test_audio_is_contiguous_finite_and_as_declared(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        events = played(engine, request)
        at = 0
        for event in events:
            if isinstance(event, AudioChunk):
                audio = event.audio
                assert audio.samples.dtype == np.float32
                assert audio.sample_rate_hz == case.sample_rate_hz
                assert audio.channels == case.channels.get(type(request), 1)
                assert audio.frames > 0
                assert round(event.start_s * audio.sample_rate_hz) == at
                assert np.isfinite(audio.samples).all()
                assert float(np.abs(audio.samples).max()) <= 2.0
                at += audio.frames
        assert bool(at) == isinstance(request, SpeakRequest | MusicRequest | SoundRequest)


def test_music_and_sound_are_exactly_as_long_as_asked(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        if isinstance(request, MusicRequest | SoundRequest) and request.duration_s:
            audio = audio_of(played(engine, request))
            assert audio is not None
            assert audio.frames == round(request.duration_s * case.sample_rate_hz)


def test_words_are_in_order_and_inside_the_audio(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        if isinstance(request, EmbedRequest):
            continue  # nothing of it is heard
        events = played(engine, request)
        words = [event for event in events if isinstance(event, WordTiming)]
        if isinstance(request, ChatRequest):
            assert not words
            continue
        audio = request.audio if isinstance(request, TranscribeRequest | JudgeRequest) else audio_of(events)
        assert audio is not None
        assert [word.start_s for word in words] == sorted(word.start_s for word in words)
        for word in words:
            assert word.text.strip()
            assert 0 <= word.start_s <= word.end_s <= audio.duration_s + 0.001


def test_vectors_have_length_one(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        vectors = [event for event in played(engine, request) if isinstance(event, Embeddings)]
        assert bool(vectors) == isinstance(request, JudgeRequest | EmbedRequest)
        for vector in vectors:
            np.testing.assert_allclose(np.linalg.norm(vector.values, axis=1), 1.0, atol=1e-4)
            assert vector.model


def test_usage_says_what_was_played(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        events = played(engine, request)
        counted = sum((event for event in events if isinstance(event, Usage)), Usage())
        assert all(getattr(counted, name) >= 0 for name in counted.__struct_fields__)
        if isinstance(request, EmbedRequest):
            assert not counted.audio_s
            assert counted.characters in {0, sum(map(len, request.texts))}
        elif isinstance(request, ChatRequest):
            assert counted.tokens_in > 0
            assert 0 < counted.tokens_out <= (request.max_tokens or 1e6)
        else:
            audio = request.audio if isinstance(request, TranscribeRequest | JudgeRequest) else audio_of(events)
            assert audio is not None
            # A host fills in what an engine does not count, so nothing is allowed and wrong is not.
            assert not counted.audio_s or counted.audio_s == pytest.approx(audio.duration_s, abs=0.01)


def test_every_event_can_travel(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        for event in played(engine, request):
            assert encode(decode(encode(event), Event)) == encode(event)


def test_a_conversation_goes_on_and_tokens_are_scored_where_that_is_asked_for(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        if not isinstance(request, ChatRequest):
            continue
        events = [event for event in played(engine, request) if not isinstance(event, Phase)]
        assert any(isinstance(event, TextDelta | ThinkingDelta | ToolCall) for event in events)
        scores = [place for place, event in enumerate(events) if isinstance(event, TokenScore)]
        assert bool(scores) == bool(request.top_logprobs)
        for place in scores:
            assert isinstance(events[place - 1], TextDelta | ThinkingDelta | TokenScore)
            score = events[place]
            assert isinstance(score, TokenScore)
            assert score.logprob <= 0
            assert len(score.alternatives) == request.top_logprobs
            best = [logprob for _, logprob in score.alternatives]
            assert best == sorted(best, reverse=True)


# -- sameness ---------------------------------------------------------------------------------------------------------


def test_the_same_request_gives_the_same_bytes(engine: Engine, case: EngineCase) -> None:
    for request in case.requests:
        assert results(played(engine, request)) == results(played(engine, request))


def test_another_engine_gives_the_same_bytes_in_another_order(engine: Engine, case: EngineCase, build: Build) -> None:
    other = warmed(build())
    there = {id(request): results(played(other, request)) for request in reversed(case.requests)}
    other.close()
    for request in case.requests:
        assert results(played(engine, request)) == there[id(request)]


def test_a_batch_equals_single_plays(engine: Engine, case: EngineCase) -> None:
    size = engine.spec.max_batch
    for start in range(0, len(case.requests), size):
        batch = case.requests[start : start + size]
        told = list(engine.play(batch, threading.Event()))
        assert {index for index, _ in told} == set(range(len(batch)))
        for index, request in enumerate(batch):
            events = [event for at, event in told if at == index]
            assert isinstance(events[-1], Done)
            assert results(events) == results(played(engine, request))


def test_a_slow_listener_hears_the_same(engine: Engine, case: EngineCase) -> None:
    request = case.requests[0]
    slow: list[Event] = []
    for _, event in engine.play([request], threading.Event()):
        slow.append(event)
        time.sleep(0.005)
    assert results(slow) == results(played(engine, request))


# -- refusals and cancellation ----------------------------------------------------------------------------------------


def test_nonsense_is_refused_in_words_and_does_no_harm(engine: Engine, case: EngineCase) -> None:
    assert case.nonsense
    for request in case.nonsense:
        with pytest.raises(BadInput) as caught:
            played(engine, request)
        assert caught.value.message
    assert isinstance(played(engine, case.requests[0])[-1], Done)


def test_it_stops_soon_after_it_is_cancelled(engine: Engine, case: EngineCase, build: Build) -> None:
    slow = warmed(build(**case.long_options)) if case.long_options else engine
    cancel = threading.Event()
    set_at: list[float] = []

    def stop() -> None:
        set_at.append(time.monotonic())
        cancel.set()

    within_s = case.cancel_within_s
    if case.at_one_go is not None:
        began = time.monotonic()
        played(engine, case.at_one_go)
        within_s = max(within_s, 3 * (time.monotonic() - began))
    timer = threading.Timer(0.3, stop)
    timer.start()
    events = [event for _, event in slow.play([case.long], cancel)]
    ended_at = time.monotonic()
    timer.join()
    assert not any(isinstance(event, Done) for event in events), "make `long` longer: it was over before the cancel"
    assert ended_at - set_at[0] < within_s
    if slow is not engine:
        slow.close()
    assert isinstance(played(engine, case.requests[0])[-1], Done)


def test_cancelled_beforehand_it_does_not_begin(engine: Engine, case: EngineCase) -> None:
    cancel = threading.Event()
    cancel.set()
    began = time.monotonic()
    events = [event for _, event in engine.play([case.long], cancel)]
    assert time.monotonic() - began < case.cancel_within_s
    assert not any(isinstance(event, Done) for event in events)


def test_a_play_can_be_left_in_the_middle(engine: Engine, case: EngineCase) -> None:
    expected = results(played(engine, case.requests[0]))
    play = engine.play([case.requests[0]], threading.Event())
    next(play)
    if (close := getattr(play, "close", None)) is not None:
        close()
    assert results(played(engine, case.requests[0])) == expected
