"""Logs: times, levels, traces, and runs of the same message folded."""

from __future__ import annotations

import pytest

from hausmusik.memory.reading.log_lines import log_line, template_of
from tests.unit.memory.reading.samples import LOGS, read, texts


@pytest.mark.parametrize("form", LOGS)
def test_times_and_levels(form: str) -> None:
    document = read(LOGS[form], "any.txt")
    assert document.kind == "log"
    assert [block.level for block in document.blocks] == ["info", "warning", "error"]
    assert [block.at[:19] for block in document.blocks] == [f"2026-03-01T09:30:0{second}" for second in range(3)]
    assert document.date.startswith("2026-03-01T09:30:00")


@pytest.mark.parametrize(
    ("line", "at", "level"),
    [
        ("Mar  1 09:30:12 host sshd[123]: error: refused", "2026-03-01T09:30:12", "error"),
        ("<34>1 2026-03-01T09:30:12.5Z host app - - - up", "2026-03-01T09:30:12Z", ""),
        ('10.0.0.1 - anna [01/Mar/2026:09:30:12 +0100] "GET / HTTP/1.1" 503 12', "2026-03-01T09:30:12+01:00", "error"),
        ('10.0.0.1 - - [01/Mar/2026:09:30:12 +0100] "GET / HTTP/1.1" 404 12', "2026-03-01T09:30:12+01:00", "warning"),
        ("[Sun Mar 01 09:30:12.123 2026] [core:error] failed", "2026-03-01T09:30:12", ""),
        ("E0301 09:30:12.123456 1 file.cc:12] failed", "2026-03-01T09:30:12", "error"),
        ("CRITICAL:root:gone", "", "critical"),
        ("09:30:12.123 [main] WARN slow", "", "warning"),
    ],
)
def test_lines(line: str, at: str, level: str) -> None:
    told = log_line(line, year="2026")
    assert told is not None
    assert told.at == at
    assert told.level in (level, "error" if "core:error" in line else level)


def test_no_year_no_date() -> None:
    told = log_line("Mar  1 09:30:12 host sshd[123]: accepted")
    assert told is not None
    assert (told.at, told.time) == ("", "09:30:12")


def test_a_run_is_folded_and_keeps_its_lines() -> None:
    beats = "".join(f"2026-03-01T09:30:{second:02d} INFO beat {second} from /srv/{second}\n" for second in range(40))
    document = read(beats + "2026-03-01T09:31:00 ERROR gone\n", "app.log")
    assert texts(document) == [
        "2026-03-01T09:30:00 INFO beat 0 from /srv/0\n… (39 more like this until 09:30:39)",
        "2026-03-01T09:31:00 ERROR gone",
    ]
    assert [(block.line, block.last_line) for block in document.blocks] == [(1, 40), (41, 41)]


def test_a_trace_stays_with_its_record() -> None:
    text = (
        '2026-03-01 09:30:00 ERROR app: failed\nTraceback (most recent call last):\n  File "a.py", line 1, in f\n'
        "ValueError: no\n2026-03-01 09:30:01 INFO app: on\n"
    )
    document = read(text, "app.log")
    assert texts(document)[0].endswith("ValueError: no")
    assert (document.blocks[0].line, document.blocks[0].last_line, document.blocks[0].level) == (1, 4, "error")


def test_colours_are_taken_out_and_quiet_records_are_one_burst() -> None:
    lines = "".join(f"2026-03-01 09:30:0{n} \x1b[32mINFO\x1b[0m {word}\n" for n, word in enumerate(["ab", "cd", "ef"]))
    document = read(lines + "2026-03-01 09:40:00 INFO later\n", "app.log")
    assert [text.count("\n") for text in texts(document)] == [2, 0]
    assert "\x1b" not in document.text


def test_templates() -> None:
    one = template_of('user 17 "anna" from 10.0.0.1 wrote /srv/a/b 0xff 123e4567-e89b-12d3-a456-426614174000')
    assert one == "user <number> <quoted> from <number> wrote <path> <hex> <uuid>"


def test_structured_logs_have_levels() -> None:
    document = read('{"ts": "2026-03-01T09:30:00Z", "level": "ERROR", "msg": "gone", "n": 1}\n' * 2, "app.jsonl")
    assert (document.blocks[0].level, document.blocks[0].at) == ("error", "2026-03-01T09:30:00Z")
    assert texts(document)[0] == "gone\nlevel: ERROR\nn: 1"
