"""How the tone engine writes and what it takes for the meaning of a text: its words, each with a direction of its own.

Texts that share words are near each other, as with a real model; nothing else is known of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hausmusik.types import FloatArray

DIM: Final = 96
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def words_said(text: str) -> list[str]:
    """Return a text cut before each of its words; joined they are the text."""
    return [part for part in re.split(r"(?=\s\S)", text) if part]


def document_for(schema: Mapping[str, Any]) -> Any:
    """Return the simplest JSON value that fits a schema of the plain kind: types, properties, enumerations, minima."""
    if choices := schema.get("enum"):
        return choices[0]
    kind = schema.get("type", "string")
    match kind if isinstance(kind, str) else kind[0]:
        case "object":
            return {name: document_for(inner) for name, inner in schema.get("properties", _NOTHING).items()}
        case "array":
            return [document_for(schema.get("items", _NOTHING)) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "la" * max(1, schema.get("minLength", 0))


def word_vectors(texts: Sequence[str]) -> FloatArray:
    """Return one vector of length 1 for each text, `(n, 96)`: the sum of what its words stand for."""
    rows = np.stack(
        [np.sum([_direction(word) for word in re.findall(r"\w+", text.lower()) or ["_"]], axis=0) for text in texts]
    )
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _direction(word: str) -> npt.NDArray[np.float64]:
    return np.random.Generator(np.random.PCG64(zlib.crc32(word.encode()))).standard_normal(DIM)
