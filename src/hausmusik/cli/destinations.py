"""Where the sound of a single play goes while it comes: into a file, to stdout, or nowhere but the loudspeaker.

A file is encoded at the end from a spool on disk, so that an hour of narration needs no memory and a play that fails
leaves no file. Knows nothing of instruments.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hausmusik.cli.output import Output

if TYPE_CHECKING:
    from hausmusik.audio.formats import AudioFormat
    from hausmusik.types import Audio

_BLOCK_S: Final = 10.0

Push = Callable[["Audio"], None]


@contextmanager
def into_file(path: str, format_: AudioFormat) -> Generator[Push]:
    """Give a function that takes chunks; leaving writes the finished file, unless there was no chunk or an error.

    Raises:
        StoreError: there is no room for the spool.
        OutputError: the file cannot be written.
    """
    from hausmusik.audio.encode import encode
    from hausmusik.audio.wav import WavWriter

    with _scratch_folder() as folder:
        spool = folder / "spool.wav"
        writer: WavWriter | None = None

        def push(audio: Audio) -> None:
            nonlocal writer
            writer = writer or WavWriter.create(spool, audio.sample_rate_hz, audio.channels, durable=False)
            writer.write(audio.samples)

        try:
            yield push
        except BaseException:
            if writer is not None:
                writer.abort()
            raise
        if writer is not None:
            writer.close()
            encode(_blocks(spool), path, format_, bits=16)


@contextmanager
def _scratch_folder() -> Generator[Path]:
    """Where the system keeps such things; what a killed command left there goes."""
    from hausmusik.errors import StoreError
    from hausmusik.temporary import temporary_folder

    place = Path(tempfile.gettempdir()) / f"hausmusik-{os.getuid()}"
    try:
        folder, lock = temporary_folder(place, 0o700)
    except OSError as error:
        raise StoreError(f"{place.parent} cannot be written: {error.strerror}", hint="set TMPDIR") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def into_stdout(output: Output) -> Generator[Push]:
    """Give a function that writes chunks to stdout as a wav stream, each as it comes."""
    from hausmusik.audio.wav_pipe import WavPipe

    pipe = WavPipe()
    yield lambda audio: output.binary(pipe.push(audio))


@contextmanager
def nowhere() -> Generator[Push]:
    """Give a function that does nothing: the loudspeaker alone is enough."""
    yield lambda _audio: None


def _blocks(spool: Path) -> Iterator[Audio]:
    from hausmusik.audio.wav import WavReader
    from hausmusik.types import Audio

    with WavReader.open(spool) as reader:
        rate_hz = reader.info.sample_rate_hz
        for start in range(0, reader.info.frames, round(_BLOCK_S * rate_hz)):
            yield Audio(reader.read(start, round(_BLOCK_S * rate_hz)), rate_hz)
