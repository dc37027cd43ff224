"""A memory on Modal: made by a model and an embedder that are deployed to a control plane, and asked there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("modal")

from hausmusik.config.loading import load_settings
from hausmusik.errors import BudgetError
from hausmusik.hosts.modal.plane import Faults, Plane, PlaneOptions
from hausmusik.house import AsyncHouse
from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.events import AnswerDelta, Answered, Citation, Found
from hausmusik.memory.values import AddOptions, AddPlan
from hausmusik.types import Run, ThinkingDelta
from tests.e2e.cloud import Desk
from tests.interfaces import tones
from tests.unit.memory.entries import content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

READER = '''"""A reader that answers with the names that it is told of, or with the first sentence that it is shown."""

import json
import re
import time

from hausmusik.engines.tone.engine import ToneEngine
from hausmusik.types import Done, TextDelta, ThinkingDelta, Usage

PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein", "Omar Haddad")


class Reader(ToneEngine):
    def play(self, requests, cancel):
        for index, request in enumerate(requests):
            asked = request.messages[-1].content
            time.sleep(0.3)
            if request.schema:
                found = [{"name": name, "type": "person", "description": "x"} for name in PEOPLE if name in asked]
                yield index, TextDelta(text=json.dumps({"entities": found, "relations": [
                    {"source": one["name"], "target": other["name"], "kind": "met", "description": "x"}
                    for one, other in zip(found, found[1:])
                ]}))
            else:
                yield index, ThinkingDelta(text="Let me see.")
                day = re.search(r"launch is on (.*?2026)", asked).group(1)
                yield index, TextDelta(text=f"The Helios launch is on {day} [1].")
            yield index, Usage(tokens_in=1, tokens_out=1)
            yield index, Done(reason="complete")
'''
SERVING = """places = ["local", "modal"]
[instrument.serving]
scaledown_window_s = 4
timeout_s = 60
startup_timeout_s = 60
max_containers = 2
"""
PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein", "Omar Haddad")
DOCUMENTS = 6
QUESTION = "When is the Helios launch?"


def furnish(home: Path) -> Path:
    tones.move_in(home)
    folder = home / "instruments.d"
    reader = tones.instrument("reader", "chat", extra=SERVING).replace(
        "hausmusik.engines.tone:ToneEngine", "reader.py:Reader"
    )
    (folder / "far.toml").write_text(
        reader + tones.instrument("far-embed", "embed", options="sleep_s = 0.2", extra=SERVING), "utf-8"
    )
    (folder / "reader.py").write_text(READER, "utf-8")
    return home


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("meetings")
    for number in range(DOCUMENTS):
        lines = [
            f"{PEOPLE[(number + line) % 4]}: I met {PEOPLE[(number + line + 1) % 4]} in Leeds, number {number}.{line}."
            for line in range(3)
        ]
        launch = f"{PEOPLE[number % 4]}: The Helios launch is on 3 May 2026."
        (folder / f"m{number}.txt").write_text("\n".join([launch, *lines]) + "\n", "utf-8")
    return folder


class Account:
    """A desk from which both instruments were deployed, and a house on it in this process."""

    def __init__(self, desk: Desk, house: AsyncHouse, files: Path) -> None:
        self.desk = desk
        self.house = house
        self.files = files

    def plan(self, run: Run) -> AddPlan:
        options = AddOptions(sources=(self.files,), extractor="reader", budget_tokens=60, overlap_tokens=0)
        return self.house.plan_memory("notes", options, run=run)

    def graph(self) -> dict[str, list[Any]]:
        store = self.house.memories.store("notes")
        assert not any(store.check().values())
        return content(store)

    def rows(self, run: Run) -> list[tuple[str, str, str, str]]:
        """What was asked for under a run; what machines idled is charged beside it."""
        rows = [row for row in self.house.ledger.rows() if row.run == run.id and row.kind != "idle"]
        return [(row.kind, row.instrument, row.host, row.outcome) for row in rows]


def plane_of(folder: Path, faults: Faults | None = None) -> Iterator[Desk]:
    furnish(folder / "home")
    with Plane(folder / "plane", PlaneOptions(faults=faults or Faults())) as plane:
        desk = Desk(folder, plane, DEFAULTS__EMBED="far-embed")
        desk.haus("deploy", "reader", "far-embed", "--yes")
        yield desk


async def account_of(desk: Desk, files: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Account, None]:
    for name, value in desk.plane.variables().items():
        monkeypatch.setenv(name, value)
    environ = desk.variables() | tones.environment() | {"HAUSMUSIK_DEFAULTS__EMBED": "far-embed"}
    async with AsyncHouse(load_settings(environ=environ)) as house:
        yield Account(desk, house, files)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield from plane_of(tmp_path)


@pytest.fixture
async def account(desk: Desk, files: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Account, None]:
    async for each in account_of(desk, files, monkeypatch):
        yield each


@pytest.fixture
def deadly(tmp_path: Path) -> Iterator[Desk]:
    """Every fourth input loses its container while it is played, which takes longer than the killer waits."""
    yield from plane_of(tmp_path, Faults(killing_deliveries=tuple(range(3, 200, 4)), kill_after_s=(0.0, 0.1)))


@pytest.fixture
async def stormy(deadly: Desk, files: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Account, None]:
    async for each in account_of(deadly, files, monkeypatch):
        yield each


async def test_a_memory_is_quoted_refused_made_and_asked_there(account: Account) -> None:
    house = account.house
    # quoted first, and nothing is played for it
    run = house.new_run("memory notes", on="modal", budget_usd=Decimal(5))
    plan = account.plan(run)
    quote = house.quote_memory(plan, run=run)
    assert {(line.instrument, line.host) for line in quote.lines} == {("reader", "modal"), ("far-embed", "modal")}
    assert all(line.price.usd_per_s > 0 for line in quote.lines)
    assert not account.desk.plane.lives()
    # a budget that is too small refuses before a container is started
    poor = house.new_run("memory notes", on="modal", budget_usd=Decimal("0.0001"))
    with pytest.raises(BudgetError, match="far-embed and reader on modal may cost up to"):
        await house.add_to_memory(plan, run=poor)
    assert not account.desk.plane.lives()
    assert not account.rows(poor)
    # made there
    report = await house.add_to_memory(plan, run=run)
    assert (report.added, report.failed) == (DOCUMENTS, 0)
    rows = account.rows(run)
    assert {row[1:] for row in rows} == {("reader", "modal", "done"), ("far-embed", "modal", "done")}
    assert rows.count(("play", "reader", "modal", "done")) == report.calls >= DOCUMENTS
    assert ("warm", "reader", "modal", "done") in rows  # while files were read
    assert Decimal(0) < report.spent_usd <= Decimal(5)
    assert [house.memory("notes").find(name).title for name in PEOPLE] == list(PEOPLE)
    # added again: nothing is asked
    before = len(list(house.ledger.rows()))
    again = house.new_run("memory notes", on="modal")
    assert (await house.add_to_memory(account.plan(again), run=again)).same == DOCUMENTS
    assert not account.rows(again)
    # asked there
    asking = house.new_run("ask notes", on="modal", budget_usd=Decimal(5))
    options = AskOptions(instrument="reader", anyway=True)
    quoted = {line.instrument for line in house.quote_ask(QUESTION, options=options, run=asking).lines}
    assert quoted == {"reader", "far-embed"}
    events = [event async for event in house.ask_events("notes", QUESTION, options=options, run=asking)]
    kinds = [
        type(event) for event in events if isinstance(event, Found | ThinkingDelta | AnswerDelta | Citation | Answered)
    ]
    assert list(dict.fromkeys(kinds)) == [Found, ThinkingDelta, AnswerDelta, Citation, Answered]
    (answer,) = [event for event in events if isinstance(event, Answered)]
    assert answer.text == "The Helios launch is on 3 May 2026 [1]."
    assert answer.supported_share == 1.0
    assert Decimal(answer.cost_usd) > 0
    asked = account.rows(asking)
    assert ("play", "reader", "modal", "done") in asked
    assert {row[1] for row in asked} == {"reader", "far-embed"}
    assert len(list(house.ledger.rows())) > before
    # a question whose answer cannot be paid is refused before it is embedded
    broke = house.new_run("ask notes", on="modal", budget_usd=Decimal("0.0001"))
    with pytest.raises(BudgetError):
        await house.ask("notes", QUESTION, options=options, run=broke)
    assert not account.rows(broke)


async def test_containers_that_die_lose_nothing(stormy: Account, account_at_home: dict[str, list[Any]]) -> None:
    run = stormy.house.new_run("memory notes", on="modal")
    report = await stormy.house.add_to_memory(stormy.plan(run), run=run)
    killed = [seen for seen in stormy.desk.plane.faults_seen() if seen.kind == "kill"]
    assert len(killed) > 2, "little went wrong"
    assert (report.added, report.failed) == (DOCUMENTS, 0), report.problems
    assert stormy.graph() == account_at_home


@pytest.fixture
async def account_at_home(files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What the memory is where it is made on this machine."""
    home = furnish(tmp_path_factory.mktemp("home"))
    environ = tones.environment() | {"HAUSMUSIK_HOME": str(home), "HAUSMUSIK_DEFAULTS__EMBED": "far-embed"}
    async with AsyncHouse(load_settings(environ=environ)) as house:
        run = house.new_run("memory notes", on="local")
        options = AddOptions(sources=(files,), extractor="reader", budget_tokens=60, overlap_tokens=0)
        await house.add_to_memory(house.plan_memory("notes", options, run=run), run=run)
        return content(house.memories.store("notes"))


def test_the_command_line_does_the_same(desk: Desk, files: Path) -> None:
    add = (
        "memory",
        "add",
        "notes",
        str(files),
        "--extract",
        "reader",
        "--on",
        "modal",
        "--tokens",
        "60",
        "--overlap",
        "0",
    )
    quoted = desk.haus(*add, "--dry-run", "--json").json["quote"]
    assert {line["instrument"] for line in quoted["lines"]} == {"reader", "far-embed"}
    assert "may cost up to" in desk.haus(*add, "--budget", "0.0001", code=6).err
    assert not desk.plane.lives()
    assert desk.haus(*add, "--budget", "5", "--json").json["added"] == DOCUMENTS
    told = desk.haus("ask", "notes", QUESTION, "-i", "reader", "--on", "modal", "--anyway", "--json").json
    assert told["answer"]["text"] == "The Helios launch is on 3 May 2026 [1]."
    assert told["thinking"] == "Let me see."
