"""From float32 to whole numbers of 16 or 24 bits, with dither where it helps.

16 bits: triangular (TPDF) dither of two steps peak to peak before rounding. It turns the rounding error, which would
follow the signal and be heard as distortion in fades and reverb tails, into a constant noise at -96 dBFS (Lipshitz,
Wannamaker and Vanderkooy, "Quantization and dither", JAES 40, 1992).

24 bits: plain rounding. Its noise is at -149 dBFS, 20 dB under that of the best converters and under what float32
itself rounds away in a loud mix. Dither would only cost: silence would no longer be digital silence, FLAC files would
grow, and a 24-bit file imported and exported again would change its samples.

Knows nothing of files or encoders.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hausmusik.audio.formats import Bits
from hausmusik.types import FloatArray

_DITHER_SEED: Final = 0x48617573  # any fixed number: two runs must give equal bytes


class Quantiser:
    """Turns consecutive blocks into integers; how the signal is cut into blocks does not change them.

    Args:
        bits: 16 or 24.

    Attributes:
        clipped: How many samples were beyond full scale so far and were held at it.
    """

    def __init__(self, bits: Bits) -> None:
        self.clipped = 0
        self._bits = bits
        self._random = np.random.Generator(np.random.PCG64(_DITHER_SEED))

    def quantise(self, samples: FloatArray) -> npt.NDArray[np.int16] | npt.NDArray[np.int32]:
        """Quantise one block.

        Args:
            samples: float32, `(channels, frames)`, finite.

        Returns:
            `(1, frames * channels)`, interleaved: int16 for 16 bits; for 24 bits int32 with the value in the upper
            three bytes, as libavcodec wants it.
        """
        steps = float(2 ** (self._bits - 1))
        scaled = np.ascontiguousarray(samples.T) * np.float32(steps)  # (frames, channels)
        if self._bits == 16:
            scaled += self._triangular(scaled.shape)
        np.rint(scaled, out=scaled)
        # Exactly +1.0 is one step beyond the largest integer; losing that step is not clipping worth a warning.
        self.clipped += int(np.count_nonzero(np.abs(samples) > 1.0))
        np.clip(scaled, -steps, steps - 1, out=scaled)
        if self._bits == 16:
            return scaled.astype(np.int16).reshape(1, -1)
        return (scaled.astype(np.int32) << 8).reshape(1, -1)

    def _triangular(self, shape: tuple[int, ...]) -> FloatArray:
        """Two uniform numbers per sample, added: -1 to 1 steps, triangular."""
        pairs = self._random.random((*shape, 2), dtype=np.float32)
        return pairs[..., 0] - pairs[..., 1]
