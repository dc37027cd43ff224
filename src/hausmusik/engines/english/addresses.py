"""Rules for what is typed rather than written: web and mail addresses, telephone numbers, versions, handles, codes.

Read the way a person would read them out: "example dot com slash notes". Knows nothing of amounts or dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hausmusik.engines.english.numerals import cardinal, digits, year
from hausmusik.engines.english.tokens import Accent, Claim, Stop, Token, Word, letters, word_claim

_URL: Final = re.compile(
    r"(?:https?://|ftp://|www\.)[^\s<>\"'()\[\]{}]+"
    r"|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|ai|dev|app|de|uk|fr|eu|info|co)\b(?:/[^\s<>\"'()\[\]{}]*)?"
)
_MAIL: Final = re.compile(r"(?<![\w.])(?P<user>[\w.+-]+)@(?P<domain>(?:[\w-]+\.)+[A-Za-z]{2,})")
_HANDLE: Final = re.compile(r"(?<![\w@])@(?P<name>\w{2,})")
_TAG: Final = re.compile(r"(?<![\w#&])#(?P<name>[A-Za-z]\w+)")
_NUMBERED: Final = re.compile(r"(?<![\w#])#(?P<number>\d+)\b")
_PHONE: Final = re.compile(
    r"(?<![\w.,+-])(?P<plus>\+)?(?:"
    r"\d{1,3}[\s.-])?\(\d{2,5}\)[\s.-]?\d{3,4}[\s.-]?\d{3,5}(?![\w-])"
    r"|(?<![\w.,+-])\+\d{1,3}(?:[\s.-]?\d{2,5}){2,5}(?![\w-])"
    r"|(?<![\w.,+-])(?:1-)?\d{3}[-.]\d{3}[-.]\d{4}(?![\w-])"
    r"|(?<![\w.,+-])\d{3}-\d{4}(?![\w-])"
    r"|(?<![\w.,+-])0\d{2,4}[\s-]\d{3,4}(?:[\s-]\d{3,5})?(?![\w-])"
)
_HOUSE: Final = re.compile(
    r"(?<![\w.,$€£/-])(?P<whole>(?P<figures>[1-9]\d{2,3})(?P<letter>[A-H])?)"
    r"(?=(?:\s(?:[NSEW]|North|South|East|West)\.?)?(?:\s[A-Z][\w'.]+){1,3}?\s"
    r"(?:Street|St\b|Avenue|Ave\b|Road|Rd\b|Lane|Boulevard|Blvd\b|Drive|Square|Terrace|Crescent|Highway|Way\b))"
)
_IP: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\d)")
_DIGITS: Final = re.compile(
    r"\b(?:[Cc]all|[Dd]ial|[Pp]hone|[Rr]ing)\s(?P<call>\d{3})\b|\bIS[BS]N:?\s(?P<book>[\d-]{8,17}X?)\b"
    r"|(?<=,\s[A-Z]{2}\s)(?P<zip>\d{5})\b"
)
_FILE: Final = re.compile(
    r"(?<![\w@/~.-])~?/?[\w-]+(?:/[\w-]+)*\.(?:md|txt|png|jpe?g|gif|svg|pdf|wav|mp3|mp4|flac|ogg|opus|midi?|py|js|ts|rs|"
    r"cpp|sh|json|toml|ya?ml|html?|css|csv|tsv|xml|zip|tar|gz|exe|docx?|xlsx?|pptx?|ini|cfg|log|onnx|npz|bin)\b(?!\w)"
    r"|(?<![\w~/.])~?(?:/[\w-]+(?:\.[\w-]+)*){2,}"
)
_SIGNED: Final = re.compile(r"(?<!\w)(?P<letter>[A-G])(?P<sign>[#♯♭])(?!\w)|(?<!\w)(?P<net>\.NET)\b")
_VERSION: Final = re.compile(
    r"(?<![\w.])(?P<v>[vV]\.?\s?)(?P<short>\d+(?:\.\d+)*)(?![\w])|(?<![\w.])(?P<long>\d+(?:\.\d+){2,})(?![\w])"
    r"|(?<=\b[Vv]ersion\s)(?P<named>\d+\.\d+)(?!\w|\.\d)"
)
_CODE: Final = re.compile(r"(?<![\w.,])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?P<code>[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)(?![\w])")
_PAIR: Final = re.compile(r"(?<!\w)(?P<a>[A-Z]{1,3})&(?P<b>[A-Z]{1,3})(?!\w)")
_RUNS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_LITTLE: Final = frozenset({"to", "in", "on", "of", "by", "or", "at"})
_SIGNS: Final = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon", "?": "question mark",
    "=": "equals", "&": "and", "#": "hash", "~": "tilde", "%": "percent", "+": "plus",
}  # fmt: skip
_SPELLED_DOMAINS: Final = frozenset({"io", "ai", "uk", "de", "eu", "fr", "tv", "us"})


def _readable(text: str, accent: Accent) -> list[str]:
    """Say an address: runs of letters as words, digits as short numbers, signs by name."""
    said: list[str] = []
    for piece in re.findall(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]", text):
        if piece.isdecimal():
            said += cardinal(int(piece), accent) if len(piece) < 3 and piece[0] != "0" else digits(piece)
        elif piece.isalpha():
            spelled = piece in _SPELLED_DOMAINS or len(piece) == 1 or not re.search("[AEIOUYaeiouy]", piece)
            said.append(letters(piece) if spelled else piece)
        elif piece in _SIGNS:
            said += _SIGNS[piece].split()
    return said


def web(text: str, accent: Accent) -> Iterator[Claim]:
    """Read web addresses without their scheme, and mail addresses."""
    for match in _MAIL.finditer(text):
        yield word_claim(match, [*_readable(match["user"], accent), "at", *_readable(match["domain"], accent)])
    for match in _URL.finditer(text):
        written = match[0].rstrip(".,;:!?…-")
        bare = re.sub(r"^(?:https?|ftp)://", "", written)
        bare = re.sub(r"^www\.", "", bare).rstrip("/")
        bare = re.split(r"[?#]", bare)[0] or bare  # what follows is for machines
        yield Claim(
            match.start(),
            match.start() + len(written),
            (Word(written, match.start(), tuple(_readable(bare, accent))),),
        )


def files(text: str, accent: Accent) -> Iterator[Claim]:
    """Read names of files and paths: `readme.md`, `/usr/local/bin`."""
    for match in _FILE.finditer(text):
        written = match[0].rstrip(".")
        said = tuple(_readable(written.removeprefix("~").lstrip("/"), accent))
        yield Claim(match.start(), match.start() + len(written), (Word(written, match.start(), said),))


def handles(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `@name`, `#topic`, `#5`."""
    for match in _HANDLE.finditer(text):
        yield word_claim(match, ["at", *_readable(match["name"], accent)])
    for match in _TAG.finditer(text):
        split = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", match["name"])
        yield word_claim(match, ["hashtag", *_readable(" ".join(split), accent)])
    for match in _NUMBERED.finditer(text):
        yield word_claim(match, ["number", *cardinal(int(match["number"]), accent)])


