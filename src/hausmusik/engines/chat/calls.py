"""Finds the tool calls that a model writes in its own way, where its library sees only text.

Qwen2.5 is told to put a call between tags; Qwen2.5-Coder writes it into a fence, or bare. So where tools may be called,
an answer that begins like a call, or goes on with the tag of one, is held from there until its end, and is a call if it
is JSON that names one of the tools; all other text passes at once. Knows nothing of what the tools do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, cast

_TAG: Final = "<tool_call>"
_BEGINNINGS: Final = ("{", "[", "```", _TAG)
_WRAPPING: Final = re.compile(r"^```\w*\s*|\s*```$|</?tool_call>")


class CallReader:
    """Reads one answer.

    Args:
        tools: Names of those that may be called; empty: everything is text.
    """

    def __init__(self, tools: Sequence[str]) -> None:
        self._tools = frozenset(tools)
        self._held = ""
        self._begun = False

    def feed(self, text: str) -> str:
        """Return what is certainly text by now."""
        if not self._tools:
            return text
        self._held += text
        begun = self._held.lstrip()
        if not self._begun and (not begun or any(one.startswith(begun[: len(one)]) for one in _BEGINNINGS)):
            return ""
        self._begun = True
        tag = self._held.find(_TAG)
        if tag < 0:  # its beginning may be there
            tag = next((at for at in range(len(self._held)) if _TAG.startswith(self._held[at:])), len(self._held))
        text, self._held = self._held[:tag], self._held[tag:]
        return text

    def end(self) -> tuple[list[tuple[str, str]], str]:
        """Return the calls, each a name and its arguments as JSON, or else what was held as text."""
        found = [_call(each, self._tools) for each in _documents(self._held)]
        calls = [each for each in found if each is not None]
        if calls and len(calls) == len(found):
            return calls, ""
        return [], self._held


def _documents(text: str) -> list[Any]:
    """Return the JSON documents in a text that holds nothing else but their wrapping; none where there is more."""
    bare = _WRAPPING.sub("", text.strip()).strip()
    if bare.startswith("{{") and bare.endswith("}}"):
        bare = bare[1:-1]  # the escaped braces of a template that the model has seen
    found: list[Any] = []
    decoder = json.JSONDecoder()
    while bare:
        try:
            document, end = decoder.raw_decode(bare)
        except (ValueError, RecursionError):
            return []
        found += cast("list[Any]", document) if isinstance(document, list) else [document]
        bare = bare[end:].strip()
    return found


def _call(document: Any, tools: frozenset[str]) -> tuple[str, str] | None:
    if not isinstance(document, dict):
        return None
    fields = cast("dict[str, Any]", document)
    inner: Any = fields.get("function", fields)
    fields = cast("dict[str, Any]", inner) if isinstance(inner, dict) else fields
    name, arguments = fields.get("name"), fields.get("arguments", fields.get("parameters"))
    if name not in tools or not isinstance(arguments, dict):
        return None
    return str(name), json.dumps(arguments, ensure_ascii=False)
