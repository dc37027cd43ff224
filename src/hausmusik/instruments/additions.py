"""Adds a user's own instruments: checks a TOML file and the files it names, then copies them into `instruments.d`.

The engine's code is parsed, never run. The TOML file is written last and removed first, so that a crash in between
leaves at most a stray file that nothing refers to. Knows nothing of environments and weights beyond their names.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.atomic import private_folder, write_whole
from hausmusik.errors import ConfigError, NotFoundError, UsageError
from hausmusik.instruments.discovery import Plugin, TomlFile, find, plugins
from hausmusik.instruments.gathering import gather
from hausmusik.instruments.licences import has_licence_text
from hausmusik.instruments.model import CatalogueFile
from hausmusik.instruments.problems import Problem, nearest, parse

MAX_BYTES: Final = 1 << 20
"""A catalogue file, an engine or a licence text larger than this is something else."""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What was added: names of instruments and routers, and the files written."""

    names: tuple[str, ...]
    files: tuple[str, ...]


def add(path: Path, user_folder: Path, *, replace: bool = False, packages: Sequence[Plugin] | None = None) -> Added:
    """Check a catalogue file with everything beside it, and copy it into the user's folder.

    Args:
        path: A `.toml` file; engines `file.py:Class` and licence texts lie beside it.
        user_folder: `instruments.d`; made when absent.
        replace: Whether a file of the same name there may be replaced.
        packages: Packages with instruments; None: those that are installed.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it is not a `.toml` file, or one of its files would overwrite another's.
        ConfigError: something is wrong with it; every problem is listed.
    """
    if path.suffix != ".toml":
        raise UsageError(f"{path} is not a .toml file", hint="give the catalogue file; engines are found beside it")
    text = _text(path)
    target = user_folder / path.name
    if target.exists() and not replace and path.resolve() != target.resolve():
        raise UsageError(
            f"{target} exists already",
            hint=f"rename your file, or remove that one first: haus instruments remove {path.stem}",
        )
    content, _ = parse(text, str(path))
    beside = _files_beside(content, path.parent)
    problems = _catalogue_problems(path, text, target, plugins() if packages is None else packages)
    problems += _engine_problems(content, path)
    if problems:
        listed = "\n".join(f"- {problem.reason} ({problem.fix})" for problem in problems)
        raise ConfigError(f"{path} cannot be added:\n{listed}", hint="nothing was copied")
    files = {user_folder / each.name: _text(each) for each in beside}
    _refuse_overwriting(files, user_folder, target)
    private_folder(user_folder)
    for place, body in {**files, target: text}.items():
        _write(place, body)
    names = tuple(each.id for each in (*content.instrument, *content.router))
    return Added(names=names, files=tuple(str(place) for place in (*files, target)))


def remove(name: str, user_folder: Path) -> tuple[str, ...]:
    """Remove a catalogue file of the user's, with the files that only it refers to; return the removed paths.

    Args:
        name: The file's name with or without `.toml`, or the id of an instrument or router that it defines.
        user_folder: `instruments.d`.

    Raises:
        NotFoundError: no file of the user's has or defines that name.
    """
    texts = {path: _text(path) for path in sorted(user_folder.glob("*.toml"))}
    contents = {path: parse(text, str(path))[0] for path, text in texts.items()}
    found = next((path for path, content in contents.items() if name in _names_of(path, content)), None)
    if found is None:
        known = {each for path, content in contents.items() for each in _names_of(path, content)}
        raise NotFoundError(
            f"none of the files in {user_folder} is called {name!r} or defines it",
            hint=nearest(name, known) or "only instruments that were added can be removed",
        )
    theirs = _files_beside(contents[found], user_folder)
    rest = (content for path, content in contents.items() if path != found)
    others = {file for content in rest for file in _files_beside(content, user_folder)}
    doomed = (found, *(file for file in theirs if file not in others and file.exists()))
    for file in doomed:
        file.unlink()
    return tuple(str(file) for file in doomed)


def _names_of(path: Path, content: CatalogueFile) -> set[str]:
    return {path.name, path.stem, *(each.id for each in (*content.instrument, *content.router))}


def _files_beside(content: CatalogueFile, folder: Path) -> tuple[Path, ...]:
    """Return the engine files and licence texts that a catalogue file expects beside it."""
    engines = [each.engine.rpartition(":")[0] for each in content.instrument]
    texts = [each.licence_text for each in content.weights if not has_licence_text(each.licence_text)]
    names = [name for name in engines if name.endswith(".py") and Path(name).name == name] + texts
    return tuple(folder / name for name in dict.fromkeys(names))


def _catalogue_problems(path: Path, text: str, target: Path, packages: Sequence[Plugin]) -> list[Problem]:
    """Return what the whole catalogue would say of this file if it were there, in place of one it replaces."""
    others = [file for file in find(target.parent, packages) if _name(file) != str(target)]
    new = TomlFile(name=str(path), text=text, folder=path.parent)
    return [problem for problem in gather([*others, new]).problems if problem.file == new.name]


def _name(file: TomlFile | Problem) -> str:
    return file.name if isinstance(file, TomlFile) else file.file


def _engine_problems(content: CatalogueFile, path: Path) -> list[Problem]:
    problems: list[Problem] = []
    for instrument in content.instrument:
        name, _, cls = instrument.engine.rpartition(":")
        file = path.parent / name
        if not name.endswith(".py") or not file.is_file():
            continue  # in an installed package, or already reported as absent
        try:
            tree = ast.parse(_text(file), filename=name)
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            reason = f"{name}{line}: it is not valid Python: {getattr(error, 'msg', error)}"
            problems.append(Problem(file=str(path), reason=reason, fix="mend it; it was only read, not run"))
            continue
        classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        if cls not in classes:
            reason = f"{name} defines no class {cls!r} for the instrument {instrument.id!r}"
            fix = nearest(cls, classes) or f"it defines: {', '.join(classes) or 'no class at all'}"
            problems.append(Problem(file=str(path), reason=reason, fix=fix))
    return problems


def _refuse_overwriting(files: dict[Path, str], user_folder: Path, target: Path) -> None:
    """Refuse when a file to be copied would replace a different one that belongs to another catalogue file."""
    for place, body in files.items():
        if not place.exists() or _text(place) == body:
            continue
        users = [
            path.name
            for path in sorted(user_folder.glob("*.toml"))
            if path != target and place in _files_beside(parse(_text(path), path.name)[0], user_folder)
        ]
        if users or not target.exists():
            owner = f" and belongs to {', '.join(users)}" if users else ""
            raise UsageError(f"{place} exists already{owner}", hint=f"rename your {place.name}")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_BYTES} bytes", hint="that is no catalogue or engine file")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="it must be a text file in UTF-8") from error


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}", hint="check the folder's rights and room") from error
