"""Rules for dates and times of day: `March 14, 2026`, `14 March`, `2026-03-14`, `3/14/2026`, `3:45 pm`, `the 1980s`.

An American says "March fourteenth", a British speaker "the fourteenth of March"; the order in which the author wrote
them is kept, so that captions and voice run side by side. Knows nothing of durations and other amounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hausmusik.engines.english.endings import ends_sentence
from hausmusik.engines.english.numerals import cardinal, decade, digits, ordinal, year
from hausmusik.engines.english.tokens import Accent, Claim, Stop, Token, Word, part, word_claim

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SHORT: Final = {name[:3]: name for name in MONTHS} | {"Sept": "September"}
_DAYS: Final = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip

_MONTH: Final = rf"(?P<month>{'|'.join(MONTHS)}|(?:{'|'.join(_SHORT)})\b\.?)"
_DAY: Final = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>1\d{3}|20\d\d)"
_MONTH_DAY: Final = re.compile(rf"\b{_MONTH}\s{_DAY}\b(?![:.]\d|\s?[%$€£]|,\d)(?:(?P<comma>,?\s){_YEAR}\b)?")
_DAY_MONTH: Final = re.compile(
    rf"(?P<the>\b[Tt]he\s)?(?<![\w.,:/])(?P<figure>{_DAY})(?P<of>\sof)?\s{_MONTH}(?![A-Za-z])(?:,?\s{_YEAR}\b)?"
)
_MONTH_YEAR: Final = re.compile(rf"\b{_MONTH},?\s{_YEAR}\b")
_MONTH_ALONE: Final = re.compile(rf"\b(?P<month>(?:{'|'.join(k for k in _SHORT if k != 'May')})\.)(?=\s|$|,)")
_WEEKDAY: Final = re.compile(rf"\b(?P<day>{'|'.join(_DAYS)})\.?(?=,?\s(?:\d|{'|'.join(MONTHS)}|{'|'.join(_SHORT)}))")
_ISO: Final = re.compile(
    r"(?<![\w-])(?P<year>1\d{3}|20\d\d)(?P<sep>[-/.])(?P<month>0[1-9]|1[0-2])(?P=sep)(?P<day>0[1-9]|[12]\d|3[01])(?![\w-])"
)
_SLASHES: Final = re.compile(
    r"(?<![\w/.])(?P<a>\d{1,2})(?P<sep>[/.])(?P<b>\d{1,2})(?P=sep)(?P<year>(?:1[1-9]|20)\d\d|\d\d)(?![\w/]|\.\d)"
)
_TIME: Final = re.compile(
    r"(?<![\w:.,])(?P<hour>[01]?\d|2[0-4])[:.](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    r"(?:(?P<gap>\s?)(?P<half>[aApP]\.?[mM](?:\.|\b)))?(?![\w:])(?!\.\d)(?!-\d)"
)
_HOUR: Final = re.compile(r"(?<![\w:.,])(?P<hour>1[0-2]|0?[1-9])(?P<gap>\s?)(?P<half>[aApP]\.?[mM](?:\.|\b))(?!\w)")
_DECADE: Final = re.compile(r"(?<![\w.])(?P<full>1[1-9]\d0|20\d0)['’]?s\b|(?P<short>['’](?P<two>[2-9]0)s)\b")
_TENS: Final = re.compile(
    r"\b(?:the|his|her|their|my|our|your|mid|late|early)[\s-](?:(?:mid|late|early)[\s-])?(?P<tens>[2-9]0)s\b"
)
_YEAR_ALONE: Final = re.compile(r"(?<![\w.,$€£/-])(?P<year>1[1-9]\d\d|20\d\d)(?![\w%°/]|[.,]\d|-\d)")
_COUNTED: Final = re.compile(r"\s(?!was|is|has|its|as|this|his|does|thus|plus)[a-z]+(?:s|people|children|men|women)\b")
_DATED: Final = re.compile(
    r"\b(?:in|since|by|until|till|from|to|before|after|around|circa|year|early|late|mid|during|spring|summer|autumn|"
    r"fall|winter|and|or|the|of)[\s-]$",
    re.IGNORECASE,
)


_NAMES: Final = "|".join(
    [*MONTHS, *_DAYS.values(), *(each for each in (*_SHORT, *_DAYS) if each not in {"Sun", "Sat"})]
)
_SPAN: Final = re.compile(
    rf"(?:(?<=[ap]m)|(?<=[ap]\.m\.)|(?<=noon)|(?<=:\d\d))\s?[-–]\s?(?=noon|midnight|\d)|(?<=[a-z])[-–](?=(?:{_NAMES})\b)"
)


def _month(name: str) -> str:
    bare = name.rstrip(".")
    return bare if bare in MONTHS else _SHORT[bare]


def dates(text: str, accent: Accent) -> Iterator[Claim]:
    """Read written dates; every written word stays a word of its own."""
    yield from _day_first(text, accent)
    yield from _month_first(text, accent)
    yield from _figures(text, accent)
    for match in _WEEKDAY.finditer(text):
        yield word_claim(match, [_DAYS[match["day"]]])
    for match in _MONTH_ALONE.finditer(text):
        yield word_claim(match, [_month(match["month"])])


def _day_first(text: str, accent: Accent) -> Iterator[Claim]:
    for match in _DAY_MONTH.finditer(text):
        if re.match(r"may\b", match["month"]):
            continue
        place = ordinal(int(match["day"]), accent)
        said = [*([] if match["the"] else ["the"]), *place, *([] if match["of"] else ["of"])]
        words = [part(match, "figure", said)]
        if match["of"]:
            words.append(Word("of", match.start("of") + 1, ("of",)))
        words.append(part(match, "month", [_month(match["month"])]))
        if match["year"]:
            words.append(part(match, "year", year(int(match["year"]), accent)))
        yield Claim(match.start("figure"), match.end(), tuple(words))


def _month_first(text: str, accent: Accent) -> Iterator[Claim]:
    for match in _MONTH_DAY.finditer(text):
        start = match.end("month")
        figure = text[start : match.start("year") if match["year"] else match.end()]
        said = [*(["the"] if accent == "gb" else []), *ordinal(int(match["day"]), accent)]
        written = figure.strip()
        words = [
            part(match, "month", [_month(match["month"])]),
            Word(written, start + figure.index(written), tuple(said)),
        ]
        if match["year"]:
            words.append(part(match, "year", year(int(match["year"]), accent)))
        yield Claim(match.start(), match.end(), tuple(words))
    for match in _MONTH_YEAR.finditer(text):
        words = (
            part(match, "month", [_month(match["month"])]),
            part(match, "year", year(int(match["year"]), accent)),
        )
        yield Claim(match.start(), match.end(), words)


def _figures(text: str, accent: Accent) -> Iterator[Claim]:
    for match in _ISO.finditer(text):
        yield _spoken_date(match, int(match["day"]), int(match["month"]), match["year"], accent)
    for match in _SLASHES.finditer(text):
        first, second = int(match["a"]), int(match["b"])
        month_first = accent == "us" and match["sep"] == "/"
        month, day = (first, second) if month_first else (second, first)
        if month > 12 and day <= 12:
            month, day = day, month
        if 1 <= month <= 12 and 1 <= day <= 31:
            yield _spoken_date(match, day, month, match["year"], accent)


def _spoken_date(match: re.Match[str], day: int, month: int, year_text: str, accent: Accent) -> Claim:
    place, name = ordinal(day, accent), MONTHS[month - 1]
    said = [name, *place] if accent == "us" else ["the", *place, "of", name]
    full = int(year_text)
    if len(year_text) == 2:
        full += 2000 if full < 50 else 1900
    return word_claim(match, [*said, *year(full, accent)])


def _half(text: str) -> list[str]:
    return ["A.M."] if text[:1] in "aA" else ["P.M."]


def times(text: str, accent: Accent) -> Iterator[Claim]:
    """Read times of day: `3:45 pm`, `15:30`, `10 a.m.`, `09:00`."""
    for match in _TIME.finditer(text):
        dotted = "." in match[0][:3]
        if dotted and not match["half"]:
            continue  # 3.45 alone is a number
        hour, minute = int(match["hour"]), int(match["minute"])
        said = cardinal(hour, accent)
        if match["second"]:
            said += [*_minutes(minute, accent), "and", *cardinal(int(match["second"]), accent)]
            said += ["second" if int(match["second"]) == 1 else "seconds"]
        elif minute:
            said += _minutes(minute, accent)
        elif not match["half"]:
            said += ["o'clock"] if 1 <= hour <= 12 else ["hundred"]
        yield _with_half(text, match, said)
    for match in _HOUR.finditer(text):
        yield _with_half(text, match, cardinal(int(match["hour"]), accent))


def _minutes(minute: int, accent: Accent) -> list[str]:
    return ["oh", *digits(str(minute))] if minute < 10 else cardinal(minute, accent)


def _with_half(text: str, match: re.Match[str], said: list[str]) -> Claim:
    if not match["half"]:
        return word_claim(match, said)
    half = _half(match["half"])
    if match["gap"]:
        head = match[0][: match.start("gap") - match.start()]
        tokens: list[Token] = [Word(head, match.start(), tuple(said)), part(match, "half", half)]
    else:
        tokens = [Word(match[0], match.start(), (*said, *half))]
    if match[0].endswith(".") and ends_sentence(text, match.end()):
        tokens.append(Stop(".", match.end() - 1))
    return Claim(match.start(), match.end(), tuple(tokens))


def spans(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read the dash of `9am-5pm`, `Monday–Friday`, `March–May` as "to"."""
    for match in _SPAN.finditer(text):
        yield word_claim(match, ["to"])


def decades(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `1980s`, `'90s`, `his 20s`."""
    for match in _DECADE.finditer(text):
        yield word_claim(match, decade(int(match["full"] or match["two"]), accent))
    for match in _TENS.finditer(text):
        start, end = match.start("tens"), match.end("tens") + 1
        yield Claim(start, end, (Word(text[start:end], start, tuple(decade(int(match["tens"]), accent))),))


def years(text: str, accent: Accent) -> Iterator[Claim]:
    """Read four digits as a year unless they count something: `in 1984`, but `1984 copies`."""
    for match in _YEAR_ALONE.finditer(text):
        counted = _COUNTED.match(text, match.end())
        if counted and not _DATED.search(text[max(0, match.start() - 12) : match.start()]):
            continue
        yield word_claim(match, year(int(match["year"]), accent))
