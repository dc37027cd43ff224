"""By what names are found that may mean the same as a new one: rows beside the names, inside a write transaction.

Those of the last names are in a small table of their own: words come in no order, and each commit would change most
pages of the large one. Which words, and which names may say something, is `resolving`'s affair.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import Final, NamedTuple

import msgspec

from hausmusik.memory.extraction.values import OTHER
from hausmusik.memory.resolving import MOST, comparable, kept_under, sought_under

NEW_WORDS: Final = 16_000
"""Words of new names that are kept apart: 1,500 documents of 15 new names each write the fewest pages so."""

_KEPT_UNDER: Final = f"""
WITH sought (word, is_few) AS (
    SELECT key, value >=
        (SELECT count(*) FROM (SELECT 1 FROM name_words w WHERE w.word = key LIMIT {MOST + 1}))
        + (SELECT count(*) FROM (SELECT 1 FROM new_name_words w WHERE w.word = key LIMIT {MOST + 1}))
    FROM json_each(?1)
),
here (name) AS (SELECT id FROM names WHERE entity IN (SELECT value FROM json_each(?4)))
SELECT n.entity, n.key FROM names n WHERE (n.type IN (?2, ?3) OR ?2 = ?3) AND n.id IN (
    SELECT w.name FROM sought s CROSS JOIN name_words w ON w.word = s.word WHERE s.is_few
    UNION SELECT w.name FROM sought s CROSS JOIN new_name_words w ON w.word = s.word WHERE s.is_few
    UNION SELECT w.name FROM sought s CROSS JOIN here h CROSS JOIN name_words w ON (w.word, w.name) = (s.word, h.name)
        WHERE NOT s.is_few
    UNION SELECT w.name FROM sought s CROSS JOIN here h CROSS JOIN new_name_words w
        ON (w.word, w.name) = (s.word, h.name) WHERE NOT s.is_few
)
"""
"""Names that are kept under what a new one is sought under; of what many are kept under those of the document."""

_OF_ENTITIES: Final = (
    "SELECT id, entity, key, type, surface FROM names WHERE entity IN (SELECT value FROM json_each(?1)) AND scope = ''"
    " AND (type IN (?2, ?3) OR ?2 = ?3) ORDER BY id"
)


class KnownName(NamedTuple):
    """A name that is in the memory and not one document's alone."""

    name: int
    entity: int
    key: str
    type: str
    surface: str


def keep_words(connection: sqlite3.Connection, name: int, key: str) -> None:
    """Let a new name be found."""
    words = sorted(kept_under(key))
    connection.executemany("INSERT INTO new_name_words VALUES (?, ?)", [(word, name) for word in words])


def comparable_names(connection: sqlite3.Connection, key: str, type_: str, here: Collection[int]) -> list[KnownName]:
    """Return the names that may say something of a new one, with all others of whom they mean: one may contradict.

    Args:
        connection: Inside a transaction.
        key: Of the new name, see `naming.key_of`.
        type_: Of the ontology; names of another are left out.
        here: Entities that the document of the new name mentions.
    """
    sought = msgspec.json.encode(sought_under(key)).decode()
    found = connection.execute(_KEPT_UNDER, (sought, type_, OTHER, f"{[*here]}"))
    may_say = comparable(key)
    entities = {entity for entity, other in found if may_say(other)}
    if not entities:
        return []
    rows = connection.execute(_OF_ENTITIES, (f"{sorted(entities)}", type_, OTHER))
    return [KnownName(*row) for row in rows]


def settle_words(connection: sqlite3.Connection) -> None:
    """Move the words of new names to those of all names, where there are many: all at once, in the order of words."""
    if connection.execute("SELECT count(*) FROM new_name_words").fetchone()[0] > NEW_WORDS:
        connection.execute("INSERT INTO name_words SELECT word, name FROM new_name_words ORDER BY word, name")
        connection.execute("DELETE FROM new_name_words")
