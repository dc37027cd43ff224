"""The files here are made up by us, in the schemas of the traces; no line of Azure's is in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import HausmusikError, NotFoundError, UsageError
from hausmusik.money.keepwarm.azure import COUNTS, DURATIONS, functions_2019, functions_2021, llm_2023

TOKENS = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
CALLS = "app,func,end_timestamp,duration\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def counts(path: Path, *functions: tuple[str, dict[int, str]]) -> Path:
    lines = [",".join(COUNTS)]
    for name, minutes in functions:
        cells = [minutes.get(minute, "0") for minute in range(1, 1441)]
        lines.append(",".join(["owner", "app", name, "http", *cells]))
    return write(path, "\n".join(lines) + "\n")


def durations(path: Path, **averages_ms: str) -> Path:
    lines = [",".join(DURATIONS)]
    lines += [f"owner,app,{name},{average},3,1,9" + ",1" * 7 for name, average in averages_ms.items()]
    return write(path, "\n".join(lines) + "\n")


def test_counts_become_arrivals_within_their_minutes(tmp_path: Path) -> None:
    file = counts(tmp_path / "d01.csv", ("often", {1: "3", 1440: "2"}), ("never", {}))
    often, never = functions_2019(file, seed=1, busy_s=2.0)
    assert (often.name, len(often), len(never)) == ("often", 5, 0)
    assert [int(start_s // 60) for start_s in often.starts_s] == [0, 0, 0, 1439, 1439]
    assert len(set(often.starts_s % 60)) == 5
    assert often.busy_s.tolist() == [2.0] * 5
    again, _ = functions_2019(file, seed=1, busy_s=2.0)
    assert (again.starts_s == often.starts_s).all()


def test_durations_are_milliseconds_and_come_first(tmp_path: Path) -> None:
    file = counts(tmp_path / "d01.csv", ("known", {5: "1"}), ("other", {5: "1"}))
    each = functions_2019(file, seed=1, durations=durations(tmp_path / "dur.csv", known="1500"), busy_s=9.0)
    assert [trace.busy_s.tolist() for trace in each] == [[1.5], [9.0]]


def test_a_function_of_unknown_duration_is_an_error(tmp_path: Path) -> None:
    file = counts(tmp_path / "d01.csv", ("other", {5: "1"}))
    with pytest.raises(UsageError, match=r"d01\.csv:2: how long function other takes is not known"):
        list(functions_2019(file, seed=1, durations=durations(tmp_path / "dur.csv", known="1")))


@pytest.mark.parametrize("cell", ["-1", "1.5", "x", "", "nan", "1e12"])
def test_a_count_that_is_none_is_named_with_line_and_minute(tmp_path: Path, cell: str) -> None:
    file = counts(tmp_path / "d01.csv", ("good", {}), ("bad", {7: cell}))
    with pytest.raises(UsageError, match=r"d01\.csv:3: 7 is"):
        list(functions_2019(file, seed=1, busy_s=1.0))


def test_invocations_start_before_they_end_and_are_sorted_per_function(tmp_path: Path) -> None:
    file = write(tmp_path / "2021.csv", CALLS + "a,f,50.5,0.5\na,g,51,1\na,f,20,3\n")
    first, second = functions_2021(file)
    assert (first.name, first.starts_s.tolist(), first.busy_s.tolist()) == ("a/f", [17.0, 50.0], [3.0, 0.5])
    assert (second.name, second.starts_s.tolist()) == ("a/g", [50.0])


def test_tokens_become_busy_seconds(tmp_path: Path) -> None:
    lines = "2023-11-16 18:17:03.9799600,400,30\n2023-11-16 18:17:04.9799600,0,60\n"
    trace = llm_2023(write(tmp_path / "llm.csv", TOKENS + lines), tokens_in_per_s=200, tokens_out_per_s=30)
    assert (trace.starts_s.tolist(), trace.busy_s.tolist()) == ([0.0, 1.0], [3.0, 2.0])
    assert not trace.closed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"llm\.csv:1: the columns are not TIMESTAMP, ContextTokens, GeneratedTokens, but nothing"),
        ("a,b\n", r"llm\.csv:1: the columns are not .* but a, b"),
        (TOKENS + "2023-11-16 18:17:03,1,1\nyesterday,1,1\n", r"llm\.csv:3: TIMESTAMP is 'yesterday'"),
        (TOKENS + "2023-11-16 18:17:03,1\n", r"llm\.csv:2: 2 columns instead of 3"),
        (TOKENS + "2023-11-16 18:17:03,-1,1\n", r"llm\.csv:2: ContextTokens is '-1'"),
        (TOKENS + "2023-11-16 18:17:03,1,inf\n", r"llm\.csv:2: GeneratedTokens is 'inf'"),
        (TOKENS + '2023-11-16 18:17:03,1,"1\n', r"llm\.csv cannot be read as CSV"),
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        llm_2023(write(tmp_path / "llm.csv", text), tokens_in_per_s=1, tokens_out_per_s=1)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file"):
        functions_2021(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"app,func,\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        functions_2021(tmp_path / "bytes.csv")


@given(st.lists(st.tuples(*[st.text(max_size=12)] * 4) | st.tuples(st.text(max_size=12)), max_size=6))
def test_whatever_stands_in_a_file_it_is_a_trace_or_our_error(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "2021.csv"
    file.write_bytes((CALLS + "\n".join(",".join(row) for row in rows)).encode("utf-8", "replace"))
    try:
        traces = functions_2021(file)
    except HausmusikError:
        return  # anything else fails the test
    assert sum(map(len, traces)) <= len(rows) * 12
