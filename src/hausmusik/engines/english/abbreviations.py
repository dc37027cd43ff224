"""Rules for shortened words: titles, Latin, addresses, initials, dotted capitals.

A dot that belongs to an abbreviation is claimed with it, so that it does not end a sentence, unless a sentence plainly
begins behind it. Knows nothing of numbers beyond what `No. 5` needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from hausmusik.engines.english.endings import ends_sentence, sentence_begins
from hausmusik.engines.english.tokens import Accent, Claim, Stop, Word, letters, word_claim

_BEFORE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Dr": "doctor", "Mr": "mister", "Mrs": "missus", "Ms": "miz", "Mx": "mix", "Prof": "professor",
        "Rev": "reverend", "Hon": "honorable", "Gen": "general", "Col": "colonel", "Capt": "captain",
        "Cmdr": "commander", "Lt": "lieutenant", "Sgt": "sergeant", "Gov": "governor", "Sen": "senator",
        "Rep": "representative", "Pres": "president", "Mt": "mount", "Ft": "fort", "Messrs": "messers",
        "Fr": "father", "Sr": "sister", "Mme": "madame", "Mlle": "mademoiselle",
    }
)  # fmt: skip
_ANYWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Mr.": "mister", "Mrs.": "missus", "Ms.": "miz", "e.g.": "for example", "eg.": "for example", "i.e.": "that is",
        "ie.": "that is", "etc.": "et cetera",
        "vs.": "versus", "vs": "versus", "viz.": "namely", "cf.": "compare", "et al.": "et al", "ca.": "circa",
        "approx.": "approximately", "incl.": "including", "excl.": "excluding", "resp.": "respectively",
        "esp.": "especially", "misc.": "miscellaneous", "dept.": "department",
        "govt.": "government", "Inc.": "incorporated", "Ltd.": "limited", "Co.": "company", "Corp.": "corporation",
        "Bros.": "brothers", "Jr.": "junior", "Ave.": "avenue", "Blvd.": "boulevard", "Rd.": "road",
        "Hwy.": "highway", "Sq.": "square", "tel.": "telephone", "w/o": "without", "w/": "with",
        "b/c": "because", "a.k.a.": "also known as", "aka": "also known as", "Ph.D.": "P.H.D.", "PhD": "P.H.D.",
        "Ph.D": "P.H.D.", "N.B.": "note", "a.m.": "A.M.", "p.m.": "P.M.", "c/o": "care of",
        "Op.": "opus", "op.": "opus", "feat.": "featuring", "ft.": "featuring", "Esq.": "esquire",
    }
)  # fmt: skip
_READ: Final = dict(_ANYWHERE) | {
    short.capitalize(): said for short, said in _ANYWHERE.items() if len(short) > 3 and short[0].islower()
}
_BEFORE_FIGURES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "no": ("number", "numbers"), "nos": ("numbers", "numbers"), "p": ("page", "pages"), "pp": ("pages", "pages"),
        "vol": ("volume", "volumes"), "ch": ("chapter", "chapters"), "fig": ("figure", "figures"),
        "figs": ("figures", "figures"), "sec": ("section", "sections"), "eq": ("equation", "equations"),
        "ext": ("extension", "extensions"), "chap": ("chapter", "chapters"), "sect": ("section", "sections"),
        "vols": ("volumes", "volumes"), "eqs": ("equations", "equations"), "art": ("article", "articles"),
        "para": ("paragraph", "paragraphs"),
        "pt": ("part", "parts"), "nr": ("number", "numbers"),
    }
)  # fmt: skip

_TITLE: Final = re.compile(rf"\b(?P<short>{'|'.join(_BEFORE_NAMES)})(?:\.\s?|\s)(?=[A-Z\u00c0-\u017f])")
_TITLE_LATE: Final = re.compile(r"(?<=[A-Z][a-z])(?P<rest>,?\s)(?P<short>Sr|Jr)\.?(?=\W|$)")
_STREET: Final = re.compile(
    r"(?P<before>\b[A-Z][\w']+\s|\d(?:st|nd|rd|th)\s)?\b(?P<short>St|Dr)\.(?=(?P<after>\s[A-Z])?)"
)
_WORD: Final = re.compile(
    rf"(?<![\w.])(?P<short>{'|'.join(re.escape(each) for each in sorted(_READ, key=len, reverse=True))})(?!\w)"
)
_FIGURE: Final = re.compile(rf"\b(?P<short>{'|'.join(_BEFORE_FIGURES)})(?:\.\s?)(?=\d|[IVX]+\b)", re.IGNORECASE)
_CIRCA: Final = re.compile(r"(?<=[\s(])(?P<short>c\.)(?=\s?\d{3,4}\b)")
_CATALOGUE: Final = re.compile(r"(?<![\w.])(?P<short>[A-Z])\.(?=\s?\d)")
_INITIALS: Final = re.compile(r"(?<![\w.'])(?P<letters>(?:[A-Z]\.[ \u00a0]?)+)(?=[A-Z\u00c0-\u017f][\w'\u00c0-\u017f])")
_DOTTED: Final = re.compile(r"(?<![\w.])(?P<letters>(?:[A-Za-z]\.){2,}|(?:[A-Za-z]\.)+[A-Za-z]\b(?!\.?\w))")
_MAY_END: Final = frozenset(
    {"etc.", "Inc.", "Ltd.", "Co.", "Corp.", "Jr.", "Sr.", "a.m.", "p.m.", "et al.", "Ave.", "Blvd.", "Rd.", "Ph.D.",
     "Bros.", "Esq.", "St.", "Dr.", "Sq.", "a.k.a."}
)  # fmt: skip


def _shortened(text: str, match: re.Match[str], written: str, spoken: list[str]) -> Claim:
    """Claim an abbreviation; where a sentence ends with it, its dot is given back as a full stop."""
    start = match.start("short")
    end = start + len(written)
    word = Word(written, start, tuple(spoken))
    if written.endswith(".") and written in _MAY_END and ends_sentence(text, end):
        return Claim(start, end, (word, Stop(".", end - 1)))
    return Claim(start, end, (word,))


def titles(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read `Dr.`, `Mr`, `Prof.` before names; `St.` and `Dr.` as saint, street, doctor or drive by what is around."""
    for match in _TITLE_LATE.finditer(text):
        written = text[match.start("short") : match.end()]
        yield _shortened(text, match, written, ["junior" if match["short"] == "Jr" else "senior"])
    for match in _STREET.finditer(text):
        named = match["after"] and not (match["before"] and match["before"][0].isdigit())
        named = named and not (match["before"] and ends_sentence(text, match.end("short") + 1))
        person, road = {"St": ("saint", "street"), "Dr": ("doctor", "drive")}[match["short"]]
        if named or not match["before"]:
            written = f"{match['short']}."
            yield Claim(match.start("short"), match.end(), (Word(written, match.start("short"), (person,)),))
        else:
            yield _shortened(text, match, f"{match['short']}.", [road])
    for match in _TITLE.finditer(text):
        yield _shortened(text, match, match[0].rstrip(), [_BEFORE_NAMES[match["short"]]])


