"""Putting a document into the tables, and taking one out with everything that only it supported.

Each function runs inside one write transaction of its caller, so a document is there whole or not at all. Knows nothing
of files, models or of when a document is put.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec
import numpy as np

from hausmusik.config.database import storable
from hausmusik.memory.extraction.cues import single_kinds
from hausmusik.memory.extraction.values import OTHER
from hausmusik.memory.naming import key_of
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe
from hausmusik.memory.store.names import Names, move_name, tidy
from hausmusik.types import FloatArray

FORGOTTEN: Final = "a name that is forgotten"
STORED: Final = np.dtype("<f2")


def packed(vector: FloatArray) -> bytes:
    """Return a vector as it is stored: little-endian float16, 2 bytes a dimension."""
    return np.asarray(vector, dtype=STORED).tobytes()


def put_document(connection: sqlite3.Connection, entry: DocumentEntry, recipe: Recipe, at: str) -> int:
    """Write a document, or what has changed of it; returns its id.

    Passages whose text is already there under this document keep their row and what was extracted of them, unless the
    recipe is another one.

    Args:
        connection: Inside a write transaction.
        entry: All of it; passages that are kept need no extraction.
        recipe: By which it was made.
        at: When, ISO 8601.
    """
    document = entry.document
    row = connection.execute(
        "SELECT id, recipe, date FROM documents WHERE path = ?", (storable(document.path),)
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
        _json(document.speakers),
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
        kept = _passages_by_hash(connection, document_id) if row[1] == recipe.text else {}
        gone, closing = _take_out(connection, document_id, entry, kept)
    names = Names(connection, document_id, at, document.speakers)
    left = {hash_: len(ids) for hash_, ids in kept.items()}
    names.foresee(each.extraction for each in entry.passages if not _keeps(left, each.hash))
    for ordinal, each in enumerate(entry.passages):
        ids = kept.get(each.hash)
        if ids:
            id_ = ids.pop(0)
            closing |= _date_again(connection, id_, row[2] if row else "", each.passage.at or document.date)
            _move_passage(connection, id_, ordinal, each)
        else:
            _add_passage(connection, document_id, ordinal, each, names, document.date, at)
    tidy(connection, names.entities)
    # Only now: a name that the new form has as well stays what it is, with what the user said of it.
    _forget_unsupported(connection, gone)
    _close_again(connection, closing)
    return document_id


def _keeps(left: dict[bytes, int], hash_: bytes) -> bool:
    """Return whether a passage of this hash is there already, and count it off."""
    left[hash_] = left.get(hash_, 0) - 1
    return left[hash_] >= 0


def remove_document(connection: sqlite3.Connection, path: str) -> bool:
    """Take a document out with all that only it supported; returns whether it was there."""
    row = connection.execute("SELECT id FROM documents WHERE path = ?", (storable(path),)).fetchone()
    if row is None:
        return False
    touched = _supported_by(connection, "p.document = ?", (row[0],))
    closing = _closing(connection, "p.document = ?", (row[0],))
    texts = [found[0] for found in connection.execute("SELECT hash FROM passages WHERE document = ?", (row[0],))]
    connection.execute("DELETE FROM documents WHERE id = ?", (row[0],))
    _forget_answers(connection, texts)
    _forget_unsupported(connection, touched)
    _close_again(connection, closing)
    return True


def _passages_by_hash(connection: sqlite3.Connection, document: int) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for hash_, id_ in connection.execute(
        "SELECT hash, id FROM passages WHERE document = ? ORDER BY ordinal", (document,)
    ):
        found.setdefault(hash_, []).append(id_)
    return found


def _take_out(
    connection: sqlite3.Connection, document: int, entry: DocumentEntry, kept: dict[bytes, list[int]]
) -> tuple[dict[int, int], set[tuple[int, str]]]:
    """Delete the passages that the new form of a document has not; returns the names they supported, see `_closing`."""
    wanted: dict[bytes, int] = {}
    for each in entry.passages:
        wanted[each.hash] = wanted.get(each.hash, 0) + 1
    gone: list[tuple[int, bytes]] = []
    for hash_, id_ in connection.execute(
        "SELECT hash, id FROM passages WHERE document = ? ORDER BY ordinal", (document,)
    ):
        if hash_ in kept and wanted.get(hash_, 0) > 0:
            wanted[hash_] -= 1
        else:
            gone.append((id_, hash_))
            if hash_ in kept:
                kept[hash_] = [each for each in kept[hash_] if each != id_]
    touched: dict[int, int] = {}
    closing: set[tuple[int, str]] = set()
    for id_, _ in gone:
        closing |= _closing(connection, "p.id = ?", (id_,))
        touched |= _supported_by(connection, "p.id = ?", (id_,))
        connection.execute("DELETE FROM passages WHERE id = ?", (id_,))
    _forget_answers(connection, [hash_ for _, hash_ in gone])
    return touched, closing


def _closing(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> set[tuple[int, str]]:
    """Return entity and kind of those facts of some passages that other facts may have ended with."""
    kinds = sorted(single_kinds())
    marks = ",".join("?" * len(kinds))
    rows = connection.execute(
        f"SELECT DISTINCT s.entity, f.kind FROM passages p JOIN facts f ON f.passage = p.id"
        f" JOIN names s ON s.id = f.source WHERE f.kind IN ({marks}) AND {where}",
        (*kinds, *values),
    )
    return set(rows.fetchall())


def _close_again(connection: sqlite3.Connection, closing: set[tuple[int, str]]) -> None:
    for entity, kind in sorted(closing):
        close_contradicted(connection, entity, kind)


def _supported_by(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> dict[int, int]:
    """Return the names that some passages mention, with the entity of each."""
    rows = connection.execute(
        f"SELECT DISTINCT n.id, n.entity FROM passages p JOIN mentions m ON m.passage = p.id"
        f" JOIN names n ON n.id = m.name WHERE {where}",
        values,
    )
    return dict(rows.fetchall())


def _forget_unsupported(connection: sqlite3.Connection, touched: Mapping[int, int]) -> None:
    """Take out names that nothing mentions any more, entities without names, and summaries made of what went.

    A spelling that only what went had goes too, where it is a name's, and in the reasons of merges and doubts.
    """
    spellings: set[str] = set()
    for name in touched:
        surface, key = connection.execute("SELECT surface, key FROM names WHERE id = ?", (name,)).fetchone()
        count = connection.execute("SELECT count(*) FROM mentions WHERE name = ?", (name,)).fetchone()[0]
        if count:
            written = _spelt(connection, name, surface)
            connection.execute("UPDATE names SET mentions = ?, surface = ? WHERE id = ?", (count, written, name))
            spellings |= {surface} - {written}
        else:
            connection.execute("DELETE FROM facts WHERE source = ? OR target = ?", (name, name))
            connection.execute("DELETE FROM names WHERE id = ?", (name,))
            spellings |= {surface, key}
    entities = set(touched.values())
    connection.executemany("UPDATE entities SET summary = '' WHERE id = ?", [(entity,) for entity in entities])
    tidy(connection, entities)
    if spellings:
        _forget_spellings(connection, spellings)


def _spelt(connection: sqlite3.Connection, name: int, surface: str) -> str:
    """Return how the first passage that mentions a name writes it: as it was, unless that passage is gone."""
    start, end, text, speakers, headings, title, key, type_ = connection.execute(
        "SELECT m.start, m.end, p.text, p.speakers, p.headings, d.title, n.key, n.type FROM mentions m"
        " JOIN passages p ON p.id = m.passage JOIN documents d ON d.id = p.document JOIN names n ON n.id = m.name"
        " WHERE m.name = ? ORDER BY m.id LIMIT 1",
        (name,),
    ).fetchone()
    if start >= 0:
        written = text[start:end]
        same = " ".join(written.split()).casefold() == surface.casefold()
        return surface if same and type_ == "topic" else written
    beside = [*msgspec.json.decode(speakers, type=list[str]), *msgspec.json.decode(headings, type=list[str]), title]
    if surface in beside:
        return surface
    return next((each for each in beside if key_of(each, type_) == key), key)


def _forget_spellings(connection: sqlite3.Connection, spellings: AbstractSet[str]) -> None:
    """Blank what the records of merges and doubts say with spellings that nothing supports any more."""
    gone = {each for each in spellings if not _is_spelt(connection, each)}
    if not gone:
        return
    words = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(gone)))
    for id_, title, reason in connection.execute("SELECT id, from_title, reason FROM merges").fetchall():
        told = FORGOTTEN if words.search(reason) else reason
        shown = "" if title in gone else title
        if (told, shown) != (reason, title):
            connection.execute("UPDATE merges SET from_title = ?, reason = ? WHERE id = ?", (shown, told, id_))
    for name, other, reason in connection.execute("SELECT name, other, reason FROM doubts").fetchall():
        if words.search(reason):
            connection.execute("UPDATE doubts SET reason = ? WHERE name = ? AND other = ?", (FORGOTTEN, name, other))


def _is_spelt(connection: sqlite3.Connection, spelling: str) -> bool:
    """Return whether a name is still written so, or has that key."""
    keys = {key_of(spelling), key_of(spelling, "person"), spelling}
    rows = connection.execute(f"SELECT surface, key FROM names WHERE key IN ({','.join('?' * len(keys))})", tuple(keys))
    return any(spelling in row for row in rows)


def _forget_answers(connection: sqlite3.Connection, texts: Sequence[bytes]) -> None:
    """Drop what models said about texts that no passage has any more."""
    for text in set(texts):
        connection.execute(
            "DELETE FROM answers WHERE text = ? AND NOT EXISTS (SELECT 1 FROM passages WHERE hash = ?)", (text, text)
        )


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
    return _closing(connection, "p.id = ?", (passage,))


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
            _json(passage.speakers),
            passage.at,
            passage.at_s,
            _json(passage.headings),
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
                _json(passage.speakers),
                passage.at,
                passage.at_s,
                _json(passage.headings),
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
            _same(connection, other, one, f"the text says so: {alias.name} ({alias.other})", at)
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


def close_contradicted(connection: sqlite3.Connection, entity: int, kind: str) -> None:
    """Let each fact of a kind that holds with one target at a time end where the next one with another begins.

    All of them are looked at in the order in which they began, so that it does not matter in which order they were
    learnt. Nothing is overwritten: what ends keeps its row, with when and by which fact.
    """
    rows = connection.execute(
        "SELECT f.id, f.valid_from, t.entity FROM facts f JOIN names s ON s.id = f.source"
        " JOIN names t ON t.id = f.target"
        " WHERE s.entity = ? AND f.kind = ? AND f.valid_from <> '' ORDER BY f.valid_from, f.id",
        (entity, kind),
    ).fetchall()
    for place, (id_, began, target) in enumerate(rows):
        after = next((row for row in rows[place + 1 :] if row[2] != target and row[1] > began), None)
        connection.execute(
            "UPDATE facts SET valid_to = ?, closed_by = ? WHERE id = ?",
            (after[1] if after else "", after[0] if after else None, id_),
        )


def close_all_contradicted(connection: sqlite3.Connection, entities: Iterable[int]) -> None:
    """Let the facts of some entities end where they should, after names of them have moved.

    A fact of somebody else may end with another target too, where the target has moved.
    """
    kinds = sorted(single_kinds())
    marks = ",".join("?" * len(kinds))
    for entity in entities:
        rows = connection.execute(
            "SELECT DISTINCT s.entity, f.kind FROM facts f JOIN names s ON s.id = f.source"
            f" JOIN names t ON t.id = f.target WHERE f.kind IN ({marks}) AND ? IN (s.entity, t.entity)",
            (*kinds, entity),
        ).fetchall()
        _close_again(connection, set(rows))


def _same(connection: sqlite3.Connection, name: int, other: int, reason: str, at: str) -> None:
    row = connection.execute("SELECT entity FROM names WHERE id = ?", (other,)).fetchone()
    move_name(connection, name, row[0], by="rule", reason=reason, score=0.97, at=at)
    close_all_contradicted(connection, row)


def _json(values: Sequence[str]) -> str:
    return storable(msgspec.json.encode([storable(each) for each in values]).decode())
