"""The engine from text to events, on a model of five operations: everything but the sound is real."""

from __future__ import annotations

import itertools
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hausmusik.engines.kokoro.engine import KokoroEngine
from hausmusik.errors import BadInput, EngineError, GenerationFailed, WeightsError
from hausmusik.seams import EngineContext
from hausmusik.types import (
    Audio,
    AudioChunk,
    Done,
    Event,
    SoundRequest,
    SpeakRequest,
    Usage,
    WordTiming,
    concatenate,
)
from tests.unit.engines.tiny_kokoro import context

TEXT = (
    "The cat can open the door of the church, and the dog is in London and can never stop the bus. They want to run. "
    "He can stop the bus in London; it is in the church, and the cat is in the book."
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KokoroEngine]:
    made = ready(KokoroEngine(context(tmp_path_factory.mktemp("kokoro"))))
    yield made
    made.close()


def ready(engine: KokoroEngine) -> KokoroEngine:
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        for _ in stage:
            pass
    return engine


def events(engine: KokoroEngine, text: str, **request: object) -> list[Event]:
    asked = SpeakRequest(text=text, **request)  # pyright: ignore[reportArgumentType]
    return [event for _, event in engine.play([asked], threading.Event())]


def audio(found: list[Event]) -> Audio:
    return concatenate([event.audio for event in found if isinstance(event, AudioChunk)])


def words(found: list[Event]) -> list[WordTiming]:
    return [event for event in found if isinstance(event, WordTiming)]


def test_chunks_join_and_the_stream_ends_with_usage_and_done(engine: KokoroEngine) -> None:
    found = events(engine, TEXT)
    position = 0
    for event in found:
        if isinstance(event, AudioChunk):
            assert event.start_s == pytest.approx(position / 24_000)
            assert event.audio.sample_rate_hz == 24_000
            position += event.audio.frames
    assert isinstance(found[-1], Done)
    assert isinstance(found[-2], Usage)
    assert found[-2].audio_s == pytest.approx(position / 24_000)
    assert found[-2].characters == len(TEXT)


def test_the_first_chunk_is_short_and_comes_before_the_rest_is_made(engine: KokoroEngine) -> None:
    chunks = [event.audio.duration_s for event in events(engine, TEXT) if isinstance(event, AudioChunk)]
    assert len(chunks) >= 3
    assert chunks[0] < chunks[1]


def test_every_written_word_has_a_time_in_order_inside_the_audio(engine: KokoroEngine) -> None:
    found = events(engine, TEXT)
    timings = words(found)
    assert [word.text for word in timings] == TEXT.split()
    at_s = 0.0
    for word in timings:
        assert at_s <= word.start_s <= word.end_s
        at_s = word.end_s
    assert at_s <= audio(found).duration_s


def test_words_are_where_the_durations_say(engine: KokoroEngine) -> None:
    """In the tiny model every symbol lasts 100 ms, and speech begins with the first one."""
    timings = words(events(engine, "it is in it."))
    starts = np.array([word.start_s for word in timings])
    assert np.allclose(np.diff(starts[1:]), [0.3, 0.3], atol=0.011)  # `ɪz ` and `ɪn `


def test_the_same_request_gives_the_same_bytes(engine: KokoroEngine) -> None:
    one, two = (audio(events(engine, TEXT, voice={"af_heart": 1.0})).samples.tobytes() for _ in range(2))
    assert one == two


def test_joins_are_silent_and_nothing_is_too_loud(engine: KokoroEngine) -> None:
    found = events(engine, TEXT)
    assert float(np.abs(audio(found).samples).max()) <= 0.9
    for event in found:
        if isinstance(event, AudioChunk):
            assert abs(float(event.audio.samples[0, 0])) < 1e-3
            assert abs(float(event.audio.samples[0, -1])) < 1e-3


def test_pauses_follow_the_marks(engine: KokoroEngine) -> None:
    plain = audio(events(engine, "He can stop and the bus is in.")).duration_s
    rested = audio(events(engine, "He can stop [pause 2s] and the bus is in.")).duration_s
    assert rested - plain == pytest.approx(2.0, abs=0.25)
    joined = audio(events(engine, f"{TEXT} {TEXT}")).duration_s
    apart = audio(events(engine, f"{TEXT}\n\n{TEXT}")).duration_s
    assert apart > joined


