from __future__ import annotations

import errno
import os
import stat
import struct
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio import wav
from hausmusik.audio.wav import WavReader, WavWriter, read_wav, wav_info, write_wav
from hausmusik.errors import BadInput, NotFoundError, StoreError
from hausmusik.types import Audio
from tests.unit.audio.tones import noise, saved


@given(
    channels=st.integers(1, 8),
    sizes=st.lists(st.integers(0, 700), max_size=5),
    rate=st.sampled_from([8_000, 22_050, 48_000]),
)
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_read_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, channels: int, sizes: list[int], rate: int
) -> None:
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    whole = noise(sum(sizes) / rate, rate=rate, channels=channels)
    with WavWriter.create(path, rate, channels, durable=False) as writer:
        at = 0
        for size in sizes:
            writer.write(whole[:, at : at + size])
            at += size
    back = read_wav(path)
    assert (back.sample_rate_hz, back.channels) == (rate, channels)
    np.testing.assert_array_equal(back.samples, whole)


@given(start=st.integers(0, 1_200), frames=st.integers(0, 1_200))
@settings(max_examples=25, deadline=None)
def test_any_stretch_can_be_read_and_ends_with_the_file(
    tmp_path_factory: pytest.TempPathFactory, start: int, frames: int
) -> None:
    whole = noise(1_000 / 48_000, channels=2)
    with WavReader.open(saved(tmp_path_factory.mktemp("wav"), "a", whole)) as reader:
        np.testing.assert_array_equal(reader.read(start, frames), whole[:, start : start + frames])
        with pytest.raises(ValueError):
            reader.read(-1, 4)


def test_other_programs_read_it(tmp_path: Path) -> None:
    path = saved(tmp_path, "a", noise(0.1, rate=24_000, channels=2), 24_000)
    data = path.read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    coding, channels, rate, per_second, frame, bits = struct.unpack("<HHIIHH", data[56:72])
    assert (coding, channels, rate, per_second, frame, bits) == (3, 2, 24_000, 192_000, 8, 32)
    assert wav_info(path).duration_s == 0.1


def test_above_four_gigabytes_it_is_rf64(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    samples = noise(0.01, channels=2)
    writer = WavWriter.create(path, 48_000, 2, durable=False)
    writer._rf64_above_bytes = 100
    writer.write(samples)
    writer.close()
    assert path.read_bytes()[:4] == b"RF64"
    assert path.read_bytes()[12:16] == b"ds64"
    np.testing.assert_array_equal(read_wav(path).samples, samples)


def test_a_real_file_above_four_gigabytes_is_read_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    frames = 560_000_000  # 4.48 GB, sparse on the disk
    with path.open("wb") as file:
        file.write(wav._header(48_000, 2, frames, wav._RIFF_LIMIT_BYTES))
        file.seek(frames * 8 - 8, os.SEEK_CUR)
        file.write(struct.pack("<2f", 0.25, -0.5))
    with WavReader.open(path) as reader:
        assert reader.info.frames == frames
        np.testing.assert_array_equal(reader.read(frames - 2, 10), np.array([[0, 0.25], [0, -0.5]], np.float32))


def test_a_chunk_before_the_sound_is_passed_over(tmp_path: Path) -> None:
    plain = saved(tmp_path, "a", noise(0.01)).read_bytes()
    path = tmp_path / "b.wav"
    path.write_bytes(plain[:12] + struct.pack("<4sI", b"LIST", 5) + b"hello\0" + plain[12:])
    np.testing.assert_array_equal(read_wav(path).samples, noise(0.01))


def test_it_appears_only_when_it_is_finished(tmp_path: Path) -> None:
    path = saved(tmp_path, "a", noise(0.01))
    before = path.read_bytes()

    def break_off() -> None:
        with WavWriter.create(path, 48_000, 1) as writer:
            writer.write(noise(0.5))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.wav"]


def test_it_has_the_permissions_of_any_other_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    path = saved(tmp_path, "a", noise(0.01))
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(tmp_path: Path, bad: float) -> None:
    samples = noise(0.01)
    samples[0, 7] = bad
    with pytest.raises(BadInput, match="no numbers"):
        write_wav(tmp_path / "a.wav", Audio(samples, 48_000))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left") as caught:
        write_wav(tmp_path / "a.wav", Audio(noise(0.01), 48_000))
    assert "free some space" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        write_wav(tmp_path / "no" / "a.wav", Audio(noise(0.01), 48_000))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        WavReader.open(tmp_path / "a.wav")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        WavReader.open(tmp_path)


def test_sixteen_bit_files_are_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(200))
    with pytest.raises(BadInput, match="16-bit") as caught:
        WavReader.open(path)
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3" + bytes(100), b"\0" * 64, b"OggS" + bytes(60)])
def test_what_is_no_wave_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(BadInput, match="not a WAVE file"):
        WavReader.open(tmp_path / "a.wav")


@given(cut=st.integers(12, 400), flip=st.none() | st.tuples(st.integers(12, 93), st.integers(1, 255)))
@settings(max_examples=60, deadline=None)
def test_damaged_files_give_our_errors_or_sound(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: tuple[int, int] | None
) -> None:
    path = saved(tmp_path_factory.mktemp("wav"), "a", noise(0.01))
    data = bytearray(path.read_bytes())
    if flip:
        data[flip[0]] ^= flip[1]
    else:
        data = data[:-cut]
    path.write_bytes(data)
    if flip is None:
        with pytest.raises(StoreError, match=r"a\.wav"):
            wav_info(path)
    else:
        with suppress(BadInput, StoreError):  # a flipped bit may still leave a readable file, never another error
            read_wav(path)


def test_a_file_cut_while_it_is_read_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path, "a", noise(1.0))
    with WavReader.open(path) as reader:
        os.truncate(path, 1_000)
        with pytest.raises(StoreError, match="cut short"):
            reader.read(20_000, 10)


def test_wrong_shapes_are_mistakes_of_the_caller(tmp_path: Path) -> None:
    with WavWriter.create(tmp_path / "a.wav", 48_000, 2, durable=False) as writer:
        with pytest.raises(ValueError):
            writer.write(noise(0.01, channels=1))
        with pytest.raises(ValueError):
            writer.write(np.zeros((2, 4)))
    with pytest.raises(ValueError):
        WavWriter.create(tmp_path / "b.wav", 10, 2)
