"""Rules for shortened words: titles, Latin, addresses, initials, dotted capitals, Roman numerals after names.

A dot that belongs to an abbreviation is claimed with it, so that it does not end a sentence, unless a sentence plainly
begins behind it. Knows nothing of numbers beyond what `No. 5` needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from hausmusik.engines.english.endings import ends_sentence, sentence_begins
from hausmusik.engines.english.numerals import cardinal, ordinal, roman
from hausmusik.engines.english.tokens import Accent, Claim, Stop, Word, word_claim

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
        "e.g.": "for example", "eg.": "for example", "i.e.": "that is", "ie.": "that is", "etc.": "et cetera",
        "vs.": "versus", "vs": "versus", "viz.": "namely", "cf.": "compare", "et al.": "et al", "ca.": "circa",
        "approx.": "approximately", "incl.": "including", "excl.": "excluding", "resp.": "respectively",
        "esp.": "especially", "misc.": "miscellaneous", "dept.": "department", "Dept.": "department",
        "govt.": "government", "Inc.": "incorporated", "Ltd.": "limited", "Co.": "company", "Corp.": "corporation",
        "Bros.": "brothers", "Jr.": "junior", "Ave.": "avenue", "Blvd.": "boulevard", "Rd.": "road",
        "Hwy.": "highway", "Sq.": "square", "tel.": "telephone", "Tel.": "telephone", "w/o": "without", "w/": "with",
        "b/c": "because", "a.k.a.": "also known as", "aka": "also known as", "Ph.D.": "P H D", "PhD": "P H D",
        "Ph.D": "P H D", "N.B.": "note", "a.m.": "A M", "p.m.": "P M", "c/o": "care of", "max.": "maximum",
        "Op.": "opus", "op.": "opus", "feat.": "featuring", "ft.": "featuring", "Esq.": "esquire",
    }
)  # fmt: skip
_BEFORE_FIGURES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "no": ("number", "numbers"), "nos": ("numbers", "numbers"), "p": ("page", "pages"), "pp": ("pages", "pages"),
        "vol": ("volume", "volumes"), "ch": ("chapter", "chapters"), "fig": ("figure", "figures"),
        "figs": ("figures", "figures"), "sec": ("section", "sections"), "eq": ("equation", "equations"),
        "art": ("article", "articles"), "ext": ("extension", "extensions"), "ed": ("edition", "editions"),
        "c": ("circa", "circa"), "pt": ("part", "parts"), "nr": ("number", "numbers"),
    }
)  # fmt: skip

_TITLE: Final = re.compile(rf"\b(?P<short>{'|'.join(_BEFORE_NAMES)})(?:\.\s?|\s)(?=[A-Z\u00c0-\u017f])")
_TITLE_LATE: Final = re.compile(r"(?<=[A-Z][a-z])(?P<rest>,?\s)(?P<short>Sr|Jr)\.?(?=\W|$)")
_STREET: Final = re.compile(r"(?P<before>\b[A-Z][\w']+\s|\d(?:st|nd|rd|th)\s)?\b(?P<short>St|Dr)\.(?P<after>\s[A-Z])?")
_WORD: Final = re.compile(
    rf"(?<![\w.])(?P<short>{'|'.join(re.escape(each) for each in sorted(_ANYWHERE, key=len, reverse=True))})(?!\w)"
)
_FIGURE: Final = re.compile(rf"\b(?P<short>{'|'.join(_BEFORE_FIGURES)})(?:\.\s?)(?=\d|[IVX]+\b)", re.IGNORECASE)
_INITIALS: Final = re.compile(r"(?<![\w.'])(?P<letters>(?:[A-Z]\.[ \u00a0]?)+)(?=[A-Z\u00c0-\u017f][\w'\u00c0-\u017f])")
_DOTTED: Final = re.compile(r"(?<![\w.])(?P<letters>(?:[A-Za-z]\.){2,}|(?:[A-Za-z]\.)+[A-Za-z]\b(?!\.?\w))")
_MAY_END: Final = frozenset(
    {"etc.", "Inc.", "Ltd.", "Co.", "Corp.", "Jr.", "Sr.", "a.m.", "p.m.", "et al.", "Ave.", "Blvd.", "Rd.", "Ph.D.",
     "Bros.", "Esq.", "St.", "Dr.", "Sq.", "a.k.a."}
)  # fmt: skip

_REGAL: Final = (
    "Louis|Henry|Charles|George|Edward|Elizabeth|James|William|Richard|Paul|Pius|Benedict|Leo|Napoleon|Philip|"
    "Frederick|Ferdinand|Catherine|Ivan|Alexander|Nicholas|Peter|Otto|Ludwig|Wilhelm|Leopold|Joseph|Francis|Christian|"
    "Gustav|Innocent|Urban|Gregory|Clement|Mary|Robert|Ramesses|Ramses|Ptolemy|Carlos|Felipe|Mehmed|Murad|Selim|"
    "Margaret|Harald|Haakon|Boniface|Sixtus|Julius|Baldwin|Constantine|Cosimo|Albert|Friedrich|Karl|Rudolf|Maximilian"
)
_ROMAN_NAME: Final = re.compile(rf"\b(?P<name>{_REGAL})\s(?P<roman>[IVX]+)\b(?P<next>'s|\s(?:[a-z]+)|[.,;:!?)]|$)?")
_AFTER_NUMERAL: Final = re.compile(r"\s(?:was|of|and|had|died|is|ruled|became|from|in)\b")
_ROMAN_PART: Final = re.compile(
    r"\b(?P<name>[Cc]hapter|[Pp]art|[Aa]ct|[Ss]cene|[Vv]olume|[Bb]ook|[Ss]ection|[Aa]ppendix|[Pp]hase|[Tt]ype|"
    r"[Aa]rticle|[Tt]itle|War|[Mm]ovement|[Nn]umber|[Ll]evel|[Cc]lass|[Ss]tage|[Ff]igure|[Tt]able|[Vv]ol\.|[Cc]h\.|[Pp]t\.|[Nn]o\.)\s(?P<roman>[IVXL]+)\b"
)
_ROMAN_AFTER: Final = re.compile(
    r"(?<=[A-Z][a-z])(?<!\bI)(?P<gap>[a-z]*\s)(?P<roman>(?:X{0,3}(?:IX|IV|VI{0,3}|II{1,2}))|X{1,3})\b(?!\.\w)"
)


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
        saint = match["after"] and not (match["before"] and match["before"][0].isdigit())
        saint = saint and not ends_sentence(text, match.end("short") + 1)
        words = {"St": ("saint", "street"), "Dr": ("doctor", "drive")}[match["short"]]
        yield _shortened(text, match, f"{match['short']}.", [words[0] if saint or not match["before"] else words[1]])
    for match in _TITLE.finditer(text):
        yield _shortened(text, match, match[0].rstrip(), [_BEFORE_NAMES[match["short"]]])


def shortened(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read abbreviations that mean one thing wherever they stand, and those that stand before figures."""
    for match in _WORD.finditer(text):
        yield _shortened(text, match, match["short"], _ANYWHERE[match["short"]].split())
    for match in _FIGURE.finditer(text):
        if match["short"] == "No" and _sentence_no(text, match):
            continue
        many = re.match(r"\d+[-–&]\d", text[match.end() :])
        yield _shortened(text, match, match[0].rstrip(), [_BEFORE_FIGURES[match["short"].lower()][1 if many else 0]])


