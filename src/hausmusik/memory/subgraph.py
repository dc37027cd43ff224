"""Chooses a part of a memory's graph that a person can read: which entities, which ties between them.

    seeds -> rings around them, the most certain facts first -> facts between all that were taken -> the strongest ties

Two facts about the same two are one tie. Pure: equal facts give an equal choice. Knows nothing of stores or of drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from hausmusik.memory.store.facts import FactRow

READABLE: Final = 40
"""Nodes of a picture, unless more are asked for."""

MOST: Final = 120
"""Above it nobody can read one, whoever asks for it."""

RING_SHARE: Final = 0.6
"""Of the room that is left, the most that a ring takes: somebody whom everybody knows would leave none for others."""

RINGS: Final = 2
"""What is farther away comes in only where the nearer leave room for it: long tails say little about their head."""

TIES_PER_NODE: Final = 1.75
"""More ties than these hide each other; those by which a node was reached stay."""

WEAK: Final = frozenset({"with"})
"""Kinds that say no more than that two are named together; they are written only where nothing else is known."""

Pair: TypeAlias = tuple[int, int]
FactsOf: TypeAlias = Callable[[Sequence[int]], Iterable[FactRow]]


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of two entities together.

    Args:
        source: Entity id; the facts' source, where all that are written agree on it.
        target: Entity id.
        kinds: What they say, the most certain first.
        facts: The surest and newest first.
        strength: Sum of the facts' weights.
        one_way: Whether all facts of the first kind go from source to target.
    """

    source: int
    target: int
    kinds: tuple[str, ...]
    facts: tuple[FactRow, ...]
    strength: float
    one_way: bool


