"""Finds the passages that answer a question: by words, by meaning, along the graph, and all of it together.

    naive    meaning alone                       local    the entities that the question names, and what is near them
    global   the facts that are like it          hybrid   local and global
    mix      words, meaning and the graph, fused  auto    mix, which is the default

The names are LightRAG's. Each result says which ranking found it where. Knows nothing of models: the question
comes with its vector.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

import msgspec
import numpy as np

from hausmusik.memory.moments import is_by
from hausmusik.memory.retrieval.chaining import Chained, chained, rarity_of, stems_in, wordings
from hausmusik.memory.retrieval.days import Days, days_of
from hausmusik.memory.retrieval.fusing import fused
from hausmusik.memory.retrieval.graph import Allowed, Graph, Scores
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.linking import Linked
from hausmusik.memory.store import reading
from hausmusik.memory.store.reading import StoredPassage
from hausmusik.memory.store.store import MemoryStore
from hausmusik.types import FloatArray

Mode: TypeAlias = Literal["auto", "naive", "local", "global", "hybrid", "mix"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)

_JOINED: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

DEPTH: Final = 100
"""How far down each ranking is looked."""

FACT_SEEDS: Final = 5
PASSAGE_SEEDS: Final = 0.05
"""Of the weight of entities; HippoRAG 2 has 0.05 as the best, and it is so on the MuSiQue sample too."""

MOST_SEEDS: Final = 1000
"""Passages from which a graph is walked that is too large to be walked whole."""

WEIGHTS: Final = {"graph": 4.0, "meaning": 1.0, "words": 1.0, "day": 4.0}
WEIGHTS_BY_RULES: Final = {"graph": 0.5, "meaning": 2.0, "words": 2.0, "day": 4.0}
"""Of the rankings. A graph that a model extracted tells more than one of who stands beside whom: set on the MuSiQue
sample (its triples: recall at five is 71.8 %, with the others 66.6; a graph that weighs 3 to 8 gives 71.0 to 71.8) and
on LiHua-World's even half; so was the day (30 questions name one: recall at five is 85.8 % at 0, 92.5 at 1 and at 2,
96.7 at 4)."""

MOSTLY: Final = 0.5
"""Share of passages of which facts were told, from which a graph is one that a model extracted."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that was found.

    Args:
        passage: With its place.
        score: Of the ranking that decided; only comparable within one question.
        nearness: Cosine of its nearest window with the question, -1 to 1.
        window: Start and end of that window in the passage.
        ranks: By ranking (`words`, `meaning`, `graph`, `facts`, `entities`, `day`): its place there, from 1.
        linked: Whether it was taken because it shares an entity with a passage above it.
        covers: Words of the question that it adds to those above it.
        entities: Titles of those entities of the question that it mentions.
    """

    passage: StoredPassage
    score: float
    nearness: float
    window: tuple[int, int]
    ranks: dict[str, int]
    linked: bool = False
    covers: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()


class Retrieved(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for a question.

    Args:
        question: As asked.
        mode: How.
        evidence: Best first.
        names: What the question names.
        unknown: What it writes like a name and is none here.
        missing: How many of the question's content words no one line has, at the least: their share by rarity, times
            how many there are.
        rarity: Of its stems, see `chaining.rarity_of`.
        days: Its words for days of which there are passages.
        is_then: Whether it asks for what was said on such a day.
    """

    question: str
    mode: Mode
    evidence: tuple[Evidence, ...]
    names: tuple[Linked, ...]
    unknown: tuple[str, ...]
    missing: float
    rarity: dict[str, float] = {}
    days: tuple[str, ...] = ()
    is_then: bool = False


