"""Opens a sound file that somebody else made, and nothing but that file.

FFmpeg gets an open file, never a name; a list of demuxers that hold sound; no protocol; and a callback that refuses
every other file it might ask for. So a playlist, a `concat` script, an SDP description or a film with outside
references is refused, not followed. Only plain files are opened: a pipe or a device could block for ever.

Knows nothing of decoding; see `decoding`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

import msgspec

from hausmusik.errors import BadInput, NotFoundError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_DEMUXERS: Final = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,flv,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,tta,voc,w64,wav,wv"
)
_KNOWN_HINT: Final = "use wav, flac, mp3, ogg, opus, m4a or another common audio or video file"
_SPECIAL: Final = (
    (stat.S_ISDIR, "a folder", "name a file in it"),
    (stat.S_ISFIFO, "a pipe", "save the sound to a file first"),
    (stat.S_ISSOCK, "a socket", "save the sound to a file first"),
)


class OpenSound(msgspec.Struct, frozen=True, eq=False):
    """A file that libavformat understood.

    Args:
        path: For messages.
        size_bytes: Of the file.
        container: Opened.
        stream: The first of its sound streams.
        format: libavformat's name of the container, e.g. `wav`, `mov,mp4,m4a,3gp,3g2,mj2`.
        head: The first 64 KiB of the file, for what libavformat does not tell.
    """

    path: Path
    size_bytes: int
    container: InputContainer
    stream: AudioStream
    format: str
    head: bytes


@contextlib.contextmanager
def open_sound(path: str | Path) -> Generator[OpenSound]:
    """Open a local file's first sound stream for the length of the block.

    Raises:
        NotFoundError: there is no such file.
        BadInput: not a plain file, not readable, empty, of a kind that is not known, or without sound.
    """
    path = Path(path)
    with open_plain_file(path) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes == 0:
            raise BadInput(f"{path} is empty", hint="was it copied completely?")
        head = file.read(1 << 16)
        file.seek(0)
        container = _open_container(file, path, head)
        try:
            yield OpenSound(path, size_bytes, container, _sound_stream(container, path), container.format.name, head)
        finally:
            container.close()


def open_plain_file(path: Path) -> BinaryIO:
    """Open a file for reading if it is one: never waits on a pipe, never touches a device.

    Raises:
        NotFoundError: there is none.
        BadInput: it is something else, or may not be read.
    """
    try:
        _refuse_special(path, path.stat().st_mode)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # Asked again of the file itself: the name may have come to mean something else meanwhile.
            _refuse_special(path, os.fstat(descriptor).st_mode)
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"there is no file {path}", hint="check the spelling and the folder") from error
    except PermissionError as error:
        raise BadInput(f"{path} may not be read", hint="change its permissions, e.g. chmod u+r") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be opened: {error.strerror or error}") from error
    except ValueError as error:  # a NUL byte in the name
        raise BadInput(f"{str(path)!r} is not a file name: {error}") from error


def _refuse_special(path: Path, mode: int) -> None:
    for test, what, hint in _SPECIAL:
        if test(mode):
            raise BadInput(f"{path} is {what}, not an audio file", hint=hint)
    if not stat.S_ISREG(mode):
        raise BadInput(f"{path} is a device, not an audio file", hint="save the sound to a file first")


def _open_container(file: BinaryIO, path: Path, head: bytes) -> InputContainer:
    import av  # noqa: PLC0415  # 0.1 s, and only those who read files need it
    from av.error import FFmpegError  # noqa: PLC0415

    try:
        return av.open(
            _Nameless(file),
            "r",
            options={
                "format_whitelist": _DEMUXERS,
                "protocol_whitelist": "",
                # wav: bytes a packet. The default of 4,096 costs four times the calls; FFmpeg 8.0 drops the last packet
                # of a file cut short, so it must not be long either: this is 0.1 s of 48 kHz stereo at 16 bits.
                "max_size": "16384",
            },
            metadata_errors="replace",  # Latin-1 tags are common and must not stop anybody
            buffer_size=1 << 18,
            io_open=_refuse_other_files,
        )
    except FFmpegError as error:
        if _is_text(head):
            hint = "playlists are not followed; name the sound file itself"
            raise BadInput(f"{path} is a text file, not audio", hint=hint) from error
        raise BadInput(f"{path} is not an audio file of a kind known here", hint=_KNOWN_HINT) from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error


def _sound_stream(container: InputContainer, path: Path) -> AudioStream:
    if not container.streams.audio:
        what = "pictures but no sound" if container.streams.video else "no sound"
        raise BadInput(f"{path} has {what}", hint=_KNOWN_HINT)
    stream = container.streams.audio[0]
    context: Any = stream.codec_context  # None where libavcodec has no decoder, whatever the stubs say
    if context is None or not 1_000 <= context.sample_rate <= 384_000 or context.channels < 1:
        raise BadInput(f"{path} has sound of a kind not known here", hint=_KNOWN_HINT)
    context.thread_count = 1
    if context.name == "flac":
        context.options = {"err_detect": "crccheck+explode"}  # its checksums find a single wrong bit; off by default
    return stream


class _Nameless:
    """A file without its name: PyAV would tell FFmpeg, which guesses formats by the ending."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def _refuse_other_files(*_: object) -> NoReturn:
    raise PermissionError("a sound file may not name other files")


def _is_text(head: bytes) -> bool:
    """Whether a file begins with UTF-8 text; a character cut at the end of the look does not matter."""
    look = head[:4096]
    try:
        text = look.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(look) - 3:
            return False
        text = look[: error.start].decode("utf-8")
    return all(char >= " " or char in "\t\n\r\f" for char in text)
