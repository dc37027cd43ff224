"""Turns: what is done side by side finishes in order, whatever fails, is cancelled or waits for its host."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.memory.turns import NotYet, Turns


async def ended(turns: Turns, fates: list[tuple[int, str]], order: list[str]) -> None:
    async def one(key: str, steps: int, fate: str) -> None:
        turns.begun(key)
        try:
            for _ in range(steps):
                await asyncio.sleep(0)
            if fate == "early":
                raise ValueError(key)
            async with turns.turn(key):
                order.append(key)
                await asyncio.sleep(0)
                if fate == "late":
                    raise ValueError(key)
        except BaseException:
            await turns.give_up(key)
            raise

    tasks = [asyncio.create_task(one(str(place), steps, fate)) for place, (steps, fate) in enumerate(fates)]
    for _ in range(3):
        await asyncio.sleep(0)
    for task, (_, fate) in zip(tasks, fates, strict=True):
        if fate == "cancel":
            task.cancel()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["fine", "early", "late", "cancel"])), max_size=9))
def test_the_order_is_kept_and_nobody_waits_for_ever(fates: list[tuple[int, str]]) -> None:
    order: list[str] = []
    asyncio.run(ended(Turns([str(place) for place in range(len(fates))]), fates, order))
    assert order == sorted(order, key=int)
    assert {str(place) for place, (_, fate) in enumerate(fates) if fate in {"fine", "late"}} <= set(order)


async def test_whoever_waits_for_one_that_stepped_back_is_let_go_and_keeps_its_turn() -> None:
    turns = Turns(["a", "b", "c"])
    order: list[str] = []

    async def take(key: str) -> None:
        turns.begun(key)
        async with turns.turn(key):
            order.append(key)

    waiting = asyncio.create_task(take("b"))
    await asyncio.sleep(0)
    await turns.step_back("a")
    with pytest.raises(NotYet):
        await waiting
    with pytest.raises(NotYet):
        await take("c")
    first = asyncio.create_task(take("a"))
    await asyncio.gather(take("c"), take("b"), first)
    assert order == ["a", "b", "c"]
