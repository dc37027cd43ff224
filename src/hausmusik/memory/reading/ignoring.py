"""Patterns of files to pass over, as in `.hausignore`: the common part of what `.gitignore` understands.

One pattern a line; blank lines and those with `#` first mean nothing. The last pattern that matches decides.

    *.bak            every file or folder of such a name, however deep
    drafts/          folders only, with all in them
    /notes/old.md    with a slash before its end: from the folder of the `.hausignore` on
    logs/**/debug    `**` stands for any number of folders
    !keep.bak        not ignored after all; but nothing inside an ignored folder can be brought back

`*` and `?` do not match a slash, `[a-z]` and `[!a-z]` are sets, a backslash takes a character literally. Not supported,
as rare: POSIX classes such as `[[:space:]]` and trailing blanks that are escaped.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

_ESCAPED: Final = re.compile(r"\\(.)")
_MOST_SEGMENTS: Final = 64
_LONGEST: Final = 1000


class Rule(msgspec.Struct, frozen=True):
    """One pattern.

    Args:
        base: The folder in which it stands, as a tuple of names; it matches below that alone.
        segments: What its parts between slashes are, in fnmatch's form; `**` for any number of folders.
        only_folders: Whether files do not match.
        brings_back: Whether what matches is not ignored after all.
    """

    base: tuple[str, ...]
    segments: tuple[str, ...]
    only_folders: bool
    brings_back: bool


def rules_of(lines: Iterable[str], base: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """Return the rules of some lines, in order; what is longer than any sane pattern is left out."""
    rules: list[Rule] = []
    for raw in lines:
        line = raw.strip()
        if not line or line.startswith("#") or len(line) > _LONGEST:
            continue
        brings_back = line.startswith("!")
        line = line.removeprefix("!")
        only_folders = line.endswith("/")
        parts = [part for part in line.split("/") if part]
        if not parts or len(parts) > _MOST_SEGMENTS:
            continue
        if "/" not in line.rstrip("/"):
            parts.insert(0, "**")
        segments = tuple(_ESCAPED.sub(lambda found: f"[{found[1]}]", part) for part in parts)
        rules.append(Rule(base, segments, only_folders, brings_back))
    return tuple(rules)


def is_ignored(parts: Sequence[str], rules: Sequence[Rule], *, is_folder: bool) -> bool:
    """Tell whether a path is ignored.

    Args:
        parts: The names from the top folder to it.
        rules: In order.
        is_folder: Whether it is a folder.
    """
    for rule in reversed(rules):
        depth = len(rule.base)
        may_match = (is_folder or not rule.only_folders) and tuple(parts[:depth]) == rule.base
        if may_match and _matches(parts[depth:], rule.segments):
            return not rule.brings_back
    return False


def is_inside_ignored(parts: Sequence[str], rules: Sequence[Rule]) -> bool:
    """Tell whether a file is ignored, or a folder that it is in.

    Args:
        parts: The names from the top folder to it.
        rules: In order.
    """
    depths = range(1, len(parts) + 1)
    return any(is_ignored(parts[:depth], rules, is_folder=depth < len(parts)) for depth in depths)


def is_pattern(text: str) -> bool:
    """Tell whether a text may stand for several names."""
    return any(mark in text for mark in "*?[")


def _matches(parts: Sequence[str], segments: Sequence[str]) -> bool:
    """Tell whether names match segments, by a table of which beginnings match: never exponential."""
    reached = [True] + [False] * len(parts)
    for segment in segments:
        following = [False] * (len(parts) + 1)
        if segment == "**":
            seen = False
            for index, is_reached in enumerate(reached):
                seen = seen or is_reached
                following[index] = seen
        else:
            for index, part in enumerate(parts):
                following[index + 1] = reached[index] and fnmatch.fnmatchcase(part, segment)
        reached = following
    return reached[-1]
