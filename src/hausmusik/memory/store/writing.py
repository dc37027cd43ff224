"""Putting a document into the tables, in place of what it was before. Taking one out stands in `forgetting`.

Each function runs inside one write transaction of its caller, so a document is there whole or not at all. Knows nothing
of files, models or of when a document is put.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np

from hausmusik.config.database import storable
from hausmusik.memory.extraction.cues import single_kinds
from hausmusik.memory.extraction.values import OTHER
from hausmusik.memory.naming import key_of
from hausmusik.memory.store.closing import close_again, close_all_contradicted, close_contradicted, may_close
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe, json_text, passage_key
from hausmusik.memory.store.forgetting import forget_answers, forget_title, forget_unsupported, supported_by
from hausmusik.memory.store.names import Names, move_name, tidy
from hausmusik.memory.store.saying import saying
from hausmusik.types import FloatArray

STORED: Final = np.dtype("<f2")


def packed(vector: FloatArray) -> bytes:
    """Return a vector as it is stored: little-endian float16, 2 bytes a dimension."""
    return np.asarray(vector, dtype=STORED).tobytes()


def put_document(connection: sqlite3.Connection, entry: DocumentEntry, recipe: Recipe, at: str) -> int:
    """Write a document, or what has changed of it; returns its id.

    Passages whose text is already there under this document, under the same headings, keep their row and what was
    extracted of them, unless the recipe or the document's title is another one: a model is shown those, and names them.

    Args:
        connection: Inside a write transaction.
        entry: All of it; passages that are kept need no extraction.
        recipe: By which it was made.
        at: When, ISO 8601.
    """
    document = entry.document
    row = connection.execute(
        "SELECT id, recipe, date, title FROM documents WHERE path = ?", (storable(document.path),)
    ).fetchone()
    gone: Mapping[int, int] = {}
    closing: set[tuple[int, str]] = set()
    values = (
        document.sha256,
        recipe.text,
        document.kind,
        document.size_bytes,
        document.encoding,
        document.language,
        storable(document.title),
        document.date,
        json_text(document.speakers),
        at,
        storable(document.path),
    )
    if row is None:
        statement = (
            "INSERT INTO documents (sha256, recipe, kind, size_bytes, encoding, language, title, date, speakers,"
            " added_at, path) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        document_id = int(connection.execute(statement, values).lastrowid or 0)
        kept: dict[bytes, list[int]] = {}
    else:
        document_id = int(row[0])
        connection.execute(
            "UPDATE documents SET sha256 = ?, recipe = ?, kind = ?, size_bytes = ?, encoding = ?, language = ?,"
            " title = ?, date = ?, speakers = ?, added_at = ? WHERE path = ?",
            values,
        )
        is_same = (row[1], row[3]) == (recipe.text, storable(document.title))
        kept = _passages_by_key(connection, document_id) if is_same else {}
        gone, closing = _take_out(connection, document_id, entry, kept)
    names = Names(connection, document_id, at, document.speakers)
    left = {key: len(ids) for key, ids in kept.items()}
    names.foresee(each.extraction for each in entry.passages if not _keeps(left, each.key))
    for ordinal, each in enumerate(entry.passages):
        ids = kept.get(each.key)
        if ids:
            id_ = ids.pop(0)
            closing |= _date_again(connection, id_, row[2] if row else "", each.passage.at or document.date)
            _move_passage(connection, id_, ordinal, each)
        else:
            _add_passage(connection, document_id, ordinal, each, names, document.date, at)
    tidy(connection, names.entities)
    # Only now: a name that the new form has as well stays what it is, with what the user said of it.
    forget_unsupported(connection, gone)
    if row is not None and row[3] != storable(document.title):
        forget_title(connection, row[3])
    close_again(connection, closing)
    return document_id


def _keeps(left: dict[bytes, int], key: bytes) -> bool:
    """Return whether a passage of this key is there already, and count it off."""
    left[key] = left.get(key, 0) - 1
    return left[key] >= 0


def _passages_by_key(connection: sqlite3.Connection, document: int) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for hash_, headings, id_ in connection.execute(
        "SELECT hash, headings, id FROM passages WHERE document = ? ORDER BY ordinal", (document,)
    ):
        found.setdefault(passage_key(hash_, headings), []).append(id_)
    return found


def _take_out(
    connection: sqlite3.Connection, document: int, entry: DocumentEntry, kept: dict[bytes, list[int]]
) -> tuple[dict[int, int], set[tuple[int, str]]]:
    """Delete the passages that the new form of a document has not; returns the names they supported, see `_closing`."""
    wanted: dict[bytes, int] = {}
    for each in entry.passages:
        wanted[each.key] = wanted.get(each.key, 0) + 1
    gone: list[tuple[int, bytes]] = []
    for hash_, headings, id_ in connection.execute(
        "SELECT hash, headings, id FROM passages WHERE document = ? ORDER BY ordinal", (document,)
    ):
        key = passage_key(hash_, headings)
        if key in kept and wanted.get(key, 0) > 0:
            wanted[key] -= 1
        else:
            gone.append((id_, hash_))
            if key in kept:
                kept[key] = [each for each in kept[key] if each != id_]
    touched: dict[int, int] = {}
    closing: set[tuple[int, str]] = set()
    for id_, _ in gone:
        closing |= may_close(connection, "p.id = ?", (id_,))
        touched |= supported_by(connection, "p.id = ?", (id_,))
        connection.execute("DELETE FROM passages WHERE id = ?", (id_,))
    forget_answers(connection, [hash_ for _, hash_ in gone])
    return touched, closing


def _date_again(connection: sqlite3.Connection, passage: int, document_date: str, when: str) -> set[tuple[int, str]]:
    """Let what a passage says begin when the passage is now from; returns what that may end, see `_closing`."""
    at = connection.execute("SELECT at FROM passages WHERE id = ?", (passage,)).fetchone()[0]
    before = at or document_date
    if before == when:
        return set()
    connection.execute(
        "UPDATE facts SET valid_from = ?, valid_to = '', closed_by = NULL WHERE passage = ? AND valid_from = ?",
        (when, passage, before),
    )
    return may_close(connection, "p.id = ?", (passage,))


def _move_passage(connection: sqlite3.Connection, id_: int, ordinal: int, entry: PassageEntry) -> None:
    """Bring up to date where a passage stands; what it says is as it was."""
    passage = entry.passage
    connection.execute(
        "UPDATE passages SET ordinal = ?, start = ?, end = ?, line = ?, last_line = ?, page = ?, speakers = ?, at = ?,"
        " at_s = ?, headings = ?, level = ?, marks = ? WHERE id = ?",
        (
            ordinal,
            passage.start,
            passage.end,
            passage.line,
            passage.last_line,
            passage.page,
            json_text(passage.speakers),
            passage.at,
            passage.at_s,
            json_text(passage.headings),
            passage.level,
            msgspec.json.encode(passage.marks).decode(),
            id_,
        ),
    )


def _add_passage(
    connection: sqlite3.Connection, document: int, ordinal: int, entry: PassageEntry, names: Names, date: str, at: str
) -> None:
    passage = entry.passage
    id_ = int(
        connection.execute(
            "INSERT INTO passages (document, ordinal, hash, text, start, end, tokens, line, last_line, page, speakers,"
            " at, at_s, headings, level, marks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document,
                ordinal,
                entry.hash,
                storable(passage.text),
                passage.start,
                passage.end,
                passage.tokens,
                passage.line,
                passage.last_line,
                passage.page,
                json_text(passage.speakers),
                passage.at,
                passage.at_s,
                json_text(passage.headings),
                passage.level,
                msgspec.json.encode(passage.marks).decode(),
            ),
        ).lastrowid
        or 0
    )
    connection.executemany(
        "INSERT INTO windows (passage, start, end, vector) VALUES (?, ?, ?, ?)",
        [(id_, window.start, window.end, packed(window.vector)) for window in entry.windows],
    )
    _add_extraction(connection, id_, entry, names, passage.at or date, at)


def _add_extraction(
    connection: sqlite3.Connection, passage: int, entry: PassageEntry, names: Names, valid_from: str, at: str
) -> None:
    found = entry.extraction
    ids: dict[str, int] = {}
    mentions: list[tuple[Any, ...]] = []
    for entity in sorted(found.entities, key=lambda each: each.type == OTHER):
        # Typed names first: an untyped one of the same letters is then the same name.
        id_ = names.id_of(storable(entity.name), entity.type, speaker=entity.start < 0)
        if id_ is not None:
            ids.setdefault(key_of(entity.name, entity.type), id_)
            ids.setdefault(key_of(entity.name), id_)
            mentions.append((passage, id_, entity.start, entity.end, storable(entity.description)))
    connection.executemany(
        "INSERT INTO mentions (passage, name, start, end, description) VALUES (?, ?, ?, ?, ?)", mentions
    )
    counted: dict[int, int] = {}
    for _, id_, *_ in mentions:
        counted[id_] = counted.get(id_, 0) + 1
    connection.executemany(
        "UPDATE names SET mentions = mentions + ? WHERE id = ?", [(count, id_) for id_, count in counted.items()]
    )
    for alias in found.aliases:
        one, other = ids.get(key_of(alias.name)), ids.get(key_of(alias.other))
        if one is not None and other is not None and one != other:
            connection.execute("INSERT OR IGNORE INTO aliases VALUES (?, ?, ?)", (passage, other, one))
            _same(connection, other, one, saying(alias.name, alias.other), at)
    single = single_kinds()
    vectors = entry.fact_vectors or (None,) * len(found.relations)
    for fact, vector in zip(found.relations, vectors, strict=True):
        source, target = ids.get(key_of(fact.source)), ids.get(key_of(fact.target))
        if source is None or target is None or source == target:
            continue
        when = fact.when or valid_from
        id_ = connection.execute(
            "INSERT INTO facts (passage, source, target, kind, keywords, description, start, end, weight, valid_from,"
            " learnt_at, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                passage,
                source,
                target,
                storable(fact.kind),
                storable(fact.keywords),
                storable(fact.description),
                fact.start,
                fact.end,
                fact.weight,
                when,
                at,
                None if vector is None else packed(vector),
            ),
        ).lastrowid
        if fact.kind in single and when and id_ is not None:
            entity = connection.execute("SELECT entity FROM names WHERE id = ?", (source,)).fetchone()[0]
            close_contradicted(connection, entity, fact.kind)


def _same(connection: sqlite3.Connection, name: int, other: int, reason: str, at: str) -> None:
    row = connection.execute("SELECT entity FROM names WHERE id = ?", (other,)).fetchone()
    move_name(connection, name, row[0], by="text", reason=reason, score=0.97, at=at)
    close_all_contradicted(connection, row)
