"""Finds a wanted file in folders that the user already has: by its name, else by size and hash.

So a machine without any network plays from a folder that was copied there. Nothing is changed in those folders, and
a file is copied, never linked: the store's bytes must not change when the user edits theirs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from hausmusik.instruments.model import WeightFile
from hausmusik.weights.archives import sha256_of

MAX_ENTRIES: Final = 50_000
"""Most files looked at per folder, so that a folder such as `/` costs a second and not an hour."""


class OwnFolders:
    """The user's folders, walked once, and only when the expected places have nothing.

    Args:
        folders: Absent ones count as empty.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def find(self, file: WeightFile, set_id: str) -> Path | None:
        """Return a file with the pinned size and hash, or None.

        Args:
            file: What is wanted.
            set_id: Its set; `FOLDER/<set id>/<name>` is looked at first.
        """
        tried: set[Path] = set()
        for path in self.candidates(file, set_id):
            if path in tried:
                continue
            tried.add(path)
            try:
                if sha256_of(path) == file.sha256:
                    return path
            except OSError:
                continue  # unreadable or gone: not a candidate
        return None

    def candidates(self, file: WeightFile, set_id: str) -> Iterator[Path]:
        """Yield files of the right size, those in the expected places first; their contents are not read."""
        for folder in self._folders:
            for place in (folder / set_id / file.name, folder / file.name, folder / Path(file.name).name):
                if _size(place) == file.size_bytes:
                    yield place
        yield from self._by_size.get(file.size_bytes, ())

    @cached_property
    def _by_size(self) -> dict[int, list[Path]]:
        found: dict[int, list[Path]] = {}
        for folder in self._folders:
            for path, size in _files(folder):
                found.setdefault(size, []).append(path)
        return found


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    seen = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if (size := _size(path)) is not None:
                yield path, size
            seen += 1
            if seen >= MAX_ENTRIES:
                return


def _size(path: Path) -> int | None:
    """Return the size of a file; None for anything else, and for what may not be looked at or has just gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
