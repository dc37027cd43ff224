"""Output: tables on terminals and in pipes, JSON that is JSON, text that cannot move the cursor."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.cli.output import Output, plain, printable
from hausmusik.errors import NotFoundError, ScoreError

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Called in the test itself: pytest puts its own streams back between a fixture and the test."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return screen


ROWS = [("one", "12", "a text that is much longer than a terminal of forty columns is wide"), ("second", "3", "short")]


def test_piped_rows_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("name", "n", "what"), ROWS, right=(1,))
    assert capsys.readouterr().out.splitlines() == [
        "name     n  what",
        f"one     12  {ROWS[0][2]}",
        "second   3  short",
    ]


def test_on_a_terminal_only_the_elastic_column_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    Output(colour=False).table(("name", "n", "what"), ROWS, right=(1,))
    lines = terminal.getvalue().splitlines()
    assert lines[1] == "one     12  a text that is much longer …"
    assert all(len(line) <= 40 for line in lines)


def test_wide_letters_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    Output(colour=False).table(("who", "what"), [("日本", "x"), ("abcd", "y")])
    assert terminal.getvalue().splitlines()[1:] == ["日本  x", "abcd  y"]


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    error = NotFoundError("gone", hint="look elsewhere")
    Output().error(error)
    assert terminal.getvalue() == "\x1b[1;31mhaus: gone\x1b[0m\n      look elsewhere\n"
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            terminal.seek(terminal.truncate(0))
            Output().error(error)
            Output().table(("a",), [("b",)])
            assert "\x1b" not in terminal.getvalue()
    terminal.seek(terminal.truncate(0))
    Output(colour=False).error(error)
    assert "\x1b" not in terminal.getvalue()


def test_problems_stand_before_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    Output().error(ScoreError("it is wrong", problems=("line 1: a\nb", "line 2: c")))
    assert capsys.readouterr().err.splitlines() == ["  line 1: a b", "  line 2: c", "haus: it is wrong"]


def test_quiet_and_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    Output(quiet=True, verbose=True).talk("a")
    Output().detail("b")
    Output(verbose=True).detail("c")
    assert capsys.readouterr().err == "c\n"


@given(st.text())
def test_nothing_that_is_printed_moves_the_cursor(text: str) -> None:
    shown = printable(text, line=True)
    assert len(shown) == len(text)
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)
    assert not any(unicodedata.bidirectional(letter) in TURNING for letter in shown)
    shown.encode()


def test_a_line_reads_as_it_is_written() -> None:
    assert printable("fine \u202egnp.exe\u2066", line=True) == "fine  gnp.exe "


def test_letters_that_the_terminal_cannot_show_are_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    Output().data("Gödel \udcff")
    Output().json({"who": "Gödel"})
    raw = stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert raw.splitlines()[0] == "G\\xf6del \\udcff"
    assert json.loads(raw.partition("\n")[2]) == {"who": "Gödel"}


class Thing(msgspec.Struct):
    when: datetime
    cost_usd: Decimal
    loudness_lufs: float
    paths: tuple[Path, ...]
    names: frozenset[str]


def test_json_has_money_as_text_times_as_iso_and_no_infinities(capsys: pytest.CaptureFixture[str]) -> None:
    when = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
    thing = Thing(when, Decimal("1E-9"), float("-inf"), (Path("a/b"),), frozenset({"y", "x"}))
    Output().json({"thing": thing})
    assert json.loads(capsys.readouterr().out) == {
        "thing": {
            "when": "2026-11-24T05:30:00+00:00",
            "cost_usd": "0.000000001",
            "loudness_lufs": None,
            "paths": ["a/b"],
            "names": ["x", "y"],
        }
    }


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=12,
)


@given(VALUES)
def test_everything_plain_is_json(value: Any) -> None:
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == plain(value)


def test_a_reader_who_goes_away_does_not_end_the_work() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        for _ in range(3):
            Output().data("nobody hears this")
        Output().binary(b"nor this")
