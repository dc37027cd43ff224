"""Help, unknown words, options of talking: what one meets first."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.cli.app import app
from hausmusik.cli.commands import TALK, taken
from tests.interfaces.conftest import MAIN, Haus


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that name it, groups included."""
    command = command or typer.main.get_command(app)
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


LEAVES = [path for path, command in commands() if not getattr(command, "commands", {})] + [("instruments",)]


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_help_fits_80_columns_and_shows_an_example(
    bare: Haus, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long, short = bare(*path, "--help"), bare(*path, "-h")
    assert (long.code, short.code, long.err) == (0, 0, "")
    assert long.out == short.out
    assert max(map(len, long.out.splitlines())) <= 80
    assert "..." not in re.sub(r"[\]}]\.\.\.|(CUE|NAME|FILE|DOCUMENT)\.\.\.", "", long.out)  # nothing is cut
    if path in LEAVES:
        assert re.search(rf"^  Example: haus {' '.join(path)}\b", long.out, re.MULTILINE), long.out


def test_the_commands_of_the_issue_are_there_in_sections(bare: Haus) -> None:
    text = bare("--help").out
    sections = re.findall(r"^(Pieces|Instruments|House):$", text, re.MULTILINE)
    assert sections == ["Pieces", "Instruments", "House"]
    named = set(re.findall(r"^  ([a-z]+) ", text, re.MULTILINE))
    promised = "compose check plan new schema takes speak music sound transcribe instruments pull doctor config costs"
    assert set(promised.split()) <= named


@pytest.mark.parametrize("words", [(), ("takes",), ("config",)])
def test_without_a_command_the_help_is_shown(bare: Haus, words: tuple[str, ...]) -> None:
    done = bare(*words)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("Usage: haus")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("compoze",), "no such command 'compoze'. Did you mean 'compose'?"),
        (("takes", "lst"), "no such command 'lst'"),
        (("compose", "--foo"), "no such option: --foo"),
        (("compose",), "missing argument 'SCORE'"),
        (("speak", "hello", "--speed", "fast"), "invalid value for '--speed'"),
        (("speak", "a", "b"), "unexpected extra argument"),
    ],
)
def test_what_cannot_be_understood_is_said_in_two_lines(bare: Haus, words: tuple[str, ...], said: str) -> None:
    done = bare(*words)
    assert (done.code, done.out) == (2, "")
    first, second = done.err.splitlines()
    assert first.startswith("haus: ")
    assert said in first
    assert re.fullmatch(r"      see `haus[a-z ]* -h`", second)
    assert bare(*words, "--json").json["error"]["code"] == "usage"


def test_version(bare: Haus) -> None:
    assert re.fullmatch(r"hausmusik \d+\.\d+\.\d+\S*\n", bare("--version").out)


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_before_and_after_the_command(bare: Haus, place: str) -> None:
    words = ("new", "piece.json")
    loud = bare("new", "loud.json")
    quiet = bare("-q", *words) if place == "before" else bare(*words, "-q")
    assert loud.err != ""
    assert (quiet.code, quiet.out, quiet.err) == (0, "piece.json\n", "")


def test_quiet_keeps_errors(bare: Haus) -> None:
    assert "there is no score" in bare("check", "nothing.json", "-q").err


def test_a_value_that_looks_like_an_option_of_talking_is_left_alone(bare: Haus, here: Any) -> None:
    assert bare("new", "piece.json", "--title", "-q").code == 0
    assert '"title": "-q"' in (here / "piece.json").read_text()


def test_debug_shows_the_traceback_and_keeps_the_exit_code(bare: Haus) -> None:
    done = bare("check", "nothing.json", "--debug")
    assert done.code == 5
    assert "Traceback" in done.err
    assert "Traceback" not in bare("check", "nothing.json").err


words = st.lists(st.sampled_from(["a", "-o", "--name", "x", "--", *TALK]), max_size=8)


@given(words)
def test_taking_options_out_loses_no_other_word(args: list[str]) -> None:
    changes, rest = taken(args, values=frozenset({"-o", "--name"}), leading=False)
    assert [word for word in rest if word not in TALK] == [word for word in args if word not in TALK]
    if "--" not in args and not {"-o", "--name"} & set(args):
        assert not set(rest) & set(TALK)
        assert bool(changes) == bool(set(args) & set(TALK))


@given(words)
def test_in_a_group_only_leading_ones_are_taken(args: list[str]) -> None:
    _, rest = taken(args, values=frozenset(), leading=True)
    first = next((i for i, word in enumerate(args) if word == "--" or not word.startswith("-")), len(args))
    assert rest == [word for word in args[:first] if word not in TALK] + args[first:]


def test_completion(bare: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    # Typer else looks for a shell among the parents of the process, and there may be none.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    shown = subprocess.run(
        [*MAIN, "--show-completion", "bash"], capture_output=True, text=True, timeout=60, check=False
    )
    assert "_HAUS_COMPLETE" in shown.stdout


HEAVY = (
    "torch",
    "onnxruntime",
    "av",
    "modal",
    "starlette",
    "mcp",
    "faster_whisper",
    "numpy",
    "pydantic",
    "rich",
    "PIL",
)


@pytest.mark.parametrize(
    ("code", "light"),
    [
        ("import hausmusik", HEAVY),
        ("import sys; sys.argv = ['haus', '--help']; from hausmusik.cli import main; main()", HEAVY),
        (
            "import sys; sys.argv = ['haus', 'compose', '-h']; from hausmusik.cli import main; main()",
            set(HEAVY) - {"pydantic"},
        ),  # Typer reads arguments with it
        ("import hausmusik; hausmusik.Audio", ("torch", "onnxruntime", "av", "modal", "starlette", "mcp", "pydantic")),
    ],
)
def test_first_contact_loads_nothing_heavy(code: str, light: tuple[str, ...]) -> None:
    """Asserted on modules: 0.3 s of wall time cannot be promised on a busy machine. CPU time has room for that."""
    program = (
        "import atexit, sys, time\n"
        "def tell(): sys.stderr.write('|'.join(['LOADED', str(time.process_time()), *sys.modules]))\n"
        f"atexit.register(tell)\n{code}\n"
    )
    line = [MAIN[0], "-X", "frozen_modules=on", "-c", program]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    _, cpu_s, *modules = done.stderr.partition("LOADED")[2].split("|")
    assert not {name.partition(".")[0] for name in modules} & set(light)
    assert float(cpu_s) < 1.0
