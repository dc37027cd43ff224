"""What pages say outside of what is followed: commands in the middle of sentences, extras to install, links."""

from __future__ import annotations

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hausmusik.cli.app import app
from hausmusik.cli.commands import TALK
from tests.docs.blocks import ROOT, blocks_of, links_of, pages

PAGES = [*pages(), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
_INLINE = re.compile(r"`(haus [^`]+)`")


@cache
def _tree() -> Any:
    """Every command; made once, for it takes 18 ms and the pages name hundreds."""
    return typer.main.get_command(app)


def _names(words: list[str]) -> str:
    """Return what is wrong with a command line, as far as names go; empty: nothing."""
    command: Any = _tree()
    options = dict.fromkeys([*TALK, "-h", "--help"], False)
    rest = iter(words)
    for word in rest:
        options |= {name: not each.is_flag for each in command.params for name in _options_of(each)}
        inner = getattr(command, "commands", {})
        if word in {"|", ">"}:
            return ""
        if word in inner:
            command = inner[word]
        elif word in options:
            if options[word]:
                next(rest, None)
        elif word.startswith("-") and word != "-":
            return f"{command.name} has no option {word}"
        elif inner and not word.isupper():
            return f"{command.name} has no command {word}"
    return ""


def _options_of(param: Any) -> list[str]:
    return [*param.opts, *param.secondary_opts] if param.param_type_name == "option" else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_in_sentences_are_commands(page: Path) -> None:
    wrong = {}
    for found in _INLINE.findall(page.read_text("utf-8").replace("\n", " ")):
        words = [word for word in shlex.split(found.replace("…", ""))[1:] if word]
        if problem := _names(words):
            wrong[found] = problem
    assert not wrong


def test_commands_that_hints_give_are_commands() -> None:
    wrong = {}
    for file in sorted((ROOT / "src").rglob("*.py")):
        for found in _INLINE.findall(file.read_text("utf-8")):
            words = re.sub(r"\{[^}]*\}", "x.y", found).replace("…", "").split()
            if problem := _names(words[1:]):
                wrong[f"{file.name}: {found}"] = problem
    assert not wrong


def test_a_misspelt_command_would_be_found() -> None:
    assert _names(["compoze", "piece.json"]) == "haus has no command compoze"
    assert _names(["takes", "lst"]) == "takes has no command lst"
    assert _names(["compose", "--frce"]) == "compose has no option --frce"
    assert _names(["compose", "piece.json", "--force", "-q"]) == ""
    assert _names(["COMMAND", "--help"]) == ""
    assert _names(["instruments", "--task", "speak"]) == ""
    assert _names(["instruments", "kokoro"]) == "instruments has no command kokoro"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_installed_is_declared(page: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    lines = [line for block in blocks_of(page) if block.kind == "sh" for line in block.body.splitlines()]
    for line in lines:
        if line.startswith("pip install"):
            extras = re.fullmatch(r"pip install '\.\[([a-z,]+)\]'", line)
            assert extras, line
            assert set(extras[1].split(",")) <= set(declared)
        elif line.startswith("scripts/"):
            assert (ROOT / line.split()[0]).stat().st_mode & 0o111, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links_of(page):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            assert there.is_relative_to(ROOT), target
            assert there.exists(), target
            assert not anchor or anchor in _anchors(there), target


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
