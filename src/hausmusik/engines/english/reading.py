"""Read a paragraph: run the rules in order, give every character to the first that claims it, and tokenise the rest.

Each rule sees the whole paragraph, so its neighbours can decide; a claim that overlaps an earlier one is dropped.
What no rule claims is ordinary words and punctuation; what is neither (emoji, control characters, other scripts)
only separates words. Knows nothing of sentences or sounds.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from hausmusik.engines.english import abbreviations, addresses, dates, marks, quantities, raised, roman_numerals
from hausmusik.engines.english.tokens import Accent, Claim, Rule, Stop, Token, Word, word_claim

RULES: Final[tuple[Rule, ...]] = (
    marks.acted,
    marks.faces,
    marks.links,
    addresses.web,
    addresses.files,
    addresses.handles,
    addresses.telephones,
    addresses.houses,
    marks.structure,
    dates.dates,
    dates.times,
    dates.spans,
    quantities.money,
    quantities.percentages,
    dates.decades,
    addresses.versions,
    quantities.fractions,
    quantities.ordinals,
    quantities.measures,
    quantities.rates,
    quantities.ranges,
    dates.years,
    raised.powers,
    raised.formulas,
    addresses.codes,
    quantities.operators,
    abbreviations.titles,
    abbreviations.shortened,
    abbreviations.initials,
    roman_numerals.roman_numerals,
    raised.notes,
    quantities.plain_numbers,
    marks.symbols,
)
"""First come, first served: the more telling the shape, the earlier."""

_PLAIN: Final = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "`", "„": "“", "‟": "“", "«": "“", "»": "”", "″": "”", "\u2011": "-",
     "\u2010": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200a": " ", "\u3000": " ", "\u00ad": "-",
     "‒": "–", "―": "—", "⸺": "—", "\t": " ", "…": "…"}
)  # fmt: skip
_LETTER: Final = r"[^\W\d_]"
_TOKEN: Final = re.compile(
    rf"(?P<word>'?{_LETTER}+(?:['\-]{_LETTER}+)*'?)|(?P<ellipsis>\.\s?\.(?:\s?\.)+|\.{{2,}}|…+\.?)|(?P<end>[.!?][.!?]*)"
    r"|(?P<dash>—|--+|(?<=\s)[-–](?=\s)|–)|(?P<light>[,;:])|(?P<quote>[\"“”])|(?P<bracket>[()\[\]{}])|(?P<line>\n+)"
)
_APHERESIS: Final = frozenset({"'tis", "'twas", "'em", "'cause", "'til", "'bout", "'round", "'n'", "'n", "'ere"})
_SOFT_WRAP: Final = 55
"""A line longer than this that does not end a sentence was wrapped by an editor, not broken by its author."""


def read(text: str, accent: Accent, lexicon: Mapping[str, tuple[str, ...]]) -> list[Token]:
    """Return the words and stops of one paragraph, in order.

    Args:
        text: A paragraph in Unicode's composed form (NFC); offsets of the tokens count its characters.
        accent: Whose habits for numbers and dates.
        lexicon: The user's own words (as they are written, in lower case) and how they are said.
    """
    plain = text.translate(_PLAIN)
    kept: list[Claim] = []
    starts: list[int] = []
    for claim in chain(_own_words(plain, lexicon), *(rule(plain, accent) for rule in RULES)):
        place = bisect_right(starts, claim.start)
        clear = (place == 0 or kept[place - 1].end <= claim.start) and (
            place == len(kept) or claim.end <= kept[place].start
        )
        if clear and claim.end > claim.start:
            kept.insert(place, claim)
            starts.insert(place, claim.start)
    return list(_sweep(text, plain, kept, marks.emphasised(plain)))


def _own_words(plain: str, lexicon: Mapping[str, tuple[str, ...]]) -> Iterator[Claim]:
    if not lexicon:
        return
    own = {name.translate(_PLAIN): said for name, said in lexicon.items()}
    names = "|".join(re.escape(each) for each in sorted(own, key=len, reverse=True))
    for match in re.finditer(rf"(?<!\w)(?P<name>{names})(?P<owner>'s)?(?!\w)", plain, re.IGNORECASE):
        said = own.get(match["name"].lower())
        if said:  # none for letters such as ſ, which the expression takes for an s and `lower` does not
            yield word_claim(match, (*said[:-1], f"{said[-1]}'s") if match["owner"] else said)


def _sweep(text: str, plain: str, claims: list[Claim], emphasis: list[tuple[int, int]]) -> Iterator[Token]:
    """Yield the claimed tokens and tokenise the gaps between them."""
    position = 0
    for claim in [*claims, Claim(len(plain), len(plain), ())]:
        for token in _ordinary(plain, position, claim.start):
            yield _as_written(text, token, emphasis)
        for token in claim.tokens:
            yield _as_written(text, token, emphasis)
        position = claim.end


def _as_written(text: str, token: Token, emphasis: list[tuple[int, int]]) -> Token:
    if isinstance(token, Stop):
        return token
    emphatic = token.emphatic or any(start <= token.start < end for start, end in emphasis)
    return Word(text[token.start : token.end], token.start, token.spoken, emphatic)


def _ordinary(plain: str, start: int, end: int) -> Iterator[Token]:
    for match in _TOKEN.finditer(plain, start, end):
        kind, at = match.lastgroup, match.start()
        if kind == "word":
            yield _word(match[0], at)
        elif kind == "ellipsis":
            yield Stop("…", at, marks.PAUSE_S)
        elif kind == "end":
            yield Stop("?" if "?" in match[0] else "!" if "!" in match[0] else ".", at)
        elif kind == "dash":
            yield Stop("—", at)
        elif kind == "quote":
            opening = match[0] == "“" or (match[0] == '"' and (at == 0 or plain[at - 1] in " \n([—-"))
            yield Stop("“" if opening else "”", at)
        elif kind == "bracket":
            yield Stop("(" if match[0] in "([{" else ")", at)
        elif kind == "line":
            yield from _line_break(plain, match)
        else:
            yield Stop(match[0], at)


def _word(written: str, at: int) -> Word:
    """Drop quotation marks that look like apostrophes, keep `'tis` and `students'`."""
    if written.startswith("'") and written.lower() not in _APHERESIS:
        written, at = written[1:], at + 1
    if written.endswith("'") and not written.endswith(("s'", "n'", "in'")):
        written = written[:-1]
    return Word(written, at, (written,))


def _line_break(plain: str, match: re.Match[str]) -> Iterator[Stop]:
    """A line that was not merely wrapped ends like a clause; one that already ended with a mark needs nothing."""
    before = plain[: match.start()].rstrip(" *_`")
    last_line = before.rsplit("\n", 1)[-1]
    if not before or before[-1] in ".!?…:;,—-":
        return
    wrapped = len(last_line) > _SOFT_WRAP and not re.match(r"\s*(?:[-*•#>]|\d+[.)])", plain[match.end() :])
    if not wrapped:
        yield Stop(".", match.start())
