"""Reads JSON so that every value knows its line, and fills in `${variables}`.

`json` of the standard library parses; a second walk over the same text, already known to be valid, notes where each
value begins. Duplicate keys and NaN are problems here, because the standard parser would let them through. Knows
nothing of what a score means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec

from hausmusik.errors import ScoreError

Path: TypeAlias = tuple[str | int, ...]

MAX_DOCUMENT_BYTES: Final = 8 << 20
MAX_DEPTH: Final = 40
_TOKEN: Final = re.compile(r'\s*(?:([{}\[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}\[\],:"]+))', re.DOTALL)
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HALF_CHARACTER: Final = re.compile(  # a surrogate without its other half
    r"\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a document.

    Args:
        path: Where, as `segments[0].cues[2].text`; empty for the whole document.
        line: 1-based; 0 where it is not known.
        reason: What is wrong.
        fix: What to do.
        severity: A `warning` does not stop a render.
    """

    path: str
    line: int
    reason: str
    fix: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        where = f"{self.path}: " if self.path else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{place}{where}{self.reason}{fix}"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed JSON document.

    Args:
        value: The document, variables filled in.
        lines: Line of each value by its path.
        problems: Duplicate keys, unknown variables.
        filled: Where a value is a variable's, as it is.
    """

    value: Any
    lines: dict[Path, int]
    problems: tuple[Problem, ...] = ()
    filled: frozenset[Path] = frozenset()

    def line(self, path: Path) -> int:
        """Return the line of a value, or of the nearest one around it that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def spell(path: Path) -> str:
    """Write a path as people do: `segments[0].cues[2].text`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


def read_document(text: str, *, variables: Mapping[str, str | float | bool] | None = None) -> Document:
    """Parse a JSON text, note the lines, fill in its `variables`.

    Args:
        text: The document, at most 8 MiB and 40 levels deep.
        variables: Values that replace those of the document (`--set name=value`).

    Raises:
        ScoreError: not JSON at all; `.problems` has the line and the reason.
    """
    if len(text.encode("utf-8", "replace")) > MAX_DOCUMENT_BYTES:
        raise _broken("the document is larger than 8 MiB", 0, "split the piece into several scores")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _broken(f"this is not JSON: {_plain(error.msg)}", error.lineno, _guess(text, error.pos)) from error
    except _NotFinite as error:
        raise _broken(
            f"{error} is not a number in JSON", _line_of_constant(text, str(error)), "write a number"
        ) from None
    except RecursionError:
        raise _too_deep(0) from None
    except ValueError as error:  # an integer of more than 4,300 digits
        raise _broken("a number has thousands of digits", 0, "write a number") from error
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        where = _HALF_CHARACTER.search(text)
        line = text.count("\n", 0, where.start()) + 1 if where else 0
        raise _broken("a \\u escape is half a character", line, "write the character itself") from None
    lines, problems = _walk(text)
    value, unknown, filled = _fill(value, variables or {}, lines)
    return Document(value=value, lines=lines, problems=(*problems, *unknown), filled=filled)


class _NotFinite(ValueError):
    pass


def _refuse_constant(name: str) -> None:
    raise _NotFinite(name)


def _broken(reason: str, line: int, fix: str) -> ScoreError:
    problem = Problem(path="", line=line, reason=reason, fix=fix)
    return ScoreError(str(problem), problems=(str(problem),))


def _too_deep(line: int) -> ScoreError:
    return _broken("the document is nested too deeply", line, f"a score needs fewer than {MAX_DEPTH} levels")


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:]


def _guess(text: str, position: int) -> str:
    before = text[:position].rstrip()
    here = text[position : position + 1]
    if before.endswith(","):
        return "remove the comma before it, or add what should follow"
    if here == "'":
        return 'use double quotes "…"'
    if here in {"/", "#"}:
        return "JSON has no comments"
    if here == '"':
        return "a comma is missing before it"
    return "check the line, and the one above it"


def _line_of_constant(text: str, name: str) -> int:
    for match in _TOKEN.finditer(text):
        if match.group(3) == name:
            return text.count("\n", 0, match.start(3)) + 1
    return 0


def _walk(text: str) -> tuple[dict[Path, int], list[Problem]]:
    """Note the line of each value of a text that `json` has accepted; ScoreError when it is nested too deeply."""
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    containers: list[dict[str, int] | int] = []  # keys seen with their lines, or the next index
    path: list[str | int] = []
    line, position, key = 1, 0, None
    for match in _TOKEN.finditer(text):
        start = match.start(match.lastindex or 0)
        line += text.count("\n", position, start)
        position = start
        mark, string, _ = match.groups()
        if mark in ("}", "]"):
            containers.pop()
            del path[max(0, len(containers) - 1) :]  # the root has no step of its own
            continue
        if mark in (",", ":"):
            continue
        parent = containers[-1] if containers else None
        if isinstance(parent, dict) and key is None:
            key = cast("str", json.loads(cast("str", string)))
            if key in parent:
                where = spell((*path, key))
                reason = f"the key {key!r} stands here twice (first in line {parent[key]})"
                problems.append(Problem(path=where, line=line, reason=reason, fix="keep one of them"))
            parent[key] = line
            continue
        if isinstance(parent, dict):
            step: str | int | None = key
            key = None
        elif isinstance(parent, int):
            step = parent
            containers[-1] = parent + 1
        else:
            step = None
        here = (*path, step) if step is not None else ()
        lines[here] = line
        if mark in ("{", "["):
            if len(containers) >= MAX_DEPTH:
                raise _too_deep(line)
            containers.append({} if mark == "{" else 0)
            if step is not None:
                path.append(step)
    return lines, problems


def _fill(
    value: Any, given: Mapping[str, str | float | bool], lines: dict[Path, int]
) -> tuple[Any, list[Problem], frozenset[Path]]:
    own = cast("dict[str, Any]", value).get("variables") if isinstance(value, dict) else None
    known = dict(cast("dict[str, Any]", own)) if isinstance(own, dict) else {}
    problems = [
        Problem(
            path=f"variables.{name}",
            line=0,
            reason=f"the score has no variable {name!r}",
            fix=f"it has {', '.join(sorted(known)) or 'none'}",
        )
        for name in given
        if name not in known
    ]
    known.update({name: each for name, each in given.items() if name in known})

    filled: set[Path] = set()

    def replace(node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            items = cast("dict[str, Any]", node).items()
            return {
                key: node_ if path == () and key == "variables" else replace(node_, (*path, key))
                for key, node_ in items
            }
        if isinstance(node, list):
            return [replace(each, (*path, index)) for index, each in enumerate(cast("list[Any]", node))]
        if not isinstance(node, str) or "${" not in node:
            return node
        missing = sorted({name for name in _VARIABLE.findall(node) if name not in known})
        for name in missing:
            fix = f"add it to variables, or use one of: {', '.join(sorted(known)) or 'none yet'}"
            problems.append(
                Problem(path=spell(path), line=lines.get(path, 0), reason=f"unknown variable {name!r}", fix=fix)
            )
        whole = _VARIABLE.fullmatch(node)
        if whole and not missing:
            filled.add(path)
            return known[whole.group(1)]
        return _VARIABLE.sub(lambda match: str(known.get(match.group(1), match.group(0))), node)

    return replace(value, ()), problems, frozenset(filled)


def with_lines(problems: Iterable[Problem], document: Document) -> list[Problem]:
    """Return problems with the line where each stands, or else what is around it."""
    by_spelling = {spell(path): line for path, line in document.lines.items()}
    return [
        problem if problem.line else msgspec.structs.replace(problem, line=_nearest(problem.path, by_spelling))
        for problem in problems
    ]


def _nearest(path: str, lines: Mapping[str, int]) -> int:
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path, 0)
