"""Vectors that a question is compared with: all of them, or beyond 200,000 those of the likeliest groups.

Up to `EXACT` vectors every one is compared, in float32. Beyond, they are held as int8, a quarter of that, and parted
into groups by k-means; only the groups nearest to the question are looked into. That is approximate: how much it misses
stands in benchmarks/memory_retrieval. Groups and not a graph of neighbours (usearch, as first planned), because the
index is made when a memory is opened, in the process that asks: of 100,000 parting takes 1 s of a core, usearch 67.
Nothing is changed once made, so that whoever is still searching may go on. Knows nothing of passages.

Sources: inverted lists, Jégou, Douze and Schmid (TPAMI 2011), without their second quantiser; k-means on the sphere,
Dhillon and Modha (2001).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hausmusik.types import FloatArray

EXACT: Final = 200_000
"""Vectors of 384 numbers: 307 MB and about 35 ms of one core for a question."""

PROBED: Final = 32
ONE_OF: Final = 16
"""Groups that are looked into: one of 16, at least 32. Of 17,010 vectors of MiniLM's one of 16 had 93.7 % of the
nearest ten, 32 of 128 had 99.0 %."""

ROUNDS: Final = 6
LEARNT_OF: Final = 48
"""Vectors a group that the groups are learnt from; more moves them little."""

AT_ONCE: Final = 8192
"""Rows that are worked on together: 12 MB of float32."""

Rows = npt.NDArray[np.int64]


class Vectors:
    """Vectors of length 1, `(n, dim)`, to be compared with a question.

    Args:
        held: float32 where all are compared, else int8.
        scales: What a 1 in each row of int8 is, `(n,)`; empty where `held` is float32.
        centres: Of the groups, `(groups, dim)`; empty where all are compared.
        labels: Group of each row, `(n,)`; empty where all are compared.
        learnt_of: How many there were when the groups were learnt.
    """

    def __init__(self, held: Any, scales: FloatArray, centres: FloatArray, labels: Any, learnt_of: int) -> None:
        self.held = held
        self._scales = scales
        self._centres = centres
        self._labels = labels
        self._learnt_of = learnt_of
        self._by_group: Any = np.argsort(labels, kind="stable").astype(np.int32)
        self._group_starts: Any = np.searchsorted(labels[self._by_group], np.arange(len(centres) + 1))

    def __len__(self) -> int:
        return len(self.held)

    @property
    def dim(self) -> int:
        """How many numbers each has."""
        return int(self.held.shape[1])

    @property
    def groups(self) -> int:
        """How many there are; 0 where all vectors are compared."""
        return len(self._centres)

    @property
    def exact(self) -> bool:
        """Whether all are compared."""
        return not self.groups

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        arrays = (self.held, self._scales, self._centres, self._labels, self._by_group)
        return sum(each.nbytes for each in arrays)

    def found(self, vector: FloatArray) -> tuple[Rows, FloatArray]:
        """Return the rows that were compared with a vector, ascending, and their cosines.

        Args:
            vector: `(dim,)`, length 1.
        """
        if self.exact:
            return np.arange(len(self.held)), self.held @ vector
        near = self._centres @ vector
        count = max(PROBED, len(near) // ONE_OF)
        probed = np.argpartition(-near, count)[:count] if len(near) > count else np.arange(len(near))
        starts = self._group_starts
        rows = np.sort(np.concatenate([self._by_group[starts[each] : starts[each + 1]] for each in probed]))
        return rows.astype(np.int64), self.cosines(rows, vector)

    def cosines(self, rows: Any, vector: FloatArray) -> FloatArray:
        """Return how near some rows are to a vector, `(rows,)`."""
        if self.exact:
            return self.held[rows] @ vector
        parts = [
            self.held[part].astype(np.float32) @ vector * self._scales[part]
            for part in (rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE))
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def changed(self, kept: Any, new: Any, order: Any = None) -> Vectors:
        """Return these without some and with others; groups are learnt again when there are twice as many.

        Args:
            kept: Whether each row stays, `(n,)` of bool.
            new: Those that come, `(m, dim)`, of any float.
            order: Of all rows, those kept before the new ones; None: as they are.
        """
        size = int(kept.sum()) + len(new)
        kept = slice(None) if kept.all() else kept  # without a copy of all of them
        if self.exact:
            held = np.concatenate([self.held[kept], new.astype(np.float32)])
            if order is not None:
                held = held[order]
            return vectors_of(held)
        if size > 2 * self._learnt_of or size <= EXACT:
            held = np.concatenate([self.held[kept] * self._scales[kept][:, None], new.astype(np.float32)])
            return vectors_of(held if order is None else held[order])
        codes, scales = _coded(new)
        held = np.concatenate([self.held[kept], codes])
        scales = np.concatenate([self._scales[kept], scales])
        labels = np.concatenate([self._labels[kept], _nearest(new, self._centres)])
        if order is not None:
            held, scales, labels = held[order], scales[order], labels[order]
        return Vectors(held, scales, self._centres, labels, self._learnt_of)


def vectors_of(matrix: Any) -> Vectors:
    """Return vectors `(n, dim)`, of any float, ready to be searched."""
    none = np.zeros(0, np.float32)
    if len(matrix) <= EXACT:
        held = matrix.astype(np.float32, copy=False)
        return Vectors(held, none, none, np.zeros(0, np.int16), len(matrix))
    centres = _learnt(matrix)
    codes, scales = _coded(matrix)
    return Vectors(codes, scales, centres, _nearest(matrix, centres), len(matrix))


def _learnt(matrix: Any) -> FloatArray:
    """Return the centres of groups: as many as the power of 2 nearest to the root of the number of vectors."""
    groups = 2 ** round(math.log2(math.sqrt(len(matrix))))
    dice = np.random.Generator(np.random.PCG64(0))  # the same memory is always parted in the same way
    some = np.sort(dice.choice(len(matrix), min(len(matrix), LEARNT_OF * groups), replace=False))
    sample = matrix[some].astype(np.float32)
    centres: FloatArray = sample[dice.choice(len(sample), groups, replace=False)]
    for _ in range(ROUNDS):
        labels = _nearest(sample, centres)
        order = np.argsort(labels, kind="stable")
        there, firsts = np.unique(labels[order], return_index=True)
        centres = centres.copy()
        centres[there] = np.add.reduceat(sample[order], firsts, axis=0)
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    return centres


def _nearest(matrix: Any, centres: FloatArray) -> Any:
    """Return the nearest centre of each row, `(n,)` of int16."""
    found = np.empty(len(matrix), np.int16)
    for at in range(0, len(matrix), AT_ONCE):
        part = matrix[at : at + AT_ONCE].astype(np.float32, copy=False)
        found[at : at + len(part)] = np.argmax(part @ centres.T, axis=1)
    return found


def _coded(matrix: Any) -> tuple[Any, FloatArray]:
    """Return rows as int8, and what a 1 is in each: the cosine of 384 numbers is then wrong by 0.0005 (one sigma)."""
    codes = np.empty(matrix.shape, np.int8)
    scales = np.empty(len(matrix), np.float32)
    for at in range(0, len(matrix), AT_ONCE):
        part = matrix[at : at + AT_ONCE].astype(np.float32, copy=False)
        most = np.maximum(np.abs(part).max(axis=1), 1e-12) / 127
        scales[at : at + len(part)] = most
        codes[at : at + len(part)] = np.rint(part / most[:, None])
    return codes, scales
