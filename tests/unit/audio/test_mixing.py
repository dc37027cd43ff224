from __future__ import annotations

import gc
import warnings
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.clicks import find_clicks
from hausmusik.audio.ducking import Ducking
from hausmusik.audio.mix import LAYERS, Clip, Duck, MixSpec, SegmentFade
from hausmusik.audio.mixing import MixBlock, edit_points_s, iter_mix
from hausmusik.errors import BadInput, NotFoundError
from hausmusik.types import FloatArray
from tests.unit.audio.tones import noise, rms_db, saved, sine, soft_noise


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("takes")
    return {
        "voice": saved(folder, "voice", soft_noise(1.7, rate=24_000, seed=1), 24_000),
        "music": saved(folder, "music", soft_noise(2.4, rate=32_000, channels=2, seed=2), 32_000),
        "sound": saved(folder, "sound", soft_noise(0.8, rate=16_000, seed=3), 16_000),
        "file": saved(folder, "file", soft_noise(3.1, channels=2, seed=4)),
        "tone": saved(folder, "tone", sine(440, 4.0)),
    }


def whole(spec: MixSpec, **kwargs: float) -> FloatArray:
    return np.concatenate([block.pre_master() for block in iter_mix(spec, **kwargs)], axis=1)


def stems(spec: MixSpec, **kwargs: float) -> dict[str, FloatArray]:
    blocks = list(iter_mix(spec, **kwargs))
    return {layer: np.concatenate([block.layers[layer] for block in blocks], axis=1) for layer in blocks[0].layers}


clip_values = st.fixed_dictionaries(
    {
        "layer": st.sampled_from(LAYERS),
        "start_s": st.floats(0, 6),
        "duration_s": st.floats(0.001, 5),
        "source_offset_s": st.floats(0, 0.5),
        "loop": st.booleans(),
        "loop_crossfade_s": st.sampled_from([0.0, 0.05, 0.3]),
        "stretch": st.sampled_from([1.0, 1.0, 0.8, 1.5]),
        "gain_db": st.floats(-30, 6),
        "gain_points": st.sampled_from([(), ((0.0, -6.0), (1.0, 0.0)), ((0.3, 0.0), (0.3, -20.0), (2.0, -3.0))]),
        "fade_in_s": st.floats(0, 2),
        "fade_out_s": st.floats(0, 2),
        "fade_curve": st.sampled_from(["equal-power", "linear", "s-curve"]),
        "pan": st.floats(-1, 1),
        "duck": st.sampled_from([None, Duck(intervals=((1.0, 2.2), (2.6, 3.0), (5.0, 5.5)))]),
        "segment": st.sampled_from([None, 0, 1]),
    }
)


@given(values=st.lists(clip_values, min_size=1, max_size=5), block_s=st.sampled_from([0.5, 3.0, 0.37]))
@settings(max_examples=12, deadline=None)
def test_the_size_of_blocks_never_changes_a_bit(takes: dict[str, Path], values: list, block_s: float) -> None:
    spec = MixSpec(
        duration_s=7.123,
        clips=tuple(Clip(source=takes[each["layer"]], **each) for each in values),
        segments=(
            SegmentFade(start_s=0, end_s=4, fade_out_s=1),
            SegmentFade(start_s=3, end_s=8, fade_in_s=1, fade_in_curve="s-curve"),
        ),
    )
    once = whole(spec)
    assert once.shape == (2, spec.frames)
    assert once.dtype == np.float32
    assert np.isfinite(once).all()
    np.testing.assert_array_equal(whole(spec, block_s=block_s), once)
    part = whole(spec, from_s=2.5, until_s=5.25, block_s=block_s)
    np.testing.assert_array_equal(part, once[:, 120_000:252_000])


def test_one_clip_alone_is_its_file(takes: dict[str, Path]) -> None:
    clip = Clip(source=takes["tone"], layer="voice", start_s=1.0, duration_s=2.0)
    mixed = whole(MixSpec(duration_s=4.0, clips=(clip,)))
    np.testing.assert_array_equal(mixed[0], mixed[1])
    np.testing.assert_array_equal(mixed[:1, 48_240:143_760], sine(440, 4.0)[:, 240:95_760])
    assert not mixed[:, :48_000].any()
    assert not mixed[:, 144_000:].any()


def test_a_mono_voice_is_not_3_db_down_under_stereo_music(tmp_path: Path) -> None:
    tone = sine(440, 2.0)
    mono, stereo = saved(tmp_path, "mono", tone), saved(tmp_path, "stereo", np.concatenate([tone, tone]))
    levels = [
        rms_db(whole(MixSpec(duration_s=2, clips=(Clip(source=path, layer="voice", start_s=0, duration_s=2),))))
        for path in (mono, stereo)
    ]
    assert levels[0] == pytest.approx(levels[1], abs=1e-6)
    assert levels[0] == pytest.approx(rms_db(tone), abs=0.05)


