"""The straightforward form to compare with: one text at a time, float32, BERT by the book in numpy.

numpy has no erf, which the model's GELU needs: three ways to come by one, named in `ERFS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

Erf = Callable[[np.ndarray], np.ndarray]


def polynomial(x: np.ndarray) -> np.ndarray:
    """Abramowitz and Stegun 7.1.26, error below 1.5e-7."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    a = [np.float32(each) for each in (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)]
    return np.sign(x) * (1 - ((((a[4] * t + a[3]) * t + a[2]) * t + a[1]) * t + a[0]) * t * np.exp(-x * x))


def by_element(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf, otypes=[np.float32])(x)


def of_scipy(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return erf(x)


ERFS: dict[str, Erf] = {
    "numpy, erf by a polynomial": polynomial,
    "numpy, erf of scipy": of_scipy,
    "numpy, erf by np.vectorize(math.erf)": by_element,
}


class Naive:
    def __init__(self, tensors: dict[str, np.ndarray], erf: Erf, heads: int = 12, layers: int = 6) -> None:
        self.tensors, self.erf, self.heads, self.layers = tensors, erf, heads, layers

    def embed(self, numbers: Sequence[int]) -> np.ndarray:
        n, tensors = len(numbers), self.tensors
        x = tensors["embeddings.word_embeddings.weight"][list(numbers)]
        x = x + tensors["embeddings.position_embeddings.weight"][:n]
        x = self._norm(x + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for number in range(self.layers):
            x = self._layer(x, f"encoder.layer.{number}")
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)

    def _layer(self, x: np.ndarray, at: str) -> np.ndarray:
        n, hidden = x.shape
        each = hidden // self.heads
        query, key, value = (
            self._affine(x, f"{at}.attention.self.{part}").reshape(n, self.heads, each).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(each))
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores = scores / scores.sum(-1, keepdims=True)
        heard = (scores @ value).transpose(1, 0, 2).reshape(n, hidden)
        x = self._norm(x + self._affine(heard, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        wide = self._affine(x, f"{at}.intermediate.dense")
        wide = wide * np.float32(0.5) * (1 + self.erf(wide / np.float32(math.sqrt(2))))
        return self._norm(x + self._affine(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def _affine(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-12))
        return scaled * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]