class Retriever:
    """Searches one memory.

    Args:
        store: Its file.
        index: What of it is in memory.
    """

    def __init__(self, store: MemoryStore, index: Index) -> None:
        self._store = store
        self._index = index

    def retrieve(
        self, question: str, vector: FloatArray, *, mode: Mode = "auto", limit: int = 8, as_of: str = ""
    ) -> Retrieved:
        """Return the passages that answer a question, best first.

        Args:
            question: In words.
            vector: Its, `(dim,)`, by the memory's own model.
            mode: See the module.
            limit: Most passages.
            as_of: As `read_moment` returns it: as if nothing later had been said; empty: all of it.
        """
        index = self._index
        nearness = index.near(vector)
        allowed = self._allowed(as_of)
        known = index.graph_of(allowed)
        counts = self._mentioned(known)
        linked = index.lexicon.linked(question, counts)
        nearness = np.where(allowed, nearness, -1.0)
        days = days_of(question, index.when, allowed)
        rankings: dict[str, list[int]] = {}
        scores: list[tuple[int, float]] = []
        if mode in {"naive", "mix", "auto"}:
            rankings["meaning"] = [place for place in _best(nearness) if allowed[place]]
        if mode in {"mix", "auto"}:
            rankings["words"] = self._by_words(question, allowed)
            if days is not None:
                rankings["day"] = [place for place in _best(np.where(days.of, nearness, -2.0)) if days.of[place]]
        if mode != "naive":
            graph = np.where(allowed, self._by_graph(known, linked, vector, nearness, allowed, mode), 0.0)
            name = {"local": "entities", "global": "facts"}.get(mode, "graph")
            rankings[name] = [place for place in _best(graph) if graph[place] > 0]
            scores = [(place, float(graph[place])) for place in rankings[name]]
        if len(rankings) > 1 or not scores:
            scores = fused(
                rankings, WEIGHTS if index.tells[allowed].sum() >= MOSTLY * allowed.sum() else WEIGHTS_BY_RULES
            )
        found, rarity, seen = self._chained(question, scores[:DEPTH], allowed, days)
        ranks = {name: {place: rank for rank, place in enumerate(ranking, 1)} for name, ranking in rankings.items()}
        by_place = dict(scores)
        chosen = found[:limit]
        asked = {entity for each in linked for entity in each.entities}
        with self._store.database.read() as connection:
            wanted = [int(index.passages[each.passage]) for each in chosen]
            stored = seen | {
                passage.id: passage
                for passage in reading.passages(connection, [id_ for id_ in wanted if id_ not in seen])
            }
            titles = {row.id: row.title for row in reading.entity_rows(connection, sorted(asked))}
        near = {each.passage: index.nearness(each.passage, vector) for each in chosen}
        evidence = [
            Evidence(
                passage=stored[int(index.passages[each.passage])],
                score=by_place[each.passage],
                nearness=near[each.passage][0],
                window=near[each.passage][1],
                ranks={name: ranking[each.passage] for name, ranking in ranks.items() if each.passage in ranking},
                linked=each.linked,
                covers=each.covers,
                entities=tuple(
                    titles[entity]
                    for entity in (int(index.graph.entities[at]) for at in index.graph.entities_in(each.passage))
                    if entity in titles
                ),
            )
            for each in chosen
            if int(index.passages[each.passage]) in stored
        ]
        return Retrieved(
            question=question,
            mode=mode,
            evidence=tuple(evidence),
            names=tuple(linked),
            unknown=tuple(index.lexicon.unknown(question, linked, counts)),
            missing=missing_in(evidence, rarity, " ".join(days.words) if days else ""),
            rarity=rarity,
            days=days.words if days else (),
            is_then=days is not None and days.is_then,
        )

    def _allowed(self, as_of: str) -> Allowed:
        """Return 1 for each passage that was said by then; those of unknown time are."""
        if not as_of:
            return np.ones(len(self._index.passages), bool)
        times, at = np.unique(self._index.when, return_inverse=True)  # few: each is read once
        return np.asarray([is_by(when.decode(), as_of) for when in times], bool)[at]

    def _by_words(self, question: str, allowed: Allowed) -> list[int]:
        words = list(dict.fromkeys(word for some in wordings(question).values() for word in some))
        with self._store.database.read() as connection:
            found = reading.search_words(connection, words, DEPTH if allowed.all() else len(allowed))
        return self._allowed_places([passage for passage, _ in found], allowed)[:DEPTH]

    def _allowed_places(self, passages: Sequence[int], allowed: Allowed) -> list[int]:
        """Return where passages, by id, stand in the index, in their order, those that count."""
        known = self._index.passages
        at = np.searchsorted(known, passages)
        return [int(place) for place in at if place < len(known) and allowed[place]]

    def _mentioned(self, known: Graph) -> Callable[[int], bool] | None:
        """Return what tells whether the passages that count mention an entity; None where all of them count."""
        if known is self._index.graph:
            return None
        return set(known.entities[known.passages_of > 0].tolist()).__contains__

    def _by_graph(
        self,
        graph: Graph,
        linked: Sequence[Linked],
        vector: FloatArray,
        nearness: Scores,
        allowed: Allowed,
        mode: Mode,
    ) -> Scores:
        index = self._index
        seeds = np.zeros(len(graph.entities))
        if mode != "global":
            for each in linked:
                at = index.entity_places(list(each.entities))
                seeds[at] += 1.0 / len(each.entities) / np.sqrt(np.maximum(1, graph.passages_of[at]))
        if mode != "local":
            rows, likeness = index.fact_vectors.found(vector)
            likeness = np.where(index.told_by(allowed)[rows], likeness, -1.0)
            for place in _best(likeness, FACT_SEEDS):
                at = index.entity_places(index.told[rows[place]])
                seeds[at] += max(0.0, float(likeness[place])) / np.maximum(1, graph.passages_of[at])
        total = float(seeds.sum())
        # Where only what is near the seeds is walked, the many that are hardly near must not be seeds.
        near = nearness[allowed]
        least = near.min(initial=0.0) if graph.exact or not len(near) else near[_best(near, MOST_SEEDS)[-1]]
        spread = np.where(allowed, np.maximum(0.0, nearness - least), 0.0)
        spread = spread / (spread.max(initial=0.0) or 1.0)
        passage_seeds = PASSAGE_SEEDS * spread * (total or 1.0) / (1.0 if total else PASSAGE_SEEDS)
        if mode in {"local", "global", "hybrid"} and total:
            passage_seeds = np.zeros_like(passage_seeds)
        _, passages = graph.rank(seeds, passage_seeds)
        return passages

    def _chained(
        self, question: str, ranked: Sequence[tuple[int, float]], allowed: Allowed, days: Days | None
    ) -> tuple[list[Chained], dict[str, float], dict[int, StoredPassage]]:
        """Return passages in the order of `chaining`, how rare the question's stems are, and the passages it read."""
        index = self._index
        with self._store.database.read() as connection:
            top = [int(index.passages[place]) for place, _ in ranked[:20]]
            seen = {passage.id: passage for passage in reading.passages(connection, top)}
            if allowed.all():
                counts = reading.count_words(connection, wordings(question))
            else:
                having = reading.passages_with(connection, wordings(question))
                counts = {stem: len(self._allowed_places(ids, allowed)) for stem, ids in having.items()}
        rarity = rarity_of(counts, int(allowed.sum()))
        texts = {id_: f"{passage.title}\n{passage.text}" for id_, passage in seen.items()}
        by_place = {place: texts.get(int(index.passages[place]), "") for place, _ in ranked[:20]}
        if days is not None:  # a passage of that day has the words for it
            by_place = {
                place: "\n".join((text, *days.words)) if days.of[place] else text for place, text in by_place.items()
            }
        inside = {place: set(index.graph.entities_in(place).tolist()) for place in by_place}
        return chained(question, ranked, by_place, inside, rarity), rarity, seen


