"""Who made what in a piece, and what one may do with it.

The licences come with the takes, so a piece mixed years later still knows them. Text only; knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hausmusik.score.plan import Plan
from hausmusik.score.schema import FileCue
from hausmusik.takes.store import Take

_HEADINGS: Final = (("voice", "Voices"), ("music", "Music"), ("sound", "Sounds"), ("file", "Recordings"))


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the credits.

    Args:
        layer: `voice`, `music`, `sound` or `file`.
        text: Whom or what to name.
        licence: SPDX or short name; empty where nobody said.
        commercial: Whether it may be used commercially.
        cues: Where it is used, `segment/cue`.
    """

    layer: str
    text: str
    licence: str
    commercial: bool
    cues: tuple[str, ...]


def credits_of(plan: Plan, takes: Mapping[str, Take]) -> tuple[Credit, ...]:
    """Return the credits of a piece, one per source, in the order in which they are first heard."""
    found: dict[tuple[str, str, str, bool], list[str]] = {}
    for cue in sorted(plan.cues, key=lambda cue: cue.place.start.s):
        if cue.name not in takes:
            continue
        record = takes[cue.name].record
        if isinstance(cue.cue, FileCue):
            key = ("file", cue.cue.credit or cue.cue.path, cue.cue.licence, cue.cue.commercial)
        else:
            key = (cue.cue.layer, record.credit or record.instrument, record.licence, record.commercial)
        found.setdefault(key, []).append(cue.name)
    return tuple(
        Credit(layer=layer, text=text, licence=licence, commercial=commercial, cues=tuple(cues))
        for (layer, text, licence, commercial), cues in found.items()
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
    lines = [f"# {title}", ""]
    lines += [f"By {author}.", ""] if author else []
    lines += [f"Licence of the piece: {licence}.", ""] if licence else []
    for layer, heading in _HEADINGS:
        of_layer = [credit for credit in credits_ if credit.layer == layer]
        if of_layer:
            lines += [f"## {heading}", ""]
            lines += [_line(credit) for credit in of_layer]
            lines.append("")
    lines += ["## Use", "", use_of(credits_), "", f"Made with Hausmusik {version}.", ""]
    return "\n".join(lines)


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
    licence = f" — {credit.licence}" if credit.licence else " — no licence given"
    return f"- {credit.text}{licence}{mark} (in {', '.join(credit.cues)})"
