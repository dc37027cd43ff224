"""Pairwise and B-cubed precision, recall and F1 of what names mean against what they mean by hand.

An item is a spelling in a document; of LiHua-World, where each person has one name, a spelling in a month. Pairs are
those of one memory, homonyms of two documents among them. B-cubed after Bagga and Baldwin (1998): of each item, which
share of what it is put together with belongs to it, and which share of what belongs to it is there. A labelled name
that extraction does not find counts as one that is with nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import msgspec
from building import Meant

LABELS: Final = Path(__file__).parent / "labels"


class Label(msgspec.Struct, frozen=True):
    """What a spelling means.

    Args:
        document: Its name; of LiHua-World the month, `2026-04`.
        cluster: The same for all that mean the same, in a memory.
        surface: As written.
    """

    document: str
    cluster: str
    surface: str

    @property
    def collection(self) -> str:
        """In which memory it is."""
        return "lihua" if self.document.startswith("2026") else "qmsum"


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Shares in percent, pairs in numbers."""

    precision: float
    recall: float
    f1: float
    b_precision: float
    b_recall: float
    b_f1: float
    pairs_right: int
    pairs_wrong: int
    pairs_missed: int
    b_sums: tuple[float, float, int]


def labels_of(half: str) -> list[Label]:
    """Read the labels of a half."""
    lines = (LABELS / f"{half}.tsv").read_text(encoding="utf-8").splitlines()
    return [Label(*line.split("\t")[:3]) for line in lines if not line.startswith("#")]


def entities_of(meant: Sequence[Meant]) -> dict[tuple[str, str], int]:
    """Return the entity of each spelling by document; a chat counts as its month, and most mentions decide."""
    votes: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for each in meant:
        in_month = each.document.startswith("2026")
        document = f"{each.document[:4]}-{each.document[4:6]}" if in_month else each.document
        votes[document, each.surface][each.entity] += each.mentions
    return {place: counts.most_common(1)[0][0] for place, counts in votes.items()}


def exact(labels: Sequence[Label], *, fold: bool = False) -> dict[tuple[str, str], Hashable]:
    """Return what each spelling means where the same letters are the same thing, and nothing else is."""
    return {
        (each.document, each.surface): (each.collection, each.surface.casefold() if fold else each.surface)
        for each in labels
    }


def scored(labels: Sequence[Label], meant: Mapping[tuple[str, str], Hashable]) -> Score:
    """Return how well meanings agree with labels, both of one memory."""
    ours = [meant.get((each.document, each.surface), (each.document, each.surface)) for each in labels]
    right = wrong = missed = 0
    for (one, entity), (other, second) in combinations(zip(labels, ours, strict=True), 2):
        same, found = one.cluster == other.cluster, entity == second
        right += same and found
        wrong += found and not same
        missed += same and not found
    precision = recall = 0.0
    by_entity, by_cluster, by_both = Counter(ours), Counter(each.cluster for each in labels), Counter[Hashable]()
    by_both.update((each.cluster, entity) for each, entity in zip(labels, ours, strict=True))
    for each, entity in zip(labels, ours, strict=True):
        precision += by_both[each.cluster, entity] / by_entity[entity]
        recall += by_both[each.cluster, entity] / by_cluster[each.cluster]
    return _score(right, wrong, missed, (precision, recall, len(labels)))


def together(scores: Sequence[Score]) -> Score:
    """Return the score of several memories: pairs and items added up."""
    sums = [sum(each.b_sums[place] for each in scores) for place in range(3)]
    return _score(
        sum(each.pairs_right for each in scores),
        sum(each.pairs_wrong for each in scores),
        sum(each.pairs_missed for each in scores),
        (sums[0], sums[1], int(sums[2])),
    )


def _score(right: int, wrong: int, missed: int, sums: tuple[float, float, int]) -> Score:
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / (right + missed) if right + missed else 1.0
    b_precision, b_recall = sums[0] / sums[2], sums[1] / sums[2]
    return Score(
        precision=round(100 * precision, 1),
        recall=round(100 * recall, 1),
        f1=_f1(precision, recall),
        b_precision=round(100 * b_precision, 1),
        b_recall=round(100 * b_recall, 1),
        b_f1=_f1(b_precision, b_recall),
        pairs_right=right,
        pairs_wrong=wrong,
        pairs_missed=missed,
        b_sums=sums,
    )


def _f1(precision: float, recall: float) -> float:
    return round(200 * precision * recall / (precision + recall), 1) if precision + recall else 0.0


def missed_in(labels: Sequence[Label], meant: Mapping[tuple[str, str], int], doubts: set[frozenset[int]]) -> int:
    """Return how many of the pairs that belong together and are not are kept as a doubt."""
    found = [(each.cluster, meant.get((each.document, each.surface), -1)) for each in labels]
    return sum(
        cluster == other and entity != second and frozenset((entity, second)) in doubts
        for (cluster, entity), (other, second) in combinations(found, 2)
    )
