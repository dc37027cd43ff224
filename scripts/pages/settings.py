"""Every setting, from the manual and the models of `hausmusik.config`; and the tree of errors."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import SecretStr

import hausmusik.config
from hausmusik import errors
from hausmusik.config.model import Address, Section, Settings
from pages.markdown import code, doc, paragraphs, table, value

KINDS: Final = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "name",
    Path: "path",
    Decimal: "dollars",
    SecretStr: "text",
}


def settings_page() -> str:
    manual = doc(hausmusik.config).partition("\n\nThe package also holds")[0]
    rows = [
        (code(f"{section}.{key}"), code(f"HAUSMUSIK_{section}__{key}".upper()), _kind(annotation), value(default))
        for section, key, annotation, default in _keys()
    ]
    see = "`haus config show --sources` shows what holds and why; `haus config set` and `haus config unset` change it."
    listing = table(("key", "variable", "value", "default"), rows)
    return f"# Settings\n\n{manual}\n\n{see}\n\n## Every key\n\n{listing}"


def _keys() -> Iterator[tuple[str, str, Any, Any]]:
    """Section, key, annotation and default of every setting; a section of free names has one key, `NAME`."""
    for section, field in Settings.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            for key, each in kind.model_fields.items():
                yield section, key, each.annotation, each.default
        else:
            yield section, "NAME", get_args(kind)[1], None


def _kind(annotation: Any) -> str:
    """Say in words what an annotation stands for: `Annotated[X, ...]`, `X | None` and lists are looked into."""
    inner = [each for each in get_args(annotation) if each is not type(None)]
    if Address in inner:
        return "address"
    if get_origin(annotation) is list:
        return f"list of {_kind(inner[0])}s"
    return _kind(inner[0]) if inner else KINDS[annotation]


def errors_page() -> str:
    columns = ("class", "code", "exit", "HTTP", "retry", "meaning")
    said = paragraphs(
        """Every error that a user can do something about is one of these; a dot more to the left, it is a kind of the one
        above. In Python it is raised (`hausmusik.errors`). `haus` prints its message and hint and leaves with its exit
        code; with `--json` it also prints its code and whether trying the same again may help. HTTP is the status for
        servers."""
    )
    return f"# Errors\n\n{said}\n{table(columns, _tree(errors.HausmusikError, 0))}"


def _tree(cls: type[errors.HausmusikError], depth: int) -> Iterator[tuple[str, ...]]:
    meaning = " ".join(doc(cls).partition("\n\n")[0].split())
    retry = "yes" if cls.retryable else ""
    yield (
        f"{'· ' * depth}{code(cls.__name__)}",
        code(cls.code),
        str(cls.exit_code),
        str(cls.http_status),
        retry,
        meaning,
    )
    for each in cls.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from _tree(each, depth + 1)
