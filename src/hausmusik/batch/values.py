"""What a batch is asked for, what it tells while it plays, and what has become of it: values for every interface."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec

from hausmusik.codec import Failure


class BatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A batch.

    Args:
        source: The file of requests, JSON Lines.
        out: The file of results, JSON Lines; sounds go into a folder beside it.
        instrument: Catalogue id or router that plays all of them; the house also takes a task, for its default.
        concurrency: Most plays at once; 0: as many as the host takes.
        retry_failed: Play again what failed when this batch was played before.
    """

    source: Path
    out: Path
    instrument: str
    concurrency: int = 0
    retry_failed: bool = False


class BatchProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a batch is.

    Args:
        done: Items done, also by other processes and earlier.
        failed: Items that failed for good; lines that could not be read are not among them.
        running: Items that somebody is playing.
        total: Items in all, equal ones counted once.
        eta_s: Seconds until the rest is done; None where unknown.
        spent_usd: What the plays that were finished now have cost.
        expected_usd: What they will have cost at the end; None where unknown.
        waiting: What the host said when it last took nothing; empty once it has played again.
        fits: How many plays at once the budget holds, where the host would take more; None: it holds enough.
    """

    done: int
    failed: int
    running: int
    total: int
    eta_s: float | None = None
    spent_usd: Decimal = Decimal(0)
    expected_usd: Decimal | None = None
    waiting: str = ""
    fits: int | None = None


class LineProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A line without a result.

    Args:
        line: 1-based.
        id: Of the item; None where it could not be read.
        error: Why, and what to do.
    """

    line: int
    id: str | None
    error: Failure

    def __str__(self) -> str:
        hint = f" ({self.error.hint})" if self.error.hint else ""
        return f"line {self.line}: {self.error.message}{hint}"


class BatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of a batch; all counts are lines of its file.

    Args:
        out: The file of results.
        lines: Lines that are not empty.
        done: Lines with a result.
        failed: Lines that cannot be played, or whose play failed for good.
        skipped: Lines not played yet, because the batch was stopped.
        played: Plays that were finished now.
        spent_usd: What those have cost.
        problems: The first failures.
    """

    out: Path
    lines: int
    done: int
    failed: int
    skipped: int
    played: int = 0
    spent_usd: Decimal = Decimal(0)
    problems: tuple[LineProblem, ...] = ()
