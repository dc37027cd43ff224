"""What files are called in a memory: the same from wherever a command is run, and never alike in two folders.

The first folder's files are called by their path below it, those of a later one have its own name before that; a file
that was named itself is called by its own name. `(2)` sets apart what would be called alike. A folder inside one that
is known is part of it. Knows nothing of what is in files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import count
from pathlib import Path

from hausmusik.config.database import storable


class Places:
    """The folders and files that were added to a memory, and what they are called in it.

    Args:
        kept: Resolved folder with `/` at its end, to what stands before its files' names: empty, or ending in `/`;
            and resolved file to its name.
        used: Names of documents.
    """

    def __init__(self, kept: Mapping[str, str] | None = None, used: Collection[str] = ()) -> None:
        self.kept = dict(kept or {})
        self._taken = set(self.kept.values())
        self._used = set(used)

    def take_folder(self, folder: Path) -> None:
        """Let the files of a folder, which is resolved, have names."""
        if self._folder_of(folder / "any") is None:
            # Without a prefix its files could replace what came from nowhere that is known: imports, stdin.
            is_first = "" not in self._taken and self._used <= self._taken
            self._keep(f"{folder}/", "" if is_first else self._free(lambda mark: f"{folder.name or 'root'}{mark}/"))

    def name(self, path: Path) -> str:
        """Return what a file is called, from now on if it is in no folder that was taken.

        Args:
            path: Where it stands, its folder resolved; a link is called by its own name.
        """
        name = self.kept.get(storable(str(path)))
        if name is None and (found := self._folder_of(path)) is not None:
            folder, prefix = found
            name = prefix + storable(path.relative_to(folder).as_posix())
            if _place_of(name, self._taken) != prefix:  # that name was given away before this file was there
                name = f"./{name}"
        if name is None:
            name = self._keep(str(path), self._free(lambda mark: f"{path.stem}{mark}{path.suffix}"))
        self._used.add(name)
        return name

    def gone(self, names: Iterable[str], folders: Collection[Path]) -> tuple[str, ...]:
        """Return those of some documents made of files whose file was in some folders, resolved, and is no more."""
        by_name = {called: Path(place) for place, called in self.kept.items()}
        found: list[str] = []
        for name in sorted(names) if folders else ():
            prefix = _place_of(name, self._taken)
            if (place := by_name.get(prefix)) is None:
                continue
            path = place if name == prefix else place / name.removeprefix(prefix).removeprefix("./")
            if any(path.is_relative_to(folder) for folder in folders) and not path.exists():
                found.append(name)
        return tuple(found)

    def _folder_of(self, path: Path) -> tuple[Path, str] | None:
        """Return the innermost folder with names that a path is in, and what stands before them."""
        for folder in path.parents:
            prefix = self.kept.get(storable(f"{folder}/"))
            if prefix is not None:
                return folder, prefix
        return None

    def _free(self, called: Callable[[str], str]) -> str:
        """Return the first name or prefix, made with nothing, ` (2)`, ` (3)`, that nothing has."""
        names = (storable(called(f" ({number})" if number > 1 else "")) for number in count(1))
        return next(
            name
            for name in names
            if name not in self._taken
            and name not in self._used
            and not (name.endswith("/") and any(each.startswith(name) for each in self._used))
        )

    def _keep(self, place: str, called: str) -> str:
        self.kept[storable(place)] = called
        self._taken.add(called)
        return called


def still_used(kept: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the places that documents of a memory are from: what is forgotten is not named by its place either."""
    taken = set(kept.values())
    used = {_place_of(name, taken) for name in names}
    return {place: called for place, called in kept.items() if called in used}


def _place_of(name: str, taken: Collection[str]) -> str:
    """Return which of some names and prefixes stands for where a document is from; empty: the first folder's."""
    prefix = f"{name.partition('/')[0]}/"
    return name if name in taken else prefix if "/" in name and prefix in taken else ""
