"""Numbers as English words: cardinals, ordinals, years, decimals, digits one by one, Roman numerals.

The words come from num2words; what is ours is which reading to choose and how an American or a British speaker says
it ("one hundred five" against "one hundred and five"). Knows nothing of the text a number stands in.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hausmusik.engines.english.tokens import Accent

_MAX_DIGITS: Final = 15
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ROMAN: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_SHAPE: Final = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def _words(number: int, kind: str, accent: Accent) -> list[str]:
    import num2words as library

    untyped: Any = library  # ships no types
    said = str(untyped.num2words(number, to=kind)).replace(",", "").split()
    return said if accent == "gb" else [word for word in said if word != "and"]


def digits(text: str) -> list[str]:
    """Say each digit of a text, skipping everything else."""
    return [_DIGITS[int(char)] for char in text if char.isascii() and char.isdigit()]


def cardinal(number: int, accent: Accent) -> list[str]:
    """Say a whole number; beyond 15 digits it is read digit by digit."""
    if number < 0:
        return ["minus", *cardinal(-number, accent)]
    if len(str(number)) > _MAX_DIGITS:
        return digits(str(number))
    return _words(number, "cardinal", accent)


def ordinal(number: int, accent: Accent) -> list[str]:
    """Say a place in a row: `21` is twenty-first."""
    if len(str(number)) > _MAX_DIGITS:
        return digits(str(number))
    return _words(number, "ordinal", accent)


def year(number: int, accent: Accent) -> list[str]:
    """Say a year of one to four digits: 1984, 1905, 1900, 2000, 2005, 2026."""
    century, rest = divmod(number, 100)
    if number < 1000 or 2000 <= number < 2010 or (rest == 0 and century % 10 == 0):
        return cardinal(number, accent)
    if rest == 0:
        return [*cardinal(century, accent), "hundred"]
    if rest < 10:
        return [*cardinal(century, accent), "oh", _DIGITS[rest]]
    return [*cardinal(century, accent), *cardinal(rest, accent)]


def decade(number: int, accent: Accent) -> list[str]:
    """Say a decade: `1980` is nineteen eighties, `2000` two thousands, `90` nineties."""
    said = cardinal(number, accent) if number < 100 else year(number, accent)
    last = said[-1]
    plural = f"{last[:-1]}ies" if last.endswith("y") else f"{last}es" if last.endswith("x") else f"{last}s"
    return [*said[:-1], plural]


def plural_ordinal(number: int, accent: Accent) -> list[str]:
    """Say the denominator of several parts: `4` is quarters, `3` thirds, `2` halves."""
    if number == 2:
        return ["halves"]
    if number == 4:
        return ["quarters"]
    said = ordinal(number, accent)
    return [*said[:-1], f"{said[-1]}s"]


def fraction(above: int, below: int, accent: Accent) -> list[str]:
    """Say a simple fraction: one half, three quarters, seven over thirty-two."""
    if below == 0 or below > 20 or above > 20:
        return [*cardinal(above, accent), "over", *cardinal(below, accent)]
    if above == 1:
        single = {2: ["half"], 4: ["quarter"]}.get(below) or ordinal(below, accent)
        return ["one", *single]
    return [*cardinal(above, accent), *plural_ordinal(below, accent)]


def number(text: str, accent: Accent) -> list[str]:
    """Say a number as people write it: `1,234`, `-3.50`, `.5`, `0.05`, `3,5`.

    Args:
        text: Optional sign, digits with optional thousands separators, optional decimals.
        accent: Whose habits.

    Returns:
        Its words; digits after the point are said one by one.
    """
    sign = ["minus"] if text[:1] in "-−" else []
    body = text.lstrip("-−+")
    body = re.sub(r"(?<=\d)[,\u00a0\u202f](?=\d{3}(?:\D|$))", "", body).replace(",", ".")
    whole, _, decimals = body.partition(".")
    if len(whole) > 1 and whole.startswith("0"):
        said = digits(whole)
    else:
        said = cardinal(int(whole), accent) if whole else ["zero"]
    if decimals:
        said += ["point", *digits(decimals)]
    return sign + said


def is_one(text: str) -> bool:
    """Return whether a written number takes the singular."""
    return text.lstrip("-−+") in {"1", "1.0", "1.00"}


def roman(text: str) -> int:
    """Return the value of a Roman numeral in capitals, 0 when it is none or not in its usual form."""
    if not text or not _ROMAN_SHAPE.fullmatch(text):
        return 0
    values = [_ROMAN[char] for char in text]
    return sum(-each if each < after else each for each, after in zip(values, [*values[1:], 0], strict=True))
