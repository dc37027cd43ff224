"""Taking a document out of the tables, with everything that only it supported.

Inside a write transaction; that bytes are overwritten is the store's affair.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec

from hausmusik.config.database import storable
from hausmusik.memory.naming import key_of
from hausmusik.memory.store.closing import close_again, may_close
from hausmusik.memory.store.names import tidy
from hausmusik.memory.store.saying import unsay

FORGOTTEN: Final = "a name that is forgotten"


def remove_document(connection: sqlite3.Connection, path: str) -> bool:
    """Take a document out with all that only it supported; returns whether it was there."""
    row = connection.execute("SELECT id, title FROM documents WHERE path = ?", (storable(path),)).fetchone()
    if row is None:
        return False
    touched = supported_by(connection, "p.document = ?", row[:1])
    closing = may_close(connection, "p.document = ?", (row[0],))
    texts = [found[0] for found in connection.execute("SELECT hash FROM passages WHERE document = ?", (row[0],))]
    connection.execute("DELETE FROM documents WHERE id = ?", (row[0],))
    forget_answers(connection, texts)
    forget_unsupported(connection, touched)
    forget_title(connection, row[1])
    close_again(connection, closing)
    return True


def supported_by(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> dict[int, int]:
    """Return the names that some passages mention, with the entity of each."""
    rows = connection.execute(
        f"SELECT DISTINCT n.id, n.entity FROM passages p JOIN mentions m ON m.passage = p.id"
        f" JOIN names n ON n.id = m.name WHERE {where}",
        values,
    )
    return dict(rows.fetchall())


def forget_unsupported(connection: sqlite3.Connection, touched: Mapping[int, int]) -> None:
    """Take out names that nothing mentions any more, and entities without names.

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
    tidy(connection, entities)
    if spellings:
        _forget_spellings(connection, spellings)
    unsay(connection, entities)


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


def forget_title(connection: sqlite3.Connection, title: str) -> None:
    """Blank what records say of somebody by the title of a document that is gone, unless another has it: see `tidy`."""
    if connection.execute("SELECT 1 FROM documents WHERE title = ?", (title,)).fetchone():
        return
    beside = f" ({title})"
    connection.execute("UPDATE merges SET from_title = '' WHERE instr(from_title, ?)", (beside,))
    for table in ("merges", "doubts"):
        connection.execute(f"UPDATE {table} SET reason = ? WHERE instr(reason, ?)", (FORGOTTEN, beside))


def _is_spelt(connection: sqlite3.Connection, spelling: str) -> bool:
    """Return whether a name is still written so, or has that key."""
    keys = {key_of(spelling), key_of(spelling, "person"), spelling}
    rows = connection.execute(f"SELECT surface, key FROM names WHERE key IN ({','.join('?' * len(keys))})", tuple(keys))
    return any(spelling in row for row in rows)


def forget_answers(connection: sqlite3.Connection, texts: Sequence[bytes]) -> None:
    """Drop what models said about texts that no passage has any more."""
    for text in set(texts):
        connection.execute(
            "DELETE FROM answers WHERE text = ? AND NOT EXISTS (SELECT 1 FROM passages WHERE hash = ?)", (text, text)
        )
