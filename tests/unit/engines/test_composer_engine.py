"""The engine as a host sees it, on a tiny bank of the test's own: lengths, levels, streams, cancelling, sameness."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.loudness import measure
from hausmusik.engines.composer import ComposerEngine
from hausmusik.engines.composer.render import LOUDNESS_LUFS
from hausmusik.errors import BadInput, WeightsError
from hausmusik.seams import EngineContext
from hausmusik.types import (
    Artifact,
    Audio,
    AudioChunk,
    Done,
    Event,
    MusicRequest,
    Phase,
    Remark,
    SoundRequest,
    Usage,
    concatenate,
)
from tests.unit.engines.midi_reader import read_midi
from tests.unit.engines.small_bank import write_bank


def ready(path: Path) -> ComposerEngine:
    engine = ComposerEngine(EngineContext(files={"bank/small.sf2": str(path)}))
    for stage in (engine.prepare(), engine.load("cpu")):
        for _ in stage:
            pass
    return engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposerEngine]:
    made = ready(write_bank(tmp_path_factory.mktemp("bank") / "small.sf2"))
    yield made
    made.close()


def play(engine: ComposerEngine, prompt: str, duration_s: float, seed: int = 1, tempo_bpm: float = 0.0) -> list[Event]:
    request = MusicRequest(prompt=prompt, duration_s=duration_s, seed=seed, tempo_bpm=tempo_bpm)
    return [event for _, event in engine.play([request], threading.Event())]


def audio_of(events: list[Event]) -> Audio:
    return concatenate([event.audio for event in events if isinstance(event, AudioChunk)])


def artifact(events: list[Event], name: str) -> bytes:
    return next(event.data for event in events if isinstance(event, Artifact) and event.name == name)


@pytest.mark.parametrize("duration_s", [0.011, 0.3, 2.0, 4.0, 8.000_01, 12.3456])
def test_every_piece_is_exactly_as_long_as_asked(engine: ComposerEngine, duration_s: float) -> None:
    audio = audio_of(play(engine, "piano", duration_s))
    assert audio.frames == round(duration_s * 44_100)
    assert audio.channels == 2
    assert np.isfinite(audio.samples).all()


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["calm piano", "lofi", "canon", "suspense"])
def test_level_edges_and_offset(engine: ComposerEngine, prompt: str) -> None:
    audio = audio_of(play(engine, prompt, 10.0))
    loudness = measure(audio)
    assert loudness.integrated_lufs == pytest.approx(LOUDNESS_LUFS, abs=1.0)
    assert loudness.true_peak_dbtp <= -1.0
    edge = round(0.05 * 44_100)
    for part in (audio.samples[:, :edge], audio.samples[:, -edge:]):
        assert np.abs(part).max() < 0.02
    assert np.abs(audio.samples.mean(axis=1)).max() < 1e-5


def test_the_end_dies_away_instead_of_being_cut(engine: ComposerEngine) -> None:
    samples = audio_of(play(engine, "strings", 12.0)).samples
    levels = [float(np.sqrt((samples[:, at : at + 4_410] ** 2).mean())) for at in range(9 * 44_100, 12 * 44_100, 4_410)]
    assert levels[-1] < 0.1 * levels[0]
    assert max(b / max(a, 1e-6) for a, b in itertools.pairwise(levels)) < 1.6


def test_the_stream_is_contiguous_and_in_order(engine: ComposerEngine) -> None:
    events = play(engine, "folk", 10.0)
    kinds = [type(event) for event in events if not isinstance(event, Phase)]
    assert kinds[:2] == [Artifact, Artifact]
    assert kinds[-2:] == [Usage, Done]
    at = 0
    for event in events:
        if isinstance(event, AudioChunk):
            assert round(event.start_s * 44_100) == at
            at += event.audio.frames
            assert event.audio.frames <= 5 * 44_100
    assert at == 441_000


def test_the_brief_says_what_was_understood(engine: ComposerEngine) -> None:
    page = json.loads(artifact(play(engine, "calm piano, 70 bpm, D minor, blorp", 9.0), "brief.json"))
    assert page["key"] == "D minor"
    assert page["tempo_bpm"] == 70.0
    assert page["ignored"] == ["blorp"]
    assert {"words": "calm", "as": "mood:calm"} in page["understood"]
    assert {part["instrument"] for part in page["parts"]} == {"piano"}
    assert "no neural network" in page["note"]


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("calm piano with theremin and blorp", ["not understood: theremin, blorp"]),
        ("please make me some calm piano music, without vocals", []),
        ("blorp blorp blorp", ["not understood: blorp"]),
        (
            " ".join("x" + chr(97 + n) for n in range(15)),
            [f"not understood: {', '.join('x' + chr(97 + n) for n in range(12))} and 3 more words"],
        ),
    ],
)
def test_words_that_were_not_understood_are_told_before_the_usage(
    engine: ComposerEngine, prompt: str, told: list[str]
) -> None:
    events = play(engine, prompt, 2.0)
    assert [event.text for event in events if isinstance(event, Remark)] == told
    assert [type(event) for event in events if isinstance(event, Remark | Usage | Done)] == [
        *[Remark] * len(told),
        Usage,
        Done,
    ]


def test_the_midi_file_holds_the_piece(engine: ComposerEngine) -> None:
    events = play(engine, "calm piano, 70 bpm", 12.0)
    file = read_midi(artifact(events, "piece.mid"))
    assert file.tempo_bpm == pytest.approx(70.0, rel=1e-4)
    assert sum(len(track.notes) for track in file.tracks) > 10


def test_the_request_overrides_the_tempo(engine: ComposerEngine) -> None:
    page = json.loads(artifact(play(engine, "piano, 70 bpm", 12.0, tempo_bpm=91.0), "brief.json"))
    assert page["tempo_bpm"] == 91.0


def test_the_same_request_gives_the_same_bytes_whatever_was_played_before(tmp_path: Path) -> None:
    path = write_bank(tmp_path / "small.sf2")
    first, second = ready(path), ready(path)
    play(second, "folk", 3.0, seed=9)
    one, two = (audio_of(play(each, "jazz", 4.0, seed=4)).samples for each in (first, second))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, audio_of(play(first, "jazz", 4.0, seed=5)).samples)


def test_nearly_simultaneous_requests_keep_their_index(engine: ComposerEngine) -> None:
    requests = [MusicRequest(prompt="piano", duration_s=1.0), MusicRequest(prompt="harp", duration_s=2.0)]
    told = list(engine.play(requests, threading.Event()))
    assert [index for index, event in told if isinstance(event, Done)] == [0, 1]


class After:
    """Says stop once it was asked often enough."""

    def __init__(self, asks: int) -> None:
        self.asks = asks

    def is_set(self) -> bool:
        self.asks -= 1
        return self.asks < 0


@pytest.mark.parametrize("asks", [0, 1, 40])
def test_cancelling_ends_the_stream_without_a_done(engine: ComposerEngine, asks: int) -> None:
    request = MusicRequest(prompt="epic", duration_s=20.0)
    told = [event for _, event in engine.play([request], After(asks))]
    assert not any(isinstance(event, Done) for event in told)


@pytest.mark.slow
def test_long_pieces_are_measured_in_places_and_come_out_at_their_loudness(
    engine: ComposerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hausmusik.engines.composer.render.KEPT_BLOCKS", 3)
    monkeypatch.setattr("hausmusik.engines.composer.render.MEASURED_BLOCKS", 4)
    audio = audio_of(play(engine, "piano", 30.0))
    assert audio.frames == 30 * 44_100
    assert measure(audio).integrated_lufs == pytest.approx(LOUDNESS_LUFS, abs=2.0)


@pytest.mark.parametrize("request_", [SoundRequest(prompt="rain"), MusicRequest(prompt="x", duration_s=1e6)])
def test_what_it_cannot_play_is_refused(engine: ComposerEngine, request_: MusicRequest | SoundRequest) -> None:
    with pytest.raises(BadInput):
        list(engine.play([request_], threading.Event()))


def test_it_plays_on_the_cpu_only(engine: ComposerEngine) -> None:
    with pytest.raises(BadInput, match="cuda"):
        list(engine.load("cuda"))


def test_a_missing_or_broken_bank_is_named(tmp_path: Path) -> None:
    engine = ComposerEngine(EngineContext())
    with pytest.raises(WeightsError, match="given 0 files"):
        list(engine.load("cpu"))
    (tmp_path / "bad.sf3").write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match=r"bad\.sf3"):
        ready(tmp_path / "bad.sf3")


def test_playing_before_loading_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(RuntimeError, match="before it was loaded"):
        list(ComposerEngine(EngineContext()).play([MusicRequest(prompt="x", duration_s=1.0)], threading.Event()))
