"""Foreign sound files: read exactly, in flat memory, or refused with the reason and the second."""

from __future__ import annotations

import io
import os
import re
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hausmusik.audio.downmix import stereo_matrix
from hausmusik.audio.encode import encode, encode_bytes
from hausmusik.audio.files import decode, import_wav, iter_audio, probe, write_audio
from hausmusik.audio.formats import FORMATS, AudioFormat
from hausmusik.audio.wav import read_wav, write_wav
from hausmusik.errors import BadInput, HausmusikError, NotFoundError, UsageError
from hausmusik.types import Audio, concatenate

RATE = 24_000
every_format = pytest.mark.parametrize("kind", list(FORMATS))


def tones(duration_s: float = 3.0, channels: int = 2, rate_hz: int = RATE) -> Audio:
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    rows = [0.3 * np.sin(2 * np.pi * (150 + 70 * (row + 1) * t) * t) for row in range(channels)]
    noise = np.random.default_rng(2).normal(0, 0.01, (channels, t.size))
    return Audio((np.stack(rows) + noise).astype(np.float32), rate_hz)


@pytest.fixture(scope="module")
def samples_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One good file of each format, 14 s long so that far starts are searched for."""
    folder = tmp_path_factory.mktemp("good")
    for kind, spec in FORMATS.items():
        encode([tones(14.0)], folder / f"good{spec.suffixes[0]}", kind)
    return folder


def good(folder: Path, kind: AudioFormat) -> Path:
    return folder / f"good{FORMATS[kind].suffixes[0]}"


def read(path: Path, **how: float) -> Audio:
    return concatenate(list(iter_audio(path, **how)))


# -- good files ----------------------------------------------------------------------------------------------------


@every_format
def test_blocks_are_regular_and_complete(samples_folder: Path, kind: AudioFormat) -> None:
    path = good(samples_folder, kind)
    info = probe(path)
    blocks = list(iter_audio(path, block_s=0.37))
    frames = [block.frames for block in blocks]
    assert set(frames[:-1]) == {round(0.37 * info.sample_rate_hz)}
    assert 0 < frames[-1] <= frames[0]
    assert sum(frames) == round(info.duration_s * info.sample_rate_hz)
    assert info.duration_s == pytest.approx(14.0, abs=1e-4)
    assert (info.channels, info.size_bytes) == (2, path.stat().st_size)
    assert concatenate(blocks).samples.tobytes() == decode(path).samples.tobytes()


@every_format
@pytest.mark.parametrize(
    ("start_s", "duration_s"), [(0.0, 0.5), (2.34567, 1.0), (10.5, 1.25), (13.9, 0.05), (13.2, 5.0)]
)
def test_a_start_is_exact_to_the_sample(
    samples_folder: Path, kind: AudioFormat, start_s: float, duration_s: float
) -> None:
    path = good(samples_folder, kind)
    whole = decode(path)
    start = round(start_s * whole.sample_rate_hz)
    part = read(path, start_s=start_s, duration_s=duration_s)
    expected = whole.samples[:, start : start + round(duration_s * whole.sample_rate_hz)]
    assert part.samples.shape == expected.shape
    assert np.abs(part.samples - expected).max() < 1e-5


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frames=st.integers(1, 3000),
    channels=st.integers(1, 2),
    kind=st.sampled_from(["wav", "flac"]),
    start=st.integers(0, 2999),
    length=st.integers(1, 3000),
    block=st.integers(1, 500),
)
def test_any_part_of_a_lossless_file(
    tmp_path: Path, frames: int, channels: int, kind: AudioFormat, start: int, length: int, block: int
) -> None:
    audio = tones(frames / 8000, channels, 8000)
    path = tmp_path / "x"
    encode([audio], path, kind)
    if start >= frames:
        with pytest.raises(BadInput, match="ends before"):
            read(path, start_s=start / 8000)
        return
    part = read(path, start_s=start / 8000, duration_s=length / 8000, block_s=block / 8000)
    expected = audio.samples[:, start : start + length]
    assert part.samples.shape == expected.shape
    assert np.abs(part.samples - expected).max() <= 2**-23


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"])
def test_every_sample_format(tmp_path: Path, codec: str) -> None:
    audio = tones(0.1)
    path = _with_libav(tmp_path / "x.wav", "wav", codec, audio)
    steps = {"pcm_u8": 2**-7, "pcm_s16le": 2**-15, "pcm_s24le": 2**-23}.get(codec, 1e-7)
    assert np.abs(decode(path).samples - audio.samples).max() <= steps
    assert probe(path).codec == codec


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("matroska", "ac3"),
        ("mpegts", "mp2"),
        ("adts", "aac"),
        ("mp2", "mp2"),
        ("asf", "wmav2"),
        ("wav", "adpcm_ms"),
        ("aiff", "pcm_s16be"),
    ],
)
def test_other_containers(tmp_path: Path, container: str, codec: str) -> None:
    rate = 48_000
    audio = tones(12.0, 2, rate)
    path = _with_libav(tmp_path / "x.bin", container, codec, audio)
    info = probe(path)
    assert info.duration_s == pytest.approx(12.0, abs=0.1)
    part = read(path, start_s=11.0, duration_s=0.5)
    whole = decode(path)
    expected = whole.samples[:, 11 * rate : 11 * rate + rate // 2]
    shift = max(range(-24, 25), key=lambda by: float(np.sum(np.roll(expected, by) * part.samples)))
    assert abs(shift) <= rate // 1000  # some of these count in milliseconds


def test_surround_is_mixed_down(tmp_path: Path) -> None:
    names = ("FL", "FR", "FC", "LFE", "BL", "BR")
    samples = np.zeros((6, 6 * 100), np.float32)
    for index in range(6):
        samples[index, index * 100 : (index + 1) * 100] = 0.5
    path = _with_libav(tmp_path / "x.wav", "wav", "pcm_f32le", Audio(samples, RATE), layout="5.1")
    assert probe(path).channels == 6
    got = decode(path).samples[:, 50::100].T / 0.5
    half_power = 0.5**0.5
    assert got == pytest.approx(
        np.array([(1, 0), (0, 1), (half_power, half_power), (0, 0), (half_power, 0), (0, half_power)]), abs=1e-6
    )
    assert stereo_matrix(names).shape == (2, 6)
    assert stereo_matrix(["?", "?", "TFL"]).tolist() == pytest.approx(
        np.array([[half_power, 0, half_power], [0, half_power, 0]])
    )


def test_latin_1_tags_do_not_stop_anybody(tmp_path: Path) -> None:
    data = bytearray(encode_bytes([tones(0.1)], "wav"))
    note = b"INFOIART\x06\0\0\0Bj\xf6rk\0"
    data += b"LIST" + struct.pack("<I", len(note)) + note
    data[4:8] = struct.pack("<I", len(data) - 8)
    (tmp_path / "x.wav").write_bytes(data)
    assert decode(tmp_path / "x.wav").frames == tones(0.1).frames


def test_a_wav_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    data = bytearray(_plain_wav(1000))
    at = data.index(b"data") + 4
    for size in (0xFFFF_FFFF, 0x7FFF_FFFF):
        data[at : at + 4] = struct.pack("<I", size)
        (tmp_path / "pipe.wav").write_bytes(data)
        assert decode(tmp_path / "pipe.wav").frames == 1000


def test_import(tmp_path: Path, samples_folder: Path) -> None:
    info = import_wav(good(samples_folder, "mp3"), tmp_path / "in.wav")
    assert (info.channels, info.sample_rate_hz, info.frames) == (2, RATE, 14 * RATE)
    assert read_wav(tmp_path / "in.wav").samples.tobytes() == decode(good(samples_folder, "mp3")).samples.tobytes()
    assert probe(tmp_path / "in.wav").codec == "pcm_f32le"


def test_our_own_wav_comes_back_bit_by_bit(tmp_path: Path) -> None:
    audio = tones(0.5)
    write_wav(tmp_path / "x.wav", audio)
    assert decode(tmp_path / "x.wav").samples.tobytes() == audio.samples.tobytes()


def test_write_audio(tmp_path: Path) -> None:
    audio = tones(0.2, 1)
    for name, codec in (("a.wav", "pcm_s16le"), ("b.flac", "flac"), ("c.mp3", "mp3")):
        info = write_audio(tmp_path / name, audio)
        assert probe(info.path).codec == codec
        assert abs(decode(info.path).frames - audio.frames) <= 1
    assert write_audio(tmp_path / "d.bin", audio, "wav").format == "wav"
    with wave.open(io.BytesIO(encode_bytes([audio], "wav"))) as file:  # the standard library reads it too
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() == audio.frames


def test_two_hours_in_flat_memory(tmp_path: Path) -> None:
    """A sparse file: 2 h of 8-bit silence are 346 MB on paper and nothing on the disk."""
    import tracemalloc

    path = tmp_path / "long.wav"
    frames = 2 * 3600 * 8000
    with path.open("wb") as file:
        file.write(_plain_wav(0, width=1, claimed_frames=frames))
        file.truncate(44 + frames)
    assert probe(path).duration_s == 7200
    tracemalloc.start()
    try:
        assert sum(block.frames for block in iter_audio(path, block_s=10)) == frames
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    last = read(path, start_s=7199.5)
    assert last.duration_s == 0.5


# -- refusals ------------------------------------------------------------------------------------------------------


def test_things_that_are_no_sound_files(tmp_path: Path, samples_folder: Path) -> None:
    real = good(samples_folder, "wav")
    os.mkfifo(tmp_path / "pipe.wav")
    Image.new("RGB", (9, 9)).save(tmp_path / "picture.png")
    _silent_film(tmp_path / "film.mp4")
    for name, content in {
        "empty.wav": b"",
        "text.wav": b"Dear diary\n" * 50,
        "text.mp3": "Liebes Tagebuch, schön wär’s\n".encode() * 400,
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{real}\n#EXT-X-ENDLIST\n".encode(),
        "list.wav": f"ffconcat version 1.0\nfile '{real}'\n".encode(),
        "net.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9999 RTP/AVP 0\n",
        "noise.mp3": np.random.default_rng(0).bytes(50_000),
        "zeros.flac": bytes(10_000),
        "head.wav": _plain_wav(0)[:30],
    }.items():
        (tmp_path / name).write_bytes(content)
    for name, words in {
        "empty.wav": "is empty",
        "text.wav": "text file",
        "text.mp3": "text file",
        "list.m3u8": "text file",
        "list.wav": "text file",
        "net.sdp": "text file",
        "noise.mp3": "kind known here",
        "zeros.flac": "kind known here",
        "head.wav": "kind known here",
        "picture.png": "kind known here",
        "film.mp4": "pictures but no sound",
        "pipe.wav": "pipe",
        ".": "folder",
        "/dev/zero": "device",
        "x" * 300: "too long",
        "nul\0.wav": "not a file name",
    }.items():
        for call in (probe, decode, _first):
            with pytest.raises(BadInput, match=words) as caught:
                call(tmp_path / name)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["none.wav", "http://127.0.0.1:9/x.wav", "concat:a.wav|b.wav", "file:a.wav", "pipe:0"])
def test_only_names_of_local_files(name: str) -> None:
    for call in (probe, decode, _first):
        with pytest.raises(NotFoundError, match="no file"):
            call(name)


def test_a_wav_without_samples(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(_plain_wav(0))
    with pytest.raises(BadInput):
        decode(tmp_path / "x.wav")


@pytest.mark.parametrize("how", [{"start_s": -1}, {"start_s": float("nan")}, {"duration_s": 0}, {"block_s": 0}])
def test_impossible_ranges(samples_folder: Path, how: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        iter_audio(good(samples_folder, "wav"), **how)


@every_format
def test_a_start_behind_the_end(samples_folder: Path, kind: AudioFormat) -> None:
    for start_s in (14.5, 1e6):
        with pytest.raises(BadInput, match="ends before"):
            read(good(samples_folder, kind), start_s=start_s)


def test_too_long_to_hold(samples_folder: Path) -> None:
    with pytest.raises(BadInput, match="longer than 5 s"):
        decode(good(samples_folder, "flac"), max_duration_s=5)


@every_format
def test_a_file_cut_short_says_where(tmp_path: Path, samples_folder: Path, kind: AudioFormat) -> None:
    data = good(samples_folder, kind).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(data[: len(data) // 2])
    if kind == "opus":  # its length is that of its last page: nothing says that more was meant
        assert decode(path).duration_s == pytest.approx(7, abs=1.1)
        return
    heard, second = _until_broken(path)
    assert second == pytest.approx(7, abs=0.5)
    assert heard <= second


@every_format
@pytest.mark.parametrize("fill", ["zeros", "noise"])
def test_damage_in_the_middle_says_where(tmp_path: Path, samples_folder: Path, kind: AudioFormat, fill: str) -> None:
    data = bytearray(good(samples_folder, kind).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 5000] = bytes(5000) if fill == "zeros" else np.random.default_rng(3).bytes(5000)
    path = tmp_path / "damaged"
    path.write_bytes(data)
    if kind == "wav":  # any bytes are samples
        assert decode(path).frames == 14 * RATE
        return
    heard, second = _until_broken(path)
    assert second == pytest.approx(7, abs=1.1)  # pages of Ogg are one second long
    # What comes before it can be used.
    assert read(path, duration_s=heard).duration_s == pytest.approx(heard)


def test_one_wrong_bit_in_a_flac_file(tmp_path: Path, samples_folder: Path) -> None:
    data = bytearray(good(samples_folder, "flac").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "x.flac").write_bytes(data)
    _, second = _until_broken(tmp_path / "x.flac")
    assert second == pytest.approx(7, abs=0.5)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus"])
def test_old_tags_at_the_end_do_no_harm(tmp_path: Path, samples_folder: Path, kind: AudioFormat) -> None:
    path = tmp_path / "x"
    path.write_bytes(good(samples_folder, kind).read_bytes() + b"TAG" + bytes(125))
    assert decode(path).duration_s == pytest.approx(14.0, abs=1e-4)


def test_an_mp3_that_begins_inside_a_frame(tmp_path: Path, samples_folder: Path) -> None:
    path = tmp_path / "radio.mp3"
    path.write_bytes(good(samples_folder, "mp3").read_bytes()[30_001:])
    whole = decode(path)
    assert 8 < whole.duration_s < 14
    assert probe(path).duration_s == pytest.approx(whole.duration_s, abs=0.1)


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    audio = Audio.mono([0.0, 0.5, np.nan, 0.1] * 100, RATE)
    path = _with_libav(tmp_path / "x.wav", "wav", "pcm_f32le", audio)
    with pytest.raises(BadInput, match="no numbers"):
        decode(path)


def test_a_broken_file_is_not_imported(tmp_path: Path, samples_folder: Path) -> None:
    data = good(samples_folder, "flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="breaks off"):
        import_wav(tmp_path / "cut.flac", tmp_path / "in.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.flac"]


@pytest.mark.parametrize("kind", list(FORMATS))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_gives_a_traceback(
    tmp_path: Path, samples_folder: Path, kind: AudioFormat, data: st.DataObject
) -> None:
    content = bytearray(good(samples_folder, kind).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        # Half of the damage in the header, where it is worst.
        reach = data.draw(st.sampled_from([200, 4000, len(content)]))
        at = data.draw(st.integers(0, min(reach, len(content) - 1)))
        content[at : at + 16] = data.draw(st.binary(min_size=0, max_size=32))
    path = tmp_path / "fuzz"
    path.write_bytes(content)
    try:
        info = probe(path)
        frames = sum(block.frames for block in iter_audio(path))
    except HausmusikError as error:
        assert str(path) in str(error)  # noqa: PT017  # it may also be readable, see below
    else:
        assert info.sample_rate_hz >= 1000
        assert frames < 60 * 400_000


# -- helpers -------------------------------------------------------------------------------------------------------


def _first(path: str | Path) -> Audio:
    return next(iter(iter_audio(path)))


def _until_broken(path: Path) -> tuple[float, float]:
    """Return how many seconds were delivered and the second that the error names."""
    heard_s = 0.0
    blocks = iter_audio(path, block_s=0.1)
    with pytest.raises(BadInput) as caught:  # noqa: PT012  # counts until it breaks
        for block in blocks:
            heard_s += block.duration_s
    found = re.search(r" at ([\d.]+) s", caught.value.message)
    assert found, caught.value.message
    assert f"first {found[1]} s" in caught.value.hint
    return heard_s, float(found[1])


def _plain_wav(frames: int, width: int = 2, claimed_frames: int | None = None) -> bytes:
    data_bytes = (frames if claimed_frames is None else claimed_frames) * width
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000 * width, width, 8 * width
    )
    return head + struct.pack("<4sI", b"data", data_bytes) + bytes(frames * width)


def _with_libav(path: Path, container: str, codec: str, audio: Audio, layout: str = "") -> Path:
    """Write a file of a kind that we do not write ourselves."""
    layout = layout or {1: "mono", 2: "stereo"}[audio.channels]
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=audio.sample_rate_hz, layout=layout, bit_rate=96_000)
        for packet in _packets(stream, audio, layout):
            output.mux(packet)
    return path


def _packets(stream: av.AudioStream, audio: Audio, layout: str) -> Iterator[av.Packet]:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio.samples), format="fltp", layout=layout)
    frame.sample_rate = audio.sample_rate_hz
    convert = av.AudioResampler(format=stream.format, layout=layout, rate=audio.sample_rate_hz)
    for each in [*convert.resample(frame), *convert.resample(None)]:
        yield from stream.encode(each)
    yield from stream.encode(None)


def _silent_film(path: Path) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=24, width=64, height=64, pix_fmt="yuv420p")
        for _ in range(3):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
