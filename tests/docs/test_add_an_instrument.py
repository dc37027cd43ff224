"""Follows docs/how-to/add-an-instrument.md to the letter (show 5 of the ground floor)."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hausmusik.audio.files import probe
from tests.docs.blocks import DOCS, commands_of, files_of

PAGE = DOCS / "how-to" / "add-an-instrument.md"


def haus(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    assert words[0] == "haus"
    line = [sys.executable, "-c", "from hausmusik.cli import main; main()", *words[1:]]
    return subprocess.run(line, cwd=folder, text=True, capture_output=True, timeout=100, check=False)


@pytest.mark.slow
def test_the_page_works_as_it_stands(tmp_path: Path) -> None:
    for name, body in files_of(PAGE).items():
        (tmp_path / name).write_text(body, "utf-8")
    outputs = {}
    for command in commands_of(PAGE):
        done = haus(command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        outputs[command] = done.stdout
    assert probe(tmp_path / "bell.wav").duration_s == pytest.approx(4.0, abs=0.001)
    assert probe(tmp_path / "evening.flac").duration_s == pytest.approx(3.0, abs=0.05)
    report = json.loads((tmp_path / "evening.report.json").read_text())
    assert [cue["instrument"] for cue in report["cues"]] == ["bells"]
    assert "bells" in next(text for command, text in outputs.items() if "--task" in command)
    assert "bells" not in haus("haus instruments", tmp_path).stdout
