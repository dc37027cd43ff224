"""What language models said, as it is kept: by a hash of all that they were asked, with the passage it is about.

Knows nothing of what was asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from hausmusik.config.database import storable


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a language model said about a text.

    Args:
        answer: The text of it.
        tokens_in: It read.
        tokens_out: It wrote.
    """

    answer: str
    tokens_in: int
    tokens_out: int


def put_answers(
    connection: sqlite3.Connection, answers: Iterable[tuple[bytes, bytes, str, KeptAnswer]], at: str
) -> None:
    """Keep what models said, inside a write transaction of the caller's; see `MemoryStore.keep_answers`."""
    connection.executemany(
        "INSERT OR REPLACE INTO answers (key, text, instrument, answer, tokens_in, tokens_out, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (key, text, instrument, storable(kept.answer), kept.tokens_in, kept.tokens_out, at)
            for key, text, instrument, kept in answers
        ],
    )


def is_answered(connection: sqlite3.Connection, key: bytes) -> bool:
    """Return whether this was asked already."""
    return connection.execute("SELECT 1 FROM answers WHERE key = ?", (key,)).fetchone() is not None
