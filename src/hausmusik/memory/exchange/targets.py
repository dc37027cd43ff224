"""Where an export goes: a file or a folder that is new, and is there whole or not at all.

Everything is written into a hidden sibling (see `hausmusik.temporary`), brought to the disk, and renamed. Knows nothing
of formats.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from hausmusik.atomic import sync_folder
from hausmusik.errors import OutputError
from hausmusik.temporary import temporary_file, temporary_folder


@contextmanager
def whole_file(target: Path) -> Generator[TextIO]:
    """Give a UTF-8 file that becomes `target` when all went well; where not, nothing of it is left.

    Raises:
        OutputError: something is there already, or it cannot be written.
    """
    if os.path.lexists(target):
        raise OutputError(f"{target} is there already", hint="name a file that is not")
    with _mapped(target):
        temporary, descriptor = temporary_file(target)
    try:
        with _mapped(target), os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(target)  # while it is open, and so locked
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):
        sync_folder(target.parent)


@contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """Give a folder that becomes `target` when all went well; where not, nothing of it is left.

    Raises:
        OutputError: something is there already, or it cannot be written.
    """
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} is there already", hint="name a folder that is not, or an empty one")
    with _mapped(target):
        temporary, descriptor = temporary_folder(target)
    try:
        with _mapped(target):
            yield temporary
            sync_folder(temporary)
            temporary.replace(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)
    with contextlib.suppress(OSError):
        sync_folder(target.parent)


@contextmanager
def written(path: Path) -> Generator[TextIO]:
    """Give a new UTF-8 file inside a folder that is being made; it is on the disk afterwards."""
    with path.open("x", encoding="utf-8", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _mapped(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written: {error.strerror or error}", hint="name a place that can be written"
        ) from error