def telephones(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read telephone numbers digit by digit with a rest between the groups; book numbers and zip codes as well."""
    for match in _DIGITS.finditer(text):
        group = match.lastgroup or "call"
        yield word_claim(match, digits(match[group]), group)
    for match in _PHONE.finditer(text):
        if sum(char.isdigit() for char in match[0]) < 7:
            continue
        tokens: list[Token] = []
        for group in re.finditer(r"\+?\d+", match[0]):
            at = match.start() + group.start()
            said = [*(["plus"] if group[0].startswith("+") else []), *_group(group[0])]
            if tokens:
                tokens.append(Stop(",", at))
            tokens.append(Word(group[0], at, tuple(said)))
        yield Claim(match.start(), match.end(), tuple(tokens))


def _group(figures: str) -> list[str]:
    """Say a group of a telephone number: digit by digit, but `800` and `0800` as people say them."""
    hundreds = re.fullmatch(r"(0?)([1-9])00", figures)
    return [*(["oh"] if hundreds[1] else []), *digits(hundreds[2]), "hundred"] if hundreds else digits(figures)


def houses(text: str, accent: Accent) -> Iterator[Claim]:
    """Read the number of a house before its street in pairs: `221B Baker Street`, `1600 Pennsylvania Avenue`."""
    for match in _HOUSE.finditer(text):
        figures = match["figures"]
        said = year(int(figures), accent) if len(figures) == 4 else _by_hundred(int(figures), accent)
        yield word_claim(match, [*said, *([letters(match["letter"])] if match["letter"] else [])], "whole")


def _by_hundred(number: int, accent: Accent) -> list[str]:
    hundred, rest = divmod(number, 100)
    if not rest:
        return cardinal(number, accent)
    return [*cardinal(hundred, accent), *(["oh"] if rest < 10 else []), *cardinal(rest, accent)]


def versions(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `v2.5`, `1.2.3`, `version 3.11` and internet addresses in figures: every part a number, "point" between."""
    for match in _IP.finditer(text):
        said = [word for each in match[0].split(".") for word in ["dot", *digits(each)]][1:]
        yield word_claim(match, said)
    for match in _VERSION.finditer(text):
        figures = (match["short"] or match["long"] or match["named"]).split(".")
        said = [word for each in figures for word in ["point", *cardinal(int(each), accent)]][1:]
        yield word_claim(match, [*(["version"] if match["v"] else []), *said])


def codes(text: str, accent: Accent) -> Iterator[Claim]:
    """Read letters mixed with figures: `MP3`, `H100`, `GPT-4o`, `COVID-19`, `B2B`, `3D`, `AT&T`, `F♯`, `C#`."""
    for match in _SIGNED.finditer(text):
        sign = "flat" if match["sign"] == "♭" else "sharp"
        yield word_claim(match, ["dot", "net"] if match["net"] else [letters(match["letter"]), sign])
    for match in _PAIR.finditer(text):
        yield word_claim(match, [letters(match["a"]), "and", letters(match["b"])])
    for match in _CODE.finditer(text):
        said: list[str] = []
        for run in _RUNS.findall(match["code"]):
            if run.isdigit():
                said += _code_figures(run, accent)
            elif run in _LITTLE:
                said.append(run)
            elif len(run) <= 2 or not re.search("[AEIOUYaeiouy]", run):
                said.append(letters(run))
            else:
                said.append(run)
        yield word_claim(match, said)


def _code_figures(run: str, accent: Accent) -> list[str]:
    if run.startswith("0") or len(run) > 4:
        return digits(run)
    if len(run) == 4 and not run.endswith("00"):
        return year(int(run), accent)
    return cardinal(int(run), accent)
