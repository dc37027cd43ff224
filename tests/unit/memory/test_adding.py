"""Adding: once and for all, in order, whatever fails or waits."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from hausmusik.codec import failure_of
from hausmusik.errors import BadInput, Cancelled, ConfigError, HostUnavailable, StoreError
from hausmusik.jobs.stop import Stop
from hausmusik.memory.adding import writing
from hausmusik.memory.looking import Looker
from hausmusik.memory.reading import ReadLimits
from hausmusik.memory.store.answers import KeptAnswer
from hausmusik.memory.values import AddProgress, FileProblem
from hausmusik.testing import FakePlayer, Fault, FaultSchedule
from tests.unit.memory.shelf import RUN, Shelf, many


async def test_added_once_and_never_again(shelf: Shelf) -> None:
    shelf.write(**many())
    first = await shelf.add()
    assert (first.added, first.changed, first.same, first.failed) == (12, 0, 0, 0)
    before, plays = shelf.content(), len(shelf.player.plays)
    again = await shelf.add()
    assert (again.added, again.same) == (0, 12)
    assert (shelf.content(), len(shelf.player.plays)) == (before, plays)


async def test_the_same_file_goes_into_every_memory_and_back_after_it_was_forgotten(shelf: Shelf) -> None:
    shelf.write(**many(3))
    await shelf.add("one")
    await shelf.add("two")
    assert shelf.content("one") == shelf.content("two")
    shelf.memories.store("one").forget(["d01.txt"])
    assert (await shelf.add("one")).added == 1
    assert set(shelf.memories.store("one").known()) == {"d00.txt", "d01.txt", "d02.txt"}


async def test_of_a_changed_file_only_what_changed_is_embedded(shelf: Shelf) -> None:
    shelf.write(
        a="\n\n".join(f"Paragraph {number} tells of Anna Weber and of many other things." * 3 for number in range(6))
    )
    await shelf.add()
    before = len(shelf.player.plays)
    shelf.write(
        a="\n\n".join(f"Paragraph {number} tells of Anna Weber and of many other things." * 3 for number in range(7))
    )
    report = await shelf.add()
    assert report.changed == 1
    embedded = [text for played in shelf.player.plays[before:] for text in played.request.texts]  # type: ignore[union-attr]
    assert embedded
    assert all("Paragraph 6" in text or "Paragraph 5" in text for text in embedded)
    shelf.content()


async def test_a_passage_that_a_file_now_has_twice_has_vectors_twice(shelf: Shelf) -> None:
    text = "The same words again and again, about Anna Weber in Leeds. " * 4
    shelf.write(a=text)
    await shelf.add(budget_tokens=50)
    shelf.write(a=f"{text}\n\n{text}\n\n{text}")
    await shelf.add(budget_tokens=50)
    shelf.content()


async def test_many_at_once_are_as_one_after_the_other(shelf: Shelf, tmp_path: Path) -> None:
    shelf.write(**many())
    await shelf.add("fast")
    await shelf.add("slow", concurrency=1)
    assert shelf.content("fast") == shelf.content("slow")


@pytest.mark.parametrize("after", [1, 4, 7])
async def test_stopped_and_gone_on_with_it_is_the_same(shelf: Shelf, after: int) -> None:
    shelf.write(**many(40))  # more than are in work at once, which are finished
    stop = Stop()

    def tell(progress: AddProgress) -> None:
        if progress.done >= after:
            stop.drain()

    with pytest.raises(Cancelled):
        await shelf.add("cut", stop=stop, tell=tell)
    assert 0 < len(shelf.memories.store("cut").known()) < 40
    await shelf.add("cut")
    await shelf.add("whole")
    assert shelf.content("cut") == shelf.content("whole")
    assert [job.label for job in shelf.journal.jobs(state="open")] == []


async def test_what_cannot_be_read_is_told_and_the_others_are_added(shelf: Shelf) -> None:
    shelf.write(**many(3))
    (shelf.files / "d01.pdf").write_bytes(b"%PDF-1.4 broken")
    report = await shelf.add()
    assert (report.added, report.failed) == (3, 1)
    assert [problem.name for problem in report.problems] == ["d01.pdf"]
    assert (await shelf.add()).failed == 1


async def test_two_do_not_add_at_once(shelf: Shelf) -> None:
    shelf.write(**many(1))
    with writing(shelf.memories.store("notes", new=True)), pytest.raises(StoreError, match="another process is adding"):
        await shelf.add()
    assert (await shelf.add()).added == 1


async def test_memories_are_for_their_owner_alone(shelf: Shelf) -> None:
    shelf.write(**many(1))
    before = os.umask(0o022)
    try:
        await shelf.add()
    finally:
        os.umask(before)
    assert stat.S_IMODE(shelf.memories.store("notes").path.parent.stat().st_mode) == 0o700


async def test_another_embedder_is_refused_before_anything_is_embedded(shelf: Shelf) -> None:
    shelf.write(**many(2))
    await shelf.add()
    plays = len(shelf.player.plays)
    shelf.player.revisions["tone-embed"] = "2"
    with pytest.raises(ConfigError, match="cannot be compared"):
        shelf.plan()
    assert len(shelf.player.plays) == plays


@pytest.mark.parametrize("refused", [{0}, {2}, {0, 1, 2, 3}])
async def test_a_host_that_has_no_room_delays_and_changes_nothing(shelf: Shelf, refused: set[int]) -> None:
    """The first document waits for the host while those behind it wait for the first: nobody waits for ever."""
    shelf.write(**many(8))
    await shelf.add("plain")
    full = Fault(error=HostUnavailable("no room"))
    shelf.player = FakePlayer(faults=FaultSchedule(dict.fromkeys(refused, full)))
    waited: list[str] = []
    async with asyncio.timeout(30):
        report = await shelf.add("full", tell=lambda progress: waited.append(progress.waiting))
    assert (report.added, report.failed) == (8, 0)
    assert "no room" in waited
    assert shelf.content("full") == shelf.content("plain")
    texts = [played.request.texts for played in shelf.player.plays]  # type: ignore[union-attr]
    assert len(texts) == len(set(texts)) + len(refused)  # what was embedded is not embedded again


async def test_the_report_says_what_the_run_has_cost(shelf: Shelf) -> None:
    shelf.write(**many(1))
    assert (await shelf.add()).spent_usd == Decimal("0.25")


@pytest.mark.parametrize(
    ("message", "told"),
    [("x.pdf is empty", "x.pdf is empty (why)"), ("it is broken", "x.pdf: it is broken (why)"),
     ("x.pdf: broken", "x.pdf: broken (why)")],
)  # fmt: skip
def test_a_problem_names_its_file_once(message: str, told: str) -> None:
    assert str(FileProblem(name="x.pdf", error=failure_of(BadInput(message, hint="why")))) == told


async def test_all_is_in_the_file_and_nothing_replaced_is_left_once_an_adding_has_ended(shelf: Shelf) -> None:
    """A house stays open for days: what was added must not stand in the log alone, nor what was taken out in either."""
    shelf.write(a="Anna Weber met Tom Baker about the zqxwv.", b="Gerda Klein was not there.")
    await shelf.add()
    store = shelf.memories.store("notes")
    log = store.path.with_name(f"{store.path.name}-wal")
    assert log.stat().st_size == 0
    assert b"zqxwv" in store.path.read_bytes()
    shelf.write(a="Anna Weber met Tom Baker about the budget.")
    await shelf.add()
    assert b"zqxwv" not in store.path.read_bytes().lower() + log.read_bytes().lower()
    assert log.stat().st_size == 0


async def test_what_an_adding_that_was_given_up_left_is_gone_at_the_end_of_the_next(shelf: Shelf) -> None:
    shelf.write(a="Anna Weber met Tom Baker.")
    await shelf.add()
    store = shelf.memories.store("notes")
    said = KeptAnswer(answer="zqxanswer", tokens_in=1, tokens_out=1)
    store.keep_answers([(b"k" * 20, b"of nothing here", "tone-chat", said)])
    assert not (await shelf.add()).changed
    log = store.path.with_name(f"{store.path.name}-wal")
    assert b"zqxanswer" not in store.path.read_bytes() + log.read_bytes()


async def test_an_adding_succeeds_while_another_reads_and_the_next_empties_the_log(shelf: Shelf) -> None:
    shelf.write(a="Anna Weber met Tom Baker about the zqxwv.")
    await shelf.add()
    store = shelf.memories.store("notes")
    store.database._busy_timeout_s = 0.05
    store.close()
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM passages").fetchone()
    shelf.write(a="Anna Weber met Tom Baker about the budget.")
    assert (await shelf.add()).changed == 1
    assert b"zqxwv" in store.path.read_bytes()
    reader.close()
    await shelf.add()
    log = store.path.with_name(f"{store.path.name}-wal")
    assert b"zqxwv" not in store.path.read_bytes().lower() + log.read_bytes().lower()


async def test_a_second_folder_replaces_nothing_of_the_first(shelf: Shelf, tmp_path: Path) -> None:
    for folder, text in (("meetings", "Anna Weber lives in Leeds."), ("logs", "Tom Baker met Gerda Klein.")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "2026-03-01.txt").write_text(text)
    store = shelf.memories.store("notes", new=True)
    await shelf.add(sources=(tmp_path / "meetings",))
    report = await shelf.add(sources=(tmp_path / "logs",))
    assert (report.added, report.changed) == (1, 0)
    assert set(store.known()) == {"2026-03-01.txt", "logs/2026-03-01.txt"}
    titles = {entity.title for entity in Looker("notes", store).entities()}
    assert titles >= {"Anna Weber", "Tom Baker"}
    assert (await shelf.add(sources=(tmp_path / "logs", tmp_path / "meetings"))).same == 2
    store.forget(Looker("notes", store).documents_named(["logs/"]))
    assert [place.split("/")[-2:] for place in store.places()] == [["meetings", ""]]
    assert str(tmp_path / "logs").encode() not in store.path.read_bytes()


async def test_of_two_who_plan_at_once_the_second_takes_no_name_of_the_first(shelf: Shelf, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(f"Anna Weber was in folder {folder}.")
    plans = [shelf.plan(sources=(tmp_path / folder,)) for folder in ("one", "two")]
    store = shelf.memories.store("notes", new=True)
    for plan, works in zip(plans, (True, False), strict=True):
        adding = shelf.adder().add(store, plan, run=RUN, stop=Stop(), on_progress=lambda _: None)
        if works:
            assert (await adding).added == 1
        else:
            with pytest.raises(StoreError, match="meanwhile"):
                await adding
    assert set(store.known()) == {"a.txt"}


async def test_files_whose_names_are_no_utf_8_are_two_documents(shelf: Shelf) -> None:
    for name, text in ((b"caf\xe9.txt", "Anna Weber lives in Leeds."), (b"caf\xea.txt", "Tom Baker met Gerda Klein.")):
        with open(os.fsencode(shelf.files) + b"/" + name, "w", encoding="utf-8") as file:  # noqa: PTH123, ASYNC230
            file.write(text)
    assert (await shelf.add()).added == 2
    assert (await shelf.add()).same == 2
    assert set(shelf.memories.store("notes").known()) == {"caf\\udce9.txt", "caf\\udcea.txt"}


async def test_files_that_are_too_large_are_neither_read_nor_quoted(shelf: Shelf) -> None:
    shelf.write(small="Anna Weber was here.")
    with (shelf.files / "large.txt").open("wb") as file:
        file.truncate(ReadLimits().max_bytes + 1)
    plan = shelf.plan()
    assert ([item.name for item in plan.items], plan.characters) == (["small.txt"], 20)
    assert [(Path(each.path).name, "200 MB: split it" in each.reason) for each in plan.skipped] == [("large.txt", True)]
    assert (await shelf.add()).failed == 0


async def test_an_empty_file_of_a_folder_is_left_out_and_one_that_was_named_is_told(shelf: Shelf) -> None:
    shelf.write(a="Anna Weber met Tom Baker.", quiet="")
    plan = shelf.plan()
    assert [item.name for item in plan.to_do] == ["a.txt"]
    assert [each.reason for each in plan.skipped] == ["it is empty"]
    assert (await shelf.add()).failed == 0
    assert (await shelf.add(sources=(shelf.files / "quiet.txt",))).failed == 1
    shelf.write(a="")
    assert (await shelf.add()).failed == 1  # it had something, which stays
    assert shelf.content()["passages"]