def missing_in(evidence: Sequence[Evidence], rarity: Mapping[str, float], day: str = "") -> float:
    """Return how many of a question's content words are missing from the line that has most of them.

    A line is a turn of a conversation with its speaker's name, or a paragraph. Names that are run together, as chats
    write them, count as themselves and as their parts: `WolfgangSchulz`.

    Args:
        evidence: In whose passages lines are looked at.
        rarity: Of the question's stems.
        day: The question's words for a day, which every line of passages of that day has.
    """
    whole = sum(rarity.values())
    if not whole:
        return 0.0
    most = 0.0
    for each in evidence:
        text = each.passage.text
        parted = _JOINED.sub(" ", text)
        dated = stems_in(day, rarity) if "day" in each.ranks else set[str]()
        inside = stems_in(text, rarity) | stems_in(parted, rarity) | dated
        if sum(rarity[stem] for stem in inside) <= most:
            continue  # no line of it has more than all of it
        for line, other in zip(text.splitlines(), parted.splitlines(), strict=True):
            held = stems_in(line, inside) | dated
            if len(other) > len(line):
                held |= stems_in(other, inside - held)
            most = max(most, sum(rarity[stem] for stem in held))
    return len(rarity) * (1 - most / whole)


def _best(scores: Scores | FloatArray, depth: int = DEPTH) -> list[int]:
    """Return the places of the highest scores, best first; equal ones in their order."""
    some = np.argpartition(-scores, depth)[:depth] if len(scores) > depth else np.arange(len(scores))
    return [int(place) for place in some[np.lexsort((some, -scores[some]))]]
