"""Rules for amounts: money, percentages, measures with units, fractions, ranges, plain and ordinal numbers.

Each rule claims what it can read; order is decided in `reading`. Knows nothing of dates, telephone numbers or names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hausmusik.engines.english import numerals
from hausmusik.engines.english.numerals import cardinal, number
from hausmusik.engines.english.tokens import Accent, Claim, Word, part, word_claim
from hausmusik.engines.english.units import CURRENCIES, UNITS

NUMBER: Final = r"(?:\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_SCALES: Final = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
_SCALE: Final = r"hundred|thousand|million|billion|trillion"
_CODES: Final = "USD|EUR|GBP|CHF|JPY"

_MONEY: Final = re.compile(
    rf"(?P<sign>[-−])?(?P<currency>US\$|A\$|C\$|[$£€¥₹])\s?(?P<amount>{NUMBER})"
    rf"(?:\s?[-–]\s?[$£€¥₹]?(?P<upto>{NUMBER}))?"
    rf"(?:(?P<short>k|m|mn|bn|b|tn|K|M|B)\b|(?P<gap>\s)(?P<scale>{_SCALE})\b)?"
)
_MONEY_AFTER: Final = re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER})\s?(?P<currency>[€£¥₹¢]|(?:{_CODES})\b)")
_CODE_BEFORE: Final = re.compile(rf"\b(?P<currency>{_CODES})\s?(?P<amount>{NUMBER})(?:\s(?P<scale>{_SCALE})\b)?")
_PERCENT: Final = re.compile(rf"(?<![\w.,])(?P<sign>[-−+])?(?P<low>{NUMBER})(?:\s?[-–]\s?(?P<high>{NUMBER}))?\s?%")
_UNIT: Final = (
    rf"(?P<unit>{'|'.join(re.escape(each) for each in sorted(UNITS, key=len, reverse=True))})(?![\w°])(?!'\w)"
    r"(?:\.(?=[,;]|\s+[a-z(]))?"
)
"""A unit, with its dot where a sentence plainly goes on behind it."""
_UNIT_AFTER: Final = re.compile(rf"[\s\u202f-]?{_UNIT}")
_MEASURE: Final = re.compile(
    rf"(?<![\w.,])(?P<sign>[-−+±])?(?P<low>{NUMBER})(?:\s?[-–]\s?(?P<high>{NUMBER}))?(?P<join>[\s\u202f-]?){_UNIT}"
)
_PER: Final = re.compile(
    r"(?<=[\d%€£$¢])\s?/\s?(?P<unit>kg|g|km|m|lb|hour|hr|h|minute|min|second|sec|s|day|night|week|month|mo|year|yr|person|"
    r"user|unit|piece|GB|MB|token|call)\b|(?<=[a-z])/(?P<unit2>month|year|day|week|hour|person|night)\b"
)
_PER_SHORT: Final = {"h": "hour", "hr": "hour", "mo": "month", "yr": "year"}
_RATE: Final = re.compile(
    rf"(?<![\w.])(?P<unit>{'|'.join(re.escape(each) for each in UNITS if re.search('/|²|³', each))})(?![\w/])"
)
_HEIGHT: Final = re.compile(r"(?<![\w.])(?P<feet>\d)'\s?(?P<inches>1[01]|\d)(?:\"|”|''|″)")
_VULGAR: Final = {
    "½": (1, 2),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
}
_FRACTION: Final = re.compile(
    rf"(?<![\w./])(?:(?P<whole>\d+)[ \u2009-]?)?"
    rf"(?:(?P<vulgar>[{''.join(_VULGAR)}])|(?<!\d)(?P<above>\d{{1,2}})[/⁄](?P<below>\d{{1,3}}))(?![\w/])"
)
_RANGE: Final = re.compile(rf"(?<![\w.,/-])(?P<low>{NUMBER})(?P<dash>[-–:])(?P<high>{NUMBER})(?![\w/:-]|[.,]\d)")
_ORDINAL: Final = re.compile(r"(?<![\w.])(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\b")
_SUM: Final = re.compile(r"(?<=\d)(?:\s(?P<sign>[-−+*×x÷/])\s|(?P<tight>[*×]))(?=\d)")
_PLAIN: Final = re.compile(rf"(?<![\w.])(?P<sign>(?<![\w)\]])[-−])?(?P<amount>\d+,\d{{1,2}}(?![\d,])|{NUMBER})(?!\w)")
_OPERATORS: Final = {"-": "minus", "−": "minus", "+": "plus", "÷": "divided by", "/": "divided by"}

_DETERMINED: Final = re.compile(
    r"\b(?:an?|the|this|that|these|those|my|his|her|our|your|their|its|another|each|every|several|many|no|any|both|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred)\s(?:\w+\s)?$",
    re.IGNORECASE,
)
_DESCRIBED: Final = re.compile(
    r"\s(?!(?:and|are|was|were|for|from|with|per|each|into|than|but|that|which|when|while|away|ago|apart|later|"
    r"before|after|above|below|behind|ahead|north|south|east|west|more|less|every|because|since|until|or|as)\b)"
    r"[a-z]{3,}"
)


def _adjective(text: str, start: int, end: int) -> bool:
    """Whether an amount describes what follows, so that it stays singular: `a $20 bill`, `two 12 V batteries`."""
    before = _DETERMINED.search(text, max(0, start - 24), start)
    return bool(before and _DESCRIBED.match(text, end))


def _joined(low: str, high: str | None, accent: Accent) -> list[str]:
    return [*number(low, accent), *(["to", *number(high, accent)] if high else [])]


def _coins(amount: str, currency: str, accent: Accent, *, single: bool) -> list[str]:
    """Say an amount with its currency: three dollars and fifty cents."""
    one, many, cent, cents = CURRENCIES[currency]
    body = amount.replace(",", "")
    whole, _, rest = body.partition(".")
    if len(rest) == 2 and cent:
        minor = int(rest)
        units = cardinal(int(whole or "0"), accent)
        said = [*units, one if single or int(whole or "0") == 1 else many] if int(whole or "0") or not minor else []
        if minor:
            said += [*(["and"] if said else []), *cardinal(minor, accent), cent if minor == 1 else cents]
        return said
    return [*number(amount, accent), one if single or numerals.is_one(body) else many]


def money(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `$3.50`, `€20`, `£1.2 million`, `$5k`, `$10-20`, `20 €`, `EUR 40`."""
    for pattern in (_MONEY, _CODE_BEFORE, _MONEY_AFTER):
        for match in pattern.finditer(text):
            yield _money_claim(text, match, accent)


