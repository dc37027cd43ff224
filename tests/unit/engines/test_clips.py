"""Against small recordings made here, under the names of real ones; then, slow, against the real ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.files import write_audio
from hausmusik.audio.loudness import measure
from hausmusik.engines.clips import LOUDEST_LUFS, ClipsEngine
from hausmusik.errors import BadInput, WeightsError
from hausmusik.instruments.sound_routing import natural_duration_s
from hausmusik.instruments.sound_vocabulary import clip_words
from hausmusik.seams import EngineContext
from hausmusik.takes.record import recordings_in
from hausmusik.types import (
    Artifact,
    Audio,
    AudioChunk,
    Done,
    Event,
    JudgeRequest,
    SoundRequest,
    Usage,
    concatenate,
)

RATE = 22_050


def recorded(kind: str, seconds: float) -> Audio:
    random = np.random.default_rng(len(kind))
    frames = round(seconds * RATE)
    if kind == "even":
        return Audio(0.05 * random.standard_normal((2, frames)).astype(np.float32), RATE)
    times = np.arange(frames) / RATE
    return Audio.mono(0.3 * np.sin(2 * np.pi * 700 * times) * np.exp(-4 * times / seconds), RATE)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> ClipsEngine:
    folder = tmp_path_factory.mktemp("clips")
    clips = {"vinyl_hiss.flac": ("even", 2.0), "misc_crow.flac": ("event", 0.7), "perc_bell.flac": ("event", 3.0)}
    for name, (kind, seconds) in clips.items():
        write_audio(folder / name, recorded(kind, seconds))
    (folder / "perc_door.flac").write_bytes(b"fLaC but not really")
    files = {f"sonic-pi-samples/{path.name}": str(path) for path in folder.iterdir()}
    built = ClipsEngine(EngineContext(files=files))
    list(built.prepare())
    list(built.load("cpu"))
    return built


def played(engine: ClipsEngine, prompt: str, duration_s: float = 0.0, *, loop: bool = False) -> list[Event]:
    request = SoundRequest(prompt=prompt, duration_s=duration_s, loop=loop)
    return [event for _, event in engine.play([request], threading.Event())]


def heard(engine: ClipsEngine, prompt: str, duration_s: float = 0.0, *, loop: bool = False) -> Audio:
    events = played(engine, prompt, duration_s, loop=loop)
    return concatenate([event.audio for event in events if isinstance(event, AudioChunk)])


def test_events_and_the_report(engine: ClipsEngine) -> None:
    report, whose, chunk, usage, done = played(engine, "a crow cawing")
    assert isinstance(report, Artifact)
    said = json.loads(report.data)
    assert said["clip"] == "crow"
    assert said["matched"] == ["crow", "cawing"]
    (recording,) = recordings_in(whose)
    assert (recording.author, recording.licence) == ("davidworksonline", "CC0-1.0")
    assert recording.link == "https://freesound.org/s/54973/"
    assert "crow" in recording.title
    assert recordings_in(report) == recordings_in(chunk) == ()
    assert isinstance(chunk, AudioChunk)
    assert (chunk.audio.sample_rate_hz, chunk.audio.channels) == (RATE, 1)
    assert usage == Usage(audio_s=0.7, characters=13)
    assert done == Done()


def test_the_level_is_always_the_same(engine: ClipsEngine) -> None:
    for prompt in ("crow", "bell", "vinyl hiss"):
        audio = heard(engine, prompt)
        loud = measure(audio).momentary_max_lufs
        peak = float(np.abs(audio.samples).max())
        assert peak <= 0.8901
        assert loud == pytest.approx(LOUDEST_LUFS, abs=0.3) or peak == pytest.approx(0.89, abs=0.01)


@pytest.mark.parametrize("duration_s", [0.0001, 0.3, 0.7, 1.9, 2.0, 2.1, 7.77, 61.0])
@pytest.mark.parametrize("prompt", ["vinyl hiss", "crow"])
@pytest.mark.parametrize("loop", [False, True])
def test_lengths_are_exact(engine: ClipsEngine, prompt: str, duration_s: float, loop: bool) -> None:
    if loop and duration_s < 0.05:
        with pytest.raises(BadInput, match="too short"):
            heard(engine, prompt, duration_s, loop=True)
        return
    assert heard(engine, prompt, duration_s, loop=loop).frames == round(duration_s * RATE)


def test_a_trimmed_clip_fades_and_a_whole_one_does_not(engine: ClipsEngine) -> None:
    whole, cut = heard(engine, "vinyl hiss"), heard(engine, "vinyl hiss", 1.5)
    assert np.abs(cut.samples[:, -3:]).max() < 0.01 * np.abs(cut.samples).max()
    steady = slice(0, round(1.2 * RATE))
    np.testing.assert_array_equal(cut.samples[:, steady], whole.samples[:, steady])
    assert whole.frames == 2 * RATE


def test_an_even_clip_is_repeated_without_dips(engine: ClipsEngine) -> None:
    long = heard(engine, "vinyl hiss", 12.0)
    frames = RATE // 10
    power = np.mean(long.samples[:, : 118 * frames].reshape(2, 118, frames)[:, :110] ** 2, axis=(0, 2))
    assert 10 * np.log10(power.max() / power.min()) < 2.0
    assert np.abs(long.samples[:, -3:]).max() < 0.01


def test_an_event_happens_once_and_then_there_is_silence(engine: ClipsEngine) -> None:
    once, long = heard(engine, "crow"), heard(engine, "crow", 4.0)
    np.testing.assert_array_equal(long.samples[:, : once.frames], once.samples)
    assert not long.samples[:, once.frames :].any()


@pytest.mark.parametrize("duration_s", [0.0, 0.9, 1.95, 2.0, 3.7, 9.0])
def test_a_loop_joins_itself(engine: ClipsEngine, duration_s: float) -> None:
    loop = heard(engine, "vinyl hiss", duration_s, loop=True)
    steps = np.abs(np.diff(loop.samples, axis=1)).max(axis=0)
    joint = np.abs(loop.samples[:, 0] - loop.samples[:, -1]).max()
    assert joint <= np.quantile(steps, 0.9999)
    tone = heard(engine, "bell", duration_s or 2.0, loop=True).samples[0]
    assert abs(tone[0] - tone[-1]) <= 1.1 * np.abs(np.diff(tone)).max()
    around = np.concatenate([loop.samples[:, -RATE // 10 :], loop.samples[:, : RATE // 10]], axis=1)
    assert np.sqrt(np.mean(around**2)) == pytest.approx(np.sqrt(np.mean(loop.samples**2)), rel=0.12)


def test_what_is_not_recorded_is_refused_with_near_ones(engine: ClipsEngine) -> None:
    with pytest.raises(BadInput, match="animal") as caught:
        played(engine, "some animal")
    assert "nearest are" in caught.value.hint
    with pytest.raises(BadInput) as caught:
        played(engine, "zzz")
    assert "cash-register" in caught.value.hint


def test_a_missing_and_a_damaged_recording(engine: ClipsEngine) -> None:
    with pytest.raises(WeightsError, match=r"owl\.mp3"):
        played(engine, "owl")
    with pytest.raises(BadInput):
        played(engine, "door slam")


@pytest.mark.parametrize("duration_s", [float("inf"), float("nan"), 1e9, 1e-9])
def test_lengths_that_are_none_are_refused(engine: ClipsEngine, duration_s: float) -> None:
    with pytest.raises(BadInput) as caught:
        played(engine, "crow", duration_s)
    assert caught.value.hint


def test_other_tasks_and_devices_are_refused(engine: ClipsEngine) -> None:
    with pytest.raises(BadInput, match="JudgeRequest"):
        list(engine.play([JudgeRequest(audio=Audio.mono([0.0], 8000))], threading.Event()))
    with pytest.raises(BadInput, match="cuda"):
        list(engine.load("cuda"))
    list(engine.warm_up())
    engine.close()


def test_cancel_ends_without_done(engine: ClipsEngine) -> None:
    cancel = threading.Event()
    events = []
    for _, event in engine.play([SoundRequest(prompt="vinyl hiss", duration_s=3600)], cancel):
        events.append(event)
        if len(events) == 5:
            cancel.set()
    assert len(events) == 5


@pytest.mark.slow
def test_every_real_recording_plays(weights: Callable[..., dict[str, str]]) -> None:
    engine = ClipsEngine(EngineContext(files=weights("sonic-pi-samples", "ovos-sounds")))
    for clip in clip_words().clip:
        audio = heard(engine, clip.id)
        assert audio.duration_s == pytest.approx(natural_duration_s(clip.id, "clips"), abs=0.06), clip.id
        looped_s = heard(engine, clip.id, loop=True).duration_s
        assert looped_s == pytest.approx(natural_duration_s(clip.id, "clips", loop=True), abs=0.06), clip.id
        assert 0.03 < np.abs(audio.samples).max() <= 0.8901, clip.id
        assert heard(engine, clip.id, 5.0, loop=True).duration_s == 5.0
    assert Path(engine._context.files["ovos-sounds/cat.mp3"]).is_file()
