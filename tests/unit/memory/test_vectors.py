"""Vectors compared all, or by groups: what is found, what it costs in exactness, and how they follow changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hausmusik.memory.retrieval import vectors as module
from hausmusik.memory.retrieval.vectors import Vectors, vectors_of

DIM = 48


def clustered(count: int, seed: int = 1) -> Any:
    dice = np.random.Generator(np.random.PCG64(seed))
    centres = dice.standard_normal((40, DIM))
    found = centres[dice.integers(0, 40, count)] + 0.5 * dice.standard_normal((count, DIM))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Vectors that count as too many to compare all, of which a quarter of the groups are looked into."""
    monkeypatch.setattr(module, "EXACT", 1000)
    monkeypatch.setattr(module, "PROBED", 16)
    return clustered(4000)


def test_up_to_the_limit_all_are_compared() -> None:
    matrix = clustered(500)
    vectors = vectors_of(matrix)
    rows, cosines = vectors.found(matrix[7].astype(np.float32))
    assert vectors.exact
    assert rows.tolist() == list(range(500))
    np.testing.assert_array_equal(cosines, matrix.astype(np.float32) @ matrix[7].astype(np.float32))


def test_groups_find_most_of_what_is_nearest_and_look_at_few(large: Any) -> None:
    vectors = vectors_of(large)
    whole = large.astype(np.float32)
    assert not vectors.exact
    assert vectors.held.dtype == np.int8
    found, looked = [], []
    for one in whole[::40]:
        rows, cosines = vectors.found(one)
        exact = whole @ one
        assert (np.diff(rows) > 0).all()
        np.testing.assert_allclose(cosines, exact[rows], atol=0.01)
        best = set(rows[np.argsort(-cosines)[:10]].tolist())
        found.append(len(best & set(np.argsort(-exact)[:10].tolist())) / 10)
        looked.append(len(rows))
    assert np.mean(found) > 0.9
    assert np.mean(looked) < 2000


def test_the_same_vectors_are_parted_in_the_same_way(large: Any) -> None:
    one, other = vectors_of(large), vectors_of(large)
    for question in large[:20].astype(np.float32):
        assert one.found(question)[0].tolist() == other.found(question)[0].tolist()


@pytest.mark.parametrize("size", [100, 4000])
def test_what_goes_is_not_found_and_what_comes_is(large: Any, size: int) -> None:
    matrix, new = large[:size], clustered(30, seed=2)
    kept = np.ones(size, bool)
    kept[::3] = False
    order = np.random.Generator(np.random.PCG64(3)).permutation(int(kept.sum()) + 30)
    vectors = vectors_of(matrix).changed(kept, new, order)
    wanted = np.concatenate([matrix[kept], new])[order].astype(np.float32)
    assert len(vectors) == len(wanted)
    for place, one in enumerate(wanted[:100]):
        rows, cosines = vectors.found(one)
        assert place in rows
        np.testing.assert_allclose(cosines, wanted[rows] @ one, atol=0.01)
    np.testing.assert_allclose(vectors.cosines(np.arange(20), wanted[0]), wanted[:20] @ wanted[0], atol=0.01)


def test_growing_and_shrinking_over_the_limit(large: Any) -> None:
    small = vectors_of(large[:900])
    grown = small.changed(np.ones(900, bool), large[900:1500])
    again = grown.changed(np.ones(1500, bool), large[1500:])
    shrunk = again.changed(np.arange(4000) < 900, large[:0])
    assert [each.exact for each in (small, grown, again, shrunk)] == [True, False, False, True]
    assert again.groups > grown.groups  # there are more than twice as many, so they are parted anew
    question = large[5].astype(np.float32)
    np.testing.assert_allclose(shrunk.found(question)[1], small.found(question)[1], atol=0.01)


def test_no_vectors_at_all() -> None:
    none = vectors_of(np.zeros((0, DIM), np.float16))
    assert none.found(np.ones(DIM, np.float32))[0].tolist() == []
    assert len(none.changed(np.zeros(0, bool), clustered(3))) == 3
    assert isinstance(none, Vectors)