def _money_claim(text: str, match: re.Match[str], accent: Accent) -> Claim:
    found = match.groupdict()
    currency, amount = match["currency"], match["amount"]
    single = _adjective(text, match.start(), match.end())
    sign = ["minus"] if found.get("sign") else []
    scale = found.get("scale") or _SCALES.get((found.get("short") or "").lower(), "")
    name = CURRENCIES[currency][0 if single else 1]
    if found.get("upto") or scale:
        said = sign + _joined(amount, found.get("upto"), accent)
        if not found.get("scale"):
            return word_claim(match, [*said, *([scale] if scale else []), *name.split()])
        head = text[match.start() : match.start("scale")].rstrip()
        words = (Word(head, match.start(), tuple(said)), part(match, "scale", [scale, *name.split()]))
        return Claim(match.start(), match.end(), words)
    said = sign + _coins(amount, currency, accent, single=single)
    return word_claim(match, [each for group in said for each in group.split()])


def percentages(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `5%`, `-2.5 %`, `5-10%`."""
    for match in _PERCENT.finditer(text):
        sign = {"-": ["minus"], "−": ["minus"], "+": ["plus"]}.get(match["sign"] or "", [])
        yield word_claim(match, [*sign, *_joined(match["low"], match["high"], accent), "percent"])


def measures(text: str, accent: Accent) -> Iterator[Claim]:
    """Read a number with its unit: `5 km/h`, `-3 °C`, `16GB`, `2-3 kg`, `a 5-km run`."""
    for match in _MEASURE.finditer(text):
        unit, low, high = UNITS[match["unit"]], match["low"], match["high"]
        if unit.tight and match["join"].strip(" \u202f\u00a0"):
            continue
        if unit.tight and len(match["unit"]) == 1 and unit.needs_gapless and match["join"]:
            continue
        signs = {"-": ["minus"], "−": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"]}
        single = match["join"] == "-" or (numerals.is_one(low) and not high) or _adjective(text, *match.span())
        said = [*signs.get(match["sign"] or "", []), *_joined(low, high, accent)]
        yield word_claim(match, [*said, *(unit.one if single else unit.many).split()])


def rates(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `$5/month`, `1.50/kg`, a lone `km/h`, and heights such as `5'11"`."""
    for match in _HEIGHT.finditer(text):
        yield word_claim(match, [*number(match["feet"], accent), "foot", *number(match["inches"], accent)])
    for match in _PER.finditer(text):
        unit = match["unit"] or match["unit2"]
        name = _PER_SHORT.get(unit) or (UNITS[unit].one if unit in UNITS else unit)
        yield word_claim(match, ["per", *name.split()])
    for match in _RATE.finditer(text):
        yield word_claim(match, UNITS[match["unit"]].many.split())


def fractions(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `1/2`, `¾`, `2 1/2`, `2½`, `1 1/2 tsp`; `24/7`, `9/11` and `50/50` the way people say them."""
    for match in _FRACTION.finditer(text):
        if match[0] in {"24/7", "9/11", "7/7"}:
            low, high = match[0].split("/")
            yield word_claim(match, [*cardinal(int(low), accent), *cardinal(int(high), accent)])
            continue
        if match["above"] and match["above"] == match["below"]:
            yield word_claim(match, 2 * cardinal(int(match["above"]), accent))
            continue
        above, below = _VULGAR[match["vulgar"]] if match["vulgar"] else (int(match["above"]), int(match["below"]))
        said = numerals.fraction(above, below, accent)
        unit = _UNIT_AFTER.match(text, match.end())
        if match["whole"]:
            said = [*cardinal(int(match["whole"]), accent), "and", *(["a", *said[1:]] if above == 1 else said)]
        if unit is None:
            yield word_claim(match, said)
            continue
        name = UNITS[unit["unit"]]
        if match["whole"]:
            said += name.many.split()
        else:
            article = "an" if name.one.startswith(("a", "e", "i", "o", "hour")) else "a"
            said = ["half"] if (above, below) == (1, 2) else [*said, "of"]
            said += [article, *name.one.split()]
        yield Claim(match.start(), unit.end(), (Word(text[match.start() : unit.end()], match.start(), tuple(said)),))


def ranges(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `10-20`, `1905–1910`, `3-1` as "to"."""
    for match in _RANGE.finditer(text):
        low, high = match["low"], match["high"]
        if _looks_like_year(low) and (_looks_like_year(high) or len(high) == 2):
            first = numerals.year(int(low), accent)
            last = numerals.year(int(high), accent) if len(high) == 4 else cardinal(int(high), accent)
            yield word_claim(match, [*first, "to", *last])
        else:
            yield word_claim(match, [*number(low, accent), "to", *number(high, accent)])


def _looks_like_year(text: str) -> bool:
    return len(text) == 4 and text.isdecimal() and 1100 <= int(text) <= 2099


def ordinals(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `1st`, `21st`, `1,000th`."""
    for match in _ORDINAL.finditer(text):
        yield word_claim(match, numerals.ordinal(int(match["digits"].replace(",", "")), accent))


def operators(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read a sign between two numbers with spaces round it: `5 - 3`, `2 x 4`."""
    for match in _SUM.finditer(text):
        group = "sign" if match["sign"] else "tight"
        yield word_claim(match, _OPERATORS.get(match[group], "times").split(), group)


def plain_numbers(text: str, accent: Accent) -> Iterator[Claim]:
    """Read every number that nothing else has claimed."""
    for match in _PLAIN.finditer(text):
        sign = ["minus"] if match["sign"] else []
        yield word_claim(match, [*sign, *number(match["amount"], accent)])
