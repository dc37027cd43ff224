"""Rows of a memory's file as arrays, and how they are brought up to date: only documents that changed are read again.

The unit of change is the document: its passages, windows, mentions and facts are never changed, they come and go with
it. Ids are given again once the newest row is gone, so a document is known by a mark as well. Names change by
themselves too, by merges and by models that say what they are; a sum over all of them tells. Nothing here is changed
once made, but for the lexicon. Knows nothing of questions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.memory.retrieval.linking import Lexicon
from hausmusik.memory.retrieval.vectors import Vectors, vectors_of
from hausmusik.memory.store import reading
from hausmusik.memory.store.reading import Block

Ids = npt.NDArray[np.int64]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one kind, in the order of their passages.

    Args:
        of: Id of each row's passage, `(n,)`, ascending.
        columns: What else there is of it, each `(n,)`.
        vectors: One a row, where they have some.
    """

    of: Any
    columns: tuple[Any, ...]
    vectors: Vectors | None = None

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        arrays = self.of.nbytes + sum(each.nbytes for each in self.columns)
        return arrays + (self.vectors.size_bytes if self.vectors else 0)

    def changed(self, gone: Ids, new: Block) -> Table:
        """Return it without the rows of some passages and with others."""
        if not len(gone) and not len(new.of):
            return self
        stays = ~np.isin(self.of, gone)
        of = np.concatenate([self.of[stays], new.of])
        order = None if (of[1:] >= of[:-1]).all() else np.argsort(of, kind="stable")
        columns = tuple(
            _ordered(np.concatenate([column[stays], more]), order)
            for column, more in zip(self.columns, new.columns, strict=True)
        )
        vectors = None if self.vectors is None else self.vectors.changed(stays, new.matrix, order)
        return Table(of=_ordered(of, order), columns=columns, vectors=vectors)


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What of a memory is in memory.

    Args:
        dim: Dimension of the vectors.
        documents: Ids, ascending.
        marks: Of the documents: differ where a document changed.
        passages: Document of each, and when it is from (ISO 8601 as bytes).
        windows: Start and end of each in its passage.
        mentions: The name of each, once a passage.
        facts: The names of the two sides, and how sure it is.
        told: Those facts that have a vector: the names of the two sides.
        names: Ids, ascending.
        entities: Of the names.
        people: Whether each name is a person's.
        lexicon: The names by their letters; shared with the rows that come after these, so it may know more.
    """

    dim: int
    documents: Ids
    marks: Ids
    passages: Table
    windows: Table
    mentions: Table
    facts: Table
    told: Table
    names: Ids
    entities: Ids
    people: Any
    lexicon: Lexicon

    @property
    def tables(self) -> tuple[Table, ...]:
        """What hangs on documents."""
        return self.passages, self.windows, self.mentions, self.facts, self.told


def read(connection: sqlite3.Connection, dim: int) -> Rows:
    """Read a memory whole.

    Args:
        connection: Inside a read transaction.
        dim: Dimension of its vectors; 0: it has none.
    """
    documents, marks = _documents(connection)
    passages, windows, mentions, facts, told = (_table(each) for each in reading.blocks(connection, dim or 1))
    names = reading.names(connection)
    ids, entities, people = _columns(names)
    return Rows(
        dim=dim,
        documents=documents,
        marks=marks,
        passages=passages,
        windows=windows,
        mentions=mentions,
        facts=facts,
        told=told,
        names=ids,
        entities=entities,
        people=people,
        lexicon=Lexicon(names),
    )


def updated(rows: Rows, connection: sqlite3.Connection, dim: int) -> Rows:
    """Return rows as the file is now, of which only what changed is read; arguments as of `read`."""
    if dim != rows.dim:
        return read(connection, dim)
    documents, marks = _documents(connection)
    away = rows.documents[~_known(rows.documents, rows.marks, documents, marks)]
    come = documents[~_known(documents, marks, rows.documents, rows.marks)]
    gone = rows.passages.of[np.isin(rows.passages.columns[0], away)]
    blocks = reading.blocks(connection, dim or 1, come.tolist()) if len(come) else [_nothing(t) for t in rows.tables]
    tables = [table.changed(gone, block) for table, block in zip(rows.tables, blocks, strict=True)]
    # Names that what went or what came has may be new, gone, or somebody else's now.
    mentioned = rows.mentions.columns[0][np.isin(rows.mentions.of, gone)]
    touched = np.unique(np.concatenate([mentioned, blocks[2].columns[0]]))
    changed = reading.names(connection, touched.tolist()) if len(touched) else []
    names = _merged(rows, touched, changed)
    if _sum(*names) != reading.sum_of_names(connection):
        everything = _columns(reading.names(connection))
        if not np.array_equal(everything[0], names[0]):
            return read(connection, dim)  # an identical document was put in place of another within one second
        differ = everything[0][(everything[1] != names[1]) | (everything[2] != names[2])]
        touched = np.union1d(touched, differ)
        changed = reading.names(connection, touched.tolist())
        names = everything
    rows.lexicon.change(touched.tolist(), changed)
    passages, windows, mentions, facts, told = tables
    return msgspec.structs.replace(
        rows,
        documents=documents,
        marks=marks,
        passages=passages,
        windows=windows,
        mentions=mentions,
        facts=facts,
        told=told,
        names=names[0],
        entities=names[1],
        people=names[2],
    )


def _ordered(column: Any, order: Any) -> Any:
    return column if order is None else column[order]


def _table(block: Block) -> Table:
    order = None if (block.of[1:] >= block.of[:-1]).all() else np.argsort(block.of, kind="stable")
    vectors = None if block.matrix is None else vectors_of(_ordered(block.matrix, order))
    return Table(
        of=_ordered(block.of, order), columns=tuple(_ordered(each, order) for each in block.columns), vectors=vectors
    )


def _nothing(table: Table) -> Block:
    """Return no rows, of a table's kind."""
    matrix = None if table.vectors is None else np.zeros((0, table.vectors.dim), np.float32)
    return Block(of=table.of[:0], columns=tuple(each[:0] for each in table.columns), matrix=matrix)


