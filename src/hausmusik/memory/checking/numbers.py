"""Numbers of a text as values, however they are written: `1,200`, `40k`, `forty thousand`, `2.5 %`, `two thirds`.

A sentence's number is one value; a passage's may be read in several ways (`twelve fifty` is 12 and 50, 12.50, and the
year 1250), and each of them counts as evidence. Knows nothing of dates, nor of what is counted.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from hausmusik.memory.checking.words import Word, words

UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
        "ninety": 90}  # fmt: skip
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "thousands": 10**3,
          "millions": 10**6, "billions": 10**9}  # fmt: skip
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "fortieth": 40,
    "fiftieth": 50, "sixtieth": 60, "seventieth": 70, "eightieth": 80, "ninetieth": 90, "hundredth": 100,
}  # fmt: skip
PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourths": 4, "fifths": 5,
         "tenths": 10}  # fmt: skip
TIMES = {"once": 1, "twice": 2, "thrice": 3, "both": 2, "double": 2, "triple": 3, "couple": 2, "pair": 2, "dozen": 12}
_SUFFIXES = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9, **SCALES}

_DIGITS = re.compile(
    r"(?<![\w.,])(?P<sign>[-−](?=\d))?(?P<money>[$€£¥]\s?)?(?P<whole>\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,15})(?!\d)"
    r"(?:[.](?P<decimals>\d{1,9})(?![\d]))?"
    r"(?:(?P<ordinal>st|nd|rd|th)\b|\s?(?P<scale>thousand|million|billion|trillion|bn|mn|[kKmMB])(?![\w])|/(?P<over>\d{1,3})(?![\d/]))?"
    r"(?P<percent>\s?(?:%|percent\b|per\s?cent\b))?"
)


class Number(NamedTuple):
    """A number that a text names.

    `unit` is `%`, a currency's sign, or empty; `spelled` says that it is in words, `ordinal` that it is a rank.
    """

    value: float
    start: int
    end: int
    unit: str = ""
    spelled: bool = False
    ordinal: bool = False


def numbers(text: str) -> list[Number]:
    """Return the numbers of a text in order. `one` alone is a pronoun as often as a number and is left out."""
    found = _written(text)
    found += [number for number in _spelled(text, words(text)) if not _is_pronoun(text, number)]
    return sorted(found, key=lambda number: number.start)


def readings(text: str) -> set[float]:
    """Return every value that the numbers of a passage can be read as."""
    values: set[float] = {1.0}  # `one`, `a`: there is no passage without it
    listed = sorted(_written(text) + _spelled(text, words(text)), key=lambda number: number.start)
    for number in listed:
        values.add(number.value)
        if number.unit == "%":
            values.add(round(number.value / 100, 9))
        if 0 < number.value < 1:
            values.add(round(number.value * 100, 6))
        whole, _, decimals = text[number.start : number.end].partition(".")
        if decimals[:2].isdigit() and whole.strip("$€£¥ ").isdigit():  # `12.50`, of which one says `twelve fifty`
            values.update((float(int(whole.strip("$€£¥ "))), float(int(decimals[:2]))))
    for before, after in pairwise(listed):
        if after.start - before.end <= 1 and 0 < before.value < 100 and 0 <= after.value < 100:
            values.update((before.value * 100 + after.value, round(before.value + after.value / 100, 2)))
        elif after.start - before.end <= 8 and after.value < 100 and text[before.end : after.start].strip().isalpha():
            values.add(round(before.value + after.value / 100, 2))  # `eleven euros sixty`
    for word in words(text):
        if word.folded in TIMES:
            values.add(float(TIMES[word.folded]))
    return values


def _written(text: str) -> list[Number]:
    found: list[Number] = []
    for digits in _DIGITS.finditer(text):
        value = float(digits["whole"].replace(",", "") + "." + (digits["decimals"] or "0"))
        if digits["over"]:
            value = value / int(digits["over"]) if int(digits["over"]) else value
        elif digits["scale"]:
            value *= _SUFFIXES[digits["scale"] if digits["scale"] in _SUFFIXES else digits["scale"].lower()]
        unit = "%" if digits["percent"] else (digits["money"] or "").strip()
        found.append(
            Number(round(value, 9), digits.start(), digits.end(), unit=unit, ordinal=digits["ordinal"] is not None)
        )
    return found


def _spelled(text: str, found: list[Word]) -> list[Number]:
    """Return the numbers in words: `two hundred and five`, `fourteen point six`, `two thirds`, `twenty-first`."""
    listed: list[Number] = []
    at = 0
    while at < len(found):
        number, behind = _one_spelled(text, found, at)
        if number is not None:
            listed.append(number)
        at = max(behind, at + 1)
    return listed


def _one_spelled(text: str, found: list[Word], at: int) -> tuple[Number | None, int]:
    first = found[at]
    total, current = 0.0, 0.0
    behind, is_ordinal, last = at, False, ""
    while behind < len(found):
        word = found[behind].folded
        if behind > at and found[behind].start - found[behind - 1].end > 3:
            break
        if behind > at and any(mark in ".,;:()\n" for mark in text[found[behind - 1].end : found[behind].start]):
            break
        if (
            word in UNITS
            and last in ("", "tens", "hundred", "scale", "and")
            and not (last == "tens" and UNITS[word] > 9)
        ):
            current, last = current + UNITS[word], "unit"
        elif word in TENS and last in ("", "hundred", "scale", "and"):
            current, last = current + TENS[word], "tens"
        elif word == "hundred" and last in ("", "unit") and (behind > at or _after_a(found, at)):
            current, last = (current or 1) * 100, "hundred"
        elif word in SCALES and last in ("", "unit", "tens", "hundred") and (behind > at or _after_a(found, at)):
            total, current, last = total + (current or 1) * SCALES[word], 0.0, "scale"
        elif word == "and" and last in ("hundred", "scale") and _continues(found, behind + 1):
            last = "and"
        elif word == "point" and last in ("unit", "tens", "hundred") and _continues(found, behind + 1):
            return _decimals(found, at, behind, total + current)
        elif word in ORDINALS and last in ("", "tens", "hundred", "scale", "and"):
            current, is_ordinal, behind = current + ORDINALS[word], True, behind + 1
            break
        else:
            break
        behind += 1
    if behind == at:
        if first.folded in ("half", "quarter") and not _is_ordinal_time(found, at):
            return Number(1 / PARTS[first.folded], first.start, first.end, spelled=True), at + 1
        return None, at + 1
    value = total + current
    following = found[behind].folded if behind < len(found) else ""
    if following in PARTS and not is_ordinal and following != "third" and value < PARTS[following]:
        end = found[behind].end
        return Number(round(value / PARTS[following], 9), first.start, end, spelled=True), behind + 1
    unit = "%" if following in ("percent", "%") or text[found[behind - 1].end :][:2].strip() == "%" else ""
    if following == "per" and behind + 1 < len(found) and found[behind + 1].folded == "cent":
        unit = "%"
    number = Number(value, first.start, found[behind - 1].end, unit=unit, spelled=True, ordinal=is_ordinal)
    return number, behind


def _decimals(found: list[Word], at: int, point: int, whole: float) -> tuple[Number, int]:
    digits, behind = "", point + 1
    while behind < len(found) and len(digits) < 9 and found[behind].folded in (UNITS | TENS):
        value = (UNITS | TENS)[found[behind].folded]
        if digits and value > 9:
            break
        if len(digits) == 2 and digits[1] == "0" and digits[0] != "0" and 0 < value < 10:  # `point twenty five`
            digits = digits[0]
        digits += str(value)
        behind += 1
    return Number(round(whole + float("0." + digits), 9), found[at].start, found[behind - 1].end, spelled=True), behind


def _continues(found: list[Word], at: int) -> bool:
    return at < len(found) and (found[at].folded in UNITS or found[at].folded in TENS or found[at].folded in ORDINALS)


def _after_a(found: list[Word], at: int) -> bool:
    return at > 0 and found[at - 1].folded in ("a", "the", "per", "one")


def _is_ordinal_time(found: list[Word], at: int) -> bool:
    return at + 1 < len(found) and found[at + 1].folded == "past"  # half past nine: a time


def _is_pronoun(text: str, number: Number) -> bool:
    return number.spelled and number.value == 1 and number.end - number.start == 3 and text[number.start] in "oO"
