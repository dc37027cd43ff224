"""Writing a memory for other programs, in one of five forms, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TextIO, TypeAlias, get_args

import msgspec

from hausmusik.errors import UsageError
from hausmusik.memory.exchange.custom_kg import write_custom_kg
from hausmusik.memory.exchange.graphml import write_graphml
from hausmusik.memory.exchange.jsonld import write_json_ld
from hausmusik.memory.exchange.lightrag_files import Embed, write_lightrag
from hausmusik.memory.exchange.sheets import write_sheets
from hausmusik.memory.exchange.targets import whole_file, whole_folder
from hausmusik.memory.store.store import MemoryStore

Form: TypeAlias = Literal["graphml", "json-ld", "csv", "lightrag", "custom-kg"]
"""`csv` and `lightrag` are folders, the others files."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written.

    Args:
        memory: Name of the memory.
        form: In which form.
        target: The file or folder.
        documents: In the memory.
        passages: In the memory.
        entities: In the memory.
        facts: In the memory.
    """

    memory: str
    form: Form
    target: str
    documents: int
    passages: int
    entities: int
    facts: int


async def export(name: str, store: MemoryStore, target: Path, form: Form, embed: Embed) -> Exported:
    """Write a memory to a new file or folder.

    Args:
        name: Of the memory.
        store: Its file.
        target: What is made.
        form: In which form.
        embed: By the memory's embedder; only `lightrag` asks it.

    Raises:
        UsageError: there is no such form.
        OutputError: something is there already, or it cannot be written.
        StoreError: the memory cannot be read.
    """
    if form not in get_args(Form):
        raise UsageError(f"there is no form {form!r}", hint=f"one of {', '.join(get_args(Form))}")
    if form == "lightrag":
        with whole_folder(target) as folder:
            await write_lightrag(store, folder, embed)
    elif form == "csv":
        await asyncio.to_thread(_sheets, store, target)
    else:
        writers: dict[str, Callable[[TextIO], None]] = {
            "graphml": lambda file: write_graphml(store, file),
            "json-ld": lambda file: write_json_ld(name, store, file),
            "custom-kg": lambda file: write_custom_kg(store, file),
        }
        await asyncio.to_thread(_file, target, writers[form])
    counts = await asyncio.to_thread(store.counts)
    kept = {what: counts[what] for what in ("documents", "passages", "entities", "facts")}
    return Exported(memory=name, form=form, target=str(target), **kept)


def _sheets(store: MemoryStore, target: Path) -> None:
    with whole_folder(target) as folder:
        write_sheets(store, folder)


def _file(target: Path, write: Callable[[TextIO], None]) -> None:
    with whole_file(target) as file:
        write(file)
