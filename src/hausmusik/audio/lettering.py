"""Text in pictures with Pillow's own font, so that a picture is the same on every machine.

That font (Aileron, CC0, in Pillow's wheel) has the letters of ASCII and some quotation marks. Accents are set over the
letters with its other glyphs; dashes, ligatures and the like are respelled; what is left, other scripts and emoji,
becomes an ellipsis. A font file of the user's can be used instead and then sets everything itself.

Knows nothing of what is drawn.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from hausmusik.audio.palette import Colour
from hausmusik.errors import BadInput

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_HAS: Final = frozenset(map(chr, range(32, 127))) | set("©«°±´·»‘’“”…‹›⁄™")
_RESPELLED: Final = str.maketrans(
    {
        **dict.fromkeys("–—−‐‑‒―", "-"),
        **dict.fromkeys("\u00a0\u202f\u2007\u2009\u3000\t\n", " "),
        "•": "·", "‚": ",", "„": "“", "‛": "‘", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o",
        "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "×": "x",
        "→": ">", "€": "EUR", "£": "GBP", "≤": "<", "≥": ">", "′": "'", "″": '"', "¿": "?", "¡": "!", "½": "1/2",
    }
)  # fmt: skip
# Combining mark -> (glyph, its size as a share of the letter's, how far its top is above the letter's, in ems).
_ABOVE: Final = {
    "\u0300": ("`", 0.9, 0.17),
    "\u0301": ("´", 0.9, 0.17),
    "\u0302": ("^", 0.62, 0.17),
    "\u0303": ("~", 0.62, 0.16),
    "\u0304": ("-", 0.8, 0.13),
    "\u0306": ("~", 0.55, 0.16),
    "\u0307": (".", 0.9, 0.15),
    "\u0308": ("..", 0.85, 0.15),
    "\u030a": ("°", 0.7, 0.2),
    "\u030b": ("´´", 0.75, 0.17),
    "\u030c": ("v", 0.5, 0.2),
}
# The same below the letter's lower edge.
_BELOW: Final = {"\u0327": (",", 0.8, 0.02), "\u0328": (",", 0.8, 0.02), "\u0323": (".", 0.8, 0.06)}


class Lettering:
    """Sets single lines of text.

    Args:
        font_file: A TrueType or OpenType file; empty: Pillow's own font.
    """

    def __init__(self, font_file: str = "") -> None:
        self._font_file = font_file
        self._fonts: dict[float, FreeTypeFont] = {}

    def width(self, text: str, size: float) -> float:
        """Return how many pixels wide a line is."""
        return self._font(size).getlength("".join(letter for letter, _ in self._letters(text)))

    def fitted(self, text: str, size: float, room: float) -> str:
        """Return the text, or as much of its beginning as fits with an ellipsis; empty below two letters."""
        if self.width(text, size) <= room:
            return text
        for end in range(len(text) - 1, 1, -1):
            cut = text[:end].rstrip() + "…"
            if self.width(cut, size) <= room:
                return cut
        return ""

    def draw(
        self, image: ImageDraw, at: tuple[float, float], text: str, size: float, fill: Colour, *, anchor: str = "l"
    ) -> None:
        """Draw a line.

        Args:
            image: What to draw on.
            at: Where the anchor goes, in pixels; the second one is the baseline.
            text: One line.
            size: Of the font, in pixels.
            fill: Colour.
            anchor: `l` for the left end, `m` for the middle, `r` for the right end.
        """
        from PIL import Image, ImageDraw  # noqa: PLC0415  # 40 ms, and only pictures need it

        font = self._font(size)
        letters = self._letters(text)
        line = "".join(letter for letter, _ in letters)
        left = at[0] - {"l": 0.0, "m": 0.5, "r": 1.0}[anchor] * font.getlength(line)
        # On a mask of its own, so that an i can lose its dot to an accent before it reaches the picture.
        margin = math.ceil(size)
        mask = Image.new("L", (math.ceil(font.getlength(line)) + 2 * margin, 3 * margin), 0)
        pen = ImageDraw.Draw(mask)
        base = (margin + left % 1, 2 * margin)
        pen.text(base, line, font=font, fill=255, anchor="ls")
        for index, (letter, marks) in enumerate(letters):
            if marks:
                self._accents(pen, base[0] + font.getlength(line[:index]), base[1], letter, marks, size)
        image.bitmap((math.floor(left) - margin, round(at[1]) - 2 * margin), mask, fill=fill)

    def _accents(self, pen: ImageDraw, left: float, baseline: float, letter: str, marks: str, size: float) -> None:
        """Set accents over and under one letter."""
        font = self._font(size)
        _, top, _, bottom = font.getbbox(letter, anchor="ls")
        width = font.getlength(letter)
        if letter in "ij" and any(mark in _ABOVE for mark in marks):
            top = font.getbbox("x", anchor="ls")[1]
            pen.rectangle((left, baseline - 2 * size, left + width, baseline + top - 0.02 * size), fill=0)
        for mark in marks:
            if mark in _ABOVE:
                glyph, share, rise = _ABOVE[mark]
                upper = baseline + top - rise * size
            elif mark in _BELOW:
                glyph, share, sink = _BELOW[mark]
                upper = baseline + max(0.0, bottom) + sink * size
            else:
                continue
            small = self._font(share * size)
            glyph_left, glyph_top, glyph_right, _ = small.getbbox(glyph, anchor="ls")
            at = (left + width / 2 - (glyph_left + glyph_right) / 2, upper - glyph_top)
            pen.text(at, glyph, font=small, fill=255, anchor="ls")

    def _letters(self, text: str) -> list[tuple[str, str]]:
        """Split a line into what the font has and the accents that have to be added."""
        return [(text, "")] if self._font_file else _letters(text)

    def _font(self, size: float) -> FreeTypeFont:
        if size not in self._fonts:
            self._fonts[size] = self._load(size)
        return self._fonts[size]

    def _load(self, size: float) -> FreeTypeFont:
        from PIL import ImageFont  # noqa: PLC0415  # 40 ms, and only pictures need it

        if self._font_file:
            try:
                return ImageFont.truetype(self._font_file, size)
            except OSError as error:
                raise BadInput(f"{self._font_file} is not a font: {error}", hint="name a .ttf or .otf file") from error
        font: Any = ImageFont.load_default(size)
        # The basic layout engine is everywhere; the other one is not, and would set some pairs a pixel apart.
        return font.font_variant(layout_engine=ImageFont.Layout.BASIC)


def _letters(text: str) -> list[tuple[str, str]]:
    """Split a line into letters that the font has, each with the accents it carries."""
    letters: list[tuple[str, str]] = []
    for char in unicodedata.normalize("NFD", text.translate(_RESPELLED)):
        category = unicodedata.category(char)
        if category == "Mn" and letters and letters[-1][0] != "…":
            letters[-1] = (letters[-1][0], letters[-1][1] + char)
        elif char in _HAS:
            letters.append((char, ""))
        elif category[0] in "LN" and (not letters or letters[-1][0] != "…"):
            letters.append(("…", ""))  # one for a whole word of another script
    return letters
