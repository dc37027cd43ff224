"""Levels of computed sounds: as loud as an ambience should be, no peak that clips, no click at the ends.

Knows nothing of textures.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hausmusik.audio.loudness import measure
from hausmusik.engines.procedural.timeline import RATE_HZ
from hausmusik.types import Audio, FloatArray

TARGET_LUFS: Final = -26.0
CEILING: Final = 0.86  # -1.3 dBFS: between the samples of a snap lies up to 1 dB more
_KNEE: Final = 0.5
_FADE_S: Final = 0.02


def gain_for(samples: FloatArray, target_lufs: float = TARGET_LUFS) -> float:
    """Return the factor that brings a sound to a loudness; 1 for silence.

    Sparse sounds (a drip, a step) are held back so that their peaks stay below four times the knee of `limited`.
    """
    measured = measure(Audio(samples, RATE_HZ)).integrated_lufs
    peak = float(np.abs(samples).max(initial=0.0))
    if not math.isfinite(measured) or peak <= 0:
        return 1.0
    return min(10 ** ((target_lufs - measured) / 20), 4 * _KNEE / peak)


def limited(samples: FloatArray) -> FloatArray:
    """Return a sound with its peaks bent below -1 dBFS: untouched up to -6 dBFS, a smooth curve above.

    The curve has no memory, so a loop stays a loop and blocks stay independent.
    """
    size = np.abs(samples)
    over = np.maximum(size - _KNEE, 0.0)
    if not over.any():
        return samples
    room = CEILING - _KNEE
    bent = np.minimum(size, _KNEE) + np.float32(room) * np.tanh(over / np.float32(room))
    return np.copysign(bent, samples).astype(np.float32)


def fade_ends(block: FloatArray, start: int, frames: int) -> None:
    """Fade a block in place where it lies within 20 ms of the beginning or end of a sound of `frames`."""
    fade = min(round(_FADE_S * RATE_HZ), frames // 2)
    if fade == 0 or (start >= fade and start + block.shape[1] <= frames - fade):
        return
    position = np.arange(block.shape[1], dtype=np.float64) + start
    share = np.clip(np.minimum(position + 0.5, frames - position - 0.5) / fade, 0.0, 1.0)
    block *= (0.5 - 0.5 * np.cos(np.pi * share)).astype(np.float32)
