"""Kokoro's voices: tables of style vectors, one row per length of what is spoken, and blends of them.

A blend is the weighted mean of the tables; measured, it is one consistent voice between its parents. Knows nothing of
phonemes.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from hausmusik.engines.english.tokens import Accent
from hausmusik.errors import BadInput, WeightsError
from hausmusik.types import FloatArray

WEIGHTS: Final = "kokoro-voices-en/"
ROWS: Final = 510
WIDTH: Final = 256
MOST_PARENTS: Final = 16
_ENGLISH: Final[Mapping[str, Accent]] = {"en": "us", "en-us": "us", "en-gb": "gb", "en-uk": "gb"}


class Voices:
    """The voices at hand.

    Args:
        files: Path of each style table by voice name.
        default: Used when a request names none.
    """

    def __init__(self, files: Mapping[str, Path], default: str) -> None:
        self._files = dict(files)
        self._default = default
        self._tables: dict[str, FloatArray] = {}

    @property
    def names(self) -> list[str]:
        """All voices, sorted."""
        return sorted(self._files)

    def weights(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """Return normalised weights, heaviest first.

        Raises:
            BadInput: an unknown voice (with names that are close), too many, or a weight that is no number.
        """
        chosen = dict(wanted) or {self._default: 1.0}
        if len(chosen) > MOST_PARENTS:
            raise BadInput(f"a blend of {len(chosen)} voices is too much", hint=f"take at most {MOST_PARENTS}")
        for name, weight in chosen.items():
            if name not in self._files:
                close = difflib.get_close_matches(name, self._files, n=3, cutoff=0.5)
                raise BadInput(
                    f"Kokoro has no voice {name!r}",
                    hint=f"did you mean {' or '.join(close)}?" if close else f"voices: {', '.join(self.names)}",
                )
            if not math.isfinite(weight) or weight <= 0:
                raise BadInput(f"the weight of {name} is {weight}", hint="weights are numbers above 0")
        total = sum(chosen.values())
        ranked = sorted(chosen.items(), key=lambda item: (-item[1], item[0]))
        return {name: weight / total for name, weight in ranked}

    def table(self, wanted: Mapping[str, float]) -> FloatArray:
        """Return the style table of a voice or blend, shape `(510, 256)`; row n is for n + 1 symbols."""
        weights = self.weights(wanted)
        blend: FloatArray = np.zeros((ROWS, WIDTH), dtype=np.float32)
        for name, weight in weights.items():
            blend += np.float32(weight) * self._load(name)
        return blend

    def accent(self, wanted: Mapping[str, float], language: str) -> Accent:
        """Return American or British: what the request says, else the heaviest voice's own.

        Raises:
            BadInput: another language than English.
        """
        if not language:
            return "gb" if next(iter(self.weights(wanted))).startswith("b") else "us"
        asked = language.replace("_", "-").lower()
        if asked in _ENGLISH:
            return _ENGLISH[asked]
        if asked.startswith("en-"):
            return "gb"  # Australia, Ireland, India … are nearer to it
        raise BadInput(f"Kokoro speaks English here, not {language!r}", hint="leave `language` out, or en-US, en-GB")

    def _load(self, name: str) -> FloatArray:
        if name not in self._tables:
            values = np.fromfile(self._files[name], dtype="<f4")
            if values.size != ROWS * WIDTH or not np.isfinite(values).all():
                raise WeightsError(f"the voice file of {name} is damaged", hint="pull the weights again")
            self._tables[name] = values.astype(np.float32).reshape(ROWS, WIDTH)
        return self._tables[name]
