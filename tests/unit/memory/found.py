"""Passages as retrieval finds them, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hausmusik.memory.retrieval.retriever import Evidence, Retrieved
from hausmusik.memory.store.reading import StoredPassage


def stored(text: str, **more: Any) -> StoredPassage:
    plain: dict[str, Any] = {
        "id": 1, "document": 1, "path": "a.txt", "title": "a", "kind": "text", "text": text, "start": 0,
        "end": len(text), "tokens": 1, "line": 1, "last_line": 1, "page": 0, "speakers": (), "at": "", "at_s": None,
        "headings": (), "level": "", "date": "",
    }  # fmt: skip
    return StoredPassage(**(plain | more))


def evidence(text: str, window: tuple[int, int] = (0, 10), **more: Any) -> Evidence:
    return Evidence(passage=stored(text, **more), score=1.0, nearness=0.5, window=window, ranks={})


def retrieved(found: Sequence[Evidence], missing: float) -> Retrieved:
    return Retrieved(question="?", mode="auto", evidence=tuple(found), names=(), unknown=(), missing=missing)