def _documents(connection: sqlite3.Connection) -> tuple[Ids, Ids]:
    rows = reading.document_marks(connection)
    return np.asarray([row[0] for row in rows], np.int64), np.asarray([hash(row) for row in rows], np.int64)


def _known(ids: Ids, marks: Ids, others: Ids, other_marks: Ids) -> Any:
    """Return of each id whether it is among others with the same mark."""
    at = np.searchsorted(others, ids)
    found = np.zeros(len(ids), bool)
    inside = at < len(others)
    found[inside] = (others[at[inside]] == ids[inside]) & (other_marks[at[inside]] == marks[inside])
    return found


def _columns(names: Sequence[tuple[int, str, int, str]]) -> tuple[Ids, Ids, Any]:
    """Return ids, entities and whether they are people's, of names."""
    return (
        np.asarray([row[0] for row in names], np.int64),
        np.asarray([row[2] for row in names], np.int64),
        np.asarray([row[3] == "person" for row in names], bool),
    )


def _merged(rows: Rows, touched: Ids, changed: Sequence[tuple[int, str, int, str]]) -> tuple[Ids, Ids, Any]:
    """Return the names as they are now: those touched as they were read again, the others as they were."""
    left = ~np.isin(rows.names, touched)
    ids, entities, people = _columns(changed)
    together = np.concatenate([rows.names[left], ids])
    order = np.argsort(together, kind="stable")
    return (
        together[order],
        np.concatenate([rows.entities[left], entities])[order],
        np.concatenate([rows.people[left], people])[order],
    )


def _sum(ids: Ids, entities: Ids, people: Any) -> tuple[int, int]:
    """Return what `reading.sum_of_names` says of names."""
    return len(ids), int(((ids * 31 + entities * 17 + people * 7) % reading.SUM_TO).sum())
