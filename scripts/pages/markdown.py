"""Small pieces of Markdown. Knows nothing of what they say."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in (columns, ["---"] * len(columns), *cells))


def code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


def value(given: object) -> str:
    """A value as JSON has it; nothing for what stands for nothing. 0.0 and 0 are the same."""
    if given in (None, "", [], (), {}) and given is not False:
        return ""
    return code(f"{given:g}" if type(given) is float else json.dumps(given))


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def doc(thing: object) -> str:
    """A docstring without its indentation, which Python 3.13 removes itself."""
    return inspect.cleandoc(thing.__doc__ or "")


def paragraphs(*texts: str) -> str:
    """Paragraphs as they stand in a program, each on one line of the page."""
    return "\n\n".join(" ".join(text.split()) for text in texts) + "\n"
