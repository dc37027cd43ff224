"""The sampler: reading a bank, pitch, envelopes, filters, the room, the mix."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.composer.sampler.articulation import articulate
from hausmusik.engines.composer.sampler.drift import HighPass
from hausmusik.engines.composer.sampler.mixdown import BLOCK, Mix, Strike, Track
from hausmusik.engines.composer.sampler.room import ROOMS, Reverb, impulse_response
from hausmusik.engines.composer.sampler.samples import SampleStore, packed, unpacked
from hausmusik.engines.composer.sampler.soundfont import Modulator, Region, Sample, SoundFont
from hausmusik.engines.composer.sampler.spectrum import backward, forward, smooth_size
from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ, ToneStore, stepped
from hausmusik.errors import WeightsError
from tests.unit.engines.small_bank import write_bank

SAW = (0, 0)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> SoundFont:
    return SoundFont(write_bank(tmp_path_factory.mktemp("bank") / "small.sf2"))


@pytest.fixture
def tones(bank: SoundFont) -> ToneStore:
    return ToneStore(bank, SampleStore(bank))


def pitch_hz(signal: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size), 1 << 18))
    return float(np.argmax(spectrum) * SAMPLE_RATE_HZ / (1 << 18))


def plain_region(**generators: float) -> Region:
    from hausmusik.engines.composer.sampler.soundfont import DEFAULTS

    values = DEFAULTS | {int(name[1:]): value for name, value in generators.items()}
    rules = (Modulator(0x0502, 48, 960, 0, 0),)
    return Region(0, (0, 127), (0, 127), values, rules)


SAMPLE = Sample("x", 0, 100, 10, 90, 44_100, 60, 0, vorbis=False)


# -- the bank -----------------------------------------------------------------------------------------------------


def test_every_instrument_of_the_table_has_its_preset(bank: SoundFont) -> None:
    assert (128, 0) in bank.presets
    region = bank.regions(0, 0)[0]
    assert region.sounds(60, 100)
    assert region.generators[54] == 1


def test_a_bank_without_a_variation_plays_its_plain_relative(tmp_path: Path) -> None:
    bank = SoundFont(write_bank(tmp_path / "plain.sf2", presets=[(0, 0), (128, 0)]))
    assert bank.regions(8, 0) == bank.regions(0, 0)
    assert bank.regions(128, 40) == bank.regions(128, 0)


def test_a_gap_in_a_preset_is_played_by_its_nearest_key(tmp_path: Path) -> None:
    low = (43, 40 << 8 | 20)  # the key range 20 to 40
    bank = SoundFont(write_bank(tmp_path / "gap.sf2", presets=[SAW, (128, 0)], extra=[low]))
    tones = ToneStore(bank, SampleStore(bank))
    assert tones.tone(SAW, 60, 100, 4_000).strands
    assert bank.regions(*SAW)[0].keys == (20, 40)


def test_a_missing_preset_is_named(bank: SoundFont) -> None:
    with pytest.raises(WeightsError, match="9:127"):
        bank.regions(9, 127)


@pytest.mark.parametrize("cut", [0, 4, 12, 60, 5_000])
def test_a_damaged_bank_is_refused(tmp_path: Path, cut: int) -> None:
    whole = write_bank(tmp_path / "whole.sf2").read_bytes()
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(whole[:cut])
    with pytest.raises(WeightsError, match=r"broken\.sf2"):
        SoundFont(broken)


def test_an_unpadded_odd_chunk_is_read_as_in_the_lite_bank(tmp_path: Path) -> None:
    """MuseScore General Lite's sample chunk is odd and lacks the pad byte."""
    data = write_bank(tmp_path / "even.sf2").read_bytes()
    at = data.index(b"smpl")
    size = struct.unpack("<I", data[at + 4 : at + 8])[0]
    odd = data[: at + 4] + struct.pack("<I", size - 1) + data[at + 8 : at + 8 + size - 1] + data[at + 8 + size :]
    (tmp_path / "odd.sf2").write_bytes(odd)
    assert SoundFont(tmp_path / "odd.sf2").presets == SoundFont(tmp_path / "even.sf2").presets


# -- articulation -------------------------------------------------------------------------------------------------


def test_velocity_counts_as_the_specification_says() -> None:
    loud, soft = (articulate(plain_region(), SAMPLE, 60, velocity).gain for velocity in (127, 64))
    assert loud == pytest.approx(1.0)
    assert 20 * np.log10(soft) == pytest.approx(40 * np.log10(64 / 127), abs=0.01)


def test_a_rule_that_lets_velocity_open_the_filter() -> None:
    region = plain_region(g8=6_000.0)
    opening = Region(0, (0, 127), (0, 127), region.generators, (Modulator(0x0002, 8, 4_000, 0, 0),))
    dark, bright = (articulate(opening, SAMPLE, 60, velocity).cutoff_hz for velocity in (1, 127))
    assert bright / dark == pytest.approx(2 ** (4_000 * 126 / 127 / 1_200), rel=1e-3)


