"""How the tone engine writes and what it takes for the meaning of a text: its words, each with a direction of its own.

Texts that share words are near each other, as with a real model; nothing else is known of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from hausmusik.types import FloatArray

DIM: Final = 96


def words_said(text: str) -> list[str]:
    """Return a text cut before each of its words; joined they are the text."""
    return [part for part in re.split(r"(?=\s\S)", text) if part]


def word_vectors(texts: Sequence[str]) -> FloatArray:
    """Return one vector of length 1 for each text, `(n, 96)`: the sum of what its words stand for."""
    rows = np.stack(
        [np.sum([_direction(word) for word in re.findall(r"\w+", text.lower()) or ["_"]], axis=0) for text in texts]
    )
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _direction(word: str) -> npt.NDArray[np.float64]:
    return np.random.Generator(np.random.PCG64(zlib.crc32(word.encode()))).standard_normal(DIM)
