"""More than two channels become stereo, by the coefficients of ITU-R BS.775-3, annex 4.

    L = FL + 0.7071 FC + 0.7071 (side and back left) + 0.5 BC;   R likewise;   the low-frequency channel is left out.

Not normalised: what stood in front keeps its level, and a loud film mix may pass full scale, which floats can hold and
mastering takes care of. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hausmusik.types import FloatArray

_HALF_POWER: Final = float(np.sqrt(0.5))
_GAINS: Final = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_HALF_POWER, _HALF_POWER),
    "FLC": (1.0, 0.0),
    "FRC": (0.0, 1.0),
    "LFE": (0.0, 0.0),
    "LFE2": (0.0, 0.0),
    "BC": (0.5, 0.5),
    "TC": (0.5, 0.5),
    "TFC": (0.5, 0.5),
    "TBC": (0.5, 0.5),
}


def stereo_matrix(names: Sequence[str]) -> FloatArray:
    """Return the `(2, channels)` matrix for channels with FFmpeg's names (`FL`, `FR`, `FC`, `LFE`, `BL`, `SR` …).

    Sides, backs and heights count by their last letter; channels without a meaning go left and right in turn.
    """
    return np.array([_gain(name, index) for index, name in enumerate(names)], np.float32).T


def _gain(name: str, index: int) -> tuple[float, float]:
    if name in _GAINS:
        return _GAINS[name]
    left = name.endswith("L") if name[-1:] in {"L", "R"} else index % 2 == 0
    return (_HALF_POWER, 0.0) if left else (0.0, _HALF_POWER)
