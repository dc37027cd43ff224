"""Which part of a graph is drawn: near and certain first, never too much, the same each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from hausmusik.memory.store.facts import FactRow
from hausmusik.memory.subgraph import MOST, READABLE, cited, closest, grow, readable, strongest, ties_between


def fact(id_: int, source: int, target: int, kind: str = "knows", weight: float = 1.0, since: str = "") -> FactRow:
    return FactRow(
        id=id_,
        passage=1,
        source=(source, f"e{source}"),
        target=(target, f"e{target}"),
        kind=kind,
        keywords="",
        description="",
        start=0,
        end=0,
        weight=weight,
        valid_from=since,
        valid_to="",
        said_at="",
        learnt_at="",
        closed_by=None,
    )


def among(facts: Sequence[FactRow]) -> Callable[[Sequence[int]], list[FactRow]]:
    return lambda ids: [each for each in facts if each.source[0] in ids or each.target[0] in ids]


def test_the_nearest_and_most_certain_come_first() -> None:
    facts = [fact(1, 1, 2, weight=0.2), fact(2, 1, 3, weight=0.9), fact(3, 3, 4), fact(4, 8, 9)]
    found = grow([1], among(facts))
    assert found.entities == (1, 3, 2, 4)
    assert found.left_out == 0


def test_a_way_is_drawn_however_weak_its_ties_are() -> None:
    way = [fact(place, place, place + 1, "with", 0.1) for place in range(1, 4)]
    strong = [
        fact(100 + 10 * one + other, one, other, weight=5) for one in range(4, 12) for other in range(one + 1, 12)
    ]
    steps = [(2, 1), (2, 3), (3, 4)]
    found = grow([1, 2, 3, 4], among([*strong, *way]), limit=12, kept=steps)
    assert {tuple(sorted(each)) for each in steps} <= {tuple(sorted((tie.source, tie.target))) for tie in found.ties}


def test_many_facts_of_two_are_one_tie() -> None:
    facts = [fact(1, 1, 2, "with", 0.5), fact(2, 2, 1, "leads", 0.4), fact(3, 1, 2, "with", 0.5)]
    (tie,) = ties_between([1, 2], facts)
    assert tie.kinds == ("leads", "with")  # that they are named together says less
    assert (tie.source, tie.target, tie.one_way) == (2, 1, True)
    assert [each.id for each in tie.facts] == [2, 1, 3]


def test_one_way_only_where_nothing_says_the_other() -> None:
    (tie,) = ties_between([1, 2], [fact(1, 1, 2), fact(2, 2, 1)])
    assert not tie.one_way


def test_newer_facts_are_told_first() -> None:
    (tie,) = ties_between([1, 2], [fact(1, 1, 2, since="2026-01-01"), fact(2, 1, 2, since="2026-02-01")])
    assert [each.id for each in tie.facts] == [2, 1]


def test_a_hub_leaves_room_for_the_second_ring() -> None:
    hub = [fact(each, 0, each) for each in range(1, 501)]
    second = [fact(1000 + each, each, 1000 + each) for each in range(1, 51)]
    found = grow([0], among([*hub, *second]))
    assert len(found.entities) == READABLE
    assert any(each >= 1000 for each in found.entities)
    assert found.left_out > 400


def test_whoever_asks_for_too_much_gets_what_can_be_read() -> None:
    star = [fact(each, 0, each) for each in range(1, 1000)]
    assert len(grow([0], among(star), limit=500).entities) == MOST
    assert readable(-3) == 1
    assert grow([0], among(star), limit=1).entities == (0,)


def test_who_is_reached_is_joined() -> None:
    facts = [fact(each, 0, each, weight=0.1) for each in range(1, 21)]
    facts += [fact(100 + 20 * a + b, a, b, weight=1.0) for a in range(1, 21) for b in range(a + 1, 21)]
    found = grow([0], among(facts))
    assert {each for tie in found.ties for each in (tie.source, tie.target)} == set(found.entities)


def test_the_order_of_facts_does_not_matter() -> None:
    rows = [fact(each, each % 7, each * 5 % 31, weight=(each % 4) / 4 + 0.25) for each in range(1, 200)]
    first = grow([3], among(rows), limit=20)
    random.Random(1).shuffle(rows)
    assert grow([3], among(rows), limit=20) == first


def test_nobody_and_nothing() -> None:
    assert grow([], among([])).entities == ()
    alone = grow([7], among([fact(1, 7, 7)]))
    assert (alone.entities, alone.ties) == ((7,), ())


def test_each_keeps_the_strongest_tie() -> None:
    ties = ties_between(range(4), [fact(1, 0, 1, weight=3), fact(2, 1, 2, weight=2), fact(3, 2, 3, weight=1)])
    assert closest(ties) == {(0, 1), (1, 2), (2, 3)}
    assert len(strongest(ties, (), nodes=1)) == 2


def test_entities_of_an_answer() -> None:
    mentioned = {10: {1: 1, 2: 5, 3: 1}, 11: {3: 1, 4: 1}}
    assert cited(mentioned, {4}, room=3) == [4, 3, 2]
    assert cited(mentioned, {99}, room=0) == []
