"""batch, on the tone engine's real workers."""

from __future__ import annotations

import json
import os
import signal
import time
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hausmusik.audio.files import probe
from tests.interfaces import tones
from tests.interfaces.conftest import Haus, process

LINES = ('{"id": "a", "text": "One."}', '{"text": "Two.", "voice": "anna(2)+bert"}')


PRECIOUS = {"notes": b"precious\n", "json": b'{"text": "precious"}\n', "not UTF-8": b'{"\xff": 1}\n'}


def write(*lines: str, name: str = "in.jsonl") -> None:
    Path(name).write_text("".join(f"{line}\n" for line in lines), "utf-8")


def results(name: str = "out.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(name).read_text("utf-8").splitlines()]


def batch(haus: Haus, *more: str, instrument: str = "tone-speak") -> Any:
    return haus("batch", "in.jsonl", "-i", instrument, "-o", "out.jsonl", *more)


def test_every_line_is_played_and_the_place_of_the_results_is_the_data(haus: Haus, here: Path) -> None:
    write(*LINES)
    done = batch(haus)
    assert (done.code, done.out) == (0, "out.jsonl\n")
    assert done.err == "2 of 2 lines done, 2 plays\n"
    assert [each["id"] for each in results()] == ["a", results()[1]["id"]]
    assert probe(here / results()[0]["result"]["file"]).sample_rate_hz == 24_000
    again = batch(haus, "--json")
    assert (again.code, again.err) == (0, "")
    assert again.json["played"] == 0
    assert {"out", "lines", "done", "failed", "skipped", "spent_usd", "problems"} < set(again.json)


def test_a_dry_run_checks_every_line_quotes_and_plays_nothing(haus: Haus, here: Path) -> None:
    write(*LINES, "{bad", LINES[0])
    done = batch(haus, "--dry-run")
    assert done.code == 8
    assert done.out.startswith("2 items on 4 lines, 0 kept\n")
    assert "tone-speak  local" in done.out
    assert "error: line 3: this is not JSON" in done.out
    assert "haus: 1 of 4 lines cannot be played" in done.err
    document = batch(haus, "--dry-run", "--json").json
    assert (document["items"], document["failed"], document["problems"][0]["line"]) == (2, 1, 3)
    assert float(document["quote"]["expected_usd"]) == 0
    assert sorted(path.name for path in here.iterdir()) == ["in.jsonl"]


def test_a_batch_without_a_token_is_one_error_that_costs_nothing_and_harms_no_other_host(
    haus: Haus, here: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("modal")
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(here / "no.toml"))
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    text = tones.instrument("far", "speak", extra='places = ["local", "modal"]')
    (home / "instruments.d" / "far.toml").write_text(text, "utf-8")
    write(*LINES)
    done = batch(haus, "--on", "modal", instrument="far")
    assert done.code == 4
    assert done.err.count("there is no Modal token here") == 1
    assert "the same command goes on" in done.err
    totals = haus("costs", "--json").json["rows"]
    assert {Decimal(each["cost_usd"]) for each in totals} == {0}
    assert batch(haus, instrument="far").err == "2 of 2 lines done, 2 plays\n"


@pytest.mark.parametrize("name", [None, "a", 'quoted "\\" name', "日本語" * 7])
def test_results_are_known_by_their_first_line_however_long_that_is(haus: Haus, here: Path, name: str | None) -> None:
    first = {"text": "One."} if name is None else {"id": name, "text": "One."}
    write(json.dumps(first), "{broken")
    assert batch(haus).code == 8
    told = Path("out.jsonl").read_bytes().partition(b"\n")[0]
    Path("out.jsonl").write_bytes(told[:-1] + b',"result":"' + b"a" * 3_000_000 + b'"}\n')
    assert batch(haus).code == 8
    write("{broken", json.dumps(first))  # a line that cannot be read has no id
    assert batch(haus).code == batch(haus).code == 8


@pytest.mark.parametrize("kind", ["notes", "json", "not UTF-8", "device", "pipe", "link to a device"])
def test_what_is_no_file_of_results_is_not_written_over(haus: Haus, here: Path, kind: str) -> None:
    write(*LINES)
    out, before = here / "out.jsonl", PRECIOUS.get(kind, b"")
    if kind in PRECIOUS:
        out.write_bytes(before)
    elif kind == "device":
        out = Path("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(out)
    else:
        out.symlink_to("/dev/zero")
    done = haus("batch", "in.jsonl", "-i", "tone-speak", "-o", str(out))
    assert done.code == 1
    assert ("is no file of results" if kind in PRECIOUS else "is a device or a pipe") in done.err
    assert not out.is_file() or out.read_bytes() == before


def test_what_failed_is_told_with_8_and_played_again_when_asked(haus: Haus, here: Path) -> None:
    write('{"prompt": "rain"}', '{"prompt": "wind", "duration_s": -1}')
    done = batch(haus, instrument="broken-sound")
    assert (done.code, done.out) == (8, "out.jsonl\n")
    assert "line 2: duration_s must be at least 0" in done.err
    assert "haus: 2 of 2 lines failed" in done.err
    assert [each["error"]["code"] for each in results()] == ["generation_failed", "usage"]
    report = batch(haus, "--retry-failed", "--json", instrument="broken-sound")
    assert (report.code, report.json["failed"], report.json["problems"][1]["line"]) == (8, 2, 2)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["gone.jsonl", "-i", "tone-speak", "-o", "o.jsonl"], 5, "there is no file gone.jsonl"),
        (["in.jsonl", "-i", "tone-speek", "-o", "o.jsonl"], 5, "there is no instrument 'tone-speek'"),
        (["in.jsonl", "-i", "tone-speak", "-o", "in.jsonl"], 2, "written over the requests"),
        (["in.jsonl", "-i", "tone-speak", "-o", "o.jsonl", "--on", "moon"], 5, "there is no host 'moon'"),
        (["in.jsonl", "-i", "tone-speak", "-o", "o.jsonl", "--budget", "much"], 2, "is no amount"),
        (["in.jsonl", "-i", "tone-speak"], 2, "missing option '--out'"),
        ([".", "-i", "tone-speak", "-o", "o.jsonl"], 2, ". is a folder"),
    ],
)
def test_what_cannot_be(haus: Haus, here: Path, words: list[str], code: int, said: str) -> None:
    write(*LINES)
    done = haus("batch", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_interrupted_once_it_drains_and_the_same_command_goes_on(haus: Haus, here: Path) -> None:
    write(*(json.dumps({"text": f"One. Two. {name}."}) for name in ("Anna", "Bert", "Carl", "Dora")))
    running = process("batch", "in.jsonl", "-i", "slow-speak", "-o", "out.jsonl", start_new_session=True)
    takes = Path(os.environ["HAUSMUSIK_HOME"]) / "data" / "takes"
    while not list(takes.rglob("*.wav*")):
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    had = [each["status"] for each in results()].count("done")
    assert 1 <= had < 4
    done = batch(haus, "--json", instrument="slow-speak")
    assert (done.code, done.json["done"], done.json["played"]) == (0, 4, 4 - had)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_killed_at_any_moment_it_goes_on_and_nothing_is_lost_or_played_twice(haus: Haus, here: Path) -> None:
    random, count = Random(1), 60
    write(*(json.dumps({"id": f"n{number}", "text": f"Number {number}."}) for number in range(count)))
    words = ("batch", "in.jsonl", "-i", "tone-speak", "-o", "out.jsonl")
    for _ in range(5):
        running = process(*words)
        time.sleep(random.uniform(0.9, 1.6))
        running.kill()
        running.communicate()
    done = haus(*words, "--json")
    assert (done.code, done.json["done"], done.json["failed"]) == (0, count, 0)
    found = results()
    assert [each["id"] for each in found] == [f"n{number}" for number in range(count)]
    assert len({each["take"] for each in found}) == count
    rows = haus("costs", "--by", "instrument", "--json").json["rows"]
    (plays,) = (each["plays"] for each in rows if each["key"] == "tone-speak")
    assert plays <= count + 5 * 2, "at most what each killed process was at, on its two workers"
    assert not list((Path(os.environ["HAUSMUSIK_HOME"]) / "data" / "takes" / ".staging").glob("*/audio.wav"))