def test_layers_sum_to_the_pre_master_and_are_the_clips(takes: dict[str, Path]) -> None:
    clips = tuple(Clip(source=takes[layer], layer=layer, start_s=0.3, duration_s=2, pan=0.2) for layer in LAYERS)
    mixed = stems(MixSpec(duration_s=3, clips=clips))
    assert tuple(mixed) == LAYERS
    residual = sum(mixed.values()) - whole(MixSpec(duration_s=3, clips=clips))
    assert rms_db(residual) < -120
    for clip in clips:
        np.testing.assert_array_equal(whole(MixSpec(duration_s=3, clips=(clip,))), mixed[clip.layer])


def test_gain_moves_the_level_exactly(takes: dict[str, Path]) -> None:
    loud = Clip(source=takes["file"], layer="music", start_s=0, duration_s=3)
    quiet = Clip(source=takes["file"], layer="music", start_s=0, duration_s=3, gain_db=-9.5)
    drop = rms_db(whole(MixSpec(duration_s=3, clips=(loud,)))) - rms_db(whole(MixSpec(duration_s=3, clips=(quiet,))))
    assert drop == pytest.approx(9.5, abs=1e-4)


@pytest.mark.parametrize("pair", [("file", "music"), ("music", "file")])
def test_segments_pass_into_one_another_without_a_dip(tmp_path: Path, pair: tuple[str, str]) -> None:
    sources = [saved(tmp_path, name, noise(6.0, channels=2, seed=seed)) for seed, name in enumerate(pair)]
    clips = tuple(
        Clip(source=source, layer="music", start_s=4.0 * index, duration_s=6.0, segment=index)
        for index, source in enumerate(sources)
    )
    segments = (
        SegmentFade(start_s=0, end_s=6, fade_out_s=2),
        SegmentFade(start_s=4, end_s=10, fade_in_s=2),
    )
    mixed = whole(MixSpec(duration_s=10, clips=clips, segments=segments))
    steady = rms_db(mixed[:, 48_000:150_000])
    for at_s in (4.3, 4.7, 5.0, 5.3, 5.7):
        frame = round(at_s * 48_000)
        assert rms_db(mixed[:, frame - 9_600 : frame + 9_600]) == pytest.approx(steady, abs=0.2)


def test_a_segment_silences_its_clips_outside(takes: dict[str, Path]) -> None:
    clip = Clip(source=takes["tone"], layer="voice", start_s=0, duration_s=4, segment=0)
    mixed = whole(MixSpec(duration_s=5, clips=(clip,), segments=(SegmentFade(start_s=1, end_s=2),)))
    assert not mixed[:, :48_000].any()
    assert not mixed[:, 96_000:].any()
    assert mixed[:, 48_000:96_000].any()


def test_music_steps_back_exactly_while_the_voice_speaks(takes: dict[str, Path]) -> None:
    duck = Duck(intervals=((1.5, 2.5),), ducking=Ducking(depth_db=11))
    plain, ducked = (
        whole(
            MixSpec(
                duration_s=4, clips=(Clip(source=takes["tone"], layer="music", start_s=0, duration_s=4, duck=each),)
            )
        )
        for each in (None, duck)
    )
    during = slice(72_000, 120_000)
    assert rms_db(plain[:, during]) - rms_db(ducked[:, during]) == pytest.approx(11, abs=1e-3)
    np.testing.assert_array_equal(plain[:, :50_000], ducked[:, :50_000])


def test_no_edit_clicks(takes: dict[str, Path]) -> None:
    clips = (
        Clip(source=takes["tone"], layer="music", start_s=0.4013, duration_s=1.0),
        Clip(source=takes["tone"], layer="music", start_s=2.0, duration_s=1.3, source_offset_s=0.1234),
        Clip(source=takes["file"], layer="sound", start_s=3.2, duration_s=9.0, source_offset_s=1.0),
        Clip(source=takes["tone"], layer="voice", start_s=5.7, duration_s=9.0, segment=0),
    )
    spec = MixSpec(duration_s=7.5, clips=clips, segments=(SegmentFade(start_s=6.0, end_s=7.003),))
    assert find_clicks([whole(spec)], 48_000) == ()
    assert edit_points_s(spec) == pytest.approx((0.4013, 1.4013, 2.0, 3.2, 3.3, 5.3, 5.7, 6.0, 7.003, 7.5), abs=1e-4)


def test_the_seams_of_loops_are_edit_points(tmp_path: Path) -> None:
    source = saved(tmp_path, "ramp", np.linspace(-0.5, 0.5, 48_000, dtype=np.float32)[None, :])
    clip = Clip(source=source, layer="sound", start_s=0.5, duration_s=3.0, loop=True, loop_crossfade_s=0.0)
    spec = MixSpec(duration_s=4, clips=(clip,))
    assert edit_points_s(spec) == pytest.approx((0.5, 1.5, 2.5, 3.5), abs=1e-6)
    assert [click.at_s for click in find_clicks([whole(spec)], 48_000, at_s=edit_points_s(spec))] == pytest.approx(
        [1.5, 2.5], abs=1e-3
    )
    mild = msgspec.structs.replace(clip, loop_crossfade_s=0.25, stretch=2.0)
    spec = MixSpec(duration_s=4, clips=(mild,))
    assert edit_points_s(spec) == pytest.approx((0.5, 2.0, 2.5, 3.5), abs=1e-6)
    assert find_clicks([whole(spec)], 48_000, at_s=edit_points_s(spec)) == ()


