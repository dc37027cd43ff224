"""Every texture of the vocabulary, with everything that may be said about it."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

from hausmusik.audio.loudness import measure
from hausmusik.engines.procedural.rendering import render
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.textures import BUILDERS
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline
from hausmusik.errors import ConfigError
from hausmusik.instruments.sound_prompts import recipe_of
from hausmusik.instruments.sound_vocabulary import Setting, texture_words
from hausmusik.types import Audio

pytestmark = pytest.mark.slow


TEXTURES = {texture.id: texture for texture in texture_words().texture}


def rendered(texture: str, changes: dict[str, Setting], timeline: Timeline) -> np.ndarray:
    settings = Settings({**TEXTURES[texture].settings, **changes})
    return np.concatenate(list(render(timeline, BUILDERS[texture](timeline, settings))), axis=1)


@functools.cache
def heard(prompt: str, *, duration_s: float = 4.0, seed: int = 1, loop: bool = False) -> np.ndarray:
    """The first layer of a prompt, before levelling."""
    timeline = Timeline(round(duration_s * RATE_HZ), loop=loop, seed=seed)
    layer = recipe_of(prompt).layers[0]
    return rendered(layer.texture, layer.settings, timeline)


def test_every_texture_of_the_vocabulary_can_be_built_and_no_other() -> None:
    assert set(BUILDERS) == set(TEXTURES)


@pytest.mark.parametrize("texture", list(TEXTURES))
def test_every_word_about_a_texture_can_be_built(texture: str) -> None:
    timeline = Timeline(2000, loop=False, seed=1)
    seen: list[dict[str, Setting]] = []
    for changes in TEXTURES[texture].words.values():
        # One build per new choice is enough; numbers are covered by their extremes below.
        choices = {name: value for name, value in changes.items() if isinstance(value, str)}
        if choices not in seen:
            seen.append(choices)
            assert np.isfinite(rendered(texture, choices, timeline)).all()


def test_a_word_outside_the_tables_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="surface = 'cheese'"):
        rendered("rain", {"surface": "cheese"}, Timeline(100, loop=False, seed=1))
    with pytest.raises(ConfigError, match="no number for intensity"):
        rendered("rain", {"intensity": "much"}, Timeline(100, loop=False, seed=1))


@pytest.mark.parametrize("texture", list(TEXTURES))
def test_extremes_are_sound_too(texture: str) -> None:
    shares = [
        name for name, value in TEXTURES[texture].settings.items() if isinstance(value, float) and "_" not in name
    ]
    for value in (0.0, 1.0):
        changes: dict[str, Setting] = {name: value for name in shares if name != "count"}
        sound = rendered(texture, changes, Timeline(RATE_HZ // 2, loop=False, seed=2))
        assert np.isfinite(sound).all()


@pytest.mark.parametrize("texture", list(TEXTURES))
def test_it_sounds_on_both_sides_without_dc(texture: str) -> None:
    sound = heard(TEXTURES[texture].names[0])
    level = np.sqrt(np.mean(sound**2, axis=1))
    assert level.min() > 1e-4
    assert abs(20 * np.log10(level[0] / level[1])) < 6
    assert np.abs(sound.mean(axis=1)).max() < 0.01 * level.max()


@pytest.mark.parametrize("texture", list(TEXTURES))
def test_a_loop_goes_on_where_it_ends(texture: str) -> None:
    """The second turn equals the first, tails and all: the joint is like any other place by construction."""
    timeline = Timeline(round(2.3 * RATE_HZ), loop=True, seed=5)
    parts = BUILDERS[texture](timeline, Settings(TEXTURES[texture].settings))
    tail = max(part.tail for part in parts)
    before = 1 + -(-tail // timeline.cell(0).frames)
    whole = np.zeros((2, timeline.cell(before).start + 3 * timeline.frames + 2 * tail + 20_000), dtype=np.float32)
    shift = -timeline.cell(-before).start
    for number, part in itertools.product(range(-before, 2 * timeline.cells), parts):
        cell = timeline.cell(number)
        part.add(cell, whole[:, shift + cell.start :])
    turns = [whole[:, shift + turn * timeline.frames : shift + (turn + 1) * timeline.frames] for turn in (0, 1)]
    given = np.concatenate(list(render(timeline, parts)), axis=1)
    peak = np.abs(given).max()
    np.testing.assert_allclose(turns[0], given, atol=1e-5 * peak)
    np.testing.assert_allclose(turns[1][:, : RATE_HZ // 2], given[:, : RATE_HZ // 2], atol=1e-4 * peak)


def octave_db(sound: np.ndarray, centre_hz: float) -> float:
    power = (np.abs(np.fft.rfft(sound)) ** 2).mean(axis=0)
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ)
    return float(10 * np.log10(power[(hertz > centre_hz / 1.414) & (hertz < centre_hz * 1.414)].sum() / power.sum()))


def peakiness(sound: np.ndarray, above_hz: float = 1000.0) -> float:
    """Kurtosis of what lies above a frequency: 3 for noise, more for single events."""
    mono = sound.mean(axis=0)
    spectrum = np.fft.rfft(mono)
    spectrum[np.fft.rfftfreq(mono.size, 1 / RATE_HZ) < above_hz] = 0
    high = np.fft.irfft(spectrum, mono.size)
    return float(np.mean((high / high.std()) ** 4))


def swing_db(sound: np.ndarray, window_s: float = 0.5) -> float:
    """Standard deviation of the level from window to window."""
    frames = round(window_s * RATE_HZ)
    count = sound.shape[1] // frames
    power = np.mean(sound[:, : count * frames].reshape(2, count, frames) ** 2, axis=(0, 2))
    return float(np.std(10 * np.log10(power + 1e-12)))


def test_rain_on_leaves_has_the_spectrum_of_a_recorded_one() -> None:
    """Octave levels of a recording of rain in a garden, 500 Hz to 8 kHz, and its peaky drops."""
    rain = heard("rain on leaves", duration_s=8.0)
    recorded = {500: -12, 1000: -7, 2000: -5, 4000: -6, 8000: -10, 12_000: -14}
    for centre, level in recorded.items():
        assert octave_db(rain, centre) == pytest.approx(level, abs=4)
    assert 6 < peakiness(rain) < 60


def test_the_words_of_rain_are_heard() -> None:
    drizzle, downpour = heard("drizzle"), heard("torrential rain")
    assert peakiness(drizzle) > 2 * peakiness(downpour)
    assert octave_db(heard("rain on a tent"), 250) > octave_db(heard("rain on leaves"), 250) + 8
    assert octave_db(heard("rain on a pond"), 4000) > octave_db(heard("rain on a tin roof"), 4000) + 5
    assert octave_db(heard("distant rain"), 8000) < octave_db(heard("rain"), 8000) - 8


def test_small_rain_hisses_and_heavy_rain_has_a_body() -> None:
    drizzle, downpour = heard("light drizzle", duration_s=8.0), heard("torrential rain", duration_s=8.0)
    assert octave_db(drizzle, 8000) > octave_db(downpour, 8000) + 3
    assert octave_db(drizzle, 500) < octave_db(downpour, 500) - 3


def test_quiet_fire_and_wind_are_duller_and_loud_ones_are_not() -> None:
    for sound in ("wind", "fire"):
        assert octave_db(heard(f"very quiet {sound}"), 8000) < octave_db(heard(sound), 8000) - 3


def test_a_fire_is_wide_and_more_than_its_rumble() -> None:
    fire = heard("crackling campfire", duration_s=12.0)
    assert np.corrcoef(fire)[0, 1] < 0.6
    assert octave_db(fire, 2000) > -11
    assert octave_db(fire, 63) < -5


def band_swing_db(sound: np.ndarray, low_hz: float, high_hz: float) -> float:
    """How far a band's level wanders over quarters of a second, from its 5th to its 95th percentile."""
    spectrum = np.fft.rfft(sound.mean(axis=0))
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ)
    spectrum[(hertz < low_hz) | (hertz > high_hz)] = 0
    band = np.fft.irfft(spectrum, sound.shape[1])
    frames = RATE_HZ // 4
    level = (band[: band.size // frames * frames].reshape(-1, frames) ** 2).mean(axis=1)
    return float(10 * np.log10(np.percentile(level, 95) / np.percentile(level, 5)))


def test_leaves_answer_the_gusts() -> None:
    assert band_swing_db(heard("wind in the trees", duration_s=20.0), 2000, 8000) > 7.5


def test_people_in_a_crowd_have_consonants() -> None:
    assert octave_db(heard("crowd murmur", duration_s=8.0), 4000) > -17


def test_a_lake_laps_and_a_beach_does_not() -> None:
    lake, beach = heard("lapping lake", duration_s=20.0), heard("calm sea", duration_s=20.0)
    assert octave_db(lake, 1000) - octave_db(lake, 125) > octave_db(beach, 1000) - octave_db(beach, 125) + 2


def test_the_words_of_wind_are_heard() -> None:
    gusty, steady = heard("strong gusty wind", duration_s=16.0), heard("strong steady wind", duration_s=16.0)
    assert swing_db(gusty) > 1.7 * swing_db(steady)
    howling = heard("howling wind", duration_s=5.0)
    spectrum = np.abs(np.fft.rfft(howling[0])) ** 2
    hertz = np.fft.rfftfreq(howling.shape[1], 1 / RATE_HZ)
    narrow = spectrum[(hertz > 250) & (hertz < 1200)]
    assert narrow.max() / narrow.mean() > 15, "a howl has a pitch"
    assert octave_db(heard("wind in the trees"), 4000) > octave_db(heard("wind"), 4000) + 3
    assert octave_db(heard("wind round a house"), 4000) < octave_db(heard("wind"), 4000) - 10


def test_waves_come_and_go_and_their_spectrum_tilts() -> None:
    sea = heard("calm sea", duration_s=60.0)
    frames = RATE_HZ // 4
    level = np.sqrt(np.mean(sea.reshape(2, -1, frames) ** 2, axis=(0, 2)))
    spectrum = np.abs(np.fft.rfft(level - level.mean())) ** 2
    rhythm_s = 60.0 / np.average(np.arange(2, 20), weights=spectrum[2:20])
    assert 4.0 < rhythm_s < 14.0
    brightness = np.array(
        [octave_db(part, 4000) - octave_db(part, 125) for part in np.split(sea[:, : 60 * RATE_HZ], 120, 1)]
    )
    assert np.ptp(brightness) > 12
    assert swing_db(heard("stormy sea"), 2.0) < swing_db(sea, 2.0) + 3


def test_fire_crackles() -> None:
    fire, roaring = heard("crackling fireplace", duration_s=8.0), heard("roaring fire", duration_s=8.0)
    assert peakiness(fire) > 40
    assert 3.5 < peakiness(roaring) < 0.4 * peakiness(fire)
    assert octave_db(fire, 63) > -10


@pytest.mark.parametrize(("colour", "step_db"), [("white", 3.0), ("pink", 0.0), ("brown", -3.0)])
def test_noise_has_its_colour(colour: str, step_db: float) -> None:
    noise = heard(f"{colour} noise")
    steps = np.diff([octave_db(noise, hertz) for hertz in (250, 500, 1000, 2000, 4000, 8000)])
    assert steps == pytest.approx(step_db, abs=0.6)


def test_rhythms_keep_their_tempo() -> None:
    for prompt, per_s in (("clock ticking", 2.0), ("heartbeat", 66 / 60), ("footsteps on wood", 1.85)):
        sound = np.abs(heard(prompt, duration_s=20.0)).max(axis=0)
        envelope = sound.reshape(-1, RATE_HZ // 100).max(axis=1)
        spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
        hertz = np.fft.rfftfreq(envelope.size, 0.01)
        near = spectrum[(hertz > 0.93 * per_s) & (hertz < 1.07 * per_s)].max()
        assert near > 5 * np.median(spectrum[hertz < 10]), prompt


def test_thunder_cracks_near_and_rumbles_far() -> None:
    near, far = heard("near thunder", duration_s=20.0), heard("distant thunder", duration_s=20.0)
    assert octave_db(near, 1000) > octave_db(far, 1000) + 10
    assert octave_db(far, 63) > -6
    assert measure(Audio(far, RATE_HZ)).range_lu > 10


def test_chimes_ring_in_the_modes_of_a_free_tube() -> None:
    chimes = heard("wind chimes", duration_s=20.0)
    assert octave_db(chimes, 700) > -6
    assert swing_db(chimes) > 2
