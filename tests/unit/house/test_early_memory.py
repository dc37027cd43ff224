"""Memories where machines must be started: who is asked for when, what is refused before, and how many at once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hausmusik.config.loading import load_settings
from hausmusik.errors import BudgetError, HausmusikError, NotFoundError, UsageError
from hausmusik.house import AsyncHouse
from hausmusik.memory import adding_work
from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.events import Answered
from hausmusik.memory.answering.prompt import REFUSAL
from hausmusik.memory.values import AddOptions, AddReport
from hausmusik.money.prices import Price
from hausmusik.seams import EngineOrder, Machines
from hausmusik.testing import FakeHost
from hausmusik.testing.host import performed
from hausmusik.types import ChatRequest, Done, Event, Request, Run, TextDelta, Usage
from tests.interfaces import tones

LAUNCH = "When is the Helios launch?"
MACHINES = Machines(most=2, idle_s=60, start_worst_s=300)
AT_ONCE = 2
PLACES = """places = ["local", "modal"]
[instrument.serving]
max_containers = {}
"""
FILES = {
    f"d{number}": f"Anna Weber: The Helios launch is on {number + 1} May 2026.\nTom Baker: I met Anna Weber in Leeds.\n"
    for number in range(6)
}


class Cents:
    """A cent for a second on Modal, nothing here."""

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        usd = Decimal("0.01") if host == "modal" else Decimal(0)
        return Price(name="a GPU", usd_per_s=usd, date=date(2026, 1, 1), source="a page")


class Logged(FakeHost):
    """Writes down what it was asked, and how many plays of each instrument were at once."""

    def __init__(self, log: list[str], **more: Any) -> None:
        super().__init__(_said, **more)
        self.log = log
        self.now: dict[str, int] = {}
        self.most: dict[str, int] = {}

    async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event, None]:
        name = order.instrument
        self.log.append(f"play {name}")
        self.now[name] = self.now.get(name, 0) + 1
        self.most[name] = max(self.most.get(name, 0), self.now[name])
        try:
            async with aclosing(super().play(order, request, run)) as events:
                async for event in events:
                    yield event
        finally:
            self.now[name] -= 1

    async def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncGenerator[Event, None]:
        self.log.append(f"start {order.instrument}")
        async with aclosing(super().warm(order, together=together)) as events:
            async for event in events:
                yield event


def _said(order: EngineOrder, request: Request, run: Run) -> Iterable[Event]:
    del run
    if not isinstance(request, ChatRequest):
        yield from performed(order, request)
        return
    asked = request.messages[-1].content
    found = [{"name": name, "type": "person"} for name in ("Anna Weber", "Tom Baker", "Leeds") if name in asked]
    text = json.dumps({"entities": found}) if request.schema else "The Helios launch is on 1 May 2026 [1]."
    yield TextDelta(text=text)
    yield Usage(tokens_in=1, tokens_out=1)
    yield Done(reason="complete")


class Stage:
    """A house whose instruments play here for nothing, and on a host where a cold start takes a while."""

    def __init__(self, folder: Path, machines: Machines) -> None:
        self.log: list[str] = []
        self.files = folder / "files"
        self.files.mkdir()
        self.there = Logged(self.log, name="modal", warm_s=0.02, machines=machines)
        self.house = AsyncHouse(load_settings(), hosts={"local": Logged([], name="local"), "modal": self.there})
        self.house.prices = Cents()
        self.options = AskOptions(instrument="far-chat", anyway=True)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.files / f"{name}.txt").write_text(text, "utf-8")

    async def add(self, *, extractor: str = "rules", on: str = "modal", budget_usd: str = "", **more: Any) -> AddReport:
        run = Run(id="add", host=on, deadline_s=100, budget_usd=budget_usd)
        options = AddOptions(sources=(self.files,), extractor=extractor, budget_tokens=40, overlap_tokens=0, **more)
        return await self.house.add_to_memory(self.house.plan_memory("notes", options, run=run), run=run)

    async def ask(self, question: str = LAUNCH, *, options: AskOptions | None = None, budget_usd: str = "") -> Answered:
        run = Run(id="ask", host="modal", deadline_s=100, budget_usd=budget_usd)
        return await self.house.ask("notes", question, options=options or self.options, run=run)

    def rows(self, run: str) -> list[tuple[str, str]]:
        """What was asked for under a run; what machines idled is charged beside it."""
        rows = [row for row in self.house.ledger.rows() if row.run == run and row.kind != "idle"]
        return [(row.kind, row.instrument) for row in rows]


@pytest.fixture
def machines() -> Machines:
    return MACHINES


@pytest.fixture
async def stage(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machines: Machines
) -> AsyncGenerator[Stage, None]:
    tones.move_in(home)
    for name, value in tones.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HAUSMUSIK_DEFAULTS__EMBED", "far-embed")
    text = tones.instrument("far-chat", "chat", extra=PLACES.format(AT_ONCE))
    text += tones.instrument("far-embed", "embed", extra=PLACES.format(5))
    (home / "instruments.d" / "far.toml").write_text(text, "utf-8")
    made = Stage(tmp_path, machines)
    async with made.house:
        yield made


@pytest.fixture
async def notes(stage: Stage) -> Stage:
    """With a memory that was made here."""
    stage.write(FILES)
    await stage.add(on="local")
    return stage


# -- asking -----------------------------------------------------------------------------------------------------------


async def test_the_reader_is_asked_for_before_the_question_is_embedded(notes: Stage) -> None:
    answer = await notes.ask()
    assert answer.text == "The Helios launch is on 1 May 2026 [1]."
    assert notes.log[:3] == ["start far-chat", "play far-embed", "play far-chat"]
    assert notes.log.count("start far-chat") == 1
    assert sorted(set(notes.rows("ask"))) == [("play", "far-chat"), ("play", "far-embed"), ("warm", "far-chat")]


@pytest.mark.parametrize("machines", [Machines(most=2)])
async def test_where_a_start_gains_nothing_none_is_asked_for(notes: Stage) -> None:
    await notes.ask()
    assert notes.log[:2] == ["play far-embed", "play far-chat"]
    assert not notes.there.warmed


async def test_quotes_start_nobody(notes: Stage) -> None:
    await notes.ask(options=AskOptions(anyway=True))
    assert set(notes.log) == {"play far-embed"}


async def test_a_question_that_is_refused_costs_one_start_and_no_answer(notes: Stage) -> None:
    answer = await notes.ask("xylophone quantum zebra?", options=AskOptions(instrument="far-chat"))
    assert (answer.refused, answer.text) == (True, REFUSAL)
    assert notes.log == ["start far-chat", "play far-embed"]
    assert sorted(notes.rows("ask")) == [("play", "far-embed"), ("warm", "far-chat")]
    (start,) = [row for row in notes.house.ledger.rows() if row.kind == "warm"]
    assert start.cost_usd <= Decimal("0.01") * Decimal(MACHINES.start_worst_s or 0)


@pytest.mark.parametrize(
    ("question", "options", "error"),
    [
        (" ", {}, UsageError),
        (LAUNCH, {"mode": "psychic"}, UsageError),
        (LAUNCH, {"instrument": "nobody"}, NotFoundError),
    ],
)
async def test_what_can_be_refused_without_looking_starts_nobody(
    notes: Stage, question: str, options: dict[str, Any], error: type[HausmusikError]
) -> None:
    with pytest.raises(error):
        await notes.ask(question, options=AskOptions(**({"instrument": "far-chat"} | options)))
    assert not notes.log


async def test_an_empty_memory_starts_nobody(notes: Stage) -> None:
    store = notes.house.memories.store("notes")
    store.forget(store.known())
    with pytest.raises(NotFoundError, match="empty"):
        await notes.ask()
    assert not notes.log


# Start, deadline and window: a play is held at 160.02 s, $1.6002; a start at 300 s, $3.
@pytest.mark.parametrize("budget_usd", ["0.10", "1.70", "3.20"])
async def test_a_budget_that_does_not_hold_the_plays_refuses_before_anything_is_paid(
    notes: Stage, budget_usd: str
) -> None:
    with pytest.raises(BudgetError, match="far-embed and far-chat on modal may cost up to"):
        await notes.ask(budget_usd=budget_usd)
    assert not notes.log
    assert not notes.rows("ask")
    assert not notes.house.budget.states(Run(id="ask", budget_usd="1"))[0].reserved_usd


@pytest.mark.parametrize(("budget_usd", "starts"), [("3.21", 0), ("6.20", 0), ("6.21", 1)])
async def test_a_start_never_takes_the_room_of_the_plays(notes: Stage, budget_usd: str, starts: int) -> None:
    await notes.ask(budget_usd=budget_usd)
    assert notes.log.count("start far-chat") == starts
    assert "play far-chat" in notes.log


# -- adding -----------------------------------------------------------------------------------------------------------


async def test_the_model_is_asked_for_before_a_file_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.write(FILES)
    read = adding_work.read_document

    def noted(*given: Any, **more: Any) -> Any:
        stage.log.append("read")
        return read(*given, **more)

    monkeypatch.setattr(adding_work, "read_document", noted)
    report = await stage.add(extractor="far-chat")
    assert (report.added, report.failed) == (6, 0)
    assert stage.log[:2] == ["start far-chat", "read"]
    assert set(stage.rows("add")) == {("play", "far-chat"), ("play", "far-embed"), ("warm", "far-chat")}


async def test_rules_start_nobody_and_neither_does_what_is_there(notes: Stage) -> None:
    await notes.add()
    assert not notes.log
    await notes.add(extractor="far-chat")
    notes.log.clear()
    await notes.add(extractor="far-chat")
    assert not notes.log


@pytest.mark.parametrize("wished", [0, 50])
async def test_a_model_is_asked_no_more_at_once_than_its_containers_take(stage: Stage, wished: int) -> None:
    stage.write(FILES)
    await stage.add(extractor="far-chat", concurrency=wished)
    assert stage.there.most["far-chat"] == AT_ONCE


async def test_a_budget_that_holds_few_at_once_is_enough_for_one_after_another(stage: Stage) -> None:
    stage.write({"all": "".join(FILES.values())})
    report = await stage.add(extractor="far-chat", budget_usd="3.21")
    assert (report.added, report.failed) == (1, 0)
    assert report.calls > 3
    assert report.spent_usd < Decimal("3.21")


async def test_a_budget_that_is_too_small_adds_and_pays_nothing(stage: Stage) -> None:
    stage.write(FILES)
    with pytest.raises(BudgetError, match="far-embed and far-chat on modal may cost up to"):
        await stage.add(extractor="far-chat", budget_usd="3.20")
    assert not stage.log
    assert not stage.rows("add")
