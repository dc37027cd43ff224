"""A memory as three CSV files for spreadsheets and data frames: entities, relations, passages, joined by their ids.

RFC 4180, UTF-8. No cell is taken for a formula (see `clean`), so a text that begins with `=`, `+`, `-` or `@` has an
apostrophe before it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from hausmusik.memory.exchange import rows
from hausmusik.memory.exchange.clean import cell
from hausmusik.memory.exchange.targets import written
from hausmusik.memory.store.store import MemoryStore

Row = Sequence[str | float | None]

ENTITIES: Final = ("id", "title", "type", "mentions", "names", "description")
RELATIONS: Final = (
    "id",
    "source_id",
    "source",
    "kind",
    "target_id",
    "target",
    "keywords",
    "description",
    "weight",
    "valid_from",
    "valid_to",
    "learnt_at",
    "passage_id",
    "document",
)
PASSAGES: Final = ("id", "document", "title", "start", "end", "line", "page", "speakers", "at", "headings", "text")


def write_sheets(store: MemoryStore, folder: Path) -> None:
    """Write `entities.csv`, `relations.csv` and `passages.csv` into a folder; raises StoreError and OSError."""
    with store.database.read() as connection:
        _write(
            folder / "entities.csv",
            ENTITIES,
            (
                (
                    each.row.id,
                    each.row.title,
                    each.row.type,
                    each.row.mentions,
                    " | ".join(dict.fromkeys(name for _, name in each.row.names)),
                    each.description,
                )
                for each in rows.entities(connection)
            ),
        )
        _write(
            folder / "relations.csv",
            RELATIONS,
            (
                (
                    fact.id,
                    *fact.source,
                    fact.kind,
                    *fact.target,
                    fact.keywords,
                    fact.description,
                    fact.weight,
                    fact.valid_from,
                    fact.valid_to,
                    fact.learnt_at,
                    passage.id,
                    passage.path,
                )
                for fact, passage in rows.facts(connection)
            ),
        )
        _write(
            folder / "passages.csv",
            PASSAGES,
            (
                (
                    each.id,
                    each.path,
                    each.title,
                    each.start,
                    each.end,
                    each.line or None,
                    each.page or None,
                    " | ".join(each.speakers),
                    each.at,
                    " > ".join(each.headings),
                    each.text,
                )
                for each in rows.passages(connection)
            ),
        )


def _write(path: Path, head: Sequence[str], lines: Iterable[Row]) -> None:
    with written(path) as file:
        sheet = csv.writer(file)
        sheet.writerow(head)
        sheet.writerows([cell(value) for value in line] for line in lines)
