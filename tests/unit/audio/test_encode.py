"""Encoding: what comes out is what went in, twice the same bytes, whole or not at all."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hausmusik.audio import output_file as output_file_module
from hausmusik.audio.cover import picture_block, read_cover
from hausmusik.audio.encode import EncodedInfo, encode, encode_bytes
from hausmusik.audio.files import decode, probe
from hausmusik.audio.formats import FORMATS, AudioFormat, format_of, nearest_rate
from hausmusik.audio.quantise import Quantiser
from hausmusik.audio.tags import Chapter, Tags, chapters_from_markers, clean
from hausmusik.errors import BadInput, OutputError, UsageError
from hausmusik.types import Audio

TAGS = Tags(
    title="Strange Loops – Möbius 🎵",
    artist="A Narrator",
    album="Pieces",
    date="2026-11-24",
    comment="two\nlines",
    licence="CC-BY-NC-4.0",
)
CHAPTERS = (
    Chapter(title="Prélude", start_s=0.0, end_s=0.5),
    Chapter(title="An <odd> & long title", start_s=0.5, end_s=1.25),
)
# Measured on this signal: 138, 138, 40, 32, 25 dB; the limits leave room for other builds of the encoders.
LEAST_SNR_DB: dict[AudioFormat, float] = {"wav": 130, "flac": 130, "mp3": 30, "opus": 25, "m4a": 22}
every_format = pytest.mark.parametrize("kind", list(FORMATS))


def sweep(duration_s: float = 1.25, rate_hz: int = 48_000, channels: int = 2) -> Audio:
    """A rising tone with a little noise: every sample differs from its neighbours, so shifts show."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    rows = [0.4 * np.sin(2 * np.pi * (200 + 300 * (row + 1) * t) * t) for row in range(channels)]
    noise = np.random.default_rng(1).normal(0, 0.005, (channels, t.size))
    return Audio((np.stack(rows) + noise).astype(np.float32), rate_hz)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def cut(audio: Audio, size: int) -> Iterator[Audio]:
    for start in range(0, audio.frames, size):
        yield Audio(audio.samples[:, start : start + size], audio.sample_rate_hz)


def cover(picture: str, size: tuple[int, int] = (60, 40)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 40, 30)).save(buffer, picture)
    return buffer.getvalue()


def write(folder: Path, kind: AudioFormat, audio: Audio | None = None, size: int = 48_000) -> EncodedInfo:
    path = folder / f"piece{FORMATS[kind].suffixes[0]}"
    return encode(cut(audio or sweep(), size), path, kind, tags=TAGS, chapters=CHAPTERS, cover=cover("PNG"))


def lag(reference: np.ndarray, other: np.ndarray) -> int:
    """By how many frames `other` is late, from the peak of the cross-correlation."""
    size = 1 << 17
    cross = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(reference, size)))
    at = int(np.argmax(cross))
    return at if at < size // 2 else at - size


@every_format
@pytest.mark.parametrize(("rate_hz", "channels"), [(48_000, 2), (24_000, 1), (44_100, 2)])
def test_round_trip(tmp_path: Path, kind: AudioFormat, rate_hz: int, channels: int) -> None:
    audio = sweep(1.23457, rate_hz, channels)
    info = write(tmp_path, kind, audio)
    back = decode(info.path)
    assert (back.channels, back.sample_rate_hz) == (channels, info.sample_rate_hz)
    frames = audio.frames * info.sample_rate_hz / rate_hz
    assert abs(back.frames - frames) <= 1
    if info.sample_rate_hz == rate_hz:
        assert lag(audio.samples[0], back.samples[0]) == 0
        error = back.samples - audio.samples
        snr_db = 10 * np.log10(np.mean(audio.samples**2) / np.mean(error**2))
        assert snr_db > LEAST_SNR_DB[kind]


