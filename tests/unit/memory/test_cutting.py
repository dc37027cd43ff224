"""Passages: everything is in one, none is over the budget, and they begin and end where a reader would."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hausmusik.errors import UsageError
from hausmusik.memory.cutting import cut
from hausmusik.memory.documents import Block, Document, Passage
from hausmusik.memory.token_counts import approximate_tokens
from tests.unit.memory.reading.samples import read


def words(text: str) -> int:
    return len(text.split())


def pieces(text: str) -> int:
    """A count that is not the sum over parts: what is joined has a token more."""
    return len(re.findall(r"\w{1,4}|\S", text)) + text.count("\n")


COUNTS = st.sampled_from([words, pieces, len, approximate_tokens])
TEXT = st.text(alphabet=st.sampled_from("ab .\n!é漢\u0301\u200d👍 "), max_size=120)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text, blocks, headings = "", [], ()
    for index, piece in enumerate(draw(st.lists(TEXT.filter(str.strip), min_size=1, max_size=12))):
        text += draw(st.sampled_from(["", "\n", "\n\n"]))
        is_heading = draw(st.integers(0, 4)) == 0
        line = text.count("\n") + 1
        blocks.append(
            Block(
                start=len(text), end=len(text) + len(piece), line=line, last_line=line + piece.count("\n"),
                speaker=draw(st.sampled_from(["", "Anna", "Ben"])), headings=() if is_heading else headings,
                is_heading=is_heading, at_s=float(index), level=draw(st.sampled_from(["", "info", "error"])),
            )
        )  # fmt: skip
        headings = (piece,) if is_heading else headings
        text += piece
    return Document(path="a", kind="text", text=text, sha256="", size_bytes=0, blocks=tuple(blocks))


def _heading(start: int, end: int, line: int, last_line: int) -> Block:
    return Block(start=start, end=end, line=line, last_line=last_line, is_heading=True)


LINE_ENDS_OUTSIDE = Document(  # one block begins and ends with a line's end, and its sentence overlaps the next passage
    path="a", kind="text", text="aa\na\na", sha256="", size_bytes=0,
    blocks=(_heading(0, 1, 1, 1), _heading(1, 2, 1, 1), _heading(2, 5, 1, 3), _heading(5, 6, 3, 3)),
)  # fmt: skip


@example(LINE_ENDS_OUTSIDE, words, 2, 1)
@given(documents(), COUNTS, st.integers(1, 60), st.integers(0, 20))
def test_whatever_the_document(document: Document, count, budget: int, overlap: int) -> None:
    overlap = min(overlap, budget - 1)
    passages = cut(document, budget_tokens=budget, overlap_tokens=overlap, count=count)
    covered: set[int] = set()
    ends: list[int] = []
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.tokens == count(passage.text)
        assert passage.tokens <= budget or len(passage.text) == 1
        assert passage.line == document.text.count("\n", 0, passage.start) + 1
        assert passage.last_line >= passage.line
        covered |= set(range(passage.start, passage.end))
        ends.append(passage.end)
    assert all(set(range(block.start, block.end)) <= covered for block in document.blocks)
    assert ends == sorted(set(ends))
    starts = [passage.start for passage in passages]
    assert starts == sorted(set(starts))


@given(documents())
def test_a_large_budget_cuts_at_top_headings_alone(document: Document) -> None:
    assert (
        1
        <= len(cut(document, budget_tokens=100_000, overlap_tokens=0))
        <= 1 + sum(b.is_heading for b in document.blocks)
    )


def _cut(text: str, budget: int, overlap: int = 0, name: str = "a.txt") -> list[Passage]:
    return cut(read(text, name), budget_tokens=budget, overlap_tokens=overlap, count=words)


def test_whole_turns_with_overlap_and_speakers() -> None:
    turns = "".join(f"[00:0{n}:00] {'Anna' if n % 2 else 'Ben'}: one two three four\n" for n in range(6))
    passages = _cut(turns, 18, 6)
    assert [passage.text.count("\n") + 1 for passage in passages] == [3, 3, 2]
    assert passages[1].text.split("\n")[0] == passages[0].text.split("\n")[-1]
    assert [(passage.line, passage.last_line) for passage in passages] == [(1, 3), (3, 5), (5, 6)]
    assert [passage.at_s for passage in passages] == [0.0, 120.0, 240.0]
    assert passages[0].speakers == ("Ben", "Anna")


def test_a_long_turn_is_split_at_sentences_and_overlaps_by_one() -> None:
    text = " ".join(f"This is sentence number {n}." for n in range(12))
    passages = _cut(text, 20, 6)
    assert all(passage.text.rstrip().endswith(".") for passage in passages)
    assert all(passage.text.startswith("This") for passage in passages)
    assert passages[1].start < passages[0].end


def test_abbreviations_and_lines_inside_a_block() -> None:
    text = "We saw Dr. Meier and Mr. Kurz there.\nThen we went home.\nThen we slept well."
    passages = _cut(text, 9)
    assert [passage.text.strip() for passage in passages] == text.split("\n", 1)
    assert [(passage.line, passage.last_line) for passage in passages] == [(1, 1), (2, 3)]


def test_sections_are_not_mixed_unless_tiny() -> None:
    page = (
        "# Title\n\n## One\n\n"
        + "word " * 30
        + "\n\n## Two\n\n"
        + "word " * 30
        + "\n\n## Three\n\ntiny\n\n## Four\n\n"
        + "word " * 30
    )
    passages = _cut(page, 100, name="a.md")
    assert [re.findall(r"^## (\w+)", passage.text, re.MULTILINE) for passage in passages] == [
        ["One"],
        ["Two"],
        ["Three", "Four"],
    ]
    assert [passage.headings for passage in passages] == [(), ("Title",), ("Title",)]


def test_no_passage_ends_with_a_heading() -> None:
    page = "# A\n\n" + "word " * 8 + "\n\n### Small\n\n" + "word " * 8
    passages = _cut(page, 12, name="a.md")
    assert [passage.text.split("\n")[0] for passage in passages] == ["# A", "### Small"]


def test_levels_and_pages_are_carried() -> None:
    passages = _cut(
        "2026-03-01 09:30:00 INFO up\n2026-03-01 09:30:01 ERROR failed\n2026-03-01 09:30:02 WARN slow\n",
        50,
        name="a.log",
    )
    assert [(passage.level, passage.at) for passage in passages] == [("error", "2026-03-01T09:30:00")]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "word " * 200_000,
        "." * 500_000,
        "One. " * 200_000,
        "x" + " " * 1_000_000 + "y",
        "ab\n" * 200_000,
    ],
)
def test_time_is_in_proportion_to_length(text: str) -> None:
    document = Document(
        path="a", kind="text", text=text, sha256="", size_bytes=0, blocks=(Block(start=0, end=len(text)),)
    )
    start = time.process_time()
    passages = cut(document)
    assert time.process_time() - start < 3
    assert passages[-1].end == len(text)


@pytest.mark.parametrize(("budget", "overlap"), [(0, 0), (10, 10), (10, -1)])
def test_nonsense_is_refused(budget: int, overlap: int) -> None:
    with pytest.raises(UsageError):
        _cut("text", budget, overlap)


@pytest.mark.parametrize(
    ("text", "tokens"),  # tokens: of MiniLM's word pieces
    [
        ("", 0),
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("So we begin with the budget , and then the remote control , I think .", 16),
        ("漢字仮名交じり文", 8),
        ("def f(x: int) -> str:\n    return str(x)", 17),
    ],
)
def test_approximate_tokens(text: str, tokens: int) -> None:
    assert abs(approximate_tokens(text) - tokens) <= 0.2 * tokens + 1


def test_lines_and_pages_that_cannot_be_counted_are_kept() -> None:
    text = "Page one.\nStill one.\nPage two."
    blocks = (
        Block(start=0, end=20, line=1, last_line=2, page=1),
        Block(start=21, end=30, line=7, last_line=7, page=2),
    )
    document = Document(path="a", kind="text", text=text, sha256="", size_bytes=0, blocks=blocks)
    (passage,) = cut(document, budget_tokens=100, overlap_tokens=0, count=words)
    assert passage.marks == ((0, 1, 1), (10, 2, 1), (21, 7, 2))
    (plain,) = cut(read("One.\nTwo.\n\nThree.\n"), budget_tokens=100, overlap_tokens=0, count=words)
    assert plain.marks == ()
