"""Sound as a wav stream of unknown length, for standard output and for players that listen while it is being made.

The header says "longest possible", as every program does that writes wav into a pipe; players and `files` read to the
end. Knows nothing of where the bytes go.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from hausmusik.audio.quantise import Quantiser
from hausmusik.errors import BadInput
from hausmusik.types import Audio

_UNKNOWN: Final = 0xFFFF_FFFF
_PCM: Final = 1
_FRAME_BYTES: Final = 2


def wav_stream(blocks: Iterable[Audio]) -> Iterator[bytes]:
    """Yield a 16-bit wav file in pieces, one for each block, the first one with the header before it.

    Args:
        blocks: All of one rate and channel count.

    Raises:
        BadInput: a block holds samples that are not numbers.
        ValueError: blocks differ in rate or channels.
    """
    kind: tuple[int, int] | None = None
    quantiser = Quantiser(16)
    for block in blocks:
        here = (block.channels, block.sample_rate_hz)
        if kind not in {None, here}:
            raise ValueError("blocks differ in sample rate or channels")
        if not np.isfinite(block.samples).all():
            raise BadInput("the audio has samples that are not numbers")
        head = _header(*here) if kind is None else b""
        kind = here
        yield head + quantiser.quantise(block.samples).astype("<i2").tobytes()


def _header(channels: int, rate_hz: int) -> bytes:
    frame = channels * _FRAME_BYTES
    form = struct.pack("<HHIIHH", _PCM, channels, rate_hz, rate_hz * frame, frame, 8 * _FRAME_BYTES)
    riff = struct.pack("<4sI4s", b"RIFF", _UNKNOWN, b"WAVE")
    return riff + struct.pack("<4sI", b"fmt ", len(form)) + form + struct.pack("<4sI", b"data", _UNKNOWN)