class Subgraph(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen.

    Args:
        entities: Ids; seeds first, then ring by ring.
        ties: Between them, the strongest first.
        left_out: Entities that were reached and not taken.
    """

    entities: tuple[int, ...]
    ties: tuple[Tie, ...]
    left_out: int = 0


def readable(limit: int) -> int:
    """Return how many nodes a picture gets of those asked for, 1 to `MOST`."""
    return max(1, min(limit, MOST))


def grow(seeds: Sequence[int], facts_of: FactsOf, *, limit: int = READABLE, kept: Collection[Pair] = ()) -> Subgraph:
    """Choose what surrounds some entities: breadth first, the most certain first.

    Args:
        seeds: Entity ids; all are taken, up to the limit.
        facts_of: Gives the facts of which some entities are one side or the other.
        limit: Most entities; cut to what can be read.
        kept: Pairs whose tie is drawn however weak it is.
    """
    room = readable(limit)
    taken = list(dict.fromkeys(seeds))[:room]
    tree = {_pair(*each) for each in kept}
    waiting: dict[int, tuple[float, int]] = {}
    seen, ring = set(taken), list(taken)
    far = 0
    while ring and len(taken) < room and (far < RINGS or not waiting):
        far += 1
        found = _reached(facts_of(ring), ring, seen)
        ordered = sorted(found, key=lambda each: (-found[each][0], each))
        most = max(1, round((room - len(taken)) * RING_SHARE)) if len(ordered) > room - len(taken) else len(ordered)
        ring = ordered[:most]
        seen.update(ordered)
        waiting |= {each: found[each] for each in ordered[most:]}
        taken += ring
        tree |= {_pair(each, found[each][1]) for each in ring}
    late = sorted(waiting, key=lambda each: (-waiting[each][0], each))[: room - len(taken)]
    taken += late
    tree |= {_pair(each, waiting[each][1]) for each in late}
    ties = strongest(ties_between(taken, facts_of(taken)), tree, nodes=len(taken))
    return Subgraph(entities=tuple(taken), ties=tuple(ties), left_out=len(seen) - len(taken))


def cited(mentioned: Mapping[int, Mapping[int, int]], named: Collection[int], *, room: int) -> list[int]:
    """Choose the entities of an answer's passages.

    Args:
        mentioned: By passage, by entity, how often; only passages that are cited.
        named: Entities that the question names; first, where a passage has them.
        room: Most entities.

    Returns:
        Ids: those named, then those that are in most passages, then those mentioned most.
    """
    passages: dict[int, int] = {}
    mentions: dict[int, int] = {}
    for counts in mentioned.values():
        for entity, count in counts.items():
            passages[entity] = passages.get(entity, 0) + 1
            mentions[entity] = mentions.get(entity, 0) + count
    ordered = sorted(passages, key=lambda each: (each not in named, -passages[each], -mentions[each], each))
    return ordered[: max(0, room)]


def ties_between(entities: Iterable[int], facts: Iterable[FactRow]) -> list[Tie]:
    """Put the facts between some entities together, two by two, the strongest tie first."""
    inside = set(entities)
    grouped: dict[Pair, dict[int, FactRow]] = {}
    for fact in facts:
        source, target = fact.source[0], fact.target[0]
        if source != target and source in inside and target in inside:
            grouped.setdefault(_pair(source, target), {})[fact.id] = fact
    ties = [_tie(pair, tuple(found.values())) for pair, found in grouped.items()]
    return sorted(ties, key=lambda tie: (-tie.strength, tie.source, tie.target))


def strongest(ties: Sequence[Tie], kept: Collection[Pair], *, nodes: int) -> list[Tie]:
    """Keep as many ties as can be told apart, and those of some pairs whatever their strength."""
    most = max(1, round(nodes * TIES_PER_NODE))
    must = [tie for tie in ties if _pair(tie.source, tie.target) in kept]
    others = [tie for tie in ties if _pair(tie.source, tie.target) not in kept]
    chosen = must + others[: max(0, most - len(must))]
    return sorted(chosen, key=lambda tie: (-tie.strength, tie.source, tie.target))


def closest(ties: Sequence[Tie]) -> set[Pair]:
    """Return the strongest tie of each entity that has any, of ties that are given the strongest first."""
    found: dict[int, Pair] = {}
    for tie in ties:
        for each in (tie.source, tie.target):
            found.setdefault(each, _pair(tie.source, tie.target))
    return set(found.values())


def _reached(facts: Iterable[FactRow], ring: Sequence[int], seen: Collection[int]) -> dict[int, tuple[float, int]]:
    """Return who is next to a ring: how certain, and by whom they are reached most certainly."""
    inside = set(ring)
    pairs: dict[Pair, dict[int, float]] = {}
    for fact in facts:
        for here, there in ((fact.source[0], fact.target[0]), (fact.target[0], fact.source[0])):
            if here in inside and there not in seen:
                pairs.setdefault((there, here), {})[fact.id] = fact.weight
    found: dict[int, tuple[float, int]] = {}
    for (there, here), weights in sorted(pairs.items()):
        strength = sum(weights.values())
        if there not in found or strength > found[there][0]:
            found[there] = (strength, here)
    return found


def _tie(pair: Pair, facts: tuple[FactRow, ...]) -> Tie:
    weights: dict[str, float] = {}
    for fact in facts:
        weights[fact.kind] = weights.get(fact.kind, 0.0) + fact.weight
    kinds = sorted(weights, key=lambda kind: (kind in WEAK, -weights[kind], kind))
    directions = {(fact.source[0], fact.target[0]) for fact in facts if fact.kind == kinds[0]}
    one_way = len(directions) == 1 and kinds[0] not in WEAK
    source, target = directions.pop() if one_way else pair
    newest = sorted(sorted(facts, key=lambda fact: fact.id), key=lambda fact: fact.valid_from, reverse=True)
    return Tie(
        source=source,
        target=target,
        kinds=tuple(kinds),
        facts=tuple(sorted(newest, key=lambda fact: (fact.kind in WEAK, -fact.weight))),
        strength=sum(weights.values()),
        one_way=one_way,
    )


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)
