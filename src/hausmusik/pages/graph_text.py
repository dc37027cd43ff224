"""Text on pictures of graphs: made harmless, cut, broken into two lines, and how wide it will be.

Names come out of documents, so they may hold anything: control characters that no SVG may have, marks that turn the
direction of all that follows. Fonts of viewers differ; widths are those of Pillow's own font (Latin letters) or rough
(others), with a tenth to spare.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from hausmusik.audio.lettering import Lettering

_SPARE: Final = 1.1
_MEASURED_PX: Final = 100.0
_SIGN_EM: Final = 0.45
"""Brackets and the like are far wider in some fonts than in this one."""

_LATIN: Final = range(0x20, 0x250)


def clean(text: str) -> str:
    """Return a text on one line without control characters, lone surrogates and marks that override direction.

    Joiners stay: emoji and Persian need them.
    """
    kept = (
        " " if char.isspace() else char
        for char in text
        if char.isspace() or char in "\u200c\u200d" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Cn"}
    )
    return " ".join("".join(kept).split())


def shortened(text: str, most: int) -> str:
    """Return a text, or its beginning with an ellipsis, of at most so many characters."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and (unicodedata.category(text[end])[0] == "M" or text[end - 1] == "\u200d" or text[end] == "\u200d"):
        end -= 1  # an accent or half an emoji is no letter
    return text[:end].rstrip() + "…"


def broken(text: str, line: int) -> tuple[str, ...]:
    """Break a text that is longer than a line into two of about one length, at a space."""
    if len(text) <= line or " " not in text:
        return (text,)
    spaces = [at for at, char in enumerate(text) if char == " "]
    at = min(spaces, key=lambda place: (abs(2 * place - len(text)), place))
    return (text[:at], text[at + 1 :])


class Measure:
    """Says how wide text is, in any script."""

    def __init__(self) -> None:
        self._lettering = Lettering()
        self._ems: dict[str, float] = {}

    def width(self, text: str, size: float) -> float:
        """Return pixels for a line at a size of the font, with some to spare."""
        return _SPARE * size * sum(self._em(char) for char in text)

    def _em(self, char: str) -> float:
        if char not in self._ems:
            self._ems[char] = self._look(char)
        return self._ems[char]

    def _look(self, char: str) -> float:
        if ord(char) in _LATIN or char in "…–—‘’“”":
            own = self._lettering.width(char, _MEASURED_PX) / _MEASURED_PX
            return own if char.isalnum() or char == " " else max(own, _SIGN_EM)
        if unicodedata.category(char)[0] == "M" or char in "\u200c\u200d":
            return 0.0
        if unicodedata.east_asian_width(char) in "WF":
            return 1.05
        return 1.25 if unicodedata.category(char) == "So" else 0.65
