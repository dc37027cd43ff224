"""Finds a wanted file in folders that the user already has: by its name, else by size and hash.

So a machine without any network plays from a folder that was copied there. Nothing is changed in those folders, and
a file is copied, never linked: the store's bytes must not change when the user edits theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from hausmusik.instruments.model import WeightFile
from hausmusik.weights.archives import sha256_of

MAX_ENTRIES: Final = 50_000
"""Most directory entries looked at per folder, so that a folder such as `/` costs a second and not an hour."""


def find(file: WeightFile, set_id: str, folders: Sequence[Path]) -> Path | None:
    """Return a file with the pinned size and hash, or None.

    Args:
        file: What is wanted.
        set_id: Its set; `FOLDER/<set id>/<name>` is looked at first.
        folders: The user's folders.
    """
    tried: set[Path] = set()
    for path in candidates(file, set_id, folders):
        if path in tried:
            continue
        tried.add(path)
        try:
            if path.stat().st_size == file.size_bytes and sha256_of(path) == file.sha256:
                return path
        except OSError:
            continue  # unreadable or gone: not a candidate
    return None


def candidates(file: WeightFile, set_id: str, folders: Sequence[Path]) -> Iterator[Path]:
    """Yield files of the right size, those in the expected places first."""
    for folder in folders:
        for place in (folder / set_id / file.name, folder / file.name, folder / Path(file.name).name):
            if place.is_file() and place.stat().st_size == file.size_bytes:
                yield place
    for folder in folders:
        yield from _of_size(folder, file.size_bytes)


def _of_size(folder: Path, size_bytes: int) -> Iterator[Path]:
    seen = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            seen += 1
            path = Path(place) / name
            try:
                if path.stat().st_size == size_bytes and path.is_file():
                    yield path
            except OSError:
                continue  # a dangling link
        if seen > MAX_ENTRIES:
            return
