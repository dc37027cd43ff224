from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.loudness import measure
from hausmusik.audio.master import MasterReport, MasterTarget, master
from hausmusik.audio.mix import Clip, MixSpec
from hausmusik.audio.mixing import MixBlock, iter_mix
from hausmusik.audio.stems import stem_blocks
from hausmusik.audio.wav import WavWriter, read_wav
from hausmusik.errors import BadInput, StoreError
from hausmusik.types import FloatArray
from tests.unit.audio.tones import RATE, noise, rms_db, saved, sine, soft_noise


def piece(folder: Path, voice: FloatArray | None = None) -> MixSpec:
    spoken = soft_noise(5, rate=24_000, amplitude=0.2) if voice is None else voice
    sources = {
        "voice": saved(folder, "spoken", spoken, 24_000),
        "music": saved(folder, "played", soft_noise(6, rate=32_000, amplitude=0.05, channels=2, seed=2), 32_000),
    }
    clips = tuple(
        Clip(source=source, layer=layer, start_s=0.4 if layer == "voice" else 0, duration_s=5.5)
        for layer, source in sources.items()
    )
    return MixSpec(duration_s=6.2, clips=clips)


def mastered(source: Path, out: Path, target: MasterTarget | None = None) -> MasterReport:
    """Master one stereo file of 3 s by itself."""
    spec = MixSpec(duration_s=3, clips=(Clip(source=source, layer="music", start_s=0, duration_s=3),))
    return master(iter_mix(spec), out, sample_rate_hz=RATE, target=target, durable=False)


def test_a_piece_reaches_its_loudness(tmp_path: Path) -> None:
    spec = piece(tmp_path)
    report = master(iter_mix(spec), tmp_path / "out.wav", sample_rate_hz=RATE, durable=False)
    finished = read_wav(tmp_path / "out.wav")
    found = measure(finished)
    assert finished.samples.shape == (2, spec.frames)
    assert found.integrated_lufs == pytest.approx(-16, abs=0.05)
    assert found.true_peak_dbtp <= -1
    assert report.after.integrated_lufs == pytest.approx(found.integrated_lufs, abs=1e-6)
    assert report.before.integrated_lufs + report.gain_db == pytest.approx(-16, abs=0.0006)
    assert (report.passes, report.silence, report.gain_capped) == (1, False, False)
    assert report.limiter_max_reduction_db == 0


def test_without_limiting_the_master_is_the_mix_times_one_factor(tmp_path: Path) -> None:
    spec = piece(tmp_path)
    report = master(iter_mix(spec), tmp_path / "out.wav", sample_rate_hz=RATE, durable=False)
    mixed = np.concatenate([block.pre_master() for block in iter_mix(spec)], axis=1)
    np.testing.assert_allclose(
        read_wav(tmp_path / "out.wav").samples, mixed * np.float32(10 ** (report.gain_db / 20)), atol=1e-6
    )


@pytest.mark.parametrize("loudness_lufs", [-14.0, -11.0])
def test_limiting_does_not_cost_the_loudness(tmp_path: Path, loudness_lufs: float) -> None:
    peaky = soft_noise(5, rate=24_000, amplitude=0.05)
    peaky[:, ::6_000] = 0.9
    target = MasterTarget(loudness_lufs=loudness_lufs)
    report = master(
        iter_mix(piece(tmp_path, peaky)), tmp_path / "out.wav", sample_rate_hz=RATE, target=target, durable=False
    )
    found = measure(read_wav(tmp_path / "out.wav"))
    assert report.limiter_max_reduction_db > 1
    assert found.integrated_lufs == pytest.approx(loudness_lufs, abs=0.25)
    assert found.true_peak_dbtp <= -1


def test_stems_add_up_to_the_mix_and_can_be_mastered_again(tmp_path: Path) -> None:
    spec = piece(tmp_path)
    paths = {layer: tmp_path / f"{layer}.stem.wav" for layer in spec.layers}
    first = master(iter_mix(spec), tmp_path / "a.wav", sample_rate_hz=RATE, stems=paths, durable=False)
    mixed = np.concatenate([block.pre_master() for block in iter_mix(spec)], axis=1)
    residual = sum(read_wav(path).samples for path in paths.values()) - mixed
    assert rms_db(residual) < -90
    again = master(stem_blocks(paths), tmp_path / "b.wav", sample_rate_hz=RATE, durable=False)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert again.after == first.after


