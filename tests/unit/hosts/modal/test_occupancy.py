"""Who pays for a container: all of it, once, whatever overlaps."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.hosts.modal.occupancy import Called, Occupancy, Taken, Turn

START_S = 7.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Books:
    """What callers do with what they are told, as meter and keeper do: one tail at a time, closed by whoever comes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.occupancy = Occupancy(START_S, self.clock)
        self.turns: list[Turn] = []
        self.plays_s = self.idle_s = self.kept_s = 0.0
        self.tail = False

    def begin(self) -> None:
        turn = self.occupancy.begin()
        self.turns.append(turn)
        self.heard(turn.called)
        if turn.called.gap_s is None:
            self.plays_s += START_S
            self.idle_s += turn.called.idle_s

    def end(self, number: int) -> None:
        if self.turns:
            taken = self.turns.pop(number % len(self.turns)).end()
            assert taken.others == len(self.turns)
            assert 0 <= taken.shared_s <= taken.busy_s
            self.plays_s += taken.busy_s - taken.shared_s
            self.tail = self.tail or not taken.others

    def call(self) -> None:
        called = self.occupancy.call(keeps=True)
        self.heard(called)
        self.kept_s += called.kept_s

    def look(self) -> None:
        self.occupancy.call(keeps=False)

    def heard(self, called: Called) -> None:
        if self.tail:
            self.idle_s += called.gap_s or 0.0
        self.tail = False


waits = st.floats(0.0, 50.0)
steps = st.lists(st.tuples(st.sampled_from(["begin", "end", "call", "look"]), st.integers(0, 7), waits), max_size=60)


@given(steps)
def test_all_together_pay_for_every_second_once(steps: list[tuple[str, int, float]]) -> None:
    books = Books()
    began_s = books.clock.now_s
    for step, number, wait_s in steps:
        books.clock.now_s += wait_s
        if step == "end":
            books.end(number)
        else:
            getattr(books, step)()
    while books.turns:
        books.clock.now_s += 1.0
        books.end(0)
    books.call()  # nothing is pending any more
    lived_s = START_S + books.clock.now_s - began_s
    assert books.plays_s + books.idle_s + books.kept_s == pytest.approx(lived_s)


def test_two_that_overlap_share_what_they_have_in_common() -> None:
    clock = Clock()
    occupancy = Occupancy(START_S, clock)
    clock.now_s += 2
    first = occupancy.begin()
    clock.now_s += 10
    second = occupancy.begin()
    clock.now_s += 4
    assert first.end() == Taken(busy_s=14.0, shared_s=2.0, others=1)
    clock.now_s += 6
    assert second.end() == Taken(busy_s=10.0, shared_s=2.0, others=0)
    assert first.end() == Taken(busy_s=14.0, shared_s=2.0, others=1), "it has ended once"
    assert first.called == Called(gap_s=None, idle_s=2.0)
    assert second.called == Called(gap_s=0.0)


def test_the_gap_is_the_same_for_all_that_come_before_it_is_idle_again() -> None:
    clock = Clock()
    occupancy = Occupancy(START_S, clock)
    occupancy.begin().end()
    clock.now_s += 5
    turns = [occupancy.begin() for _ in range(3)]
    assert [turn.called.gap_s for turn in turns] == [5.0, 5.0, 5.0]
    for turn in turns:
        turn.end()
    assert occupancy.begin().called.gap_s == 0.0


def test_a_keeper_pays_from_its_call_on_and_the_play_before_it_until_then() -> None:
    clock = Clock()
    occupancy = Occupancy(START_S, clock)
    clock.now_s += 1
    assert occupancy.call(keeps=True) == Called(gap_s=None, kept_s=START_S + 1)
    clock.now_s += 10
    turn = occupancy.begin()
    assert turn.called == Called(gap_s=0.0)
    clock.now_s += 3
    assert occupancy.call(keeps=True) == Called(gap_s=0.0, kept_s=10.0), "told when it is next called"
    turn.end()
    clock.now_s += 4
    assert occupancy.call(keeps=True) == Called(gap_s=4.0, kept_s=0.0)
    clock.now_s += 6
    assert occupancy.begin().called == Called(gap_s=4.0)


def test_who_only_looks_leaves_the_start_to_the_first_play() -> None:
    clock = Clock()
    occupancy = Occupancy(START_S, clock)
    clock.now_s += 5
    assert occupancy.call(keeps=False) == Called(gap_s=None)
    clock.now_s += 5
    assert occupancy.begin().called == Called(gap_s=None, idle_s=10.0)


def test_from_many_threads() -> None:
    occupancy = Occupancy(START_S)
    shares: list[float] = []
    gate = threading.Barrier(8)

    def play() -> None:
        gate.wait()
        for _ in range(50):
            turn = occupancy.begin()
            taken = turn.end()
            shares.append(taken.busy_s - taken.shared_s)

    began_s = occupancy.begin().began_s
    threads = [threading.Thread(target=play) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = occupancy.begin()
    assert len(shares) == 400
    assert sum(shares) <= last.began_s - began_s + 1e-6
