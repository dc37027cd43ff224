"""Follows a page from top to bottom, as a reader would, in an empty folder.

What becomes of a block:

    sh                              runs, line by line, and must succeed
    sh    <!-- exits: 2 -->         runs and must leave with that code
    sh    <!-- machine: NAME -->    runs on another machine: with a home of its own
    python                          runs as a script of its own
    text                            is what the block before it prints: these lines, in this order, … for anything
    any   <!-- file: NAME -->       is written to that file
    toml                            is what Python's own reader takes
    json  <!-- shows: NAME -->      is what that file holds
    json  <!-- into: NAME -->       replaces these members of the file's object
    json  <!-- segment: NAME -->    is a segment of that score, replaced by its id or put at the end
    json  <!-- cue: NAME SEGMENT -->  is a cue of that segment, likewise

A page about an account is followed with the variables of a control plane, which stands for it.

A block that installs, makes an account or runs the repository's own scripts belongs to a machine that is set up first; it is left out
here (`test_lines` looks at those lines). Any other block must be one of the above: nothing is shown
that is not tried.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from hausmusik.cli.app import run
from tests.docs.blocks import Block, blocks_of

SETTING_UP: Final = re.compile(r"^(?:pip install|modal token|scripts/)", re.MULTILINE)
TIMEOUT_S: Final = 300
_PLAIN: Final = re.compile(r"(?:haus [^\n|>&;$`]+\n)+")
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Walk:
    """A reader.

    Args:
        folder: An empty one; the working folder and the commands are made in it.
        compares: Whether `text` blocks are compared, and what fails must fail; with other instruments than the page's own
            that cannot be asked.
        quick: Whether plain `haus` commands run in this process, which saves half a second each.
        machines: Variables of other machines that the page speaks of, by name.
    """

    def __init__(
        self, folder: Path, *, compares: bool, quick: bool = False, machines: Mapping[str, Mapping[str, str]] = _NONE
    ) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.printed: dict[int, str] = {}
        self._compares = compares
        self._quick = quick
        self._machines = machines
        self._last = ""
        commands = folder / "bin"
        commands.mkdir()
        for name, words in {"haus": "-c 'from hausmusik.cli import main; main()'", "python": ""}.items():
            (commands / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
            (commands / name).chmod(0o755)
        self._environment = os.environ | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8"}

    def follow(self, page: Path) -> None:
        """Do everything that the page says; AssertionError names the line where it does not work."""
        for block in blocks_of(page):
            try:
                self._step(block)
            except AssertionError as error:
                raise AssertionError(f"{page.name}, line {block.line}: {error}") from None

    def _step(self, block: Block) -> None:
        if block.kind == "sh" and SETTING_UP.search(block.body):
            return
        if block.note == "file":
            place = self.folder / block.details
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(block.body, "utf-8")
        elif block.kind == "sh" and block.note in ("", "exits"):
            here = self._quick and _PLAIN.fullmatch(block.body)
            self._done(block, *(self._here(block.body) if here else self._process(["sh", "-eu", "-c", block.body])))
        elif block.kind == "sh" and block.note == "machine":
            self._done(block, *self._process(["sh", "-eu", "-c", block.body], self._machines[block.details]))
        elif block.kind == "python" and not block.note:
            self._done(block, *self._process(["python", "-c", block.body]))
        elif block.kind == "text" and not block.note:
            if self._compares:
                self._compare(block.body)
        elif block.kind == "toml" and not block.note:
            tomllib.loads(block.body)
        elif block.kind == "json" and block.note:
            self._edit(block)
        else:
            raise AssertionError(f"nothing says what becomes of this {block.kind} block")

    def _process(self, words: list[str], variables: Mapping[str, str] = _NONE) -> tuple[int, str]:
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return done.returncode, done.stdout

    def _here(self, lines: str) -> tuple[int, str]:
        code, printed = 0, io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            for line in lines.splitlines():
                try:
                    run(shlex.split(line)[1:])
                except SystemExit as left:
                    code = int(left.code or 0)
                if code:
                    break
        printed.seek(0)
        return code, printed.read()

    def _done(self, block: Block, code: int, printed: str) -> None:
        self._last = self.printed[block.line] = printed
        wanted = int(block.details) if block.note == "exits" else 0
        assert code == wanted or (code == 0 and not self._compares), (
            f"{block.body}left with {code}, not {wanted}:\n{printed}"
        )

    def _compare(self, expected: str) -> None:
        """Find each expected line in what was printed, after the one before it."""
        rest = [_even(line) for line in self._last.splitlines()]
        for line in filter(None, map(_even, expected.splitlines())):
            pattern = re.compile(".*?".join(map(re.escape, line.split("…"))))
            while rest and not pattern.fullmatch(rest[0]):
                rest.pop(0)
            assert rest, f"this line is not printed, or not here: {line!r}\nbut:\n{self._last}"
            rest.pop(0)

    def _edit(self, block: Block) -> None:
        name, *where = block.details.split()
        path = self.folder / name
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if block.note == "shows":
            assert document == json.loads(block.body), f"{name} holds something else:\n{path.read_text('utf-8')}"
            return
        if block.note == "into":
            document |= json.loads(f"{{{block.body.strip().removesuffix(',')}}}")
        else:
            items = {"segment": _segments, "cue": _cues}[block.note](document, *where)
            new = json.loads(block.body.strip().removesuffix(","))
            at = next((index for index, each in enumerate(items) if each.get("id") == new["id"]), len(items))
            items[at : at + 1] = [new]
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _even(line: str) -> str:
    return " ".join(line.split())


def _segments(document: dict[str, Any]) -> list[Any]:
    return document["segments"]


def _cues(document: dict[str, Any], segment: str) -> list[Any]:
    return next(each for each in document["segments"] if each["id"] == segment)["cues"]
