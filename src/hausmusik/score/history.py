"""Which take each cue had when its score was last rendered, so that a plan can say what changed and why.

One small JSON file per score in the data folder; losing it loses only explanations.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from hausmusik.atomic import private_folder, write_whole


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The last render of a score: take key by `segment/cue`."""

    score: str
    takes: dict[str, str]


def history_file(folder: Path, score: Path) -> Path:
    """Return where the history of a score is kept."""
    name = hashlib.sha256(str(score.resolve()).encode()).hexdigest()[:24]
    return folder / f"{name}.json"


def load_history(folder: Path, score: Path) -> dict[str, str]:
    """Return the take keys of the last render; empty when there is none or it is damaged."""
    try:
        return msgspec.json.decode(history_file(folder, score).read_bytes(), type=History).takes
    except (OSError, msgspec.MsgspecError):
        return {}


def save_history(folder: Path, score: Path, takes: dict[str, str]) -> None:
    """Remember the take keys of a finished render; raises OSError."""
    file = history_file(folder, score)
    private_folder(file.parent)
    write_whole(file, msgspec.json.encode(History(score=str(score.resolve()), takes=takes)))


def what_changed(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Name the fields in which two requests differ, in the order of `now`; empty when they are equal."""
    return ", ".join(name for name in now if before.get(name) != now[name])