def test_several_requests_are_told_apart(engine: KokoroEngine) -> None:
    requests = [SpeakRequest(text="the cat"), SpeakRequest(text="the dog")]
    found = list(engine.play(requests, threading.Event()))
    assert [index for index, event in found if isinstance(event, Done)] == [0, 1]
    assert [event.text for index, event in found if isinstance(event, WordTiming) and index == 1] == ["the", "dog"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"text": ""}, "nothing to say"),
        ({"text": " … [laughs] 🎉 \x00"}, "nothing to say"),
        ({"text": "你好"}, "nothing to say"),
        ({"text": "a" * 1_000_001}, "1000001"),
        ({"text": "cat", "voice": {"af_haert": 1.0}}, "af_haert"),
        ({"text": "cat", "language": "de"}, "English"),
        ({"text": "cat", "lexicon": {"cat": "/ǃ/"}}, "lexicon"),
    ],
)
def test_what_cannot_be_said_gets_a_clear_sentence(
    engine: KokoroEngine, request_: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        events(engine, **request_)  # pyright: ignore[reportArgumentType]


def test_a_misspelled_voice_gets_a_suggestion(engine: KokoroEngine) -> None:
    with pytest.raises(BadInput) as caught:
        events(engine, "cat", voice={"af_haert": 1.0})
    assert "af_heart" in caught.value.hint


def test_another_task_or_device_is_refused(engine: KokoroEngine) -> None:
    with pytest.raises(BadInput, match="SoundRequest"):
        list(engine.play([SoundRequest(prompt="rain")], threading.Event()))
    with pytest.raises(BadInput, match="cuda"):
        list(engine.load("cuda"))


def test_cancelling_ends_the_stream_without_done(engine: KokoroEngine) -> None:
    cancel = threading.Event()
    found: list[Event] = []
    for _, event in engine.play([SpeakRequest(text=TEXT * 20)], cancel):
        found.append(event)
        if isinstance(event, AudioChunk):
            cancel.set()
    assert not any(isinstance(event, Done) for event in found)
    assert sum(isinstance(event, AudioChunk) for event in found) == 1


def test_cancelled_before_it_began_makes_nothing(engine: KokoroEngine) -> None:
    cancel = threading.Event()
    cancel.set()
    assert list(engine.play([SpeakRequest(text=TEXT)], cancel)) == []


def test_slower_speech_has_shorter_chunks_and_longer_pauses(engine: KokoroEngine) -> None:
    normal, slow = (
        [event.audio for event in events(engine, TEXT, speed=speed) if isinstance(event, AudioChunk)]
        for speed in (1.0, 0.5)
    )
    assert len(slow) > len(normal)


def test_the_british_voice_reads_british_unless_told_otherwise(engine: KokoroEngine) -> None:
    lengths = [
        audio(events(engine, "An hour.", **more)).frames
        for more in (
            {"voice": {"bf_emma": 1.0}},
            {"voice": {"bf_emma": 1.0}, "language": "en-US"},
            {"language": "en-GB"},
        )
    ]
    assert lengths[0] == lengths[2] < lengths[1]


@pytest.mark.slow
def test_fifty_thousand_characters_stream_in_flat_memory(engine: KokoroEngine) -> None:
    text = (TEXT + " ") * 470
    assert len(text) > 50_000
    stream = engine.play([SpeakRequest(text=text)], threading.Event())
    list(itertools.islice(stream, 200))
    tracemalloc.start()
    began_s = time.process_time()
    total = 0
    for _, event in itertools.islice(stream, 4_000):
        total += event.audio.samples.nbytes if isinstance(event, AudioChunk) else 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert total > 60_000_000
    assert peak < 12_000_000
    assert time.process_time() - began_s < 20


def test_a_silent_or_broken_model_is_an_error_not_an_empty_file(tmp_path: Path) -> None:
    for loudness in (0.0, float("nan")):
        with pytest.raises(GenerationFailed):
            ready(KokoroEngine(context(tmp_path, loudness=loudness)))


def test_files_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="g2p-en"):
        list(KokoroEngine(EngineContext()).prepare())
    given = context(tmp_path)
    (tmp_path / "af_heart.bin").write_bytes(b"short")
    engine = KokoroEngine(given)
    list(engine.prepare())
    list(engine.load("cpu"))
    with pytest.raises(WeightsError, match="af_heart"):
        list(engine.warm_up())
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(WeightsError, match=r"model\.onnx"):
        list(KokoroEngine(given).load("cpu"))


def test_it_does_not_play_before_it_was_loaded(tmp_path: Path) -> None:
    engine = KokoroEngine(context(tmp_path))
    list(engine.prepare())
    with pytest.raises(EngineError, match="before it was loaded"):
        events(engine, "cat")
    engine.close()
    engine.close()


def test_the_default_voice_is_an_option(tmp_path: Path) -> None:
    engine = ready(KokoroEngine(context(tmp_path, default_voice="bf_emma")))
    british = audio(events(engine, "An hour.")).frames
    assert british < audio(events(engine, "An hour.", voice={"af_heart": 1.0})).frames
