"""Whole batches on a fake player, with the real journal and store of takes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from random import Random

import msgspec
import pytest

from hausmusik.audio.files import probe, write_audio
from hausmusik.batch import batcher
from hausmusik.errors import (
    BudgetError,
    Cancelled,
    GenerationFailed,
    HostUnavailable,
    NotFoundError,
    OutputError,
    UsageError,
    WorkerLost,
)
from hausmusik.jobs import Limit, Retry, Stop
from hausmusik.testing import FakePlayer, Fault, FaultSchedule, sine
from hausmusik.types import Run
from tests.unit.batch.conftest import Bench

HELLO = {"text": "Hello."}


async def test_every_line_has_its_result_in_the_order_of_the_lines(bench: Bench) -> None:
    bench.write({"text": "One."}, {"id": "two/2", "text": "One two, three four."}, {"text": "Three."})
    report = await bench.play()
    assert (report.lines, report.done, report.failed, report.skipped, report.played) == (3, 3, 0, 0, 3)
    results = bench.results()
    assert [(each["line"], each["status"]) for each in results] == [(1, "done"), (2, "done"), (3, "done")]
    assert results[1]["id"] == "two/2"
    assert results[1]["result"]["file"] == "out.takes/two%2F2.wav"
    assert [word["text"] for word in results[1]["result"]["words"]] == ["One", "two", "three", "four"]
    for each in results:
        file = bench.folder / each["result"]["file"]
        assert probe(file).duration_s == pytest.approx(each["result"]["duration_s"], abs=0.001)
        assert file.samefile(bench.takes.place(each["take"]) / "audio.wav")
    assert len(list((bench.folder / "out.takes").iterdir())) == 3
    assert bench.progress[-1].done == bench.progress[-1].total == 3
    assert {each.total for each in bench.progress} == {3}


async def test_long_items_begin_first(bench: Bench) -> None:
    bench.write({"text": "Short."}, {"text": "This is the longest line of all."}, {"text": "In the middle."})
    await bench.play(msgspec.structs.replace(bench.options, concurrency=1))
    played = [getattr(each.request, "text", "") for each in bench.player.plays]
    assert played == ["This is the longest line of all.", "In the middle.", "Short."]


async def test_lines_that_cannot_be_played_are_told_and_nothing_else_is_lost(bench: Bench) -> None:
    bench.write("{bad", {"id": "a", "text": "One."}, {"text": "x", "speed": 9}, "", {"id": "a", "text": "Two."}, "[1]")
    report = await bench.play()
    assert (report.lines, report.done, report.failed) == (5, 1, 4)
    told = {each["line"]: each.get("error", {}).get("code") for each in bench.results()}
    assert told == {1: "bad_input", 2: None, 3: "usage", 5: "bad_input", 6: "bad_input"}
    assert [problem.line for problem in report.problems] == [1, 3, 5, 6]
    assert "stands for something else" in str(report.problems[2])
    assert bench.results()[0]["id"] is None


async def test_equal_lines_are_played_once_and_cost_once(bench: Bench) -> None:
    bench.write(HELLO, {"id": "x", **HELLO}, {"id": "x", **HELLO}, HELLO)
    report = await bench.play()
    assert (report.done, report.played, len(bench.player.plays)) == (4, 1, 1)
    first, second, third, fourth = bench.results()
    assert (first["id"], second["id"]) == (fourth["id"], third["id"])
    assert first["take"] == second["take"]
    assert bench.progress[-1].total == 1


async def test_an_empty_file_gives_an_empty_one(bench: Bench) -> None:
    bench.options.source.write_bytes(b"\xef\xbb\xbf\r\n")
    assert (await bench.play()).lines == 0
    assert bench.options.out.read_bytes() == b""


async def test_nothing_is_played_twice_by_this_batch_another_or_a_changed_one(bench: Bench) -> None:
    bench.write(HELLO)
    await bench.play()
    bench.options.out.unlink()
    assert (await bench.play()).played == 0
    assert bench.results()[0]["status"] == "done"
    other = msgspec.structs.replace(bench.options, out=bench.folder / "other.jsonl")
    assert (await bench.play(other)).played == 0
    bench.write({"text": "New."}, HELLO)
    assert (await bench.play()).played == 1
    assert [getattr(each.request, "text", "") for each in bench.player.plays] == ["Hello.", "New."]


async def test_other_weights_are_another_result(bench: Bench) -> None:
    bench.write(HELLO)
    await bench.play()
    bench.player.revisions["tone-speak"] = "2"
    assert (await bench.play()).played == 1


async def test_a_task_stands_for_its_default(bench: Bench) -> None:
    bench.write(HELLO)
    await bench.play(msgspec.structs.replace(bench.options, instrument="speak"))
    assert [each.instrument for each in bench.player.plays] == ["tone-speak"]


async def test_recordings_are_heard_once_by_their_bytes(bench: Bench) -> None:
    for name, pitch in (("a.wav", 440), ("b.wav", 660)):
        write_audio(bench.folder / name, sine(pitch, 0.5, rate_hz=16_000))
    (bench.folder / "copy.wav").write_bytes((bench.folder / "a.wav").read_bytes())
    (bench.folder / "text.wav").write_text("no sound")
    bench.write(*({"audio": name} for name in ("a.wav", "b.wav", "copy.wav", "gone.wav", "../a.wav", "text.wav")))
    heard = msgspec.structs.replace(bench.options, instrument="tone-transcribe")
    report = await bench.play(heard)
    assert (report.done, report.failed, report.played) == (3, 3, 2)
    results = bench.results()
    assert results[0]["result"] == results[2]["result"]
    assert results[0]["result"]["text"] == "la"
    assert results[0]["result"]["words"][0] == {"text": "la", "start_s": 0.0, "end_s": 0.5, "confidence": 1.0}
    assert "take" not in results[0]
    assert [each.get("error", {}).get("code") for each in results[3:]] == ["not_found", "usage", "bad_input"]
    again = msgspec.structs.replace(heard, out=bench.folder / "again.jsonl")
    assert (await bench.play(again)).played == 0
    judged = msgspec.structs.replace(heard, instrument="tone-judge")
    assert (await bench.play(judged)).played == 2
    assert len(bench.results()[0]["result"]["vector"]) == 64


async def test_a_recording_changed_meanwhile_is_not_played_as_what_it_was(bench: Bench) -> None:
    write_audio(bench.folder / "a.wav", sine(440, 0.5, rate_hz=16_000))
    bench.write({"audio": "a.wav"})
    made = bench.batcher
    options = msgspec.structs.replace(bench.options, instrument="tone-judge")
    plan = made.plan(options, run=Run(id="r"), on_line=lambda _line: None)
    write_audio(bench.folder / "a.wav", sine(660, 0.5, rate_hz=16_000))
    report = await made.play(plan, stop=bench.stop, on_progress=bench.tell)
    assert (report.failed, bench.player.plays) == (1, [])
    assert "no longer what it was" in str(report.problems[0])


async def test_what_failed_stays_so_until_it_is_asked_for_again(bench: Bench) -> None:
    bench.player = FakePlayer(faults=FaultSchedule({0: Fault(GenerationFailed("nothing came", hint="another seed"))}))
    bench.write({"text": "One."}, {"text": "Two."})
    once = msgspec.structs.replace(bench.options, concurrency=1)
    report = await bench.play(once)
    assert (report.done, report.failed, report.played) == (1, 1, 1)
    error = next(each["error"] for each in bench.results() if each["status"] == "failed")
    assert error == {"code": "generation_failed", "message": "nothing came", "hint": "another seed"}
    report = await bench.play(once)
    assert (report.done, report.failed, report.played) == (1, 1, 0)
    report = await bench.play(msgspec.structs.replace(once, retry_failed=True))
    assert (report.done, report.failed, report.played) == (2, 0, 1)
    assert len(bench.player.plays) == 3


async def test_an_item_that_kills_its_worker_is_set_aside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batcher, "TRIES", Retry(limit=3, base_s=0.001))
    bench.player = FakePlayer(
        faults=FaultSchedule({0: Fault(), **{n: Fault(WorkerLost("it died")) for n in (1, 2, 3)}})
    )
    bench.write({"text": "This one is good."}, {"text": "Bad."})
    report = await bench.play(msgspec.structs.replace(bench.options, concurrency=1))
    assert (report.done, report.failed, len(bench.player.plays)) == (1, 1, 4)
    assert str(report.problems[0]) == "line 2: it died; set aside after 3 tries (--retry-failed tries it again)"


async def test_a_host_without_room_is_waited_for_and_no_item_fails_of_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        batcher, "Limit", lambda most, clock: Limit(most, clock=clock, wait=Retry(base_s=0.01), random=Random(1))
    )
    bench.player = FakePlayer(faults=FaultSchedule({n: Fault(HostUnavailable("full")) for n in range(8)}))
    bench.write(*({"text": f"Line {number}."} for number in range(5)))
    report = await bench.play()
    assert (report.done, report.failed) == (5, 0)
    assert len(bench.player.plays) == 13
    waits = [each.waiting for each in bench.progress]
    assert (waits[0], waits[-1], set(waits)) == ("", "", {"", "full"})


async def test_a_budget_stops_it_and_the_same_command_goes_on(bench: Bench) -> None:
    bench.player = FakePlayer(faults=FaultSchedule({1: Fault(BudgetError("too dear", hint="raise it"))}))
    bench.write(*({"text": f"Line {number}."} for number in "abc"))
    with pytest.raises(BudgetError, match="too dear") as caught:
        await bench.play(msgspec.structs.replace(bench.options, concurrency=1))
    assert caught.value.hint == "raise it; the same command goes on"
    assert sorted(each["status"] for each in bench.results()) == ["done", "skipped", "skipped"]
    report = await bench.play()
    assert (report.done, report.played) == (3, 2)


async def test_draining_keeps_what_is_being_played_and_the_rest_for_later(bench: Bench) -> None:
    bench.player = FakePlayer(faults=FaultSchedule(otherwise=Fault(delay_s=0.01)))
    bench.write(*({"text": f"Line {number}."} for number in range(8)))
    bench.tell = lambda progress: bench.stop.drain() if progress.running else None
    with pytest.raises(Cancelled, match="are done and kept"):
        await bench.play(msgspec.structs.replace(bench.options, concurrency=2))
    done = [each for each in bench.results() if each["status"] == "done"]
    assert len(done) == 2
    bench.stop, bench.tell = Stop(), bench.progress.append
    report = await bench.play()
    assert (report.done, report.played, len(bench.player.plays)) == (8, 6, 8)


async def test_given_up_and_asked_for_again(bench: Bench) -> None:
    bench.player = FakePlayer(faults=FaultSchedule({0: Fault(BudgetError("no"))}))
    bench.write(HELLO)
    with pytest.raises(BudgetError):
        await bench.play()
    (job,) = bench.journal.jobs(state="open")
    bench.journal.cancel(job.id)
    assert (await bench.play()).played == 1
    assert bench.journal.job(job.id).state == "done"


async def test_a_new_input_for_the_same_results_takes_the_place_of_the_old(bench: Bench) -> None:
    bench.player = FakePlayer(faults=FaultSchedule({0: Fault(BudgetError("no"))}))
    bench.write(HELLO)
    with pytest.raises(BudgetError):
        await bench.play()
    bench.write({"text": "Other."})
    await bench.play()
    assert sorted(job.state for job in bench.journal.jobs()) == ["cancelled", "done"]
    assert [getattr(each.request, "text", "") for each in bench.player.plays] == ["Hello.", "Other."]


async def test_a_take_that_was_removed_is_made_again(bench: Bench) -> None:
    bench.write(HELLO)
    await bench.play()
    for path in bench.takes.place(bench.results()[0]["take"]).iterdir():
        path.unlink()
    assert (await bench.play()).played == 1


async def test_two_processes_on_one_batch_share_the_work(bench: Bench) -> None:
    bench.player = FakePlayer(faults=FaultSchedule(otherwise=Fault(delay_s=0.002)))
    bench.write(*({"text": f"Line {number}."} for number in range(12)))
    other = Bench(bench.folder)
    other.player = bench.player
    one, two = await asyncio.gather(bench.play(), other.play())
    other.journal.close()
    assert (one.done, two.done, one.played + two.played) == (12, 12, 12)
    assert len(bench.player.plays) == 12
    assert len(bench.results()) == 12


async def test_where_nothing_can_be_written_nothing_is_played(bench: Bench) -> None:
    bench.write(HELLO)
    (bench.folder / "file").write_text("")
    for out in (bench.folder / "file" / "x.jsonl", bench.folder):
        with pytest.raises(OutputError):
            await bench.play(msgspec.structs.replace(bench.options, out=out))
    with pytest.raises(UsageError, match="over the requests"):
        await bench.play(msgspec.structs.replace(bench.options, out=bench.options.source))
    with pytest.raises(NotFoundError):
        await bench.play(msgspec.structs.replace(bench.options, source=bench.folder / "none"))
    with pytest.raises(UsageError, match="is a folder"):
        await bench.play(msgspec.structs.replace(bench.options, source=bench.folder))
    assert bench.player.plays == []
    assert json.loads(bench.options.source.read_text()) == HELLO


async def test_copies_where_there_are_no_links(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    bench.write(HELLO)
    await bench.play()
    (file,) = (bench.folder / "out.takes").iterdir()
    made = file.stat()
    assert made.st_nlink == 1
    await bench.play()
    assert file.stat().st_ino == made.st_ino, "a copy that is there is not made again"
