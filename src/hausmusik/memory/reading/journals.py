"""Diaries and logs that people keep: what stands under a heading that is a date was written on that day.

Knows nothing of formats: blocks come with the headings that they stand under.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.memory.documents import Block
from hausmusik.memory.reading.datelines import date_at_head
from hausmusik.memory.reading.dates import moment

LEAST_DAYS: Final = 2
"""Days that headings name: one alone is the document's, or of something that it is about."""


def with_days(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return blocks, those without a time with the day of the innermost heading that names one; ISO 8601.

    Args:
        text: Of the document.
        blocks: Of it, in order.
    """
    own = {place: _title(text, block) for place, block in enumerate(blocks) if block.is_heading}
    days = {name: _day(name) for name in {*own.values(), *(name for block in blocks for name in block.headings)}}
    if len({day for day in days.values() if day}) < LEAST_DAYS:
        return tuple(blocks)
    found: list[Block] = []
    for place, block in enumerate(blocks):
        names = (*block.headings, *([own[place]] if place in own else []))
        at = block.at or next((days[name] for name in reversed(names) if days[name]), "")
        found.append(msgspec.structs.replace(block, at=at))
    return tuple(found)


def _title(text: str, block: Block) -> str:
    return text[block.start : block.end].split("\n", maxsplit=1)[0].strip("# \t")[:200]


def _day(heading: str) -> str:
    """Return the date that a heading begins with, or is or ends with as the head of a letter does; else nothing."""
    return (moment(heading) if heading[:1].isalnum() else "") or date_at_head(heading)