def test_equal_specs_give_equal_bytes(tmp_path: Path) -> None:
    spec = piece(tmp_path, noise(5, rate=24_000, amplitude=0.6))
    for name in ("a.wav", "b.wav"):
        master(iter_mix(spec), tmp_path / name, sample_rate_hz=RATE, durable=False)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize("amplitude", [0.0, 1e-5])
def test_silence_is_left_as_it_is(tmp_path: Path, amplitude: float) -> None:
    source = saved(tmp_path, "hush", sine(500, 3, amplitude=amplitude))
    spec = MixSpec(duration_s=3, clips=(Clip(source=source, layer="music", start_s=0, duration_s=3),))
    report = master(iter_mix(spec), tmp_path / "out.wav", sample_rate_hz=RATE, durable=False)
    assert report.silence
    assert report.gain_db == 0
    assert np.abs(read_wav(tmp_path / "out.wav").samples).max() <= amplitude


def test_a_very_quiet_piece_is_not_blown_up(tmp_path: Path) -> None:
    source = saved(tmp_path, "hush", noise(3, amplitude=0.0005, channels=2))
    report = mastered(source, tmp_path / "out.wav")
    assert report.gain_capped
    assert report.gain_db == 30
    assert report.after.integrated_lufs == pytest.approx(report.before.integrated_lufs + 30, abs=0.01)


def test_a_loud_piece_is_turned_down(tmp_path: Path) -> None:
    source = saved(tmp_path, "loud", noise(3, amplitude=1.5, channels=2))
    report = mastered(source, tmp_path / "out.wav", MasterTarget(loudness_lufs=-23))
    assert report.gain_db < -10
    assert measure(read_wav(tmp_path / "out.wav")).integrated_lufs == pytest.approx(-23, abs=0.2)


def test_progress_counts_seconds_of_both_phases(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    master(
        iter_mix(piece(tmp_path)),
        tmp_path / "out.wav",
        sample_rate_hz=RATE,
        durable=False,
        on_progress=lambda phase, done_s: told.append((phase, done_s)),
    )
    assert told == sorted(told, key=lambda one: (one[0] != "mix", one[1]))
    assert {phase: max(s for p, s in told if p == phase) for phase in ("mix", "master")} == {
        "mix": pytest.approx(6.2),
        "master": pytest.approx(6.2),
    }


@pytest.mark.parametrize("phase", ["mix", "master"])
def test_stopping_leaves_nothing_half_made(tmp_path: Path, phase: str) -> None:
    spec = piece(tmp_path)
    (tmp_path / "out.wav").write_bytes(b"the old one")
    before = sorted(path.name for path in tmp_path.iterdir())

    def stop(now: str, done_s: float) -> None:
        if now == phase and done_s > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        master(
            iter_mix(spec),
            tmp_path / "out.wav",
            sample_rate_hz=RATE,
            on_progress=stop,
            stems={"voice": tmp_path / "stem.wav"} if phase == "mix" else None,
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "out.wav").read_bytes() == b"the old one"


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = piece(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    real_write, written = WavWriter.write, 0

    def write(self: WavWriter, samples: FloatArray) -> None:
        nonlocal written
        written += 1
        if written > 9:
            raise StoreError("No space left on device") from OSError(errno.ENOSPC, "")
        real_write(self, samples)

    monkeypatch.setattr(WavWriter, "write", write)
    with pytest.raises(StoreError):
        master(iter_mix(spec), tmp_path / "out.wav", sample_rate_hz=RATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_numbers_that_are_none_never_reach_a_file(tmp_path: Path) -> None:
    bad = MixBlock(0, {"voice": np.full((2, 100), np.nan, np.float32)})
    with pytest.raises(BadInput):
        master([bad], tmp_path / "out.wav", sample_rate_hz=RATE)
    assert not list(tmp_path.iterdir())


def test_stems_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    paths = {"voice": saved(tmp_path, "a", noise(1)), "music": saved(tmp_path, "b", noise(2))}
    with pytest.raises(BadInput, match="differ"):
        list(stem_blocks(paths))
    with pytest.raises(BadInput, match="no stems"):
        list(stem_blocks({}))


def test_targets_out_of_range_are_refused() -> None:
    for wrong in ({"loudness_lufs": 3}, {"true_peak_dbtp": 1}, {"max_gain_db": float("nan")}):
        with pytest.raises(ValueError):
            MasterTarget(**wrong)