def test_pitch_follows_key_root_and_tuning() -> None:
    assert articulate(plain_region(), SAMPLE, 72, 100).ratio == pytest.approx(2.0)
    assert articulate(plain_region(g58=72.0, g52=-50.0), SAMPLE, 72, 100).ratio == pytest.approx(2 ** (-50 / 1_200))
    assert articulate(plain_region(g56=0.0), SAMPLE, 30, 100).ratio == pytest.approx(1.0)


# -- tones --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [48, 60, 67, 81])
def test_a_tone_has_its_pitch_and_lasts_beyond_its_loop(tones: ToneStore, key: int) -> None:
    tone = tones.tone(SAW, key, 100, SAMPLE_RATE_HZ)
    heard = tone.strands[0].part(2_000, SAMPLE_RATE_HZ)
    assert heard.size == SAMPLE_RATE_HZ - 2_000
    assert pitch_hz(heard) == pytest.approx(440 * 2 ** ((key - 69) / 12), rel=2e-3)


def test_a_loop_has_no_seam(tones: ToneStore) -> None:
    signal = tones.tone(SAW, 60, 100, 2 * SAMPLE_RATE_HZ).strands[0].part(0, 2 * SAMPLE_RATE_HZ)
    bend = np.abs(np.diff(signal, 2))
    assert bend[5_000:].max() < 1.6 * bend[200:4_000].max()


def test_tones_are_kept_and_equal_when_rendered_again(bank: SoundFont) -> None:
    first = ToneStore(bank, SampleStore(bank)).tone(SAW, 62, 80, 9_000)
    store = ToneStore(bank, SampleStore(bank), limit_bytes=1)
    store.tone(SAW, 50, 80, 9_000)
    again = store.tone(SAW, 62, 80, 9_000)
    assert store.tone(SAW, 62, 80, 9_000) is again
    assert np.array_equal(first.strands[0].packed, again.strands[0].packed)


def test_a_low_pass_takes_the_treble_away(tmp_path: Path) -> None:
    darkness: list[float] = []
    for cents in (13_500, 7_000):
        bank = SoundFont(write_bank(tmp_path / f"{cents}.sf2", [SAW], extra=[(8, cents)]))
        signal = ToneStore(bank, SampleStore(bank)).tone(SAW, 60, 127, 44_100).strands[0].part(0, 44_100)
        power = np.abs(np.fft.rfft(signal)) ** 2
        darkness.append(float(power[1_500:].sum() / power.sum()))
    assert darkness[1] < 0.05 * darkness[0]


def test_a_moving_filter_closes_with_its_envelope(tmp_path: Path) -> None:
    """Modulation envelope: at once open by 5,000 cents, closing over half a second."""
    extra = [(8, 6_500), (11, 5_000), (28, -1_200), (29, 1_000)]
    bank = SoundFont(write_bank(tmp_path / "moving.sf2", [SAW], extra=extra))
    signal = ToneStore(bank, SampleStore(bank)).tone(SAW, 60, 127, 44_100).strands[0].part(0, 44_100)

    def treble(part: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(part * np.hanning(part.size))) ** 2
        return float(power[np.fft.rfftfreq(part.size, 1 / 44_100) > 1_200].sum() / power.sum())

    assert treble(signal[30_000:]) < 0.2 * treble(signal[500:6_000])


def test_vibrato_bends_the_pitch(tmp_path: Path) -> None:
    bank = SoundFont(write_bank(tmp_path / "vibrato.sf2", [SAW], extra=[(6, 100), (24, -900)]))
    signal = ToneStore(bank, SampleStore(bank)).tone(SAW, 60, 127, 88_200).strands[0].part(0, 88_200)
    pitches = [pitch_hz(signal[at : at + 4_410]) for at in range(0, 80_000, 4_410)]
    # Up and down by 100 cents; a window of 0.1 s hears half a swing at once and so a little less of it.
    assert 1.07 < max(pitches) / min(pitches) < 2 ** (200 / 1_200)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1.0, 1.0, width=32), min_size=1, max_size=50))
def test_packing_loses_less_than_a_sixteen_bit_step(values: list[float]) -> None:
    signal = np.array(values, np.float32)
    assert np.abs(unpacked(packed(signal)) - signal).max() <= 1.01 / 32_000


# -- mix ----------------------------------------------------------------------------------------------------------


def mixed(tones: ToneStore, tracks: tuple[Track, ...], frames: int, room: str = "dry") -> np.ndarray:
    return np.concatenate(list(Mix(tracks, tones, impulse_response(ROOMS[room]), frames).render()), axis=1)


