"""Any recording as engines that listen want it: one channel of float32 at 16 kHz.

Knows nothing of what is listened for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from hausmusik.errors import BadInput
from hausmusik.types import Audio, FloatArray

SAMPLE_RATE_HZ: Final = 16_000
_BLOCK_S: Final = 30.0


def mono_blocks_16k(audio: Audio) -> Iterator[FloatArray]:
    """Yield one channel at 16 kHz in consecutive blocks of about 30 s, shape `(samples,)`, between -1 and 1.

    Channels are averaged and the rate is converted by one stream (libsoxr, 20-bit), so that blocks join exactly and
    memory does not grow with the length.

    Raises:
        BadInput: the recording is empty or holds NaN or infinity.
    """
    import soxr

    if not audio.frames:
        raise BadInput("the recording is empty", hint="give at least half a second of sound")
    block = max(1, round(_BLOCK_S * audio.sample_rate_hz))
    stream = soxr.ResampleStream(audio.sample_rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")
    for start in range(0, audio.frames, block):
        mono = audio.samples[:, start : start + block].mean(axis=0, dtype=np.float32)
        if not np.isfinite(mono).all():
            raise BadInput("the recording holds samples that are not numbers", hint="decode or export it again")
        last = start + block >= audio.frames
        if audio.sample_rate_hz != SAMPLE_RATE_HZ:
            mono = np.asarray(stream.resample_chunk(mono, last=last), dtype=np.float32)
        yield np.clip(mono, -1.0, 1.0, out=mono)


def mono_16k(audio: Audio) -> FloatArray:
    """Return a whole recording as `mono_blocks_16k` yields it."""
    return np.concatenate(list(mono_blocks_16k(audio)))
