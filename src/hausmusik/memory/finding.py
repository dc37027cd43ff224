"""Which files are to be added, and which of them are in the memory already, by their bytes.

Knows nothing of what is in them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hausmusik.errors import BadInput
from hausmusik.memory.places import Places
from hausmusik.memory.reading.folders import Skipped as PassedOver
from hausmusik.memory.reading.folders import find_files
from hausmusik.memory.reading.limits import SPLIT, ReadLimits
from hausmusik.memory.values import AddItem, Change, Skipped

STDIN_NAME = "stdin"


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where files come from.

    Args:
        paths: Files and folders; `-` is stdin.
        ignore: Patterns of what is left out.
        stdin: What stdin said, where it is among them.
    """

    paths: tuple[Path, ...]
    ignore: tuple[str, ...] = ()
    stdin: bytes = b""


def find_items(
    sources: Sources, known: Mapping[str, str], places: Places
) -> tuple[tuple[AddItem, ...], tuple[Skipped, ...]]:
    """Return the files, and what is left out with its reason.

    Args:
        sources: Where they are.
        places: Says what they are called, and learns of those that are new.
        known: sha256 of what is in the memory, by name; another one, or an empty one, means that it changed.

    Raises:
        NotFoundError: a path that was named is not there.
    """
    limit_bytes = ReadLimits().max_bytes
    too_large = f"it is larger than {limit_bytes / 1e6:,.0f} MB: {SPLIT}"
    over: list[PassedOver] = []
    items: list[AddItem] = []
    paths = [path for path in sources.paths if str(path) != "-"]
    for found in find_files(paths, places, ignore=sources.ignore, skipped=over.append) if paths else ():
        try:
            with found.path.open("rb") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                if size_bytes > limit_bytes:
                    over.append(PassedOver(found.path, too_large))
                    continue
                if not size_bytes and found.path not in paths and found.name not in known:
                    over.append(PassedOver(found.path, "it is empty"))  # as logs are that nobody wrote to
                    continue
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            over.append(PassedOver(found.path, f"cannot be read: {(error.strerror or 'no reason given').lower()}"))
            continue
        items.append(_item(found.path, found.name, digest, size_bytes, known))
    if len(paths) < len(sources.paths):
        if not sources.stdin.strip():
            raise BadInput("stdin is empty", hint="pipe a text into it")
        digest = hashlib.sha256(sources.stdin).hexdigest()
        items.append(_item(Path("-"), f"{STDIN_NAME}-{digest[:8]}", digest, len(sources.stdin), known))
    skipped = tuple(Skipped(path=str(each.path), reason=each.reason) for each in over)
    return tuple(items), skipped


def _item(path: Path, name: str, digest: str, size_bytes: int, known: Mapping[str, str]) -> AddItem:
    change: Change = "new" if name not in known else "same" if known[name] == digest else "changed"
    return AddItem(path=path, name=name, sha256=digest, size_bytes=size_bytes, change=change)
