from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hausmusik.batch.batcher import Batcher
from hausmusik.batch.values import BatchOptions, BatchProgress, BatchReport
from hausmusik.clock import SystemClock, TimeIds
from hausmusik.jobs import Journal, Stop
from hausmusik.seams import Clock
from hausmusik.takes.store import TakeStore
from hausmusik.testing import FakePlayer
from hausmusik.testing.player import INSTRUMENTS
from hausmusik.types import Run


class Bench:
    """A batcher on a fake player, its files, and a new journal object each time it plays, as in a new process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.player = FakePlayer()
        self.takes = TakeStore(folder / "takes")
        self.clock: Clock = SystemClock()
        self.journal = self.opened()
        self.options = BatchOptions(source=folder / "in.jsonl", out=folder / "out.jsonl", instrument="tone-speak")
        self.progress: list[BatchProgress] = []
        self.tell = self.progress.append
        self.stop = Stop()

    def opened(self) -> Journal:
        return Journal(self.folder / "jobs.sqlite", clock=self.clock, ids=TimeIds())

    @property
    def batcher(self) -> Batcher:
        return Batcher(
            self.player,
            self.takes,
            self.journal,
            clock=self.clock,
            defaults={"speak": "tone-speak"},
            task_of=INSTRUMENTS.__getitem__,
            capacity=lambda _run, _instrument: 3,
        )

    def write(self, *lines: Any) -> None:
        text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
        self.options.source.write_text(text, "utf-8")

    async def play(self, options: BatchOptions | None = None, run: str = "run") -> BatchReport:
        batcher = self.batcher
        plan = batcher.plan(options or self.options, run=Run(id=run), on_line=lambda _line: None)
        return await batcher.play(plan, stop=self.stop, on_progress=self.tell)

    def results(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.options.out.read_text("utf-8").splitlines()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.journal.close()
