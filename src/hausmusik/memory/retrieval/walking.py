"""The shortest way between two entities along facts, and what each step rests on.

Knows nothing of questions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from hausmusik.memory.moments import is_by
from hausmusik.memory.store import reading
from hausmusik.memory.store.reading import FactRow
from hausmusik.memory.store.store import MemoryStore

FARTHEST: Final = 4
MOST_SEEN: Final = 20_000


def walk(store: MemoryStore, source: int, targets: Sequence[int], *, as_of: str = "") -> list[FactRow]:
    """Return the facts of a shortest way from an entity to the first of some others; empty where there is none.

    Of facts that say the same two are related the surest and newest is taken.

    Args:
        store: The memory.
        source: Entity id.
        targets: Entity ids.
        as_of: As `read_moment` returns it: facts that began later do not count, nor those that had ended; empty: all.
    """
    wanted = set(targets) - {source}
    came: dict[int, FactRow | None] = {source: None}
    queue = deque([(source, 0)])
    with store.database.read() as connection:
        while queue and wanted and len(came) < MOST_SEEN:
            entity, far = queue.popleft()
            if far == FARTHEST:
                continue
            for fact in reading.facts_of(connection, [entity]):
                other = fact.target[0] if fact.source[0] == entity else fact.source[0]
                if other in came or not holds(fact, as_of):
                    continue
                came[other] = fact
                if other in wanted:
                    return _way(came, other)
                queue.append((other, far + 1))
    return []


def holds(fact: FactRow, as_of: str) -> bool:
    """Return whether a fact held at a time; one of unknown time did."""
    ended = bool(as_of and fact.valid_to) and is_by(fact.valid_to, as_of)
    return is_by(fact.valid_from, as_of) and not ended


def _way(came: dict[int, FactRow | None], end: int) -> list[FactRow]:
    way: list[FactRow] = []
    at = end
    while (fact := came[at]) is not None:
        way.append(fact)
        at = fact.source[0] if fact.target[0] == at else fact.target[0]
    return way[::-1]
