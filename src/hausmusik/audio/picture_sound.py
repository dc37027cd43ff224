"""The sound's part of a picture as arrays of pixels: the waveform and the spectrogram.

Edges are drawn by coverage, so that they are smooth without drawing larger first. Knows nothing of text or places.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hausmusik.audio.palette import WAVE, WAVE_CORE, Colour, spectrum_colours
from hausmusik.audio.picture_analysis import Analysis
from hausmusik.types import FloatArray

_RANGE_DB: Final = 70.0
_QUIETEST_TOP_DB: Final = -50.0  # a piece more quiet than that is shown as quiet, not its noise as if it were loud


def waveform(analysis: Analysis, height: int, ground: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the waveform, full scale over the whole height, with the RMS as a darker core.

    Args:
        analysis: Of the sound.
        height: In pixels.
        ground: Colour of each column behind it, shape `(columns, 3)`.

    Returns:
        `(height, columns, 3)`.
    """
    pixels = np.broadcast_to(ground.astype(np.float32), (height, *ground.shape)).copy()
    _fill(pixels, analysis.high, analysis.low, WAVE)
    _fill(pixels, analysis.rms, -analysis.rms, WAVE_CORE)
    return np.rint(pixels).astype(np.uint8)


def spectrogram(analysis: Analysis) -> npt.NDArray[np.uint8]:
    """Return the spectrogram, its loudest point in the darkest colour, shape `(rows, columns, 3)`."""
    top_db = max(float(np.max(analysis.spectrum_db)), _QUIETEST_TOP_DB)
    level = np.clip((analysis.spectrum_db - (top_db - _RANGE_DB)) / _RANGE_DB, 0, 1)
    return spectrum_colours()[np.rint(level * 255).astype(np.uint8)]


def _fill(pixels: FloatArray, high: FloatArray, low: FloatArray, colour: Colour) -> None:
    """Paint each column between two values of -1 to 1; at least half a pixel, so that silence is a fine line."""
    height = pixels.shape[0]
    upper = (1 - np.clip(high, -1, 1)) * height / 2
    lower = (1 - np.clip(low, -1, 1)) * height / 2
    middle = (upper + lower) / 2
    upper, lower = np.minimum(upper, middle - 0.25), np.maximum(lower, middle + 0.25)
    rows = np.arange(height, dtype=np.float32)[:, None]
    coverage = np.clip(np.minimum(lower, rows + 1) - np.maximum(upper, rows), 0, 1)[..., None]
    pixels += coverage.astype(np.float32) * (np.array(colour, np.float32) - pixels)
