"""Forms are told apart by content: look-alikes are not taken for what they are not, and no bytes make it fail."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hausmusik.errors import HausmusikError
from hausmusik.memory.cutting import cut
from tests.unit.memory.reading.samples import CHATS, LOGS, LOOKALIKES, TRANSCRIPTS, read

PIECES = st.sampled_from(
    ["Anna: ", "Note: ", "\n", "\n\n", "# ", "---\n", "```\n", "[", "{", "}", '"', ":", "00:12 ", "[00:12:30] ", "Ben", " ",
     "2026-03-01 09:30:12 ", "ERROR ", "1\n00:00:01,000 --> 00:00:02,000\n", "WEBVTT\n\n", "12/03/2026, 09:30 - ", "\u200e",
     "<v Anna>", "text.", "\x1b[31m", "Time: 20260924_20:00\n", "Mar  1 09:30:12 host a: ", "\ud800".encode("utf-16-le", "surrogatepass").hex()]
)  # fmt: skip
NAMES = st.sampled_from(["a.txt", "a.md", "a.log", "a.json", "a.jsonl", "a.srt", "a.vtt", "a", "-", "a.py"])


@pytest.mark.parametrize("case", LOOKALIKES)
def test_lookalikes(case: str) -> None:
    text, kind = LOOKALIKES[case]
    assert read(text, "file.txt").kind == kind


@pytest.mark.parametrize("ending", ["txt", "md", ""])
def test_a_transcript_is_one_whatever_its_ending(ending: str) -> None:
    name = f"file.{ending}" if ending else "file"
    assert read(TRANSCRIPTS["times in brackets"][0], name).kind == "transcript"
    assert read(CHATS["whatsapp ios"][0], name).kind == "chat"
    assert read(LOGS["iso"], name).kind == "log"


def _check(data: bytes, name: str) -> None:
    try:
        document = read(data, name)
    except HausmusikError:
        return
    assert document.text.encode("utf-8")
    assert not {"\0", "\r"} & set(document.text)
    end = 0
    for block in document.blocks:
        assert end <= block.start < block.end <= len(document.text)
        assert block.line <= block.last_line
        end = block.end
    for passage in cut(document, budget_tokens=20, overlap_tokens=5):
        assert document.text[passage.start : passage.end] == passage.text


@given(st.binary(max_size=300), NAMES)
@example(b"[" * 100_000, "a.json")
@example(b'{"a":' * 5000 + b"1" + b"}" * 5000, "a.json")
@example(b"[" + b"9" * 5000 + b"]", "a.json")
@example(b'[{"text": "\\ud800\\u0000x"}]', "a.json")
@example(b"PK\x03\x04word/document.xml", "a.docx")
@example(b"%PDF-1.7\n", "a.pdf")
@example("\ufeffa\r\nb\rc".encode("utf-16"), "a.txt")
def test_no_bytes_make_it_fail(data: bytes, name: str) -> None:
    _check(data, name)


@given(st.lists(PIECES, max_size=40).map("".join), NAMES)
def test_no_mixture_of_forms_makes_it_fail(text: str, name: str) -> None:
    _check(text.encode(), name)


@pytest.mark.parametrize(
    "unit", ["a", " ", ":", "[", "<", "<v ", "**", "00:12 ", "A: ", "1", ".", "#", "\t", "- ", "/a", "'", '{"a":', "\\"]
)
def test_one_line_of_megabytes_takes_no_time(unit: str) -> None:
    """Every pattern is bounded or cannot go back; a quadratic one would take minutes here."""
    size = 1_000_000
    start = time.process_time()
    for name in ("a.txt", "a.log", "a.md", "a.vtt"):
        _only_read(unit, size, name)
    assert time.process_time() - start < 4


def _only_read(unit: str, size: int, name: str) -> None:
    head = "WEBVTT\n\n00:01.000 --> 00:02.000\n" if name == "a.vtt" else "x\n"
    try:
        read(head + unit * (size // len(unit)) + "\n", name)
    except HausmusikError:
        return
