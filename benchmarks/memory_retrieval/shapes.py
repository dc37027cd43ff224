"""Memories that were never written: as many rows a passage as memories of texts have, and shaped as theirs are.

Names follow Zipf's law (exponent 1), each document has a cast of its own; vectors lie in groups of groups, with as many
directions that matter as those of MiniLM have. Made from seeds. Knows nothing of clocks.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

DIM: Final = 384
MENTIONS: Final = 12
"""Different entities in a passage; the corpus of memory_ingest has 19 mentions of 11 to 13."""

FACTS: Final = 11.7
CAST: Final = 40
TOPIC: Final = 40
"""Vectors around one centre."""

Dice = np.random.Generator


def dice(seed: int) -> Dice:
    return np.random.Generator(np.random.PCG64(seed))


def graph_rows(passages: int) -> tuple[Any, Any, Any, Any]:
    """Return ids of entities and of passages, mentions and facts as `Graph` takes them; two passages a document.

    Every document draws a cast from all names, so that names of a passage come together again in the next, and half of
    the draws are from the cast's own rare names.
    """
    at = dice(1)
    documents = max(1, passages // 2)
    names = 3 * documents + 2000
    # Zipf by inversion: the logarithm of the rank is even. Rare names are a document's own.
    ranks = np.exp(at.random((documents, CAST // 2)) * np.log(names)).astype(np.int64) - 1
    own = at.integers(0, names, (documents, CAST // 2))
    cast = np.concatenate([ranks, own], axis=1)
    of = np.repeat(np.arange(passages) // 2, MENTIONS).clip(max=documents - 1)
    where = np.repeat(np.arange(passages), MENTIONS)
    who = cast[of, at.integers(0, CAST, len(of))]
    facts = int(FACTS * passages)
    told = at.integers(0, len(who) - 1, facts)
    told -= told % MENTIONS == MENTIONS - 1  # both sides are of one passage
    sides = np.stack([who[told], who[told + 1], np.ones(facts)], 1)
    sides = sides[sides[:, 0] != sides[:, 1]]
    ids = np.unique(who)
    return ids, np.arange(passages), np.stack([where, who], 1), sides


def questions(mentions: Any, count: int) -> list[tuple[Any, Any]]:
    """Return seeds of questions: two entities of one passage, and 300 passages that are near in meaning, with nearness.

    Half of those passages mention one of the two, as passages that are near in meaning do.
    """
    at = dice(2)
    found: list[tuple[Any, Any]] = []
    passages = int(mentions[-1, 0]) + 1
    for _ in range(count):
        passage = int(at.integers(0, passages))
        names = at.choice(mentions[MENTIONS * passage : MENTIONS * (passage + 1), 1], 2, replace=False)
        beside = mentions[np.isin(mentions[:, 1], names), 0]
        near = np.unique(np.concatenate([[passage], at.choice(beside, 150), at.integers(0, passages, 150)]))
        found.append((names, np.stack([near, at.beta(2, 5, len(near))], 1)))
    return found


def vectors(count: int) -> Any:
    """Return unit vectors, float16 `(count, 384)`, around centres that lie around centres themselves."""
    at = dice(3)
    spread = spectrum()
    parts = max(1, count // (TOPIC * 30))
    top = at.standard_normal((parts, DIM), np.float32) * spread
    centres = top[at.integers(0, parts, max(1, count // TOPIC))] + 0.9 * spread * at.standard_normal(
        (max(1, count // TOPIC), DIM), np.float32
    )
    found = np.empty((count, DIM), np.float16)
    for first in range(0, count, 16_384):
        some = min(16_384, count - first)
        part = centres[at.integers(0, len(centres), some)]
        part += 0.9 * spread * at.standard_normal((some, DIM), np.float32)
        found[first : first + some] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return found


def asked(matrix: Any, count: int) -> Any:
    """Return vectors of questions: half-way between a vector and its surroundings' spread, cosine about 0.7."""
    at = dice(4)
    found = matrix[at.integers(0, len(matrix), count)].astype(np.float32)
    noise = spectrum() * at.standard_normal((count, DIM), np.float32)
    found += noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def spectrum() -> Any:
    """Return how far vectors spread in each direction: as MiniLM's do over the passages of MuSiQue."""
    return ((np.arange(DIM) + 12.0) ** -0.45).astype(np.float32)
