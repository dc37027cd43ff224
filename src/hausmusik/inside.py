"""Files that a document names: found in the document's folder, and never out of it unless that is allowed.

Links are followed before it is asked where they lead. Knows nothing of scores and batches.
"""

from __future__ import annotations

from pathlib import Path

from hausmusik.errors import NotFoundError, UsageError


def file_inside(folder: Path, name: str, *, whose: str, hint: str, allow_outside: bool = False) -> Path:
    """Return the file that a document names.

    Args:
        folder: Where the document lies; names are relative to it.
        name: As it stands there.
        whose: What the document is, for the error: `the score`.
        hint: What to do about a file that lies elsewhere.
        allow_outside: Accept absolute paths, `..` and links that lead out of the folder.

    Raises:
        UsageError: it leads out of the folder and that is not allowed, or it is no path at all.
        NotFoundError: there is no such file.
    """
    if "\0" in name:
        raise UsageError("the path has a NUL character", hint="write a plain file name")
    root = folder.resolve()
    try:
        file = (root / name).resolve()
        is_file = file.is_file()
    except OSError as error:
        raise UsageError(f"the path {name[:60]!r}… cannot be: {error.strerror}", hint="use a shorter name") from error
    if not allow_outside and not file.is_relative_to(root):
        raise UsageError(f"{name!r} leads out of {whose}'s folder", hint=hint)
    if not is_file:
        raise NotFoundError(f"there is no file {name!r}", hint=f"paths are relative to {root}")
    return file
