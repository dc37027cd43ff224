"""A memory as JSON-LD: one graph of documents, passages, entities and facts that name one another.

Types that schema.org has are its own, all others are of our vocabulary. A fact is a thing of its own, so that it can
say for when it holds and which passage says it. Source: https://www.w3.org/TR/json-ld11/.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Final, TextIO
from urllib.parse import quote

import msgspec

from hausmusik.memory.exchange import rows
from hausmusik.memory.exchange.clean import plain
from hausmusik.memory.store.store import MemoryStore

VOCABULARY: Final = "urn:hausmusik:vocabulary:"
CONTEXT: Final[dict[str, Any]] = {
    "@version": 1.1,
    "@vocab": VOCABULARY,
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "name": "schema:name",
    "alternateName": {"@id": "schema:alternateName", "@container": "@set"},
    "description": "schema:description",
    "text": "schema:text",
    "inLanguage": "schema:inLanguage",
    "datePublished": "schema:datePublished",
    "isPartOf": {"@id": "schema:isPartOf", "@type": "@id"},
    "mentions": {"@id": "schema:mentions", "@type": "@id", "@container": "@set"},
    "source": {"@type": "@id"},
    "target": {"@type": "@id"},
    "saidIn": {"@type": "@id"},
    "validFrom": "schema:validFrom",
    "validTo": "schema:validThrough",
    "weight": {"@type": "xsd:double"},
}
_TYPES: Final = {
    "person": "schema:Person",
    "organization": "schema:Organization",
    "location": "schema:Place",
    "event": "schema:Event",
    "product": "schema:Product",
    "document": "schema:CreativeWork",
}


def write_json_ld(name: str, store: MemoryStore, file: TextIO) -> None:
    """Write a memory, one thing on each line.

    Args:
        name: Of the memory; it begins every id.
        store: Its file.
        file: Where to.

    Raises:
        StoreError: the memory cannot be read.
    """
    base = f"urn:hausmusik:memory:{quote(name, safe='')}:"
    context = msgspec.json.encode(CONTEXT | {"@base": base}).decode()
    file.write(f'{{"@context": {context},\n"@graph": [')
    with store.database.read() as connection:
        for place, thing in enumerate(_things(connection, base)):
            known = {key: value for key, value in thing.items() if value not in ("", None, [])}
            file.write((",\n" if place else "\n") + msgspec.json.encode(known).decode())
    file.write("\n]}\n")


def _things(connection: sqlite3.Connection, base: str) -> Iterator[dict[str, Any]]:
    for document in rows.documents(connection):
        yield {
            "@id": f"{base}document-{document.id}",
            "@type": "schema:DigitalDocument",
            "name": plain(document.title),
            "path": plain(document.path),
            "kind": document.kind,
            "datePublished": document.date,
            "inLanguage": document.language,
            "sha256": document.sha256,
        }
        for passage in rows.passages_of(connection, document.id):
            yield {
                "@id": f"{base}passage-{passage.id}",
                "@type": "Passage",
                "isPartOf": f"{base}document-{document.id}",
                "text": plain(passage.text),
                "start": passage.start,
                "end": passage.end,
                "line": passage.line or None,
                "page": passage.page or None,
                "speakers": [plain(each) for each in passage.speakers],
                "at": passage.at,
                "mentions": [f"{base}entity-{each}" for each in _mentioned(connection, passage.id)],
            }
    for each in rows.entities(connection):
        type_ = _TYPES.get(each.row.type)
        yield {
            "@id": f"{base}entity-{each.row.id}",
            "@type": ["Entity", type_] if type_ else "Entity",
            "name": plain(each.row.title),
            "kind": each.row.type,
            "alternateName": [plain(name) for name in dict.fromkeys(name for _, name in each.row.names)],
            "description": plain(each.description),
        }
    for fact, passage in rows.facts(connection):
        yield {
            "@id": f"{base}fact-{fact.id}",
            "@type": "Fact",
            "source": f"{base}entity-{fact.source[0]}",
            "target": f"{base}entity-{fact.target[0]}",
            "kind": plain(fact.kind),
            "keywords": plain(fact.keywords),
            "description": plain(fact.description),
            "weight": fact.weight,
            "validFrom": fact.valid_from,
            "validTo": fact.valid_to,
            "learntAt": fact.learnt_at,
            "saidIn": f"{base}passage-{passage.id}",
        }


def _mentioned(connection: sqlite3.Connection, passage: int) -> list[int]:
    rows_ = connection.execute(
        "SELECT DISTINCT n.entity FROM mentions m JOIN names n ON n.id = m.name WHERE m.passage = ? ORDER BY n.entity",
        (passage,),
    )
    return [row[0] for row in rows_]
