"""What is wrong with a catalogue file, said so that its author can mend it: file, place, reason, fix.

Turns pydantic's errors into such sentences, with the nearest known key for an unknown one. Knows nothing of where files
come from.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from types import NoneType
from typing import Annotated, Any, Final, cast, get_args, get_origin

import msgspec
from pydantic import BaseModel, ValidationError

from hausmusik.instruments.model import CatalogueFile

_PLAIN: Final = frozenset({"int_type", "float_type", "bool_type"})


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with one file.

    Args:
        file: As the user knows it.
        reason: What is wrong, with the place inside the file.
        fix: What to do about it.
    """

    file: str
    reason: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason} ({self.fix})" if self.fix else f"{self.file}: {self.reason}"


def parse(text: str, file: str) -> tuple[CatalogueFile, tuple[Problem, ...]]:
    """Return what a TOML file says; an empty one, with every problem, when it is not as it should be."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return CatalogueFile(), (Problem(file=file, reason=f"this is not TOML: {error}", fix="mend that line"),)
    try:
        return CatalogueFile.model_validate(document), ()
    except ValidationError as error:
        return CatalogueFile(), tuple(_problem(each, document, file) for each in error.errors(include_url=False))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean …?` with the closest known names, or an empty string."""
    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.55)
    return f"did you mean {' or '.join(close)}?" if close else ""


def _problem(error: Any, document: dict[str, Any], file: str) -> Problem:
    steps: tuple[str | int, ...] = error["loc"]
    place = _place(steps, document)
    if error["type"] == "extra_forbidden":
        known = known_keys(steps[:-1])
        fix = nearest(str(steps[-1]), known) or f"known here: {', '.join(known)}"
        return Problem(file=file, reason=f"{place}: unknown key", fix=fix)
    if error["type"] == "missing":
        return Problem(file=file, reason=f"{place} is missing", fix="add it")
    if error["type"] == "tuple_type":
        fix = f"write [[{steps[0]}]] with two brackets" if len(steps) == 1 else "put it between [ and ]"
        return Problem(file=file, reason=f"{place} must be a list", fix=fix)
    reason = f"{place}: {str(error['msg']).removeprefix('Value error, ')}"
    if error["type"] in _PLAIN and isinstance(error["input"], str):
        return Problem(file=file, reason=reason, fix="write it without quotes")
    return Problem(file=file, reason=reason, fix=error.get("ctx", {}).get("fix", "correct it"))


def _place(steps: tuple[str | int, ...], document: dict[str, Any]) -> str:
    """Return a path as people write it, entries by their id: `instrument "kokoro" voices[2].language`."""
    words = ""
    at: Any = document
    for depth, step in enumerate(steps):
        if isinstance(step, str) and isinstance(at, dict) and cast("dict[str, Any]", at).get("kind") == step:
            continue  # which kind of source it is: pydantic's step, not a key of the file
        at = _inside(at, step)
        if depth == 1 and isinstance(step, int):
            name = cast("dict[str, Any]", at).get("id") if isinstance(at, dict) else None
            words += f' "{name}" ' if isinstance(name, str) else f" number {step + 1} "
        elif isinstance(step, int):
            words += f"[{step}]"
        else:
            words += step if words[-1:] in {"", " "} else f".{step}"
    return words.strip()


def _inside(at: Any, step: str | int) -> Any:
    if isinstance(at, dict):
        return cast("dict[str, Any]", at).get(str(step))
    if isinstance(at, list) and isinstance(step, int):
        items = cast("list[Any]", at)
        return items[step] if step < len(items) else None
    return None


def known_keys(steps: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that the format knows at a place such as `("weights", 0, "files", 3)`."""
    kind: Any = CatalogueFile
    for step in steps:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(step)].annotation
        elif isinstance(step, int):
            kind = get_args(kind)[0]
        else:  # the tag of a union, as pydantic puts it into its paths
            kind = next(each for each in get_args(kind) if each.model_fields["kind"].default == step)
        while get_origin(kind) is Annotated or NoneType in get_args(kind):  # `Shape | None`: the table, if it is there
            kind = get_args(kind)[0]
    return tuple(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else ()