def _sentence_no(text: str, match: re.Match[str]) -> bool:
    """Whether `No.` is an answer, as in "No. 3 people came"."""
    before = text[: match.start()].rstrip()
    return not before or before[-1] in '"“?!'


def initials(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Read `J. S. Bach` and `U.S.` letter by letter."""
    for match in _INITIALS.finditer(text):
        before = text[: match.start()]
        if re.search(r"\b(?:[Pp]lan|[Vv]itamin|[Tt]ype|[Oo]ption|[Cc]lass|[Gg]rade|[Gg]roup|and|than)\s$", before):
            continue
        letters = match["letters"].rstrip()
        if letters == "I." or sentence_begins(text, match.start() + len(letters)):
            continue
        words = tuple(
            Word(each[0], match.start() + each.start(), (each[0][0],)) for each in re.finditer(r"[A-Z]\.", letters)
        )
        yield Claim(match.start(), match.start() + len(letters), words)
    for match in _DOTTED.finditer(text):
        letters = match["letters"]
        word = Word(letters, match.start(), tuple(letters.replace(".", "").upper()))
        end = match.end()
        stop = letters.endswith(".") and ends_sentence(text, end)
        yield Claim(match.start(), end, (word, Stop(".", end - 1)) if stop else (word,))


def roman_numerals(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `Louis XIV` as the fourteenth, `Chapter IV` and `Rocky II` as plain numbers."""
    for match in _ROMAN_NAME.finditer(text):
        value, after = roman(match["roman"]), match["next"]
        alone = match["roman"] in {"I", "V", "X"}
        if value and not (alone and after and after[0] == " " and not _AFTER_NUMERAL.match(after)):
            yield word_claim(match, ["the", *ordinal(value, accent)], "roman")
    for pattern in (_ROMAN_PART, _ROMAN_AFTER):
        for match in pattern.finditer(text):
            value = roman(match["roman"])
            if value:
                yield word_claim(match, cardinal(value, accent), "roman")
