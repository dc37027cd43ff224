"""Every error class becomes one sentence, one hint, its exit code, and with --json one document."""

from __future__ import annotations

import sqlite3

import pytest

from hausmusik.cli import care
from hausmusik.errors import EngineError, HausmusikError, ScoreError, error_table
from tests.interfaces.conftest import Haus

CODES = {
    "failed": 1,
    "usage": 2,
    "score_invalid": 2,
    "bad_input": 2,
    "config": 3,
    "missing_extra": 3,
    "auth": 4,
    "not_found": 5,
    "not_deployed": 5,
    "budget": 6,
    "host": 7,
    "host_unavailable": 7,
    "worker_lost": 7,
    "stream_broken": 7,
    "weights": 7,
    "hash_mismatch": 7,
    "partial": 8,
    "engine": 1,
    "generation_failed": 1,
    "store": 1,
    "output": 1,
    "cancelled": 130,
}


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(care, "with_house", fail)


def test_the_table_is_the_documented_one() -> None:
    ours = {code: cls for code, cls in error_table().items() if cls.__module__ == "hausmusik.errors"}
    assert {code: cls.exit_code for code, cls in ours.items()} == CODES


@pytest.mark.parametrize("code", CODES)
def test_each_error_has_its_words_and_its_code(bare: Haus, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    raising(error_table()[code]("it rained", hint="take an umbrella"), monkeypatch)
    done = bare("doctor")
    assert (done.code, done.out) == (CODES[code], "")
    assert done.err == "haus: it rained\n      take an umbrella\n"
    error = bare("doctor", "--json").json["error"]
    assert (error["code"], error["message"], error["hint"]) == (code, "it rained", "take an umbrella")
    assert error["retryable"] is error_table()[code].retryable


def test_problems_are_in_the_document(bare: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(ScoreError("wrong", problems=("line 3: a",)), monkeypatch)
    assert bare("doctor", "--json").json["error"]["problems"] == ["line 3: a"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("by zero"), "this is a mistake in Hausmusik: ZeroDivisionError: by zero"),
        (sqlite3.OperationalError("odd"), "this is a mistake in Hausmusik: OperationalError: odd"),
        (OSError(28, "No space left on device", "/a/b"), "/a/b: no space left on device"),
        (RecursionError(), "this is a mistake in Hausmusik: RecursionError"),
        (EngineError("x" * 100_000), f"{'x' * 4_000}… (96,000 more characters)"),
    ],
)
def test_mistakes_get_a_sentence_too(bare: Haus, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    raising(error, monkeypatch)
    done = bare("doctor")
    assert done.code == 1
    assert done.err.splitlines()[0] == f"haus: {said}"
    assert "Traceback" not in done.err
    assert "Traceback" in bare("--debug", "doctor").err


def test_an_interruption_of_plain_work(bare: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(KeyboardInterrupt(), monkeypatch)
    done = bare("doctor")
    assert (done.code, done.err) == (130, "haus: stopped\n")


def test_all_of_ours_are_in_the_table() -> None:
    assert all(issubclass(cls, HausmusikError) for cls in error_table().values())
