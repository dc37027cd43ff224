"""The composer on its real bank: levels by another meter, moods by spectrum, stopping in time, memory, sameness."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import av.filter
import numpy as np
import pytest

from hausmusik.engines.composer import ComposerEngine
from hausmusik.engines.composer.render import LOUDNESS_LUFS
from hausmusik.engines.composer.sampler.articulation import articulate
from hausmusik.engines.composer.sampler.samples import SampleStore
from hausmusik.engines.composer.sampler.soundfont import SoundFont
from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ, ToneStore
from hausmusik.engines.composer.tables import load_tables
from hausmusik.engines.composer.texture.drums import KEYS
from hausmusik.seams import EngineContext
from hausmusik.types import AudioChunk, Done, FloatArray, MusicRequest, concatenate

pytestmark = pytest.mark.slow
TABLES = load_tables()
STYLES = sorted(TABLES.styles)


@pytest.fixture(scope="module")
def files(weights: Callable[..., dict[str, str]]) -> dict[str, str]:
    return weights("musescore-general-lite")


@pytest.fixture(scope="module")
def engine(files: dict[str, str]) -> Iterator[ComposerEngine]:
    made = ComposerEngine(EngineContext(files=files))
    for stage in (made.prepare(), made.load("cpu"), made.warm_up()):
        for _ in stage:
            pass
    yield made
    made.close()


@pytest.fixture(scope="module")
def bank(files: dict[str, str]) -> SoundFont:
    return SoundFont(Path(next(iter(files.values()))))


def samples_of(engine: ComposerEngine, prompt: str, duration_s: float, seed: int = 1) -> FloatArray:
    request = MusicRequest(prompt=prompt, duration_s=duration_s, seed=seed)
    events = [event for _, event in engine.play([request], threading.Event())]
    return concatenate([event.audio for event in events if isinstance(event, AudioChunk)]).samples


def ebur128(samples: FloatArray) -> tuple[float, float]:
    """Integrated loudness and true peak by FFmpeg's meter, which shares no code with ours."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=44_100, format="fltp", layout="stereo", time_base="1/44100")
    meter = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts = 44_100, 0
    source.push(frame)
    source.push(None)
    found: dict[str, str] = {}
    while True:
        try:
            found = sink.pull().metadata or found
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    return float(found["lavfi.r128.I"]), 20 * np.log10(float(found["lavfi.r128.true_peak"]))


def centroid_hz(samples: FloatArray) -> float:
    power = np.abs(np.fft.rfft(samples.mean(axis=0))) ** 2
    bins = np.fft.rfftfreq(samples.shape[1], 1 / 44_100)
    return float((power * bins).sum() / power.sum())


# -- the small bank, where the large one cannot be had ----------------------------------------------------------------


