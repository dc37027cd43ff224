"""What a memory's file must be like beyond being a sound database: its words, its vectors, and what hangs on what."""

from __future__ import annotations

import sqlite3
from typing import Final

_USUAL: Final = "(SELECT length(vector) FROM windows GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)"
_WRONG: Final = {
    "names that nothing mentions": "SELECT count(*) FROM names n WHERE NOT EXISTS"
    " (SELECT 1 FROM mentions WHERE name = n.id)",
    "entities without names": "SELECT count(*) FROM entities e WHERE NOT EXISTS"
    " (SELECT 1 FROM names WHERE entity = e.id)",
    "passages that hang on nothing": "SELECT count(*) FROM pragma_foreign_key_check",
    "passages without vectors": "SELECT count(*) FROM passages p WHERE NOT EXISTS"
    " (SELECT 1 FROM windows WHERE passage = p.id)",
    "vectors of another length": "SELECT count(*) FROM (SELECT length(vector) size FROM windows UNION ALL"
    f" SELECT length(vector) FROM facts WHERE vector IS NOT NULL) WHERE size < 2 OR size % 2 OR size <> {_USUAL}",
}


def wrong_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows are wrong, by what is wrong with them."""
    return {what: int(connection.execute(query).fetchone()[0]) for what, query in _WRONG.items()}


def words_are_wrong(connection: sqlite3.Connection) -> bool:
    """Return whether the full-text index is not that of the passages' texts.

    Args:
        connection: In a transaction for writing: nothing is written, but SQLite takes the statement for it.
    """
    try:
        connection.execute("INSERT INTO passage_words (passage_words, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return True
    return False
