"""The tables of a memory, one script per version; a script that was released is never changed.

    document -> passage -> window (what is embedded)
                        -> mention -> name -> entity     a name is one spelling of one type; an entity a set of names
                        -> fact (entity - entity)        what a passage says of two of them, and for when it holds

Everything but names, entities and settings hangs on a document and goes with it. Facts name two *names*, not entities,
so that a merge moves names and nothing else, and is undone by moving them back. `typed_by` is which language model
guessed a name's type; empty: rules or whoever extracted said so, and go over a guess. `passage_words` is FTS5 over the
passages' own text (external content: the text stands in the file once). `name_words` is what names are found by when
they may mean the same; of the last names it is in `new_name_words`, which is small: words come in no order, and each
commit would change most pages of the large one. Vectors are little-endian float16. Times are ISO 8601 text, which
sorts; an empty one is unknown. A merge is `by` a rule (`other`: the name that it found alike), the user, or a text that
says itself that two names are one: `aliases` has each passage that says so, and with the last of them the merge is
undone. `answers` has what language models said, in the order in which they did (in that of the hashes each would change
a page of its own), by a hash of all that they were asked; each belongs to the passage texts that it was made of, and
goes with the last of them. Ids of entities are never given again, for `merges` keeps those of some that are no more.

Sources: https://www.sqlite.org/fts5.html (external content, `secure-delete` from 3.42), design decision 14.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hausmusik.config.database import Database

V1: Final = """
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    recipe TEXT NOT NULL,
    kind TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    date TEXT NOT NULL,
    speakers TEXT NOT NULL,
    added_at TEXT NOT NULL
);

CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    hash BLOB NOT NULL,
    text TEXT NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    line INTEGER NOT NULL,
    last_line INTEGER NOT NULL,
    page INTEGER NOT NULL,
    speakers TEXT NOT NULL,
    at TEXT NOT NULL,
    at_s REAL,
    headings TEXT NOT NULL,
    level TEXT NOT NULL,
    marks TEXT NOT NULL
);
CREATE INDEX passages_of_document ON passages (document, ordinal);
CREATE INDEX passages_by_hash ON passages (hash);
CREATE VIRTUAL TABLE passage_words USING fts5 (
    text, content = 'passages', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2', columnsize = 1
);
CREATE TRIGGER passage_words_in AFTER INSERT ON passages BEGIN
    INSERT INTO passage_words (rowid, text) VALUES (NEW.id, NEW.text);
END;
CREATE TRIGGER passage_words_out AFTER DELETE ON passages BEGIN
    INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', OLD.id, OLD.text);
END;

CREATE TABLE windows (
    id INTEGER PRIMARY KEY,
    passage INTEGER NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX windows_of_passage ON windows (passage);

CREATE TABLE entities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    type TEXT NOT NULL
);

CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL REFERENCES entities (id),
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    scope TEXT NOT NULL,
    surface TEXT NOT NULL,
    typed_by TEXT NOT NULL DEFAULT '',
    mentions INTEGER NOT NULL DEFAULT 0,
    UNIQUE (key, type, scope)
);
CREATE INDEX names_of_entity ON names (entity);
CREATE TABLE name_words (
    word TEXT NOT NULL,
    name INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    PRIMARY KEY (word, name)
) WITHOUT ROWID;
CREATE INDEX words_of_name ON name_words (name);
CREATE TABLE new_name_words (
    word TEXT NOT NULL,
    name INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    PRIMARY KEY (word, name)
) WITHOUT ROWID;
CREATE INDEX words_of_new_name ON new_name_words (name);

CREATE TABLE mentions (
    id INTEGER PRIMARY KEY,
    passage INTEGER NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    name INTEGER NOT NULL REFERENCES names (id),
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    description TEXT NOT NULL
);
CREATE INDEX mentions_of_passage ON mentions (passage);
CREATE INDEX mentions_of_name ON mentions (name);

CREATE TABLE facts (
    id INTEGER PRIMARY KEY,
    passage INTEGER NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    source INTEGER NOT NULL REFERENCES names (id),
    target INTEGER NOT NULL REFERENCES names (id),
    kind TEXT NOT NULL,
    keywords TEXT NOT NULL,
    description TEXT NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    weight REAL NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT NOT NULL DEFAULT '',
    learnt_at TEXT NOT NULL,
    closed_by INTEGER REFERENCES facts (id) ON DELETE SET NULL,
    vector BLOB
);
CREATE INDEX facts_of_passage ON facts (passage);
CREATE INDEX facts_of_source ON facts (source, kind);
CREATE INDEX facts_of_target ON facts (target);
CREATE INDEX facts_closed_by ON facts (closed_by) WHERE closed_by IS NOT NULL;

CREATE TABLE merges (
    id INTEGER PRIMARY KEY,
    name INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    other INTEGER REFERENCES names (id) ON DELETE SET NULL,
    from_entity INTEGER NOT NULL,
    from_title TEXT NOT NULL,
    into_entity INTEGER NOT NULL,
    by TEXT NOT NULL CHECK (by IN ('rule', 'text', 'user')),
    reason TEXT NOT NULL,
    score REAL NOT NULL,
    at TEXT NOT NULL,
    undone_at TEXT NOT NULL DEFAULT ''
);
CREATE INDEX merges_of_name ON merges (name);
CREATE INDEX merges_with ON merges (other) WHERE other IS NOT NULL;

CREATE TABLE aliases (
    passage INTEGER NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    name INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    other INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    PRIMARY KEY (passage, name, other)
) WITHOUT ROWID;
CREATE INDEX aliases_of_name ON aliases (name);
CREATE INDEX aliases_of_other ON aliases (other);

CREATE TABLE doubts (
    name INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    other INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    score REAL NOT NULL,
    reason TEXT NOT NULL,
    verdict TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'same', 'apart')),
    PRIMARY KEY (name, other)
) WITHOUT ROWID;
CREATE INDEX doubts_about ON doubts (other);

CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    text BLOB NOT NULL,
    instrument TEXT NOT NULL,
    answer TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX answers_about ON answers (text);
"""

MIGRATIONS: Final = (V1,)

SAID_AT: Final = "CASE p.at WHEN '' THEN d.date ELSE p.at END"
"""When a passage `p` of a document `d` was said."""

PAGE_BYTES: Final = 2048
"""Small, for a commit writes whole pages, and new names change them all over; two vectors of 384 numbers fill one."""

LOG_PAGES: Final = 128_000
"""256 MB: a document changes pages all over the indexes of names, the next one the same again; the log is emptied at
the end of an adding."""

CACHE_KIB: Final = 64_000
"""What most of the indexes of some thousand documents are; with SQLite's 2 MB each document reads them anew."""


def memory_file(path: Path) -> Database:
    """Return the database of a memory; nothing is opened before its first use."""
    return Database(
        path,
        title="memory",
        migrations=MIGRATIONS,
        log_pages=LOG_PAGES,
        cache_kib=CACHE_KIB,
        overwrites=True,
        page_bytes=PAGE_BYTES,
    )