@every_format
def test_what_is_reported_is_there(tmp_path: Path, kind: AudioFormat) -> None:
    audio = sweep()
    info = write(tmp_path, kind, audio)
    assert info.path.stat().st_size == info.size_bytes
    assert info.duration_s == pytest.approx(audio.duration_s, abs=1e-4)
    assert probe(info.path).duration_s == pytest.approx(audio.duration_s, abs=1e-4)
    assert (info.format, info.channels, info.clipped_samples) == (kind, 2, 0)
    assert info.seconds_taken > 0
    assert 0.5 * info.size_bytes < info.bitrate_bps * info.duration_s / 8 <= info.size_bytes


@every_format
def test_equal_bytes_twice_however_it_is_cut(tmp_path: Path, kind: AudioFormat) -> None:
    one = write(tmp_path, kind, size=48_000).path.read_bytes()
    two = write(tmp_path, kind, size=777).path.read_bytes()
    assert one == two
    # No versions of encoders, but for libmp3lame's own name, with which it fills spare bits of the last mp3 frame.
    assert not re.search(rb"Lav[cf]\d|libopus \d", one)
    assert names(tmp_path) == [f"piece{FORMATS[kind].suffixes[0]}"]


def test_ogg_serial_number_is_fixed(tmp_path: Path) -> None:
    data = write(tmp_path, "opus").path.read_bytes()
    pages = [match.start() for match in re.finditer(b"OggS\\0", data)]
    assert len(pages) >= 3
    assert {data[at + 14 : at + 18] for at in pages} == {bytes(4)}


@every_format
@pytest.mark.parametrize("picture", ["PNG", "JPEG"])
def test_labels_read_back(tmp_path: Path, kind: AudioFormat, picture: str) -> None:
    spec = FORMATS[kind]
    data = cover(picture)
    path = tmp_path / f"x{spec.suffixes[0]}"
    encode([sweep()], path, kind, tags=TAGS, chapters=CHAPTERS, cover=data)
    with av.open(str(path)) as container:
        tags = {key.lower(): value for key, value in (container.metadata | container.streams.audio[0].metadata).items()}
        chapters = [
            (float(each["start"] * each["time_base"]), each["metadata"]["title"]) for each in container.chapters()
        ]
        pictures = (
            [bytes(packet) for packet in container.demux(video=0) if packet.size] if container.streams.video else []
        )
    for name in ("title", "artist", "album", "date", "comment"):
        assert tags[name] == getattr(TAGS, name)
    assert tags[spec.licence_key] == TAGS.licence
    assert chapters == ([] if kind == "wav" else [(each.start_s, each.title) for each in CHAPTERS])
    assert pictures == ([] if kind == "wav" else [data])


def test_m4a_starts_at_once_and_says_so(tmp_path: Path) -> None:
    data = write(tmp_path, "m4a").path.read_bytes()
    assert data[4:12] == b"ftypM4A "
    assert data.index(b"moov") < data.index(b"mdat")


@given(markers=st.lists(st.tuples(st.floats(-5, 70), st.text()), max_size=8))
def test_chapters_from_markers(markers: list[tuple[float, str]]) -> None:
    chapters = chapters_from_markers(markers, 60.0)
    assert all(chapter.start_s < chapter.end_s for chapter in chapters)
    assert all(one.end_s == two.start_s for one, two in pairwise(chapters))
    assert not chapters or chapters[-1].end_s == 60.0
    assert {each.start_s for each in chapters} == {round(at, 3) for at, _ in markers if 0 <= round(at, 3) < 60}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec=None), max_size=60), kind=st.sampled_from(list(FORMATS)))
def test_any_text_is_a_tag(tmp_path: Path, text: str, kind: AudioFormat) -> None:
    path = tmp_path / "x.bin"
    tags = Tags(title=text, comment=text, licence=text)
    encode([sweep(0.05)], path, kind, tags=tags, chapters=[Chapter(title=text, start_s=0, end_s=0.05)])
    with av.open(str(path), metadata_errors="replace") as container:
        got = (container.metadata | container.streams.audio[0].metadata).get("title", "")
    assert got == clean(text)


# -- depth ---------------------------------------------------------------------------------------------------------


