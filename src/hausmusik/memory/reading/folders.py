"""Which files of a folder are read: every one that may be text, in the order of their names.

Hidden ones, folders of machines (`node_modules` …), endings of pictures, sound and programs, and what a `.hausignore`
names are passed over, and so is all that is no plain file. Folders that are links are not entered, so there are no
loops; a link to a file is followed if it stays inside the folder. Knows nothing of what is in the files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.errors import BadInput, NotFoundError
from hausmusik.memory.places import Places
from hausmusik.memory.reading.ignoring import Rule, is_ignored, is_inside_ignored, rules_of

IGNORE_FILE: Final = ".hausignore"
_MOST_IGNORE_BYTES: Final = 1_000_000
_MACHINE_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "__MACOSX", "site-packages"})
_ENDINGS: Final = """
    png jpg jpeg gif bmp tif tiff webp heic avif ico psd svgz raw cr2 nef
    mp3 wav flac ogg oga opus m4a aac wma aiff mid midi mp4 m4v mov mkv avi webm wmv flv mpg mpeg
    zip gz tgz bz2 xz zst 7z rar tar jar war iso dmg img deb rpm whl apk cab
    exe dll so dylib o a lib obj class pyc pyo wasm bin dat db sqlite sqlite3 mdb pdb node
    ttf otf woff woff2 eot safetensors gguf onnx pt pth ckpt npy npz pkl pickle h5 hdf5 parquet feather arrow
    doc xls xlsx ppt pptx odt ods odp epub mobi pages numbers key msg pst
"""
_NOT_TEXT: Final = frozenset(_ENDINGS.split())


class Found(msgspec.Struct, frozen=True):
    """A file to read.

    Args:
        path: Where it lies.
        name: What it is called in the memory.
    """

    path: Path
    name: str


class Skipped(msgspec.Struct, frozen=True):
    """A file or folder that is passed over, and why, in words."""

    path: Path
    reason: str


def find_files(
    paths: Sequence[Path],
    places: Places,
    *,
    ignore: Sequence[str] = (),
    skipped: Callable[[Skipped], None] | None = None,
) -> Iterator[Found]:
    """Yield the files to read, each once; what was named itself is never passed over for its name.

    Args:
        paths: Files and folders.
        places: Says what they are called, and learns of those that are new.
        ignore: Patterns as in a `.hausignore` at the top of each folder; they come before those of such files.
        skipped: Told of every file and folder that is passed over.

    Raises:
        NotFoundError: one of the paths is not there.
        BadInput: one of the paths itself cannot be opened, or is neither file nor folder.
    """
    report = skipped or _nothing
    seen: set[Path] = set()
    for path in paths:
        mode = _mode(path)
        if stat.S_ISDIR(mode):
            top = _real(path)
            places.take_folder(top)
            found = _walk(path, rules_of(ignore), report)
        elif stat.S_ISREG(mode):
            top = _real(path.parent)
            found = iter([Found(path, path.name)])
        else:
            raise BadInput(f"{path} is neither a file nor a folder", hint="pipe it in: `… | haus memory add -`")
        for each in found:
            real = _real(each.path)
            if real in seen:
                report(Skipped(each.path, "it was named twice"))
                continue
            seen.add(real)
            yield Found(each.path, places.name(top / each.name))


def _nothing(_: Skipped) -> None:
    """Take no notice."""


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file or folder {path}", hint="check the spelling") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{str(path)[:200]} cannot be opened: {_why(error)}", hint="check its permissions") from error


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def _why(error: Exception) -> str:
    return (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else "that is no path"


def _walk(top: Path, rules: tuple[Rule, ...], report: Callable[[Skipped], None]) -> Iterator[Found]:
    """Yield files, by their path below the top, before the folders beside them; links last: targets may be hidden."""
    links: list[tuple[Path, tuple[str, ...], tuple[Rule, ...]]] = []
    taken: set[Path] = set()
    pending: list[tuple[Path, tuple[str, ...], tuple[Rule, ...]]] = [(top, (), rules)]
    while pending:
        folder, parts, known = pending.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            report(Skipped(folder, f"it cannot be opened: {_why(error)}"))
            continue
        known = (*known, *_own_rules(folder, parts, report))
        deeper: list[tuple[Path, tuple[str, ...], tuple[Rule, ...]]] = []
        for entry in listed:
            path, here = folder / entry.name, (*parts, entry.name)
            mode = _entry_mode(entry)
            reason = _reason(entry.name, here, mode, known)
            if reason:
                if entry.name != IGNORE_FILE:
                    report(Skipped(path, reason))
            elif stat.S_ISLNK(mode):
                links.append((path, here, known))
            elif stat.S_ISDIR(mode):
                deeper.append((path, here, known))
            else:
                taken.add(_real(path))
                yield Found(path, "/".join(here))
        pending.extend(reversed(deeper))
    root = _real(top)
    for path, here, known in links:
        target = _real(path)
        reason = _link_reason(path, target, root, known)
        if reason:
            report(Skipped(path, reason))
        elif target not in taken:
            taken.add(target)
            yield Found(path, "/".join(here))


def _entry_mode(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return 0


def _reason(name: str, parts: tuple[str, ...], mode: int, rules: tuple[Rule, ...]) -> str:
    """Say why an entry is passed over; empty where it is not."""
    is_folder = stat.S_ISDIR(mode)
    if not (is_folder or stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        return "it is neither a file nor a folder"
    if name.startswith("."):
        return "it is hidden"
    if is_folder and name in _MACHINE_FOLDERS:
        return "it is a folder of machines, not of people"
    if is_ignored(parts, rules, is_folder=is_folder):
        return f"a pattern says so ({IGNORE_FILE} or --ignore)"
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if not is_folder and ending in _NOT_TEXT:
        return f"files that end in .{ending} are not text"
    return ""


def _link_reason(path: Path, target: Path, root: Path, rules: tuple[Rule, ...]) -> str:
    if not target.is_relative_to(root):
        return "it is a link that leads out of the folder"
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"it is a link that leads nowhere: {_why(error)}"
    if stat.S_ISDIR(mode):
        return "it is a link to a folder inside, which is read where it lies"
    if not stat.S_ISREG(mode):
        return "it is a link to something that is no file"
    parts = target.relative_to(root).parts
    if is_inside_ignored(parts, rules):
        return f"it is a link to what a pattern ignores ({IGNORE_FILE} or --ignore)"
    return ""


def _own_rules(folder: Path, parts: tuple[str, ...], report: Callable[[Skipped], None]) -> tuple[Rule, ...]:
    """Read a folder's own `.hausignore`, if it is a plain file of sane size."""
    path = folder / IGNORE_FILE
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_IGNORE_BYTES:
            report(Skipped(path, "it is no plain file of patterns"))
            return ()
        text = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    except OSError as error:
        report(Skipped(path, f"it cannot be opened: {_why(error)}"))
        return ()
    return rules_of(text.removeprefix("\ufeff").splitlines(), parts)
