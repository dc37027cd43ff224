"""Writes the results of a batch: one line for each line of its input, in that order, and the sounds in a folder beside.

All of it is read from the journal and the store of takes, so it can be written at any time and by any process; the file
appears whole or not at all. Sounds are hard links to the takes, or copies where the file system has none. Knows nothing
of playing.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from hausmusik.batch.asking import file_name
from hausmusik.batch.plan import BatchPlan, Entry
from hausmusik.batch.played import Played, played_of, told_of
from hausmusik.batch.values import BatchReport, LineProblem
from hausmusik.codec import Failure
from hausmusik.errors import NotFoundError, OutputError, StreamBroken, WorkerLost
from hausmusik.jobs.model import Step
from hausmusik.takes.store import Take, TakeStore
from hausmusik.temporary import temporary_file

SHOWN_PROBLEMS: Final = 10
BEGINNING_BYTES: Final = 1 << 13
"""Enough of a result to know it by, as `_Writer.line` writes it; the rest of a transcript may be very long."""

_RESULT: Final = re.compile(rb'\{"id":(?:null|"(?:[^"\\]|\\.)*"),"line":\d+,"status":"')
_KILLERS: Final = (WorkerLost.code, StreamBroken.code)


def takes_folder(out: Path) -> Path:
    """Return the folder of a batch's sounds: `results.takes` beside `results.jsonl`."""
    return out.with_name(f"{out.stem}.takes")


def prepare_place(out: Path) -> None:
    """Make the folder of the results, so that one that cannot be written is known before anything plays.

    Raises:
        OutputError: it cannot be made or written; there is something else than the results of a batch.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {out.parent} cannot be made: {error.strerror}", hint="choose another place with -o"
        ) from error
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise OutputError(f"{out} cannot be written", hint="choose another place with -o")
    if not out.exists():
        return
    if not out.is_file():
        raise OutputError(f"{out} is a device or a pipe", hint="name a file with -o")
    try:
        with out.open("rb") as file:
            begins = file.read(BEGINNING_BYTES)
    except OSError as error:
        raise OutputError(f"{out} cannot be read: {error.strerror}", hint="choose another place with -o") from error
    if begins and not _RESULT.match(begins):
        raise OutputError(
            f"{out} is no file of results, and is not written over", hint="remove it, or choose another place with -o"
        )


def write_results(plan: BatchPlan, step_of: Callable[[str], Step], takes: TakeStore) -> BatchReport:
    """Write what is known of every line, and return it in numbers.

    Args:
        plan: The batch.
        step_of: Returns the step of a content key as it stands now.
        takes: Where the sounds are.

    Raises:
        OutputError: the file, or a sound beside it, cannot be written.
        NotFoundError: a take is gone.
    """
    writer = _Writer(plan.options.out, step_of, takes)
    try:
        temporary, descriptor = temporary_file(plan.options.out)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for entry in plan.entries:
                    file.write(msgspec.json.encode(writer.line(entry)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
                temporary.replace(plan.options.out)  # while it is open, and so locked
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"{plan.options.out} cannot be written: {error.strerror or error}", hint="choose another place with -o"
        ) from error
    counts = writer.counts
    return BatchReport(
        out=plan.options.out,
        lines=len(plan.entries),
        done=counts["done"],
        failed=counts["failed"],
        skipped=counts["skipped"],
        problems=tuple(writer.problems),
    )


class _Writer:
    def __init__(self, out: Path, step_of: Callable[[str], Step], takes: TakeStore) -> None:
        self._folder = takes_folder(out)
        self._step_of = step_of
        self._takes = takes
        self._told: set[str] = set()
        self.counts = Counter[str]()
        self.problems: list[LineProblem] = []

    def line(self, entry: Entry) -> dict[str, Any]:
        """Return what stands in the results for one line."""
        status, told = self._status(entry)
        self.counts[status] += 1
        return {"id": entry.id, "line": entry.line, "status": status} | told

    def _status(self, entry: Entry) -> tuple[str, dict[str, Any]]:
        if entry.error is not None:
            return "failed", self._failure(entry, entry.error)
        step = self._step_of(entry.key)
        if step.state == "done":
            return "done", self._result(entry, played_of(step.result))
        if step.state == "failed" and step.error is not None:
            return "failed", self._failure(entry, _set_aside(step, step.error))
        return "skipped", {}

    def _failure(self, entry: Entry, error: Failure) -> dict[str, Any]:
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(LineProblem(line=entry.line, id=entry.id, error=error))
        return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}

    def _result(self, entry: Entry, played: Played) -> dict[str, Any]:
        """Return a result; lines that ask for the same thing share one play, and the first of them says its cost."""
        cost_usd = "0" if entry.key in self._told else format(Decimal(played.cost_usd), "f")
        self._told.add(entry.key)
        about = {"cost_usd": cost_usd, "seconds": round(played.seconds, 3)}
        if not played.take:
            return {"result": played.result} | about
        take = self._takes.use(played.take)
        if take is None:
            raise NotFoundError(f"the take of line {entry.line} is gone", hint="run it again")
        name = file_name(entry.id or entry.key)
        self._folder.mkdir(exist_ok=True)
        _place(take, self._folder / name)
        result = {"file": f"{self._folder.name}/{name}"} | told_of(take)
        return {"result": result, "take": played.take} | about


def _set_aside(step: Step, error: Failure) -> Failure:
    """Say of an item that has killed one worker after the other that it is at fault, not they."""
    if error.code not in _KILLERS:
        return error
    tries = step.failures
    return msgspec.structs.replace(
        error, message=f"{error.message}; set aside after {tries} tries", hint="--retry-failed tries it again"
    )


def _place(take: Take, target: Path) -> None:
    """Have the sound of a take under another name too; raises OSError."""
    source = take.audio_path
    with contextlib.suppress(FileNotFoundError):
        there, wanted = target.stat(), source.stat()
        if (there.st_size, there.st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns):
            return  # the same file, or a copy of it
    temporary, descriptor = temporary_file(target)
    try:
        temporary.unlink()
        try:
            temporary.hardlink_to(source)
        except OSError:  # another file system, or one without links
            shutil.copy2(source, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