def test_24_bits_are_not_dithered(tmp_path: Path) -> None:
    silence = Audio(np.zeros((2, 4800), np.float32), 48_000)
    path = tmp_path / "x.flac"
    encode([silence], path, "flac")
    assert not decode(path).samples.any()
    first = encode([sweep()], path, "flac").path.read_bytes()
    again = encode([decode(path)], tmp_path / "y.flac", "flac").path.read_bytes()
    assert first == again


def test_16_bits_keep_what_is_below_one_step(tmp_path: Path) -> None:
    t = np.arange(48_000) / 48_000
    whisper = (0.4 / 32_768 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)  # plain rounding makes this silence
    path = tmp_path / "x.wav"
    encode([Audio.mono(whisper, 48_000)], path, "wav", bits=16)
    back = decode(path).samples[0]
    assert probe(path).codec == "pcm_s16le"
    spectrum = np.abs(np.fft.rfft(back))
    assert np.argmax(spectrum[10:]) + 10 == 1000
    assert 20 * np.log10(np.std(back)) == pytest.approx(-96, abs=1)


def test_dither_does_not_follow_the_blocks() -> None:
    samples = sweep(0.1).samples
    whole = Quantiser(16).quantise(samples)
    parts = Quantiser(16)
    pieces = [parts.quantise(samples[:, :1]), parts.quantise(samples[:, 1:1000]), parts.quantise(samples[:, 1000:])]
    assert np.array_equal(whole, np.concatenate(pieces, axis=1))
    error = whole.reshape(-1, 2).T / 32_768 - samples
    assert np.abs(error).max() <= 1.5 / 32_768
    assert abs(np.corrcoef(error[0], samples[0])[0, 1]) < 0.05


def test_clipping_is_held_and_counted(tmp_path: Path) -> None:
    loud = Audio.mono([0.0, 1.0, -1.0, 1.5, -2.0], 48_000)
    info = encode([loud], tmp_path / "x.wav", "wav")
    assert info.clipped_samples == 2
    assert decode(info.path).samples[0] == pytest.approx([0, 1, -1, 1, -1], abs=1e-6)


def test_unknown_rates_are_resampled(tmp_path: Path) -> None:
    t = np.arange(44_100) / 44_100
    tone = Audio.mono(0.5 * np.sin(2 * np.pi * 1000 * t), 44_100)
    info = encode([tone], tmp_path / "x.opus", "opus")
    back = decode(info.path)
    assert (back.sample_rate_hz, back.frames) == (48_000, 48_000)
    assert np.argmax(np.abs(np.fft.rfft(back.samples[0]))) == 1000
    assert nearest_rate(44_099, (48_000, 44_100, 8_000)) == 44_100
    assert nearest_rate(192_000, (48_000, 44_100)) == 48_000


def test_bytes_for_standard_output() -> None:
    audio = sweep(0.1, 24_000, 1)
    for kind in FORMATS:
        data = encode_bytes([audio], kind)
        with av.open(io.BytesIO(data)) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) >= audio.frames
    assert encode_bytes([audio], "wav")[:4] == b"RIFF"


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([], "no audio"),
        ([Audio(np.zeros((2, 0), np.float32), 48_000)], "no audio"),
        ([Audio.mono([0.0, np.nan], 48_000)], "not numbers"),
        ([Audio.mono([0.0, np.inf], 48_000)], "not numbers"),
        ([Audio(np.zeros((3, 10), np.float32), 48_000)], "3 channels"),
    ],
)
def test_bad_audio_leaves_the_old_file(tmp_path: Path, blocks: list[Audio], words: str) -> None:
    path = tmp_path / "x.flac"
    path.write_bytes(b"old")
    with pytest.raises(BadInput, match=words):
        encode(blocks, path, "flac")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["x.flac"]


@every_format
def test_a_source_that_fails_passes_through(tmp_path: Path, kind: AudioFormat) -> None:
    def failing() -> Iterator[Audio]:
        yield sweep()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(failing(), tmp_path / "x", kind)
    assert names(tmp_path) == []


