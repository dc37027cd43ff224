"""A folder of files and some memories that they are added to."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from hausmusik.clock import SystemClock
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.stop import Stop
from hausmusik.memory.adding import Adder
from hausmusik.memory.memories import Memories
from hausmusik.memory.values import AddOptions, AddPlan, AddProgress, AddReport
from hausmusik.testing import FakeClock, FakeIds, FakePlayer
from hausmusik.types import Run
from tests.unit.memory.entries import content

RUN = Run(id="run-1")
PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein", "Anna", "Tom", "Prof. Klein", "Weber")


class Shelf:
    """A folder of files and some memories."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.clock = SystemClock()
        self.player = FakePlayer()
        self.memories = Memories(folder / "memories", FakeClock())
        self.journal = Journal(folder / "jobs.sqlite", clock=self.clock, ids=FakeIds())
        self.asker = ""

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.files / f"{name}.txt").write_text(text, "utf-8")

    def adder(self, at_once: int = 3) -> Adder:
        defaults = {"embed": "tone-embed"}
        return Adder(
            self.player,
            self.journal,
            clock=self.clock,
            defaults=defaults,  # type: ignore[arg-type]
            capacity=lambda *_: at_once,
            asker=lambda _: self.asker,
            spent=lambda run: Decimal("0.25") if run == RUN.id else Decimal(0),
        )

    def plan(self, memory: str = "notes", **options: Any) -> AddPlan:
        plain: dict[str, Any] = {"sources": (self.files,), "budget_tokens": 60, "overlap_tokens": 0}
        store = self.memories.store(memory, new=True)
        return self.adder().plan(store, memory, AddOptions(**(plain | options)), run=RUN)

    async def add(
        self, memory: str = "notes", stop: Stop | None = None, tell: Callable[[AddProgress], None] | None = None, **options: Any
    ) -> AddReport:  # fmt: skip
        plan = self.plan(memory, **options)
        store = self.memories.store(memory, new=True)
        return await self.adder().add(store, plan, run=RUN, stop=stop or Stop(), on_progress=tell or (lambda _: None))

    def content(self, memory: str = "notes") -> dict[str, list[Any]]:
        store = self.memories.store(memory)
        assert not any(store.check().values())
        return content(store)

    def close(self) -> None:
        self.memories.close()
        self.journal.database.close()


def many(count: int = 12) -> dict[str, str]:
    return {
        f"d{number:02d}": f"{PEOPLE[number % 7]}: Hello, {PEOPLE[(number * 3 + 1) % 7]} lives in Leeds now, I think.\n"
        f"Tom Baker: I met {PEOPLE[(number * 5 + 2) % 7]} at Nordwind, number {number}.\n"
        for number in range(count)
    }