def shortened(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read abbreviations that mean one thing wherever they stand, and those that stand before figures."""
    for match in _WORD.finditer(text):
        yield _shortened(text, match, match["short"], _READ[match["short"]].split())
    for match in _CIRCA.finditer(text):
        yield word_claim(match, ["circa"])
    for match in _CATALOGUE.finditer(text):
        yield word_claim(match, [letters(match["short"])])
    for match in _FIGURE.finditer(text):
        if match["short"] == "No" and _sentence_no(text, match):
            continue
        many = re.match(r"\d+[-–&]\d", text[match.end() :])
        yield _shortened(text, match, match[0].rstrip(), [_BEFORE_FIGURES[match["short"].lower()][1 if many else 0]])


def _sentence_no(text: str, match: re.Match[str]) -> bool:
    """Whether `No.` answers a question, as in `How many? No. 3 people came.`."""
    return text[: match.start()].rstrip(' "“”').endswith("?")


def initials(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read `J. S. Bach` and `U.S.` letter by letter."""
    for match in _INITIALS.finditer(text):
        before = text[: match.start()]
        if re.search(r"\b(?:[Pp]lan|[Vv]itamin|[Tt]ype|[Oo]ption|[Cc]lass|[Gg]rade|[Gg]roup)\s$", before):
            continue
        run = match["letters"].rstrip()
        if run == "I." or sentence_begins(text, match.start() + len(run)):
            continue
        words = tuple(Word(each[0], match.start() + each.start(), (each[0],)) for each in re.finditer(r"[A-Z]\.", run))
        yield Claim(match.start(), match.start() + len(run), words)
    for match in _DOTTED.finditer(text):
        written = match["letters"]
        word = Word(written, match.start(), (letters(written),))
        end = match.end()
        stop = written.endswith(".") and ends_sentence(text, end)
        yield Claim(match.start(), end, (word, Stop(".", end - 1)) if stop else (word,))