def test_what_is_cut_by_the_end_of_the_piece_is_faded(takes: dict[str, Path]) -> None:
    clip = Clip(source=takes["tone"], layer="music", start_s=0, duration_s=4)
    mixed = whole(MixSpec(duration_s=2.0, clips=(clip,)))
    assert mixed.shape == (2, 96_000)
    assert np.abs(mixed[:, -1]).max() < 1e-3
    late = Clip(source=takes["tone"], layer="music", start_s=3, duration_s=1)
    assert not whole(MixSpec(duration_s=2.0, clips=(late,))).any()


def test_fade_outs_end_where_the_source_ends(takes: dict[str, Path]) -> None:
    clip = Clip(source=takes["tone"], layer="music", start_s=0, duration_s=60, fade_out_s=2)
    mixed = whole(MixSpec(duration_s=6, clips=(clip,)))
    assert rms_db(mixed[:, 140_000:144_000]) == pytest.approx(rms_db(mixed[:, 10_000:14_000]) - 3, abs=0.3)
    assert not mixed[:, 192_000:].any()


def test_a_piece_without_clips_is_silence() -> None:
    blocks = list(iter_mix(MixSpec(duration_s=2.5)))
    assert [block.frames for block in blocks] == [48_000, 48_000, 24_000]
    assert not blocks[0].pre_master().any()


def test_mono_and_other_rates(takes: dict[str, Path]) -> None:
    clip = Clip(source=takes["music"], layer="music", start_s=0, duration_s=2)
    assert whole(MixSpec(duration_s=2, channels=1, sample_rate_hz=44_100, clips=(clip,))).shape == (1, 88_200)


def test_files_are_open_only_while_they_sound(takes: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import hausmusik.audio.mixing as module

    opened, now = [], 0
    real_source = module.Source

    class Watched(real_source):
        def __init__(self, *args: object) -> None:
            nonlocal now
            now += 1
            super().__init__(*args)

        def close(self) -> None:
            nonlocal now
            now -= 1
            super().close()

    monkeypatch.setattr(module, "Source", Watched)
    clips = tuple(Clip(source=takes["sound"], layer="sound", start_s=at, duration_s=0.5) for at in range(10))
    opened.extend(now for _ in iter_mix(MixSpec(duration_s=10, clips=clips)))
    assert max(opened) == 0  # each has ended within its own block
    clips = tuple(Clip(source=takes["tone"], layer="sound", start_s=at, duration_s=2.5) for at in range(0, 20, 2))
    opened.clear()
    opened.extend(now for _ in iter_mix(MixSpec(duration_s=22, clips=clips)))
    assert max(opened) == 1


def test_stopping_half_way_closes_all_files(takes: dict[str, Path]) -> None:
    clip = Clip(source=takes["tone"], layer="music", start_s=0, duration_s=4)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        mixing = iter_mix(MixSpec(duration_s=4, clips=(clip,)))
        assert isinstance(next(mixing), MixBlock)
        mixing.close()
        gc.collect()


def test_missing_and_unfit_sources_are_said_before_anything_is_mixed(takes: dict[str, Path], tmp_path: Path) -> None:
    good = Clip(source=takes["tone"], layer="music", start_s=0, duration_s=1)
    missing = Clip(source=tmp_path / "no.wav", layer="music", start_s=100, duration_s=1)
    with pytest.raises(NotFoundError):
        next(iter_mix(MixSpec(duration_s=200, clips=(good, missing))))
    six = Clip(source=saved(tmp_path, "six", noise(0.1, channels=6)), layer="music", start_s=0, duration_s=1)
    with pytest.raises(BadInput, match="6 channels"):
        next(iter_mix(MixSpec(duration_s=2, clips=(six,))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_s": -1},
        {"start_s": float("nan")},
        {"duration_s": 0},
        {"stretch": 3},
        {"pan": 1.1},
        {"gain_db": float("inf")},
        {"layer": "effects"},
        {"gain_points": ((1.0, 0.0), (0.5, 0.0))},
        {"gain_points": ((1.0, float("nan")),)},
        {"fade_in_s": -0.1},
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Clip(**{"source": Path("a.wav"), "layer": "voice", "start_s": 0, "duration_s": 1} | wrong)


def test_specs_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError):
        MixSpec(duration_s=0)
    with pytest.raises(ValueError):
        MixSpec(duration_s=1, channels=3)
    with pytest.raises(ValueError, match="segment 0"):
        MixSpec(duration_s=1, clips=(Clip(source=Path("a"), layer="voice", start_s=0, duration_s=1, segment=0),))
    with pytest.raises(ValueError):
        SegmentFade(start_s=2, end_s=1)
    with pytest.raises(ValueError):
        list(iter_mix(MixSpec(duration_s=1), block_s=0))
