"""Sound as a wav stream of unknown length, for standard output and for players that listen while it is being made.

The header says "longest possible", as every program does that writes wav into a pipe; players and `files` read to the
end. Knows nothing of where the bytes go.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from hausmusik.audio.quantise import Quantiser
from hausmusik.errors import BadInput
from hausmusik.types import Audio

_UNKNOWN: Final = 0xFFFF_FFFF
_PCM: Final = 1
_FRAME_BYTES: Final = 2


class WavPipe:
    """Turns blocks of one rate and channel count into the bytes of a 16-bit wav file, as they come."""

    def __init__(self) -> None:
        self._kind: tuple[int, int] | None = None
        self._quantiser = Quantiser(16)

    def push(self, block: Audio) -> bytes:
        """Return the bytes of one more block; those of the first begin with the header.

        Raises:
            BadInput: the block holds samples that are not numbers.
            ValueError: it differs from the first in rate or channels.
        """
        here = (block.channels, block.sample_rate_hz)
        if self._kind not in {None, here}:
            raise ValueError("blocks differ in sample rate or channels")
        if not np.isfinite(block.samples).all():
            raise BadInput("the audio has samples that are not numbers")
        head = _header(*here) if self._kind is None else b""
        self._kind = here
        return head + self._quantiser.quantise(block.samples).astype("<i2").tobytes()


def _header(channels: int, rate_hz: int) -> bytes:
    frame = channels * _FRAME_BYTES
    form = struct.pack("<HHIIHH", _PCM, channels, rate_hz, rate_hz * frame, frame, 8 * _FRAME_BYTES)
    riff = struct.pack("<4sI4s", b"RIFF", _UNKNOWN, b"WAVE")
    return riff + struct.pack("<4sI", b"fmt ", len(form)) + form + struct.pack("<4sI", b"data", _UNKNOWN)
