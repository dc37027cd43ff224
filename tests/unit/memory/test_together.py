"""Commits are made together, in order, and everybody learns what was wrong with their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from hausmusik.memory.together import Together


def test_what_comes_during_a_commit_is_committed_together_in_order() -> None:
    batches: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def commit(some: Sequence[int]) -> list[None]:
        batches.append(list(some))
        begun.set()
        go_on.wait(5)
        return [None] * len(some)

    async def work() -> None:
        together = Together(commit)
        futures = [together.add(0)]
        await asyncio.to_thread(begun.wait, 5)
        futures += [together.add(number) for number in range(1, 5)]
        go_on.set()
        assert await asyncio.gather(*futures) == [None] * 5

    asyncio.run(work())
    assert batches == [[0], [1, 2, 3, 4]]


def test_each_is_told_what_is_wrong_with_it() -> None:
    wrong = ValueError("one is odd")

    async def work() -> None:
        together = Together[int](lambda some: [wrong if each % 2 else None for each in some])
        await together.committed(2)
        with pytest.raises(ValueError, match="one is odd"):
            await together.committed(1)

    asyncio.run(work())


def test_what_the_commit_raises_is_wrong_with_all_of_them_and_the_next_ones_are_committed() -> None:
    seen: list[int] = []

    def commit(some: Sequence[int]) -> list[None]:
        if 0 in some:
            raise OSError("the disk is full")
        seen.extend(some)
        return [None] * len(some)

    async def work() -> None:
        together = Together(commit)
        found = await asyncio.gather(together.add(0), together.add(1))
        assert [str(error) for error in found] == ["the disk is full"] * 2
        await together.committed(2)

    asyncio.run(work())
    assert seen == [2]


def test_closing_waits_also_where_nobody_else_does() -> None:
    seen: list[int] = []

    def commit(some: Sequence[int]) -> list[None]:
        seen.extend(some)
        return [None] * len(some)

    async def work() -> None:
        together = Together(commit)
        together.add(1).cancel()
        await together.close()

    asyncio.run(work())
    assert seen == [1]


def test_it_waits_for_more_only_while_more_may_come() -> None:
    batches: list[list[int]] = []

    def commit(some: Sequence[int]) -> list[None]:
        batches.append(list(some))
        return [None] * len(some)

    async def work() -> None:
        together = Together(commit, gather_s=0.2, more=lambda waiting: waiting < 2)
        first = together.add(1)
        await asyncio.sleep(0.001)
        assert not batches
        await asyncio.gather(first, together.add(2))

    asyncio.run(work())
    assert batches == [[1, 2]]
