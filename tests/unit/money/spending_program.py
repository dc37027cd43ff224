"""Plays through a meter of its own until the budget says no; run as `python spending_program.py FILE SEED LIMIT GO DIES`.

Each play may take 3 machine seconds and takes some of them; a second costs an amount that no cent divides. Prints a line
when it is there, waits for the file named GO, then prints one per play. A moment after the play numbered DIES has begun it
is killed, at whatever it does then (a transaction too); 0 is never. It sees to that itself: how soon another process
would see the play, and be given the processor to act, is nobody's to promise.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.errors import BudgetError
from hausmusik.money import Budget, Ledger, Limits, Meter, Price, money_file
from hausmusik.types import Done, Event, Phase, Run, Usage

WORST_S = 3.0
PRICE = Price(name="A10", usd_per_s=Decimal("0.00333333331"), date=date(2026, 11, 1), source="a price page")


class Prices:
    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        return PRICE


async def main(file: Path, seed: int, limit: Decimal, go: str, dies: int) -> None:
    database, clock = money_file(file), SystemClock()
    ids, random = TimeIds(clock), Random(seed)
    budget = Budget(database, Limits(house_usd=limit), clock=clock, ids=ids)
    meter = Meter(ledger=Ledger(database, clock=clock, ids=ids), budget=budget, prices=Prices(), clock=clock)

    async def play() -> AsyncIterator[Event]:
        yield Phase(name="play")
        await asyncio.sleep(random.uniform(0.0, 0.02))
        yield Usage(busy_s=random.uniform(1.0, WORST_S))
        yield Done()

    begun = 0

    async def listener() -> None:
        nonlocal begun
        while True:
            stream = meter.play(play, run=Run(id=f"run{seed}"), instrument="bark", host="cloud", worst_case_s=WORST_S)
            try:
                async for event in stream:
                    if isinstance(event, Phase):
                        print("playing", flush=True)
                        begun += 1
                        if begun == dies:
                            threading.Timer(random.uniform(0.0, 0.02), os.kill, (os.getpid(), signal.SIGKILL)).start()
            except BudgetError:
                return

    print("here", flush=True)
    while not file.with_name(go).exists():  # noqa: ASYNC110 - another process makes the file
        await asyncio.sleep(0.01)  # nothing else is to be done yet
    await asyncio.gather(listener(), listener())
    database.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), Decimal(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
