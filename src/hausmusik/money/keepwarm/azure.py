"""Reads the CSV files of three public traces of Azure: Functions 2019, Functions 2021 and LLM inference 2023.

Schemas and licences (CC-BY) are in https://github.com/Azure/AzurePublicDataset. Strict: a line that does not fit its
schema is an error that names it. Knows nothing of what the traces are for.

The papers to cite: Shahrad et al., Serverless in the Wild (ATC 2020); Zhang et al., Faster and Cheaper Serverless
Computing on Harvested Resources (SOSP 2021); Patel et al., Splitwise (ISCA 2024).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from hausmusik.errors import NotFoundError, UsageError
from hausmusik.money.keepwarm.arrivals import Trace

MINUTES: Final = tuple(str(minute) for minute in range(1, 1441))
COUNTS: Final = ("HashOwner", "HashApp", "HashFunction", "Trigger", *MINUTES)
PERCENTILES: Final = tuple(f"percentile_Average_{percent}" for percent in (0, 1, 25, 50, 75, 99, 100))
DURATIONS: Final = ("HashOwner", "HashApp", "HashFunction", "Average", "Count", "Minimum", "Maximum", *PERCENTILES)
INVOCATIONS: Final = ("app", "func", "end_timestamp", "duration")
TOKENS: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
MOST: Final = 10_000_000
"""Calls in a minute, or tokens of a call: beyond that the file is damaged, and would fill the memory."""


def functions_2019(
    counts: Path, *, seed: int, durations: Path | None = None, busy_s: float | None = None
) -> Iterator[Trace]:
    """Yield one trace per function of one day's file (`invocations_per_function_md.anon.dNN.csv`).

    The file has counts per minute only. The arrivals of a minute are put at times drawn evenly from it, which is how
    those of a Poisson process lie when their number is known: nothing burstier within a minute than chance.

    Args:
        counts: The file of counts.
        seed: Of those times.
        durations: `function_durations_percentiles.anon.dNN.csv` of that day: each call takes its function's average.
        busy_s: What a call takes where `durations` does not know its function.

    Raises:
        NotFoundError: no such file.
        UsageError: a line that does not fit, or neither says how long a function takes.
    """
    averages_s = _averages_s(durations) if durations else {}
    rng = np.random.default_rng(seed)
    for place, row in _rows(counts, COUNTS):
        function = row[0], row[1], row[2]
        each_s = averages_s.get(function, busy_s)
        if each_s is None:
            raise UsageError(f"{place}: how long function {row[2]} takes is not known", hint="give busy_s")
        per_minute = [_count(cell, place, minute) for cell, minute in zip(row[4:], MINUTES, strict=True)]
        minutes = np.repeat(np.arange(1440.0), per_minute)
        starts_s = np.sort(60.0 * (minutes + rng.random(len(minutes))))
        yield Trace(name=row[2], starts_s=starts_s, busy_s=np.full(len(starts_s), each_s))


def functions_2021(path: Path) -> tuple[Trace, ...]:
    """Return one trace per function of the two weeks' file, in the order in which they are first seen.

    Raises:
        NotFoundError: no such file.
        UsageError: a line that does not fit.
    """
    calls: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for place, row in _rows(path, INVOCATIONS):
        end_s, busy_s = _number(row[2], place, "end_timestamp"), _number(row[3], place, "duration")
        calls.setdefault((row[0], row[1]), []).append((end_s - busy_s, busy_s))
    return tuple(_by_time(f"{app}/{function}", each) for (app, function), each in calls.items())


def llm_2023(path: Path, *, tokens_in_per_s: float, tokens_out_per_s: float) -> Trace:
    """Return the calls of one service; how long each takes follows from its tokens.

    Args:
        path: `AzureLLMInferenceTrace_code.csv` or `..._conv.csv`.
        tokens_in_per_s: How fast the prompt is read, above 0.
        tokens_out_per_s: How fast the answer is written, above 0.

    Raises:
        NotFoundError: no such file.
        UsageError: a line that does not fit.
    """
    calls: list[tuple[float, float]] = []
    began: datetime | None = None
    for place, row in _rows(path, TOKENS):
        at = _time(row[0], place)
        began = began or at
        read, written = (_count(cell, place, name) for cell, name in zip(row[1:], TOKENS[1:], strict=True))
        calls.append(((at - began).total_seconds(), read / tokens_in_per_s + written / tokens_out_per_s))
    return _by_time(path.stem, calls)


def _averages_s(path: Path) -> dict[tuple[str, str, str], float]:
    return {
        (row[0], row[1], row[2]): _number(row[3], place, "Average") / 1000.0 for place, row in _rows(path, DURATIONS)
    }


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield `file:line` and the cells of each line after that of names."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            names = next(reader, list[str]())
            if names != list(columns):
                raise UsageError(f"{path.name}:1: the columns are not {_shown(columns)}, but {_shown(names)}")
            for row in reader:
                place = f"{path.name}:{reader.line_num}"
                if len(row) != len(columns):
                    raise UsageError(f"{place}: {len(row)} columns instead of {len(columns)}")
                yield place, row
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path.name} cannot be read as CSV: {error}") from error


def _shown(names: Sequence[str]) -> str:
    listed = ", ".join(name[:40] for name in names[:8])
    return f"{listed} ... ({len(names)} in all)" if len(names) > 8 else listed or "nothing"


def _number(cell: str, place: str, name: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:  # false for nan too
        raise UsageError(f"{place}: {name} is {cell[:40]!r}, not a number from 0")
    return value


def _count(cell: str, place: str, name: str) -> int:
    value = _number(cell, place, name)
    if value != int(value) or value > MOST:
        raise UsageError(f"{place}: {name} is {cell[:40]!r}, not a whole number up to {MOST:,}")
    return int(value)


def _time(cell: str, place: str) -> datetime:
    try:
        return datetime.fromisoformat(cell).replace(tzinfo=None)
    except ValueError as error:
        raise UsageError(f"{place}: TIMESTAMP is {cell[:40]!r}, not a time such as 2023-11-16 18:17:03.97") from error


def _by_time(name: str, calls: list[tuple[float, float]]) -> Trace:
    ordered = np.array(sorted(calls), dtype=np.float64).reshape(-1, 2)
    return Trace(name=name, starts_s=ordered[:, 0].copy(), busy_s=ordered[:, 1].copy())
