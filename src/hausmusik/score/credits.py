"""Who made what in a piece, and what one may do with it.

The licences come with the takes, so a piece mixed years later still knows them. Text only; knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from hausmusik.audio.caption_files import one_line
from hausmusik.score.plan import Plan, PlannedCue
from hausmusik.score.schema import FileCue
from hausmusik.takes.store import Take, TakeRecord

_HEADINGS: Final = (("voice", "Voices"), ("music", "Music"), ("sound", "Sounds"), ("file", "Recordings"))


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the credits.

    Args:
        layer: `voice`, `music`, `sound` or `file`.
        text: Whom or what to name.
        licence: SPDX or short name; empty where nobody said.
        commercial: Whether it may be used commercially.
        cues: Where it is used, `segment/cue`.
        link: The page of a recording; empty where there is none.
    """

    layer: str
    text: str
    licence: str
    commercial: bool
    cues: tuple[str, ...]
    link: str = ""


def credits_of(plan: Plan, takes: Mapping[str, Take]) -> tuple[Credit, ...]:
    """Return the credits of a piece, one per source, in the order in which they are first heard.

    A take that consists of recordings credits each of them instead of the collection they are from.
    """
    found: dict[Credit, list[str]] = {}
    for cue in sorted(plan.cues, key=lambda cue: cue.place.start.s):
        for credit in _sources(cue, takes[cue.name].record) if cue.name in takes else ():
            found.setdefault(credit, []).append(cue.name)
    return tuple(msgspec.structs.replace(credit, cues=tuple(cues)) for credit, cues in found.items())


def _sources(planned: PlannedCue, record: TakeRecord) -> tuple[Credit, ...]:
    """Return whom to name for one cue, without saying where."""
    cue = planned.cue
    if isinstance(cue, FileCue):
        text = cue.credit or cue.path
        return (Credit(layer="file", text=text, licence=cue.licence, commercial=cue.commercial, cues=()),)
    if not record.recordings:
        text = record.credit or record.instrument
        return (Credit(layer=cue.layer, text=text, licence=record.licence, commercial=record.commercial, cues=()),)
    return tuple(
        Credit(
            layer=cue.layer,
            text=f"“{each.title}”, recorded by {each.author}",
            licence=each.licence,
            commercial=each.commercial and record.commercial,
            cues=(),
            link=each.link,
        )
        for each in record.recordings
    )


def credits_text(title: str, author: str, licence: str, credits_: tuple[Credit, ...], version: str) -> str:
    """Write the credits as Markdown, ending with what one may do with the piece.

    Args:
        title: Of the piece.
        author: Who wrote it; may be empty.
        licence: Under which the author gives it away; may be empty.
        credits_: From `credits_of`.
        version: Of hausmusik.
    """
    lines = [f"# {plain_line(title)}", ""]
    lines += [f"By {plain_line(author)}.", ""] if author else []
    lines += [f"Licence of the piece: {plain_line(licence)}.", ""] if licence else []
    for layer, heading in _HEADINGS:
        of_layer = [credit for credit in credits_ if credit.layer == layer]
        if of_layer:
            lines += [f"## {heading}", ""]
            lines += [_line(credit) for credit in of_layer]
            lines.append("")
    lines += ["## Use", "", plain_line(use_of(credits_)), "", f"Made with Hausmusik {version}.", ""]
    return "\n".join(lines)


def plain_line(text: str) -> str:
    """Return text as one line of Markdown that is only text: no control or direction marks, no HTML, no links."""
    return re.sub(r"([\\`<>\[\]])", r"\\\1", one_line(text))


def use_of(credits_: tuple[Credit, ...]) -> str:
    """Return one sentence: whether the piece may be used commercially, and if not, because of what."""
    barred = [credit for credit in credits_ if not credit.commercial]
    if barred:
        names = "; ".join(f"{credit.text} ({credit.licence or 'no licence given'})" for credit in barred)
        return f"NON-COMMERCIAL: this piece must not be used commercially, because of: {names}"
    unknown = [credit.text for credit in credits_ if not credit.licence]
    if unknown:
        return f"Nothing here forbids commercial use, but no licence was given for: {', '.join(unknown)}"
    return "Every model and sound in this piece allows commercial use under the licences above."


def _line(credit: Credit) -> str:
    mark = "" if credit.commercial else " **(non-commercial)**"
    licence = f" — {plain_line(credit.licence)}" if credit.licence else " — no licence given"
    link = f", <{credit.link}>" if credit.link else ""
    return f"- {plain_line(credit.text)}{link}{licence}{mark} (in {', '.join(credit.cues)})"
