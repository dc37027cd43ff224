"""A small language model types names: what it is asked, for how long, what is taken of it, and what survives."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import BudgetError, Cancelled, GenerationFailed, MissingExtra
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.stop import Stop
from hausmusik.memory.extraction.asking import (
    AT_ONCE,
    NameAsked,
    is_worth_asking,
    line_around,
    read_choices,
    type_choices,
    types_request,
)
from hausmusik.memory.extraction.prompts import DEFAULT_TYPES
from hausmusik.memory.looking import Looker
from hausmusik.memory.settling import KIND, Asking, Settler
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.values import Settled
from hausmusik.testing import FakeClock, FakeIds, FakePlayer, Fault, FaultSchedule
from hausmusik.testing.player import CUT
from hausmusik.types import ChatRequest, Run
from tests.unit.memory.entries import RECIPE, content, document, passage

CHOICES = list(DEFAULT_TYPES)


def asked_of(request: ChatRequest) -> list[str]:
    """The names of a batch, as they were shown."""
    rows = re.findall(r'^\d+\. ("(?:[^"\\]|\\.)*"): ', request.messages[1].content, re.MULTILINE)
    return [json.loads(row) for row in rows]


def choosing(types: dict[str, str]) -> Callable[[ChatRequest], str]:
    def replies(request: ChatRequest) -> str:
        return json.dumps({str(n): types.get(name, "other") for n, name in enumerate(asked_of(request), 1)})

    return replies


KNOWN = {"Helios": "product", "Leeds": "location", "Gerda": "person", "Nordwind": "organization"}


class Home:
    """A memory and a settler."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(folder / "notes.sqlite", self.clock)
        self.journal = Journal(folder / "jobs.sqlite", clock=self.clock, ids=FakeIds())
        self.player = FakePlayer(replies=choosing(KNOWN))

    def put(self, *texts: str, types: dict[str, str] | None = None) -> None:
        for number, text in enumerate(texts):
            names = {name: (types or {}).get(name, "other") for name in KNOWN if name in text}
            names |= dict.fromkeys(re.findall(r"\bName[A-Z]+\b", text), "other")
            self.store.put(document(f"d{number}.txt", passage(text, names)), RECIPE)

    def settler(self, minutes: float = 20, **more: Any) -> Settler:
        plain: dict[str, Any] = {"clock": self.clock, "run": Run(id="run-1"), "types": DEFAULT_TYPES}
        return Settler(self.player, self.store, self.journal, "tone-chat", minutes=minutes, **(plain | more))

    async def settle(
        self, minutes: float = 20, stop: Stop | None = None, tell: Callable[[Asking], None] | None = None, **more: Any
    ) -> Settled:
        return await self.settler(minutes, **more).settle("notes", stop or Stop(), tell or (lambda _: None))

    def types(self) -> dict[str, str]:
        return {each.title: each.type for each in Looker("notes", self.store).entities()}

    def guessed(self) -> dict[str, str]:
        with self.store.database.read() as connection:
            return dict(connection.execute("SELECT surface, typed_by FROM names").fetchall())


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    home = Home(tmp_path)
    yield home
    home.store.close()
    home.journal.database.close()


