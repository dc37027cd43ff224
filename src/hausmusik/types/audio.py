"""Samples with their rate."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.types.values import FloatArray


class Audio(msgspec.Struct, frozen=True, eq=False):
    """Samples with their rate.

    Args:
        samples: float32, shape `(channels, samples)`, nominal range -1 to 1 (louder is allowed, never clipped here).
        sample_rate_hz: 1,000 to 384,000.

    Raises:
        ValueError: wrong dtype, shape or rate.
    """

    samples: FloatArray
    sample_rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32:
            raise ValueError(f"audio samples must be float32, not {self.samples.dtype}")
        if self.samples.ndim != 2 or not 1 <= self.samples.shape[0] <= 8:
            raise ValueError(f"audio must have the shape (channels, samples), not {self.samples.shape}")
        if not 1_000 <= self.sample_rate_hz <= 384_000:
            raise ValueError(f"a sample rate of {self.sample_rate_hz} Hz is out of range")

    @classmethod
    def mono(cls, samples: npt.ArrayLike, sample_rate_hz: int) -> Audio:
        """Wrap a one-dimensional signal of any real dtype as one channel of float32."""
        return cls(np.asarray(samples, dtype=np.float32).reshape(1, -1), sample_rate_hz)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Number of samples per channel."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate_hz


def concatenate(parts: list[Audio]) -> Audio:
    """Join chunks of one rate and channel count end to end; raises ValueError when they differ or none is given."""
    if not parts:
        raise ValueError("nothing to join")
    if len({(part.sample_rate_hz, part.channels) for part in parts}) > 1:
        raise ValueError("chunks differ in sample rate or channels")
    return Audio(np.concatenate([part.samples for part in parts], axis=1), parts[0].sample_rate_hz)
