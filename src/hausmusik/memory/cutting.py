"""A document cut into passages: whole turns, messages, paragraphs and bursts, as many as a budget of tokens holds.

    blocks -> units (a block, or a piece of one that is too long) -> passages (units in a row, some of them overlapping)

A passage does not go over a top heading, unless what stands before it is tiny, nor over one of another day (`## 3 May
2026` of a diary), and does not end with a heading. In time proportional to the text: each unit and each passage is
counted a few times at most. Knows nothing of stores and vectors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from hausmusik.errors import UsageError
from hausmusik.memory.documents import Block, Document, Passage
from hausmusik.memory.splitting import last_sentences, split
from hausmusik.memory.token_counts import approximate_tokens

_TINY: Final = 8  # a section of less than an eighth of the budget may share a passage with the next one
_FULL_ENOUGH: Final = 0.6  # from here on, a lower heading or a pause in a log begins a passage
_LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class _Unit(msgspec.Struct, frozen=True):
    """What is never divided further.

    Args:
        start: Of its first character in the text.
        end: Behind its last one.
        tokens: Of it alone.
        block: That it is, or is a piece of.
        line: Its first line in the file.
        last_line: Its last one.
    """

    start: int
    end: int
    tokens: int
    block: Block
    line: int
    last_line: int


def cut(
    document: Document,
    *,
    budget_tokens: int = 1200,
    overlap_tokens: int = 100,
    count: Callable[[str], int] = approximate_tokens,
) -> list[Passage]:
    """Return a document's passages, in order; every character of every block is in one of them.

    Args:
        document: With its blocks.
        budget_tokens: The most tokens of a passage; a single character of more is the only exception.
        overlap_tokens: How many tokens of a passage's end the next one repeats at most: whole blocks, or whole
            sentences of the last block.
        count: Counts the tokens of a text.

    Raises:
        UsageError: the budget is below 1, or the overlap is not below the budget.
    """
    if budget_tokens < 1 or not 0 <= overlap_tokens < budget_tokens:
        raise UsageError(
            f"a passage of {budget_tokens} tokens cannot overlap by {overlap_tokens}",
            hint="the budget is 1 or more, the overlap less than the budget",
        )
    units = _units(document, budget_tokens, count)
    depth = _top_depth(document.blocks)
    passages: list[Passage] = []
    first = 0
    carried: list[_Unit] = []
    while first < len(units):
        last = _fill(units, first, sum(unit.tokens for unit in carried), budget_tokens, depth)
        is_other = _section(units[first], depth) != _section(carried[-1], depth) if carried else False
        if carried and (last == first or is_other or _changes_day(units[first].block, carried[-1].block)):
            carried = []
            last = _fill(units, first, 0, budget_tokens, depth)
        chosen = [*carried, *units[first:last]]
        passage = _passage(document, chosen, count)
        # A tokenizer may count more for the whole than for its parts: then the overlap goes first, units next.
        while passage.tokens > budget_tokens and len(chosen) > 1:
            if carried:
                carried = []
            else:
                last -= max(1, (last - first) // 8)  # in steps, so that thousands of empty units take no time
            chosen = [*carried, *units[first:last]]
            passage = _passage(document, chosen, count)
        passages.append(passage)
        first = last
        carried = _overlap(document.text, chosen, overlap_tokens, count)
    return passages


def _units(document: Document, budget: int, count: Callable[[str], int]) -> list[_Unit]:
    units: list[_Unit] = []
    for block in document.blocks:
        pieces = split(document.text, block.start, block.end, budget, count)
        if len(pieces) == 1:
            units.append(_Unit(block.start, block.end, pieces[0][2], block, block.line, block.last_line))
            continue
        # Lines inside a block can be counted where its text is the file's; where it was built they are the block's.
        exact = block.last_line - block.line == document.text.count("\n", block.start, block.end)
        line, at = block.line, block.start
        for start, end, tokens in pieces:
            line += document.text.count("\n", at, start)  # between two pieces may be a line's end that is in neither
            at = start
            passed = document.text.count("\n", start, end - 1)
            first, last = (line, line + passed) if exact else (block.line, block.last_line)
            units.append(_Unit(start, end, tokens, block, first, last))
    return units


def _top_depth(blocks: Sequence[Block]) -> int:
    """Return at which depth of headings the document falls into sections; -1 where it does not.

    A single heading over everything is a title: the sections are then below it.
    """
    depths = [len(block.headings) for block in blocks if block.is_heading]
    return next((depth for depth in sorted(set(depths)) if depths.count(depth) > 1), -1)


def _section(unit: _Unit, depth: int) -> tuple[str, ...]:
    return unit.block.headings[: depth + 1]


def _fill(units: Sequence[_Unit], first: int, tokens: int, budget: int, depth: int) -> int:
    """Return behind which unit a passage ends that begins with one; at least one is taken unless it does not fit."""
    last = first
    fresh = 0
    while last < len(units):
        unit = units[last]
        if tokens + unit.tokens > budget and (last > first or tokens):
            break
        if last > first and _begins(units, last, fresh, budget, depth):
            break
        tokens += unit.tokens
        fresh += unit.tokens
        last += 1
    if last < len(units):
        kept = last
        while kept > first and units[kept - 1].block.is_heading:
            kept -= 1
        last = kept if kept > first else last
    return last


def _begins(units: Sequence[_Unit], index: int, fresh: int, budget: int, depth: int) -> bool:
    """Tell whether a passage should begin with a unit although there is room."""
    block, before = units[index].block, units[index - 1].block
    if _changes_day(block, before):
        return True
    if block.is_heading:
        if depth >= 0 and len(block.headings) <= depth:
            return fresh * _TINY >= budget
        return fresh >= _FULL_ENOUGH * budget
    is_burst = bool(block.level or before.level) and not block.speaker
    return is_burst and block.at[:16] != before.at[:16] and fresh >= _FULL_ENOUGH * budget


def _changes_day(block: Block, before: Block) -> bool:
    """Return whether what was written on a day ends before a block: at the next heading of another day, or of none."""
    return block.is_heading and bool(before.at) and block.at != before.at


def _overlap(text: str, chosen: Sequence[_Unit], budget: int, count: Callable[[str], int]) -> list[_Unit]:
    """Return the last units of a passage within a budget, or the last sentences of its last unit."""
    carried: list[_Unit] = []
    for unit in reversed(chosen[1:]):
        budget -= unit.tokens
        if budget < 0:
            break
        carried.append(unit)
    carried.reverse()
    if carried or budget <= 0:
        return carried
    return _last_sentences(text, chosen[-1], budget, count)


def _last_sentences(text: str, unit: _Unit, budget: int, count: Callable[[str], int]) -> list[_Unit]:
    begin = last_sentences(text, unit.start, unit.end, budget, count)
    if not unit.start < begin < unit.end:
        return []
    # A line's end at the end of a unit counts where the unit is a whole block, and not where it is a piece of one.
    passed = [text.count("\n", unit.start, end) for end in (unit.end - 1, unit.end)]
    exact = unit.last_line - unit.line in passed
    line = unit.line + text.count("\n", unit.start, begin) if exact else unit.line
    return [_Unit(begin, unit.end, count(text[begin : unit.end]), unit.block, line, unit.last_line)]


def _passage(document: Document, units: Sequence[_Unit], count: Callable[[str], int]) -> Passage:
    start, end = units[0].start, units[-1].end
    text = document.text[start:end]
    blocks = [unit.block for unit in units]
    return Passage(
        text=text,
        start=start,
        end=end,
        tokens=count(text) if len(units) > 1 else units[0].tokens,
        line=units[0].line,
        last_line=units[-1].last_line,
        page=blocks[0].page,
        speakers=tuple(dict.fromkeys(block.speaker for block in blocks if block.speaker)),
        at=next((block.at for block in blocks if block.at), ""),
        at_s=next((block.at_s for block in blocks if block.at_s is not None), None),
        headings=blocks[0].headings,
        level=max((block.level for block in blocks), key=_rank, default=""),
        marks=_marks(document.text, units),
    )


def _marks(text: str, units: Sequence[_Unit]) -> tuple[tuple[int, int, int], ...]:
    """Return where which line and page begins, unless counting lines from the first one tells."""
    start, end = units[0].start, units[-1].end
    counted = units[-1].last_line - units[0].line == text.count("\n", start, end)
    if counted and len({unit.block.page for unit in units}) == 1:
        return ()
    found: list[tuple[int, int, int]] = []
    for unit in units:
        found.append((unit.start - start, unit.line, unit.block.page))
        if unit.line and unit.last_line - unit.line == text.count("\n", unit.start, unit.end):
            ends = (match.end() for match in re.finditer("\n", text[unit.start : unit.end]))
            found += (
                (unit.start - start + at, unit.line + number, unit.block.page) for number, at in enumerate(ends, 1)
            )
    return tuple(found)


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1
