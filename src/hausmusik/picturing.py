"""A picked part of a memory becomes a picture file: svg, png or html, by the ending of its name.

Turns what `memory` picked into what `pages` draws; knows nothing of how either is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from hausmusik.atomic import write_whole
from hausmusik.audio.output_file import output_error
from hausmusik.counted import counted
from hausmusik.errors import UsageError
from hausmusik.memory.picking import Picked
from hausmusik.memory.store.facts import FactRow
from hausmusik.memory.store.reading import EntityRow
from hausmusik.memory.subgraph import WEAK, Tie
from hausmusik.pages.graph_html import html_of
from hausmusik.pages.graph_layout import GraphLayout, lay_out
from hausmusik.pages.graph_png import png_of
from hausmusik.pages.graph_svg import svg_of
from hausmusik.pages.graph_values import PASSAGE, GraphEdge, GraphNode, GraphPicture

ENDINGS: Final = (".svg", ".png", ".html")
NOTES: Final = 12
"""Of a tie; the surest say it all."""

COMMON: Final = 12
"""Where one kind stands on more ties than this and on most of them, it is said once instead of on each."""

EXCERPT: Final = 400


def check_picture_name(target: Path | str) -> Path:
    """Return where a picture goes.

    Raises:
        UsageError: its ending says no form that there is.
    """
    path = Path(target)
    if path.suffix.lower() not in ENDINGS:
        said = f"{path.suffix} is no form of a picture" if path.suffix else f"{str(target)!r} does not say which form"
        raise UsageError(said, hint=f"let the name end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    return path


def write_picture(picked: Picked, target: Path | str, *, title: str) -> None:
    """Draw a picture and write it, whole or not at all.

    Raises:
        UsageError: its ending says no form that there is.
        OutputError: it cannot be written.
    """
    path = check_picture_name(target)
    layout = lay_out(picture_of(picked, title=title))
    forms: dict[str, Callable[[GraphLayout], bytes]] = {
        ".svg": lambda layout: svg_of(layout).encode(),
        ".png": png_of,
        ".html": lambda layout: html_of(layout).encode(),
    }
    data = forms[path.suffix.lower()](layout)
    try:
        write_whole(path, data)
    except OSError as error:
        raise output_error(path, error) from error


def picture_of(picked: Picked, *, title: str) -> GraphPicture:
    """Return what is to be drawn."""
    most = max((each.mentions for each in picked.entities), default=0)
    strongest = max((tie.strength for tie in picked.ties), default=0.0)
    common = _common(picked.ties)
    passages = [
        GraphNode(
            key=f"p{each.number}",
            label=Path(each.path).name,
            type=PASSAGE,
            number=each.number,
            notes=tuple(note for note in (each.path, each.when, each.excerpt[:EXCERPT]) if note),
        )
        for each in picked.passages
    ]
    mentions = [
        GraphEdge(source=f"p{each.number}", target=f"e{entity}", faint=True)
        for each in picked.passages
        for entity in each.entities
    ]
    return GraphPicture(
        title=title,
        subtitle=_subtitle(picked, common),
        nodes=(*(_node(each, most, focus=each.id in picked.focus) for each in picked.entities), *passages),
        edges=(*(_edge(tie, strongest, common) for tie in picked.ties), *mentions),
    )


def _common(ties: Sequence[Tie]) -> str:
    """Return the kind that stands on most ties, where writing it on each would only hide the others."""
    kinds = Counter(tie.kinds[0] for tie in ties if tie.kinds[0] not in WEAK)
    kind, count = min(kinds.items(), key=lambda each: (-each[1], each[0]), default=("", 0))
    return kind if count > COMMON and 2 * count > len(ties) else ""


def _subtitle(picked: Picked, common: str) -> str:
    shown = len(picked.entities)
    entities = counted(shown, "entity", "entities")
    entities = f"{shown} of {shown + picked.left_out} entities" if picked.left_out else entities
    parts = [entities, counted(len(picked.ties), "tie", "ties")]
    if picked.passages:
        parts.append(f"{counted(len(picked.passages), 'passage', 'passages')} (dashed: to whom and what they name)")
    elif any(_over(tie) for tie in picked.ties):
        parts.append("dashed: no longer so")
    if common:
        parts.append(f"where nothing is written, mostly: {common}")
    return ", ".join(parts)


def _node(entity: EntityRow, most: int, *, focus: bool) -> GraphNode:
    others = [name for name in dict.fromkeys(name for _, name in entity.names) if name != entity.title]
    called = [f"also called {', '.join(others[:6])}"] if others else []
    return GraphNode(
        key=f"e{entity.id}",
        label=entity.title,
        type=entity.type,
        size=(entity.mentions / most) ** 0.5 if most else 0.0,
        focus=focus,
        notes=(counted(entity.mentions, "mention", "mentions"), *called),
    )


def _edge(tie: Tie, strongest: float, common: str) -> GraphEdge:
    return GraphEdge(
        source=f"e{tie.source}",
        target=f"e{tie.target}",
        label="" if tie.kinds[0] in (*WEAK, common) else tie.kinds[0],
        strength=(tie.strength / strongest) ** 0.5 if strongest else 0.0,
        arrow=tie.one_way,
        faint=_over(tie),
        notes=tuple(dict.fromkeys(_told(fact) for fact in tie.facts))[:NOTES],
    )


def _over(tie: Tie) -> bool:
    """Return whether nothing of a tie holds any longer."""
    return all(fact.valid_to for fact in tie.facts)


def _told(fact: FactRow) -> str:
    ended = f" until {fact.valid_to[:10]}" if fact.valid_to else ""
    when = f" [{fact.valid_from[:10]}{ended}]" if fact.valid_from or ended else ""
    return f"{fact.description or f'{fact.source[1]} – {fact.kind} – {fact.target[1]}'}{when}"