def test_notes_go_on_across_blocks(tones: ToneStore) -> None:
    note = Strike(BLOCK - 5_000, 10_000, 60, 100)
    late = Strike(5_000, 10_000, 60, 100)
    across = mixed(tones, (Track("a", SAW, (note,), send=0.0),), 2 * BLOCK)
    inside = mixed(tones, (Track("a", SAW, (late,), send=0.0),), 2 * BLOCK)
    moved = across[:, BLOCK - 5_000 : BLOCK + 30_000]
    np.testing.assert_allclose(moved, inside[:, 5_000 : 5_000 + moved.shape[1]], atol=1e-6)


def test_parts_add_up_and_pan_keeps_the_power(tones: ToneStore) -> None:
    strikes = (Strike(0, 20_000, 60, 100),)
    centre = mixed(tones, (Track("a", SAW, strikes, send=0.0),), 30_000)
    left = mixed(tones, (Track("a", SAW, strikes, send=0.0, pan=-1.0),), 30_000)
    assert np.abs(left[1]).max() < 1e-6
    assert (left**2).sum() == pytest.approx((centre**2).sum(), rel=1e-3)
    both = mixed(tones, (Track("a", SAW, strikes, send=0.0), Track("b", SAW, strikes, send=0.0)), 30_000)
    np.testing.assert_allclose(both, 2 * centre, atol=1e-6)


def test_swells_are_gains_over_time(tones: ToneStore) -> None:
    track = Track("a", SAW, (Strike(0, 40_000, 60, 100),), send=0.0, swells=((0, 0.0), (40_000, 1.0)))
    out = mixed(tones, (track,), 44_000)
    assert np.abs(out[:, :400]).max() < 0.02 * np.abs(out).max()


def test_the_room_answers_after_the_sound_and_dies_away() -> None:
    response = impulse_response(ROOMS["hall"])
    assert (response**2).sum(axis=1) == pytest.approx(10 ** (ROOMS["hall"].wet_db / 10), rel=1e-3)
    assert abs(np.corrcoef(response)[0, 1]) < 0.2
    start, end = (response[0, a : a + 4_410] for a in (3_000, response.shape[1] - 5_000))
    assert (end**2).sum() < 1e-3 * (start**2).sum()


def test_convolving_in_blocks_is_convolving_at_once() -> None:
    response = impulse_response(ROOMS["dry"])[:, :2_000]
    signal = np.random.default_rng(3).standard_normal((2, 5_000)).astype(np.float32)
    reverb = Reverb(response, 1_000)
    heard = np.concatenate([reverb.wet(signal[:, at : at + 1_000]) for at in range(0, 5_000, 1_000)], axis=1)
    wanted = np.stack([np.convolve(signal[side], response[side])[:5_000] for side in range(2)])
    np.testing.assert_allclose(heard, wanted, atol=1e-4)


def test_the_high_pass_takes_offsets_and_leaves_notes() -> None:
    times = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = np.sin(2 * np.pi * 110 * times)
    signal = np.stack([tone + 0.5, 0.3 * np.ones_like(times)]).astype(np.float32)
    through = HighPass(2).push(signal)
    settled = through[:, SAMPLE_RATE_HZ:]
    assert np.abs(settled.mean(axis=1)).max() < 1e-5
    assert np.sqrt((settled[0] ** 2).mean()) == pytest.approx(np.sqrt(0.5), rel=0.03)
    assert np.abs(settled[1]).max() < 1e-5


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_the_high_pass_is_the_same_however_the_stream_is_cut(sizes: list[int]) -> None:
    signal = np.random.default_rng(3).standard_normal((2, sum(sizes))).astype(np.float32)
    whole, cut = HighPass(2).push(signal), HighPass(2)
    edges = np.cumsum([0, *sizes])
    parts = [cut.push(signal[:, a:b]) for a, b in itertools.pairwise(edges)]
    assert np.allclose(np.concatenate(parts, axis=1), whole, atol=2e-5)


def test_stopping_ends_the_rendering(tones: ToneStore) -> None:
    track = Track("a", SAW, tuple(Strike(n * BLOCK, 1_000, 60, 100) for n in range(5)))
    mix = Mix((track,), tones, impulse_response(ROOMS["dry"]), 5 * BLOCK, stop=lambda: True)
    assert list(mix.render()) == []


# -- small things -------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3_000_000))
def test_transform_sizes_are_smooth_and_near(least: int) -> None:
    size = smooth_size(least)
    assert least <= size <= max(2, 1.2 * least)
    for factor in (2, 3, 5):
        while size % factor == 0:
            size //= factor
    assert size == 1


def test_there_and_back() -> None:
    signal = np.random.default_rng(0).standard_normal(1_000).astype(np.float32)
    np.testing.assert_allclose(backward(forward(signal, 1_024), 1_024)[:1_000], signal, atol=1e-5)


def test_velocities_step_but_never_leave_their_range() -> None:
    assert {stepped(velocity) for velocity in range(1, 128)} <= set(range(1, 128))
    assert all(abs(stepped(velocity) - velocity) <= 4 for velocity in range(1, 128))
