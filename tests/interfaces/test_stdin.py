"""What comes from stdin: none may be there, and it may never end."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from hausmusik.cli.options import confirm, read_stdin, read_text
from hausmusik.cli.output import Output
from hausmusik.errors import UsageError
from tests.interfaces.conftest import Haus


class Endless(io.RawIOBase):
    """Zeros without end, counted."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        self.given += len(buffer)
        return len(buffer)


def test_what_never_ends_is_read_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(endless)))
    with pytest.raises(UsageError, match="more than 1 MiB"):
        read_stdin(1 << 20)
    assert endless.given < 2 << 20


def test_where_there_is_no_stdin_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="there is none"):
        read_text("-")
    with pytest.raises(UsageError, match="not without being asked"):
        confirm(Output(), "delete it?", yes=False)


def test_types_are_a_file_of_a_megabyte_at_most(haus: Haus, here: Path) -> None:
    (here / "a.txt").write_text("Anna was there.", "utf-8")
    (here / "large.toml").write_bytes(b"#" * (2 << 20))
    os.mkfifo(here / "pipe")
    for types in ("/dev/zero", "large.toml", "pipe", str(here)):
        done = haus("memory", "add", "notes", "a.txt", "--types", types)
        assert (done.code, done.out) == (3, ""), done
        assert "types" in done.err
