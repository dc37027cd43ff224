"""Finds catalogue files: of packages (entry points of the group `hausmusik.instruments`) and in `instruments.d`.

An entry point names a function that returns TOML files (paths or package resources), or a package whose `*.toml` are
meant. Whatever goes wrong in a package or a file becomes a `Problem`; nothing here raises. Reads text, judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import msgspec

from hausmusik.instruments import builtin
from hausmusik.instruments.problems import Problem

GROUP: Final = "hausmusik.instruments"
OUR_ENTRY_POINT: Final = "hausmusik.instruments.builtin:toml_files"


class TomlFile(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue file that was found.

    Args:
        name: As the user knows it: `hausmusik: kokoro.toml`, or a path.
        text: Its contents.
        folder: Where it lies, for engines and licence texts beside it; None when that is not a real folder.
    """

    name: str
    text: str
    folder: Path | None


class Plugin(msgspec.Struct, frozen=True):
    """A package that brings instruments; `load` is only called while the catalogue is read."""

    name: str
    load: Callable[[], Any]


def plugins() -> tuple[Plugin, ...]:
    """Return the installed packages with instruments, ours first, the others by name.

    Ours comes by the same door; where the metadata of this very package are not installed (a source folder on the
    path), it is added here.
    """
    found = sorted(metadata.entry_points(group=GROUP), key=lambda each: (each.value != OUR_ENTRY_POINT, each.name))
    listed = [Plugin(each.name, each.load) for each in found]
    if not any(each.value == OUR_ENTRY_POINT for each in found):
        listed.insert(0, Plugin("hausmusik", lambda: builtin.toml_files))
    return tuple(listed)


def find(user_folder: Path | None, packages: Sequence[Plugin]) -> Iterator[TomlFile | Problem]:
    """Yield every catalogue file: those of packages in the given order, then the user's by name."""
    for package in packages:
        yield from _of_package(package)
    if user_folder is not None and user_folder.is_dir():
        for path in sorted(user_folder.glob("*.toml")):
            yield _read(path, str(path))


def _of_package(package: Plugin) -> Iterator[TomlFile | Problem]:
    try:
        files = _files(package.load())
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything; it is reported, never fatal
        yield Problem(
            file=f"package {package.name}",
            reason=f"its instruments cannot be loaded: {type(error).__name__}: {error}",
            fix="update or uninstall that package",
        )
        return
    for file in files:
        yield _read(file, f"{package.name}: {file.name}")


def _files(loaded: Any) -> list[Traversable]:
    if isinstance(loaded, ModuleType):
        folder = resources.files(loaded)
        return sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    given = cast("Iterable[Any]", loaded() if callable(loaded) else loaded)
    return [Path(each) if isinstance(each, str) else each for each in given]


def _read(file: Traversable, name: str) -> TomlFile | Problem:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Problem(file=name, reason=f"it cannot be read: {error}", fix="check the file, or remove it")
    return TomlFile(name=name, text=text, folder=file.parent if isinstance(file, Path) else None)