@pytest.mark.parametrize("data", [b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\xff\xd8"])
def test_a_broken_cover_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadInput, match="cover picture"):
        encode([sweep(0.1)], tmp_path / "x.mp3", "mp3", cover=data)
    assert names(tmp_path) == []


def test_cover_headers() -> None:
    for picture, codec in (("PNG", "png"), ("JPEG", "mjpeg")):
        found = read_cover(cover(picture, (123, 45)))
        assert (found.codec, found.width, found.height) == (codec, 123, 45)
    assert picture_block(read_cover(cover("PNG"))).startswith("AAAAAwAAAAlpbWFnZS9wbmc")  # type 3, "image/png"
    with pytest.raises(BadInput, match="8 MiB"):
        read_cover(bytes(9 << 20))


def test_format_of() -> None:
    assert [format_of(name) for name in ("a.WAV", Path("b.flac"), "c.ogg")] == ["wav", "flac", "opus"]
    with pytest.raises(UsageError, match=r"\.m4a"):
        format_of("a.xyz")


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for path, words in [
        (tmp_path / "missing" / "x.wav", "create it first"),
        (tmp_path / "file" / "x.wav", "not a folder|create"),
        (tmp_path, "is a folder"),
        (tmp_path / "loop", "loop"),
        (tmp_path / ("x" * 300), "too long"),
        (Path("/dev/full"), "device"),
    ]:
        with pytest.raises(OutputError, match=words):
            encode([sweep(0.1)], path, "wav")
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give up root's rights for a moment")
def test_a_read_only_folder_as_root() -> None:
    _read_only_folder(as_user=65_534)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder() -> None:
    _read_only_folder(as_user=os.geteuid())


def _read_only_folder(as_user: int) -> None:
    folder = Path(tempfile.mkdtemp())
    me = os.geteuid()
    try:
        folder.chmod(0o555)
        os.seteuid(as_user)
        with pytest.raises(OutputError, match="may not be written") as caught:
            encode([sweep(0.1)], folder / "x.wav", "wav")
        assert "permissions" in caught.value.hint
    finally:
        os.seteuid(me)
        folder.rmdir()


@every_format
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: AudioFormat) -> None:
    """The temporary file is /dev/full, which takes no byte."""

    def full(target: Path) -> tuple[Path, int]:
        return target.with_name(".nothing"), os.open("/dev/full", os.O_RDWR)

    monkeypatch.setattr(output_file_module, "temporary_file", full)
    with pytest.raises(OutputError, match="no space left") as caught:
        write(tmp_path, kind)
    assert "free some space" in caught.value.hint
    assert names(tmp_path) == []


_LIMITED = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from hausmusik.audio.encode import encode
from hausmusik.errors import OutputError
from hausmusik.types import Audio

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
noise = np.random.default_rng(0).normal(0, 0.2, (2, 48_000)).astype(np.float32)
for format in ("wav", "flac", "mp3", "opus", "m4a"):
    try:
        encode([Audio(noise, 48_000)] * 4, Path(sys.argv[1]) / f"x.{format}", format)
    except OutputError as error:
        print(format, error.hint)
"""


def test_a_limit_on_the_way_leaves_no_half_file(tmp_path: Path) -> None:
    """The first 40,000 bytes can be written, in a real process with a real limit."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _LIMITED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["wav", "flac", "mp3", "opus", "m4a"]
    assert "largest size" in done.stdout
    assert names(tmp_path) == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.wav").write_bytes(b"old")
    (tmp_path / "link.wav").symlink_to("real.wav")
    encode([sweep(0.1)], tmp_path / "link.wav", "wav")
    assert (tmp_path / "link.wav").is_symlink()
    assert (tmp_path / "real.wav").read_bytes()[:4] == b"RIFF"


def test_heavy_libraries_wait() -> None:
    code = (
        "import sys, hausmusik.audio.files, hausmusik.audio.encode, hausmusik.audio.captions, hausmusik.audio.picture;"
        "print(sorted({'av', 'PIL', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