def numbered(count: int) -> list[str]:
    """Texts of which the first ones' names are mentioned most."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    names = [f"Name{one}{two}" for one in letters for two in letters][:count]
    return [" and ".join([name] * (3 if place < 5 else 1)) for place, name in enumerate(names)]


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_what_is_the_same_for_all_batches_comes_first() -> None:
    one, other = (types_request([NameAsked(name, "a line")], DEFAULT_TYPES) for name in ("One", "Two"))
    assert one.messages[0] == other.messages[0]
    assert one.schema == other.schema
    assert (one.temperature, one.think) == (0.0, False)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_name_and_its_line_cannot_leave_their_quotes(name: str, line: str) -> None:
    said = types_request([NameAsked(name, line), NameAsked("Leeds", "in Leeds")], DEFAULT_TYPES).messages[1].content
    rows = said.split("\n")
    assert len(rows) == 2
    assert rows[0].startswith('1. "')
    assert rows[1] == '2. "Leeds": "in Leeds"'


def test_the_schema_takes_one_choice_for_each_name() -> None:
    schema = json.loads(types_request([NameAsked("A", ""), NameAsked("B", "")], {"person": "somebody"}).schema)
    jsonschema.validate({"1": "person", "2": "other"}, schema)
    for wrong in ({"1": "person"}, {"1": "person", "2": "ship"}, {"1": "person", "2": "person", "3": "person"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize(
    "said", ["", "person", "[]", "{}", '{"1": "person"}', '{"1": "person", "2": "ship"}', '{"1": 1, "2": 2}',
             '{"1": "person", "3": "person"}', '{"1": "person", "2": "person", "3": "person"}', '{"1": "person", "2": "p'],
)  # fmt: skip
def test_what_is_no_list_of_choices_is_a_failure(said: str) -> None:
    with pytest.raises(GenerationFailed):
        read_choices(said, 2, CHOICES)


def test_choices_are_read_by_number() -> None:
    assert read_choices('{"2": "event", "1": "person"}', 2, CHOICES) == ["person", "event"]
    assert type_choices({"ship": "floats"}) == ["ship", "other"]


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 40))
def test_a_line_is_one_line_with_the_name_in_it(text: str, start: int, length: int) -> None:
    end = min(len(text), start + length)
    line = line_around(text, min(start, end), end)
    assert "\n" not in line
    assert " ".join(text[min(start, end) : end].split()) in line


@pytest.mark.parametrize(("name", "worth"), [("T_", False), ("5", False), ("", False), ("EU", True), ("Li", True)])
def test_a_letter_is_not_worth_asking(name: str, *, worth: bool) -> None:
    assert is_worth_asking(name) is worth


# -- asking -----------------------------------------------------------------------------------------------------------


async def test_names_get_types_and_nobody_is_asked_twice(home: Home) -> None:
    home.put("We all like Helios.", "Gerda is in Leeds.", "NameAA is odd.")
    told: list[Asking] = []
    found = await home.settle(tell=told.append)
    assert found == Settled(asker="tone-chat", asked=4, typed=3)
    assert home.types() == {"Helios": "product", "Leeds": "location", "Gerda": "person", "NameAA": "other"}
    assert home.guessed() == {"Helios": "tone-chat", "Leeds": "tone-chat", "Gerda": "tone-chat", "NameAA": ""}
    looker = Looker("notes", home.store)
    assert {each.title: each.typed_by for each in looker.entities()} == home.guessed()
    assert looker.guessed_types() == {"tone-chat": 3}
    assert (told[0].asked, told[0].questions) == (0, 4)
    assert (told[-1].asked, told[-1].questions) == (4, 4)
    assert await home.settle() == Settled(asker="tone-chat")
    assert len(home.player.plays) == 1
    assert not home.journal.jobs(kind=KIND, state="open")


async def test_those_that_are_mentioned_most_come_first_ten_at_a_time(home: Home) -> None:
    home.put(*reversed(numbered(23)))
    await home.settle()
    batches = [asked_of(played.request) for played in home.player.plays]  # type: ignore[arg-type]
    assert [len(batch) for batch in batches] == [AT_ONCE, AT_ONCE, 3]
    assert set(batches[0]) >= {"NameAA", "NameAB", "NameAC", "NameAD", "NameAE"}


async def test_when_the_time_is_spent_no_batch_is_begun(home: Home) -> None:
    home.put(*numbered(35))

    def slow(request: ChatRequest) -> str:
        home.clock.advance(40)
        return choosing({})(request)

    home.player = FakePlayer(replies=slow)
    found = await home.settle(minutes=1)
    assert (found.asked, found.left, found.problem) == (20, 15, "")
    assert not home.journal.jobs(kind=KIND, state="open")
    assert (await home.settle(minutes=1)).left == 0


async def test_stopped_and_gone_on_with_the_same_is_asked(home: Home, tmp_path: Path) -> None:
    texts = numbered(35)
    home.put(*texts)
    stop = Stop()
    with pytest.raises(Cancelled):
        await home.settle(stop=stop, tell=lambda now: stop.drain() if now.asked >= 10 else None)
    assert 10 <= len(home.player.plays) * AT_ONCE < 35
    await home.settle()
    (tmp_path / "whole").mkdir()
    whole = Home(tmp_path / "whole")
    whole.put(*texts)
    await whole.settle()
    assert [played.request for played in home.player.plays] == [played.request for played in whole.player.plays]
    assert content(home.store) == content(whole.store)
    whole.store.close()
    whole.journal.database.close()


async def test_what_was_kept_by_a_run_that_was_killed_is_not_asked_again(home: Home) -> None:
    home.put(*numbered(15))

    class Killed(BaseException):
        pass

    def replies(request: ChatRequest) -> str:
        if len(home.player.plays) > 1:
            raise Killed
        return choosing(dict.fromkeys(asked_of(request), "topic"))(request)

    home.player = FakePlayer(replies=replies)
    with pytest.raises(BaseException):  # noqa: B017 -- whichever way it dies
        await home.settle()
    home.player = FakePlayer(replies=choosing({}))
    found = await home.settle()
    assert (found.asked, len(home.player.plays)) == (5, 1)
    assert sorted(home.types().values()) == ["other"] * 5 + ["topic"] * 10


@pytest.mark.parametrize("useless", ["no idea", "{}", '{"1": "ship"}', "cut"])
async def test_a_useless_answer_leaves_its_names_as_they_were(home: Home, useless: str) -> None:
    home.put("We all like Helios.")
    said = choosing(KNOWN)
    home.player = FakePlayer(replies=lambda request: said(request) + CUT if useless == "cut" else useless)
    found = await home.settle()
    assert (found.asked, found.typed, found.left) == (0, 0, 1)
    assert found.problem
    assert home.types() == {"Helios": "other"}
    home.player = FakePlayer(replies=said)
    assert (await home.settle()).typed == 1


async def test_what_cannot_be_asked_is_told_and_what_costs_too_much_is_raised(home: Home) -> None:
    home.put("We all like Helios.")
    missing = MissingExtra("the package xllamacpp is not installed", hint="pip install it")
    home.player = FakePlayer(faults=FaultSchedule(otherwise=Fault(error=missing)))
    assert "xllamacpp" in (await home.settle()).problem
    home.player = FakePlayer(faults=FaultSchedule(otherwise=Fault(error=BudgetError("nothing is left"))))
    with pytest.raises(BudgetError):
        await home.settle()


# -- what becomes of it -----------------------------------------------------------------------------------------------


async def test_what_rules_say_later_goes_over_a_guess(home: Home) -> None:
    home.put("Gerda is in Leeds.")
    home.player = FakePlayer(replies=choosing({"Gerda": "product", "Leeds": "location"}))
    await home.settle()
    assert home.types()["Gerda"] == "product"
    home.put("Gerda is in Leeds.", "Gerda said so.", types={"Gerda": "person"})
    assert home.types() == {"Gerda": "person", "Leeds": "location"}
    assert home.guessed() == {"Gerda": "", "Leeds": "tone-chat"}


async def test_a_guess_is_for_all_names_of_whom_it_means_and_for_later_documents(home: Home) -> None:
    home.put("We all like Helios.", "Helios again.")
    await home.settle()
    home.put("We all like Helios.", "Helios again.", "And Helios.")
    assert home.types() == {"Helios": "product"}
    assert (await home.settle()).asked == 0


async def test_an_answer_goes_with_the_passage_that_was_shown(home: Home) -> None:
    home.put("We all like Helios.", "Helios again.")
    await home.settle()
    with home.store.database.read() as connection:
        assert connection.execute("SELECT answer, instrument FROM answers").fetchall() == [("product", "tone-chat")]
    home.store.forget(["d0.txt"])
    with home.store.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchone() == (0,)
    assert home.types() == {"Helios": "product"}


async def test_with_another_ontology_what_is_still_unknown_is_asked_again(home: Home) -> None:
    home.put("We all like Helios.", "NameAA is odd.")
    await home.settle()
    home.player = FakePlayer(replies=choosing({"NameAA": "ship"}))
    found = await home.settle(types={"ship": "floats", "other": "else"})
    assert (found.asked, found.typed) == (1, 1)
    assert home.types() == {"Helios": "product", "NameAA": "ship"}


def test_progress_is_a_value() -> None:
    told: Sequence[Asking] = [Asking(asker="a", asked=1, questions=2)]
    assert msgspec.json.decode(msgspec.json.encode(told), type=list[Asking]) == told
