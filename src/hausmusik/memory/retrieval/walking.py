"""The shortest way between two entities along facts, and what each step rests on.

Knows nothing of questions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from hausmusik.memory.store.facts import FactRow, facts_by_id, held_then, ties_of
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
        as_of: As `read_moment` returns it: facts that were said or began later do not count, nor those that had ended;
            empty: all.
    """
    wanted = set(targets) - {source}
    came: dict[int, tuple[int, int]] = {source: (source, 0)}
    queue = deque([(source, 0)])
    with store.database.read() as connection:
        while queue and wanted and len(came) < MOST_SEEN:
            entity, far = queue.popleft()
            if far == FARTHEST:
                continue
            for fact, other in ties_of(connection, entity, as_of):
                if other in came:
                    continue
                came[other] = (entity, fact)
                if other in wanted:
                    return held_then(connection, facts_by_id(connection, _way(came, source, other)), as_of)
                queue.append((other, far + 1))
    return []


def _way(came: dict[int, tuple[int, int]], start: int, end: int) -> list[int]:
    """Return the facts by which an entity was reached, first to last."""
    way: list[int] = []
    while end != start:
        end, fact = came[end]
        way.append(fact)
    return way[::-1]