def test_the_small_bank_plays_every_instrument_and_comes_out_as_loud(weights: Callable[..., dict[str, str]]) -> None:
    files = weights("timgm6mb")
    small = SoundFont(Path(next(iter(files.values()))))
    tones = ToneStore(small, SampleStore(small))
    for name, entry in TABLES.instruments.items():
        key = 38 if entry.kind == "drums" else sum(entry.range) // 2
        tone = tones.tone(entry.preset, key, 80, SAMPLE_RATE_HZ // 2)
        assert max((np.abs(each.part(0, each.frames)).max() for each in tone.strands), default=0.0) > 1e-3, name
    made = ComposerEngine(EngineContext(files=files))
    for stage in (made.prepare(), made.load("cpu")):
        for _ in stage:
            pass
    for prompt in ("calm piano and strings", "fast rock band", "ukulele and mandolin, happy"):
        loudness, peak = ebur128(samples_of(made, prompt, 20.0))
        assert loudness == pytest.approx(LOUDNESS_LUFS, abs=1.5), prompt
        assert peak < 0.0, prompt
    made.close()


# -- the bank -----------------------------------------------------------------------------------------------------


def test_every_instrument_sounds_over_its_whole_range(bank: SoundFont) -> None:
    tones = ToneStore(bank, SampleStore(bank))
    for name, entry in TABLES.instruments.items():
        assert tuple(entry.preset) in bank.presets, name
        if entry.kind == "drums":
            continue
        for key in (entry.range[0], sum(entry.range) // 2, entry.range[1]):
            tone = tones.tone(entry.preset, key, 80, SAMPLE_RATE_HZ // 2)
            peak = max((np.abs(each.part(0, each.frames)).max() for each in tone.strands), default=0.0)
            assert peak > 1e-3, (name, key)


def test_the_drums_of_every_groove_are_in_their_kits(bank: SoundFont) -> None:
    tones = ToneStore(bank, SampleStore(bank))
    for style in TABLES.styles.values():
        for layer in style.layer:
            if layer.role != "drums":
                continue
            for instrument in layer.instruments:
                for lines in (v for k, v in TABLES.grooves[layer.groove].items() if "/" in k):
                    for drum in lines:
                        preset = TABLES.instruments[instrument].preset
                        assert tones.tone(preset, KEYS[drum], 90, 20_000).strands, (instrument, drum)


def test_no_tone_clicks_at_its_loop(bank: SoundFont) -> None:
    """In a held tone the second difference after the first loop is no larger than before it."""
    store = SampleStore(bank)
    tones = ToneStore(bank, store)
    for name in ("strings", "warm_pad", "flute", "choir", "cello", "church_organ", "horn", "clarinet"):
        preset = TABLES.instruments[name].preset
        for key in (55, 62, 69):
            region = next((r for r in bank.regions(*preset) if r.sounds(key, 84)), None)
            if region is None:
                continue
            shape = articulate(region, bank.samples[region.sample], key, 84)
            wave = store.wave(region.sample, looped=shape.loops)
            if wave.loop is None:
                continue
            turn = round(wave.loop[1] / (shape.ratio * wave.sample_rate_hz / SAMPLE_RATE_HZ))
            if (
                turn < 4_000
            ):  # a loop of a few periods is heard as a tone: the spectrum would show it, a click detector not
                continue
            signal = tones.tone(preset, key, 84, turn + 30_000).strands[0].part(0, turn + 20_000)
            bend = np.abs(np.diff(signal, 2))
            assert bend[turn - 40 : turn + 40].max() < 2.0 * bend[max(200, turn - 12_000) : turn - 60].max() + 1e-5, (
                name,
                key,
            )


# -- pieces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_level_peak_offset_and_edges_of_every_style(engine: ComposerEngine, style: str) -> None:
    samples = samples_of(engine, TABLES.vocabulary.style[style][0], 30.0, seed=2)
    assert samples.shape == (2, 30 * 44_100)
    loudness, peak_db = ebur128(samples)
    assert loudness == pytest.approx(LOUDNESS_LUFS, abs=1.0)
    assert peak_db <= -1.0
    assert np.abs(samples.mean(axis=1)).max() < 1e-3
    for edge in (samples[:, :2_205], samples[:, -2_205:]):
        assert np.abs(edge).max() < 0.03
    assert np.abs(samples[:, -441:]).max() < 1e-3
    tenths = np.abs(samples[:, : 26 * 44_100]).max(axis=0).reshape(-1, 4_410).max(axis=1) > 10 ** (-60 / 20)
    gaps = np.diff(np.flatnonzero(tenths))
    assert gaps.max() < 20, "no two seconds of silence within the piece"


@pytest.mark.parametrize("prompt", ["music box lullaby", "church organ hymn", "ambient pad", "solo flute", "pizzicato"])
def test_the_last_sound_is_near_the_end(engine: ComposerEngine, prompt: str) -> None:
    for seed in (1, 2):
        samples = samples_of(engine, prompt, 40.0, seed=seed)
        levels = np.sqrt((samples.mean(axis=0) ** 2).reshape(-1, 2_205).mean(axis=1))
        last_s = (np.flatnonzero(levels > 10 ** (-50 / 20))[-1] + 1) / 20
        assert last_s >= 38.8
        assert np.abs(samples.mean(axis=1)).max() < 1e-5


def test_the_stereo_picture_is_wide_and_mono_safe(engine: ComposerEngine) -> None:
    for prompt in ("cinematic", "minimal", "folk"):
        left, right = samples_of(engine, prompt, 20.0)
        assert -0.2 < np.corrcoef(left, right)[0, 1] < 0.98
        mono_db = 10 * np.log10(np.mean(((left + right) / 2) ** 2) / np.mean((left**2 + right**2) / 2))
        assert mono_db > -3.5


def test_moods_differ_in_brightness(engine: ComposerEngine) -> None:
    def average(prompt: str) -> float:
        return float(np.mean([centroid_hz(samples_of(engine, prompt, 20.0, seed)) for seed in range(4)]))

    assert average("energetic music") > 1.3 * average("calm music")
    assert average("happy music") > 1.2 * average("dark music")


def test_a_long_piece_keeps_its_loudness_though_it_is_measured_in_places(engine: ComposerEngine) -> None:
    loudness, _ = ebur128(samples_of(engine, "calm piano and strings", 240.0))
    assert loudness == pytest.approx(LOUDNESS_LUFS, abs=1.5)


def test_another_process_gives_the_same_bytes(engine: ComposerEngine, files: dict[str, str]) -> None:
    code = (
        "import sys, json, hashlib, threading\n"
        "from hausmusik.engines.composer import ComposerEngine\n"
        "from hausmusik.seams import EngineContext\n"
        "from hausmusik.types import AudioChunk, MusicRequest\n"
        "engine = ComposerEngine(EngineContext(files=json.loads(sys.argv[1])))\n"
        "list(engine.load('cpu'))\n"
        "digest = hashlib.sha256()\n"
        "for _, event in engine.play([MusicRequest(prompt='jazz', duration_s=9.0, seed=5)], threading.Event()):\n"
        "    if isinstance(event, AudioChunk):\n"
        "        digest.update(event.audio.samples.tobytes())\n"
        "print(digest.hexdigest())\n"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(files)], env=env, capture_output=True, text=True, check=True
    )
    own = hashlib.sha256()
    request = MusicRequest(prompt="jazz", duration_s=9.0, seed=5)
    for _, event in engine.play([request], threading.Event()):
        if isinstance(event, AudioChunk):
            own.update(event.audio.samples.tobytes())
    assert done.stdout.strip() == own.hexdigest()


@pytest.mark.parametrize("after_s", [0.05, 0.6, 1.5])
def test_it_stops_within_half_a_second(files: dict[str, str], after_s: float) -> None:
    engine = ComposerEngine(EngineContext(files=files))
    list(engine.load("cpu"))
    cancel = threading.Event()
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        cancel.set()

    timer = threading.Timer(after_s, press)
    timer.start()
    told = list(engine.play([MusicRequest(prompt="epic", duration_s=600.0)], cancel))
    assert time.monotonic() - pressed[0] < 0.5
    assert not any(isinstance(event, Done) for _, event in told)
    timer.join()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_long_piece_needs_no_more_memory_than_a_short_one(files: dict[str, str]) -> None:
    code = (
        "import sys, json, threading\n"
        "from hausmusik.engines.composer import ComposerEngine\n"
        "from hausmusik.seams import EngineContext\n"
        "from hausmusik.types import MusicRequest\n"
        "engine = ComposerEngine(EngineContext(files=json.loads(sys.argv[1])))\n"
        "list(engine.load('cpu'))\n"
        "for _ in engine.play([MusicRequest(prompt='calm piano', duration_s=float(sys.argv[2]))], threading.Event()):\n"
        "    pass\n"
        "line = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(int(line.split()[1]) // 1024)\n"
    )
    env = {**os.environ, "OMP_NUM_THREADS": "1"}

    def peak_mib(duration_s: float) -> int:
        command = [sys.executable, "-c", code, json.dumps(files), str(duration_s)]
        return int(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)

    assert peak_mib(170.0) < 260
    assert peak_mib(400.0) < 260
