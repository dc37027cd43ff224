"""Adding: once and for all, in order, whatever fails or waits; what a model said is not asked for again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hausmusik.clock import SystemClock
from hausmusik.codec import failure_of
from hausmusik.errors import BadInput, Cancelled, ConfigError, GenerationFailed, HostUnavailable, StoreError
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.stop import Stop
from hausmusik.memory.adding import Adder, writing
from hausmusik.memory.extraction import rules
from hausmusik.memory.extraction.prompts import DEFAULT_TYPES
from hausmusik.memory.looking import Looker
from hausmusik.memory.memories import Memories
from hausmusik.memory.reading import ReadLimits
from hausmusik.memory.store.answers import KeptAnswer
from hausmusik.memory.values import AddOptions, AddPlan, AddProgress, AddReport, FileProblem, Settled
from hausmusik.testing import FakeClock, FakeIds, FakePlayer, Fault, FaultSchedule
from hausmusik.testing.player import CUT
from hausmusik.types import ChatRequest, Run
from tests.unit.memory.entries import content

RUN = Run(id="run-1")
PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein", "Anna", "Tom", "Prof. Klein", "Weber")


class Home:
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


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    home = Home(tmp_path)
    yield home
    home.close()


def many(count: int = 12) -> dict[str, str]:
    return {
        f"d{number:02d}": f"{PEOPLE[number % 7]}: Hello, {PEOPLE[(number * 3 + 1) % 7]} lives in Leeds now, I think.\n"
        f"Tom Baker: I met {PEOPLE[(number * 5 + 2) % 7]} at Nordwind, number {number}.\n"
        for number in range(count)
    }


async def test_added_once_and_never_again(home: Home) -> None:
    home.write(**many())
    first = await home.add()
    assert (first.added, first.changed, first.same, first.failed) == (12, 0, 0, 0)
    before, plays = home.content(), len(home.player.plays)
    again = await home.add()
    assert (again.added, again.same) == (0, 12)
    assert (home.content(), len(home.player.plays)) == (before, plays)


async def test_the_same_file_goes_into_every_memory_and_back_after_it_was_forgotten(home: Home) -> None:
    home.write(**many(3))
    await home.add("one")
    await home.add("two")
    assert home.content("one") == home.content("two")
    home.memories.store("one").forget(["d01.txt"])
    assert (await home.add("one")).added == 1
    assert set(home.memories.store("one").known()) == {"d00.txt", "d01.txt", "d02.txt"}


async def test_of_a_changed_file_only_what_changed_is_embedded(home: Home) -> None:
    home.write(
        a="\n\n".join(f"Paragraph {number} tells of Anna Weber and of many other things." * 3 for number in range(6))
    )
    await home.add()
    before = len(home.player.plays)
    home.write(
        a="\n\n".join(f"Paragraph {number} tells of Anna Weber and of many other things." * 3 for number in range(7))
    )
    report = await home.add()
    assert report.changed == 1
    embedded = [text for played in home.player.plays[before:] for text in played.request.texts]  # type: ignore[union-attr]
    assert embedded
    assert all("Paragraph 6" in text or "Paragraph 5" in text for text in embedded)
    home.content()


async def test_a_passage_that_a_file_now_has_twice_has_vectors_twice(home: Home) -> None:
    text = "The same words again and again, about Anna Weber in Leeds. " * 4
    home.write(a=text)
    await home.add(budget_tokens=50)
    home.write(a=f"{text}\n\n{text}\n\n{text}")
    await home.add(budget_tokens=50)
    home.content()


async def test_many_at_once_are_as_one_after_the_other(home: Home, tmp_path: Path) -> None:
    home.write(**many())
    await home.add("fast")
    await home.add("slow", concurrency=1)
    assert home.content("fast") == home.content("slow")


@pytest.mark.parametrize("after", [1, 4, 7])
async def test_stopped_and_gone_on_with_it_is_the_same(home: Home, after: int) -> None:
    home.write(**many(40))  # more than are in work at once, which are finished
    stop = Stop()

    def tell(progress: AddProgress) -> None:
        if progress.done >= after:
            stop.drain()

    with pytest.raises(Cancelled):
        await home.add("cut", stop=stop, tell=tell)
    assert 0 < len(home.memories.store("cut").known()) < 40
    await home.add("cut")
    await home.add("whole")
    assert home.content("cut") == home.content("whole")
    assert [job.label for job in home.journal.jobs(state="open")] == []


async def test_what_cannot_be_read_is_told_and_the_others_are_added(home: Home) -> None:
    home.write(**many(3))
    (home.files / "d01.pdf").write_bytes(b"%PDF-1.4 broken")
    report = await home.add()
    assert (report.added, report.failed) == (3, 1)
    assert [problem.name for problem in report.problems] == ["d01.pdf"]
    assert (await home.add()).failed == 1


async def test_two_do_not_add_at_once(home: Home) -> None:
    home.write(**many(1))
    with writing(home.memories.store("notes", new=True)), pytest.raises(StoreError, match="another process is adding"):
        await home.add()
    assert (await home.add()).added == 1


async def test_memories_are_for_their_owner_alone(home: Home) -> None:
    home.write(**many(1))
    before = os.umask(0o022)
    try:
        await home.add()
    finally:
        os.umask(before)
    assert stat.S_IMODE(home.memories.store("notes").path.parent.stat().st_mode) == 0o700


async def test_another_embedder_is_refused_before_anything_is_embedded(home: Home) -> None:
    home.write(**many(2))
    await home.add()
    plays = len(home.player.plays)
    home.player.revisions["tone-embed"] = "2"
    with pytest.raises(ConfigError, match="cannot be compared"):
        home.plan()
    assert len(home.player.plays) == plays


@pytest.mark.parametrize("refused", [{0}, {2}, {0, 1, 2, 3}])
async def test_a_host_that_has_no_room_delays_and_changes_nothing(home: Home, refused: set[int]) -> None:
    """The first document waits for the host while those behind it wait for the first: nobody waits for ever."""
    home.write(**many(8))
    await home.add("plain")
    full = Fault(error=HostUnavailable("no room"))
    home.player = FakePlayer(faults=FaultSchedule(dict.fromkeys(refused, full)))
    waited: list[str] = []
    async with asyncio.timeout(30):
        report = await home.add("full", tell=lambda progress: waited.append(progress.waiting))
    assert (report.added, report.failed) == (8, 0)
    assert "no room" in waited
    assert home.content("full") == home.content("plain")
    texts = [played.request.texts for played in home.player.plays]  # type: ignore[union-attr]
    assert len(texts) == len(set(texts)) + len(refused)  # what was embedded is not embedded again


async def test_the_report_says_what_the_run_has_cost(home: Home) -> None:
    home.write(**many(1))
    assert (await home.add()).spent_usd == Decimal("0.25")


@pytest.mark.parametrize(
    ("message", "told"),
    [("x.pdf is empty", "x.pdf is empty (why)"), ("it is broken", "x.pdf: it is broken (why)"),
     ("x.pdf: broken", "x.pdf: broken (why)")],
)  # fmt: skip
def test_a_problem_names_its_file_once(message: str, told: str) -> None:
    assert str(FileProblem(name="x.pdf", error=failure_of(BadInput(message, hint="why")))) == told


# -- the ontology -----------------------------------------------------------------------------------------------------

SHIPS = {"ship": "floats", "person": "somebody", "other": "else"}


async def test_the_ontology_is_kept_with_the_memory(home: Home) -> None:
    home.write(**many(2))
    assert home.plan().options.types == DEFAULT_TYPES
    await home.add(types=SHIPS)
    plan = home.plan()
    assert (plan.options.types, plan.has_new_types, plan.to_do) == (SHIPS, False, ())
    assert Looker("notes", home.memories.store("notes")).ontology() == SHIPS
    assert home.plan(types=DEFAULT_TYPES).has_new_types


async def test_with_a_model_another_ontology_is_another_recipe_and_is_told_before(home: Home) -> None:
    home.write(**many(2))
    home.player = FakePlayer(replies=about)
    await home.add(extractor="tone-chat", types=SHIPS)
    assert home.plan(extractor="tone-chat").to_do == ()
    plan = home.plan(extractor="tone-chat", types=DEFAULT_TYPES)
    assert (plan.has_new_types, len(plan.to_do)) == (True, 2)
    assert home.plan(extractor="tone-chat").options.types == SHIPS  # only planned


# -- names that rules cannot tell -------------------------------------------------------------------------------------


def typing(request: ChatRequest) -> str:
    names = re.findall(r'^\d+\. "([^"]*)": ', request.messages[1].content, re.MULTILINE)
    kinds = {"Leeds": "location", "Nordwind": "organization"}
    return json.dumps({str(place): kinds.get(name, "other") for place, name in enumerate(names, 1)})


def typed(home: Home) -> dict[str, str]:
    return {each.title: each.type for each in Looker("notes", home.memories.store("notes")).entities()}


async def test_a_small_model_types_what_rules_could_not(home: Home) -> None:
    home.write(**many())
    await home.add()
    before = home.content()
    assert {typed(home)[name] for name in ("Leeds", "Nordwind")} == {"other"}
    home.player, home.asker = FakePlayer(replies=typing), "tone-chat"
    plan = home.plan()
    unknown = sum(type_ == "other" for type_ in typed(home).values())
    assert (plan.asker, plan.questions, plan.to_do) == ("tone-chat", unknown, ())
    told: list[AddProgress] = []
    report = await home.add(tell=told.append)
    assert report.settled == Settled(asker="tone-chat", asked=unknown, typed=2)
    assert (report.same, report.calls) == (12, 0)
    assert (told[-1].asker, told[-1].asked, told[-1].questions) == ("tone-chat", unknown, unknown)
    assert {name: typed(home)[name] for name in ("Leeds", "Nordwind")} == {
        "Leeds": "location",
        "Nordwind": "organization",
    }
    after = home.content()
    assert after["documents"] == before["documents"]  # a guess makes no document another one
    assert (await home.add()).settled == Settled(asker="tone-chat")
    assert home.player.counts["tone-chat"] == 1


async def test_documents_and_names_in_one_go(home: Home) -> None:
    home.write(**many())
    home.player, home.asker = FakePlayer(replies=typing), "tone-chat"
    assert home.plan().questions > 0
    report = await home.add()
    assert (report.added, report.settled.typed) == (12, 2)


@pytest.mark.parametrize("options", [{"llm_minutes": 0}, {"extractor": "tone-chat"}])
async def test_nobody_is_asked_about_names_unless_rules_extract_and_there_is_time(
    home: Home, options: dict[str, Any]
) -> None:
    home.write(**many(3))
    home.player, home.asker = FakePlayer(replies=about), "tone-chat"
    plan = home.plan(**options)
    assert (plan.asker, plan.questions) == ("", 0)
    assert (await home.add(**options)).settled == Settled()


# -- with a language model --------------------------------------------------------------------------------------------


def about(request: ChatRequest) -> str:
    passage = request.messages[-1].content
    entities = [{"name": name, "type": "person", "description": "x"} for name in PEOPLE if name in passage]
    return json.dumps({"entities": entities, "relations": []})


async def test_a_model_is_asked_once_about_each_passage(home: Home) -> None:
    home.write(**many(4))
    home.player = FakePlayer(replies=about)
    first = await home.add(extractor="tone-chat")
    assert (first.added, first.calls, home.player.counts["tone-chat"]) == (4, 4, 4)
    home.memories.store("notes").forget(["d00.txt"])
    again = await home.add(extractor="tone-chat")
    assert (again.added, again.calls) == (1, 1)  # what it had said went with the document


async def test_what_a_model_does_not_answer_is_not_done_and_is_asked_for_again(home: Home) -> None:
    home.write(**many(3))

    def replies(request: ChatRequest) -> str:
        return "no idea" + CUT if "number 1" in request.messages[-1].content else about(request)

    home.player = FakePlayer(replies=replies)
    report = await home.add(extractor="tone-chat")
    assert (report.added, report.failed) == (2, 1)
    assert set(home.memories.store("notes").known()) == {"d00.txt", "d02.txt"}
    home.player = FakePlayer(replies=about)
    assert (await home.add(extractor="tone-chat")).added == 1


async def test_what_was_said_of_a_document_that_failed_is_not_asked_again(home: Home) -> None:
    home.write(a="\n\n".join(f"Anna Weber has paragraph {number} of this text to herself." * 3 for number in range(9)))

    def replies(request: ChatRequest) -> str:
        return "no idea" if "paragraph 8" in request.messages[-1].content else about(request)

    def answers() -> int:
        with home.memories.store("notes").database.read() as connection:
            return connection.execute("SELECT count(*) FROM answers").fetchone()[0]

    home.player = FakePlayer(replies=replies)
    first = await home.add(extractor="tone-chat", concurrency=1)
    assert (first.failed, answers() > 0) == (1, True)
    kept = answers()
    home.player = FakePlayer(replies=about)
    again = await home.add(extractor="tone-chat", concurrency=1)
    assert (again.added, again.calls, answers()) == (1, 9 - kept, 9)
    home.write(b="Tom Baker is here.")
    stray = KeptAnswer(answer="of nothing", tokens_in=1, tokens_out=1)
    home.memories.store("notes").keep_answers([(b"k" * 20, b"t" * 16, "tone-chat", stray)])
    await home.add(extractor="tone-chat")
    assert answers() == 10  # of that and of nine paragraphs; what nothing is about goes once nothing has failed


async def test_when_one_passage_fails_the_others_are_not_waited_for(home: Home) -> None:
    home.write(
        a="\n\n".join(f"Anna Weber has paragraph {number} of this long text to herself." * 3 for number in range(9))
    )

    def replies(request: ChatRequest) -> str:
        if "paragraph 0" in request.messages[-1].content:
            raise GenerationFailed("nothing came")
        return about(request)

    home.player = FakePlayer(replies=replies)
    report = await home.add(extractor="tone-chat", concurrency=1)
    assert report.failed == 1
    assert home.player.host.playing == 0


async def test_a_document_that_fails_for_good_costs_nobody_a_turn(home: Home) -> None:
    home.write(**many(6))
    home.player = FakePlayer(faults=FaultSchedule({0: Fault(error=GenerationFailed("no vectors"))}))
    report = await home.add()
    assert report.added + report.failed == 6
    assert Looker("notes", home.memories.store("notes")).row().documents == report.added


async def test_passages_that_name_nobody_are_told(home: Home) -> None:
    home.write(a="it was cold again, and so we went home early.", b="Anna Weber was there.")
    home.player = FakePlayer(replies=about)
    report = await home.add(extractor="tone-chat")
    assert (report.added, report.failed, report.empty) == (2, 0, 1)
    assert (await home.add(extractor="tone-chat")).empty == 0


async def test_of_passages_that_seem_empty_the_document_is_looked_at_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    class Counted(rules.Casing):
        def __init__(self, text: str) -> None:
            looked.append(len(text))
            super().__init__(text)

    monkeypatch.setattr(rules, "Casing", Counted)
    home.write(
        a="\n\n".join(f"it was cold again on day {day}, and so we all went home early. " * 3 for day in range(9))
    )
    home.player = FakePlayer(replies=about)
    report = await home.add(extractor="tone-chat")
    assert (report.added, report.empty) == (1, 9)
    assert len(looked) == 1


async def test_lightrags_lines_are_another_recipe(home: Home) -> None:
    home.write(a="Anna Weber met Tom Baker in Leeds.")
    lines = (
        "entity<|#|>Anna Weber<|#|>person<|#|>x\nentity<|#|>Tom Baker<|#|>person<|#|>y\n"
        "relation<|#|>Anna Weber<|#|>Tom Baker<|#|>met<|#|>They met.\n<|COMPLETE|>"
    )
    home.player = FakePlayer(replies=lambda request: about(request) if request.schema else lines)
    await home.add(extractor="tone-chat", form="lightrag")
    assert [row[2] for row in home.content()["facts"]] == ["met"]
    assert home.plan(extractor="tone-chat", form="lightrag").to_do == ()
    assert (await home.add(extractor="tone-chat")).changed == 1
    assert home.content()["facts"] == []


async def test_all_is_in_the_file_and_nothing_replaced_is_left_once_an_adding_has_ended(home: Home) -> None:
    """A house stays open for days: what was added must not stand in the log alone, nor what was taken out in either."""
    home.write(a="Anna Weber met Tom Baker about the zqxwv.", b="Gerda Klein was not there.")
    await home.add()
    store = home.memories.store("notes")
    log = store.path.with_name(f"{store.path.name}-wal")
    assert log.stat().st_size == 0
    assert b"zqxwv" in store.path.read_bytes()
    home.write(a="Anna Weber met Tom Baker about the budget.")
    await home.add()
    assert b"zqxwv" not in store.path.read_bytes().lower() + log.read_bytes().lower()
    assert log.stat().st_size == 0


async def test_what_an_adding_that_was_given_up_left_is_gone_at_the_end_of_the_next(home: Home) -> None:
    home.write(a="Anna Weber met Tom Baker.")
    await home.add()
    store = home.memories.store("notes")
    said = KeptAnswer(answer="zqxanswer", tokens_in=1, tokens_out=1)
    store.keep_answers([(b"k" * 20, b"of nothing here", "tone-chat", said)])
    assert not (await home.add()).changed
    log = store.path.with_name(f"{store.path.name}-wal")
    assert b"zqxanswer" not in store.path.read_bytes() + log.read_bytes()


async def test_an_adding_succeeds_while_another_reads_and_the_next_empties_the_log(home: Home) -> None:
    home.write(a="Anna Weber met Tom Baker about the zqxwv.")
    await home.add()
    store = home.memories.store("notes")
    store.database._busy_timeout_s = 0.05
    store.close()
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM passages").fetchone()
    home.write(a="Anna Weber met Tom Baker about the budget.")
    assert (await home.add()).changed == 1
    assert b"zqxwv" in store.path.read_bytes()
    reader.close()
    await home.add()
    log = store.path.with_name(f"{store.path.name}-wal")
    assert b"zqxwv" not in store.path.read_bytes().lower() + log.read_bytes().lower()


async def test_a_second_folder_replaces_nothing_of_the_first(home: Home, tmp_path: Path) -> None:
    for folder, text in (("meetings", "Anna Weber lives in Leeds."), ("logs", "Tom Baker met Gerda Klein.")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "2026-03-01.txt").write_text(text)
    store = home.memories.store("notes", new=True)
    await home.add(sources=(tmp_path / "meetings",))
    report = await home.add(sources=(tmp_path / "logs",))
    assert (report.added, report.changed) == (1, 0)
    assert set(store.known()) == {"2026-03-01.txt", "logs/2026-03-01.txt"}
    titles = {entity.title for entity in Looker("notes", store).entities()}
    assert titles >= {"Anna Weber", "Tom Baker"}
    assert (await home.add(sources=(tmp_path / "logs", tmp_path / "meetings"))).same == 2
    store.forget(Looker("notes", store).documents_named(["logs/"]))
    assert [place.split("/")[-2:] for place in store.places()] == [["meetings", ""]]
    assert str(tmp_path / "logs").encode() not in store.path.read_bytes()


async def test_of_two_who_plan_at_once_the_second_takes_no_name_of_the_first(home: Home, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(f"Anna Weber was in folder {folder}.")
    plans = [home.plan(sources=(tmp_path / folder,)) for folder in ("one", "two")]
    store = home.memories.store("notes", new=True)
    for plan, works in zip(plans, (True, False), strict=True):
        adding = home.adder().add(store, plan, run=RUN, stop=Stop(), on_progress=lambda _: None)
        if works:
            assert (await adding).added == 1
        else:
            with pytest.raises(StoreError, match="meanwhile"):
                await adding
    assert set(store.known()) == {"a.txt"}


async def test_files_whose_names_are_no_utf_8_are_two_documents(home: Home) -> None:
    for name, text in ((b"caf\xe9.txt", "Anna Weber lives in Leeds."), (b"caf\xea.txt", "Tom Baker met Gerda Klein.")):
        with open(os.fsencode(home.files) + b"/" + name, "w", encoding="utf-8") as file:  # noqa: PTH123, ASYNC230
            file.write(text)
    assert (await home.add()).added == 2
    assert (await home.add()).same == 2
    assert set(home.memories.store("notes").known()) == {"caf\\udce9.txt", "caf\\udcea.txt"}


async def test_files_that_are_too_large_are_neither_read_nor_quoted(home: Home) -> None:
    home.write(small="Anna Weber was here.")
    with (home.files / "large.txt").open("wb") as file:
        file.truncate(ReadLimits().max_bytes + 1)
    plan = home.plan()
    assert ([item.name for item in plan.items], plan.characters) == (["small.txt"], 20)
    assert [(Path(each.path).name, "200 MB: split it" in each.reason) for each in plan.skipped] == [("large.txt", True)]
    assert (await home.add()).failed == 0
