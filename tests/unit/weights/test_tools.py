"""Running the user's tools: which one, what is told of a failure, and when patience ends."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from hausmusik.weights import tools
from hausmusik.weights.tools import SourceFailed, ToolRunner, bytes_in


def run(folder: Path, code: str, *, runner: ToolRunner | None = None, output: Path | None = None) -> list[int]:
    words = (sys.executable, "-I", "-S", "-c", code)
    return list((runner or ToolRunner()).run(words, folder=folder, output=output))


class TestCommand:
    def test_pip_is_this_interpreters_own(self):
        assert ToolRunner().command("pip") == (sys.executable, "-m", "pip")

    def test_without_it_the_one_on_the_path_then_uv(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
        assert ToolRunner().command("pip") == ("/bin/pip3",)
        monkeypatch.setattr(shutil, "which", lambda name: "/bin/uv" if name == "uv" else None)
        assert ToolRunner().command("pip") == ("/bin/uv", "tool", "run", "pip")
        monkeypatch.setattr(shutil, "which", lambda _: None)
        assert ToolRunner().command("pip") == ()

    def test_what_is_not_on_the_path_is_not_here(self):
        assert ToolRunner().command("no-such-tool-anywhere") == ()

    def test_given_commands_are_taken(self):
        assert ToolRunner({"npm": ("a", "b")}).command("npm") == ("a", "b")


class TestRun:
    def test_it_runs_inside_its_folder_with_temporary_files_there(self, tmp_path: Path):
        run(tmp_path, "import os, tempfile; open('here', 'w').write(tempfile.gettempdir())")
        assert (tmp_path / "here").read_text() == str(tmp_path)

    def test_it_never_waits_for_an_answer(self, tmp_path: Path):
        with pytest.raises(SourceFailed, match="EOFError"):
            run(tmp_path, "input('sure?')")

    def test_its_output_can_be_kept(self, tmp_path: Path):
        run(tmp_path, "print('data')", output=tmp_path / "out")
        assert (tmp_path / "out").read_text() == "data\n"

    def test_the_loud_lines_are_told_without_passwords(self, tmp_path: Path):
        code = "import sys; print('chatter'); print('ERROR: no https://u:pw@host/x'); print('more'); sys.exit(3)"
        with pytest.raises(SourceFailed) as caught:
            run(tmp_path, code)
        assert str(caught.value).endswith("failed: ERROR: no https://host/x")

    def test_silence_and_long_speech_are_told_in_short(self, tmp_path: Path):
        with pytest.raises(SourceFailed, match="it said nothing"):
            run(tmp_path, "import sys; sys.exit(1)")
        with pytest.raises(SourceFailed) as caught:
            run(tmp_path, "import sys; sys.exit('x' * 10000)")
        assert len(str(caught.value)) < 400

    def test_what_cannot_be_started_is_a_reason(self, tmp_path: Path):
        with pytest.raises(SourceFailed, match="nothing-here could not be started"):
            list(ToolRunner().run(("/nothing-here",), folder=tmp_path))

    def test_a_tool_that_stands_still_is_given_up(self, tmp_path: Path):
        with pytest.raises(SourceFailed, match="nothing came"):
            run(tmp_path, "import time; time.sleep(60)", runner=ToolRunner(stall_s=0.2))

    def test_a_tool_that_ignores_politeness_is_killed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(tools, "POLITE_S", 0.2)
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); open('on', 'w').write('x'); time.sleep(60)"
        watch = ToolRunner().run((sys.executable, "-I", "-S", "-c", code), folder=tmp_path)
        while not (tmp_path / "on").exists():
            next(watch)
        watch.close()  # would hang for a minute if it only asked


def test_the_size_of_a_folder_is_that_of_all_files_below(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(bytes(10))
    (tmp_path / "two").write_bytes(bytes(5))
    assert bytes_in(tmp_path) == 15
    assert bytes_in(tmp_path / "nowhere") == 0
