"""Planned instruments are listed, and neither played, pulled nor installed; checkpoints are pinned where it matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.errors import MissingExtra, UsageError
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.routing import Facts
from hausmusik.types import MusicRequest, SpeakRequest
from tests.unit.instruments.entries import environment, instrument, package, router

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def checkpoint(name: str, revision: str = COMMIT) -> str:
    lines = [f'id = "{name}"', f'title = "{name}"', 'repo = "o/n"', f'revision = "{revision}"', 'files = ["*.json"]']
    lines += ["size_bytes = 7", 'size_source = "made up"', 'licence = "MIT"', 'origin = "here"']
    return "[[checkpoint]]\n" + "\n".join(lines) + "\n\n"


def catalogue(folder: Path, *tables: str) -> Catalogue:
    return Catalogue.load(packages=[package(folder, "p", f="".join(tables))])


@pytest.fixture
def mixed(tmp_path: Path) -> Catalogue:
    return catalogue(
        tmp_path,
        checkpoint("loose", ""),
        environment("env"),
        instrument("later", planned="true", checkpoints='["loose"]', environment='"env"'),
        instrument("talker", "chat", planned="true"),
        instrument("now"),
        router("speak", "later"),
    )


def test_it_is_listed_with_its_size(mixed: Catalogue) -> None:
    assert mixed.problems == ()
    later = mixed.instrument("later")
    assert later.planned
    assert mixed.size_bytes_of(later) == 7
    assert [each.revision for each in mixed.checkpoints_of(later)] == [""]


@pytest.mark.parametrize("name", ["later", "speak"])
def test_playing_it_is_one_clear_error_that_names_what_plays_instead(mixed: Catalogue, name: str) -> None:
    with pytest.raises(MissingExtra, match="later is planned: it is not played in this version") as caught:
        mixed.resolve(name, SpeakRequest(text="hi"), Facts())
    assert caught.value.hint == "what plays speak now: now"


def test_pulling_it_is_the_same_error(mixed: Catalogue) -> None:
    with pytest.raises(MissingExtra, match="later is planned"):
        mixed.pullable("later")


def test_its_environment_is_not_installed_by_either_name(mixed: Catalogue) -> None:
    for name in ("later", "env"):
        with pytest.raises(MissingExtra, match="later is planned"):
            mixed.installable(name)
    with pytest.raises(UsageError, match="now needs no environment"):
        mixed.installable("now")


def test_what_only_plays_elsewhere_is_not_installed_here(tmp_path: Path) -> None:
    found = catalogue(tmp_path, environment("env"), instrument("far", environment='"env"', places='["modal"]'))
    for name in ("far", "env"):
        with pytest.raises(UsageError, match="far plays on Modal alone, not here") as caught:
            found.installable(name)
    assert "haus deploy far" in caught.value.hint


def test_another_task_is_told_first_and_planned_ones_are_not_offered(mixed: Catalogue) -> None:
    with pytest.raises(UsageError, match="talker does `chat`, not `speak`") as caught:
        mixed.resolve("talker", SpeakRequest(text="hi"), Facts())
    assert "later" not in caught.value.hint
    with pytest.raises(UsageError, match="later does `speak`, not `music`"):
        mixed.resolve("later", MusicRequest(prompt="x", duration_s=1), Facts())


def test_what_is_played_must_be_pinned(tmp_path: Path) -> None:
    found = catalogue(
        tmp_path,
        checkpoint("loose", ""),
        checkpoint("firm"),
        *(instrument(f"on-{name}", checkpoints=f'["{name}"]') for name in ("loose", "firm")),
    )
    assert [each.id for each in found.instruments()] == ["on-firm"]
    assert "'loose', which names no revision" in found.problems[0].reason


def test_a_checkpoint_that_nobody_defines(tmp_path: Path) -> None:
    found = catalogue(tmp_path, checkpoint("firm"), instrument("x", checkpoints='["frim"]'))
    assert found.instruments() == ()
    assert "the checkpoint 'frim'" in found.problems[0].reason
    assert found.problems[0].fix == "did you mean firm?"


@pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT[:12], COMMIT.upper()])
def test_only_a_full_commit_is_a_revision(tmp_path: Path, revision: str) -> None:
    found = catalogue(tmp_path, checkpoint("c", revision))
    assert "revision" in found.problems[0].reason


@pytest.mark.parametrize("pattern", ["../x", "/etc/*", "a/../b", ".hidden", "a\\\\b", ""])
def test_patterns_stay_inside_the_repository(tmp_path: Path, pattern: str) -> None:
    found = catalogue(tmp_path, checkpoint("c").replace('["*.json"]', f'["{pattern}"]'))
    assert "files" in found.problems[0].reason


def test_the_longest_answer_of_each_language_model_is_within_its_time_limit(tmp_path: Path) -> None:
    """A quarter of the limit is left: figures are bounds of the GPU's memory, for one stream, and not measured."""
    longest_s = {
        each.id: (each.shape.context_tokens * each.measured.cpu_s_per_unit, each.serving.timeout_s)
        for each in Catalogue.load(tmp_path).instruments()
        if each.measured.unit == "tokens_out" and each.shape
    }
    assert len(longest_s) >= 9
    assert {name for name, (answer_s, limit_s) in longest_s.items() if answer_s > 0.75 * limit_s} == set()
