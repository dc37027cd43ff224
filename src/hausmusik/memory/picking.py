"""A readable part of one memory's graph, with names and excerpts: around somebody, between two, or of an answer.

Reads what `subgraph` chose. Asks no model, draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.memory.answering.events import Citation, Found
from hausmusik.memory.looking import Looker
from hausmusik.memory.moments import read_moment
from hausmusik.memory.store import reading
from hausmusik.memory.store.facts import FactRow, facts_in, facts_of, held_then
from hausmusik.memory.store.reading import EntityRow
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.subgraph import READABLE, Subgraph, Tie, cited, closest, grow, readable, strongest, ties_between

MOST_FACTS: Final = 5000
"""That are read of one ring; of somebody whom everybody knows the surest count."""


class CitedPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage of an answer, and the entities of the picture that it mentions."""

    number: int
    path: str
    when: str
    excerpt: str
    entities: tuple[int, ...]


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture is made of.

    Args:
        focus: Entities that it is about.
        entities: With their names; those in focus first.
        ties: Between them.
        passages: Of an answer, by number.
        left_out: Entities that would have belonged to it, were there room.
    """

    focus: tuple[int, ...]
    entities: tuple[EntityRow, ...]
    ties: tuple[Tie, ...]
    passages: tuple[CitedPassage, ...] = ()
    left_out: int = 0


class Picker:
    """Picks parts of one memory.

    Args:
        name: Of the memory.
        store: Its file.
    """

    def __init__(self, name: str, store: MemoryStore) -> None:
        self._looker = Looker(name, store)
        self._store = store

    def overview(self, *, as_of: str = "", limit: int = READABLE) -> Picked:
        """Return those that are mentioned most and have to do with each other; all of those where none have."""
        room, as_of = readable(limit), read_moment(as_of)
        most = self._looker.entities(as_of=as_of, limit=-1 if as_of else room)
        there = len(most) if as_of else self._looker.row().entities
        ids = [each.id for each in most[:room]]
        known = ties_between(ids, self._facts(ids, as_of))
        ties = strongest(known, closest(known), nodes=len(ids))
        tied = {each for tie in ties for each in (tie.source, tie.target)}
        ids = [each for each in ids if each in tied or not tied]
        return self._picked((), Subgraph(entities=tuple(ids), ties=tuple(ties), left_out=max(0, there - len(ids))))

    def around(self, name: str, *, as_of: str = "", limit: int = READABLE) -> Picked:
        """Return somebody with what surrounds them; raises as `Looker.find`."""
        entity, as_of = self._looker.find(name), read_moment(as_of)
        return self._picked((entity.id,), grow([entity.id], lambda ids: self._facts(ids, as_of), limit=limit))

    def between(self, source: str, target: str, *, as_of: str = "", limit: int = READABLE) -> Picked:
        """Return the shortest way between two and what surrounds it; where there is none, the two; raises as `find`."""
        as_of = read_moment(as_of)
        ends = [self._looker.find(source).id, self._looker.find(target).id]
        way = self._looker.path(source, target, as_of=as_of)
        on_way = [each for fact in way for each in (fact.source[0], fact.target[0])]
        steps = {(fact.source[0], fact.target[0]) for fact in way}
        found = grow([*ends, *on_way], lambda ids: [*way, *self._facts(ids, as_of)], limit=limit, kept=steps)
        return self._picked(tuple(dict.fromkeys([*ends, *on_way])), found)

    def answer(self, found: Found, citations: Sequence[Citation], *, as_of: str = "", limit: int = READABLE) -> Picked:
        """Return the passages that an answer cites with the entities in them; all that were found, if it cites none."""
        as_of = read_moment(as_of)
        numbers = {number for citation in citations for number in citation.numbers}
        shown = [each for each in found.passages if each.number in numbers] or list(found.passages)
        shown = sorted(shown, key=lambda each: each.number)[: readable(limit)]
        ids = [each.passage for each in shown]
        mentioned = self._mentioned(ids)
        named = [each for name in found.names for each in name.entities]
        entities = cited(mentioned, named, room=readable(limit) - len(shown))
        with self._store.database.read() as connection:
            facts = held_then(connection, facts_in(connection, ids), as_of)
        known = ties_between(entities, facts)
        ties = strongest(known, closest(known), nodes=len(entities))
        there = {each for counts in mentioned.values() for each in counts}
        picked = self._picked(
            tuple(each for each in dict.fromkeys(named) if each in entities),
            Subgraph(entities=tuple(entities), ties=tuple(ties), left_out=len(there) - len(entities)),
        )
        passages = tuple(
            CitedPassage(
                number=each.number,
                path=each.path,
                when=each.when,
                excerpt=each.excerpt,
                entities=tuple(entity for entity in entities if entity in mentioned.get(each.passage, {})),
            )
            for each in shown
        )
        return msgspec.structs.replace(picked, passages=passages)

    def _facts(self, ids: Sequence[int], as_of: str) -> list[FactRow]:
        with self._store.database.read() as connection:
            facts = facts_of(connection, ids, limit=-1 if as_of else MOST_FACTS)
            return held_then(connection, facts, as_of)[:MOST_FACTS]

    def _mentioned(self, passages: Sequence[int]) -> dict[int, dict[int, int]]:
        """Return how often each passage mentions each entity."""
        found: dict[int, dict[int, int]] = {}
        with self._store.database.read() as connection:
            for passage in passages:
                rows = connection.execute(
                    "SELECT n.entity, count(*) FROM mentions m JOIN names n ON n.id = m.name WHERE m.passage = ?"
                    " GROUP BY n.entity ORDER BY n.entity",
                    (passage,),
                )
                found[passage] = {int(entity): int(count) for entity, count in rows}
        return found

    def _picked(self, focus: tuple[int, ...], chosen: Subgraph) -> Picked:
        with self._store.database.read() as connection:
            rows = reading.entity_rows(connection, chosen.entities)
        return Picked(focus=focus, entities=tuple(rows), ties=chosen.ties, left_out=chosen.left_out)
