"""docs/reference is what scripts/reference writes, on any terminal, and says everything there is to say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from hausmusik.cli.app import app
from hausmusik.config.model import known_keys
from hausmusik.errors import error_table
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.score.schema import json_schema
from tests.docs.blocks import DOCS, ROOT

SCRIPT = ROOT / "scripts" / "reference"
REFERENCE = DOCS / "reference"


def reference(script: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | variables
    return subprocess.run(
        [sys.executable, script, *words], env=environment, text=True, capture_output=True, timeout=100, check=False
    )


@pytest.mark.parametrize(
    "variables",
    [
        {"COLUMNS": "40", "PYTHONHASHSEED": "1", "SHELL": "/bin/zsh"},
        {"COLUMNS": "300", "PYTHONHASHSEED": "2", "LC_ALL": "C", "NO_COLOR": "1", "TERM": "dumb", "SHELL": ""},
    ],
    ids=["narrow", "wide"],
)
def test_the_pages_are_not_stale_whatever_the_terminal(variables: dict[str, str]) -> None:
    done = reference(SCRIPT, "--check", **variables)
    assert done.returncode == 0, done.stderr


def test_a_stale_missing_or_forgotten_page_is_found_and_mended(tmp_path: Path) -> None:
    script = shutil.copytree(SCRIPT.parent, tmp_path / "scripts") / SCRIPT.name
    shutil.copytree(REFERENCE, tmp_path / "docs" / "reference")
    pages = tmp_path / "docs" / "reference"
    (pages / "score.md").write_text("old")
    (pages / "errors.md").unlink()
    (pages / "removed.md").write_text("<!-- GENERATED -->")
    done = reference(script, "--check")
    assert (done.returncode, done.stderr) == (1, "errors.md, removed.md, score.md stale: run scripts/reference\n")
    assert reference(script).returncode == 0
    assert {path.name: path.read_bytes() for path in pages.iterdir()} == {
        path.name: path.read_bytes() for path in REFERENCE.iterdir()
    }


def named(page: str) -> set[str]:
    """Everything in code style on a page."""
    return set(re.findall(r"`([^`]+)`", (REFERENCE / page).read_text("utf-8")))


def test_nothing_is_left_out() -> None:
    schema = json_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part["properties"]}
    assert keys - {"layer"} <= named("score.md")
    assert {key.replace("*", "NAME") for key in known_keys()} <= named("settings.md")
    assert {cls.code for cls in error_table().values() if cls.__module__ == "hausmusik.errors"} <= named("errors.md")
    catalogue = Catalogue.load()
    voices = {voice.id for each in catalogue.instruments() for voice in each.voices}
    assert voices | {each.id for each in catalogue.weight_sets()} <= named("instruments.md")
    text = (REFERENCE / "commands.md").read_text("utf-8")
    for name, command in typer.main.get_command(app).commands.items():
        assert f"\n## haus {name}\n" in text
        assert {option for each in command.params for option in each.opts if option.startswith("--")} <= named(
            "commands.md"
        )


def test_every_setting_is_explained() -> None:
    """The table has its name and default; what it means stands in the manual above it."""
    manual = (REFERENCE / "settings.md").read_text("utf-8").partition("## Every key")[0]
    for key in known_keys():
        section, _, name = key.replace("*", "NAME").partition(".")
        stretch = manual.partition(f"[{section}]")[2].partition("\n\n")[0]
        assert re.search(rf"^    {name}\b", stretch, re.MULTILINE), key
