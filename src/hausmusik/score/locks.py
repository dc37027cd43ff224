"""Locked takes: copies beside a score that are used whatever changes, so that a good take survives.

They live in `<score>.takes/<segment>.<cue>/` and travel with the score. Knows nothing of how takes are made.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from hausmusik.errors import NotFoundError, OutputError
from hausmusik.score.check import OpenedScore
from hausmusik.score.plan import Plan, locked_name
from hausmusik.takes.store import RECORD_NAME, copy_take

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}/[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def lock_cue(opened: OpenedScore, plan: Plan, name: str) -> Path:
    """Copy the take of a cue beside its score and return the folder.

    Raises:
        NotFoundError: the score has no such cue, or the cue no take yet.
    """
    cue = next((each for each in plan.cues if each.name == name), None)
    if cue is None:
        raise NotFoundError(f"the score has no cue {name!r}", hint="`haus plan` lists them")
    if cue.take is None:
        raise NotFoundError(f"{name} has no take to lock", hint="compose the score first")
    folder = opened.takes_folder / locked_name(name)
    if cue.take.folder != folder:
        copy_take(cue.take, folder)
    return folder


def unlock_cue(opened: OpenedScore, name: str) -> Path:
    """Remove the locked take of a cue and return the folder that it had.

    Raises:
        NotFoundError: it is not locked, or that is no cue's name (`segment/cue`, also of a cue that is gone by now).
    """
    folder = opened.takes_folder / locked_name(name)
    # Only a folder that holds a take is ever removed: a name like `..` leads to the author's own files.
    if not NAME.fullmatch(name) or folder.is_symlink() or not (folder / RECORD_NAME).is_file():
        raise NotFoundError(f"{name!r} is not locked", hint=f"locked takes are in {opened.takes_folder}")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be removed: {error.strerror}") from error
    return folder
