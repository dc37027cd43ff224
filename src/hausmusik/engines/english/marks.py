"""Rules for what is not words: `[laughs]`, `♪ … ♪`, emphasis, Markdown, symbols; what a voice does with each.

A voice that cannot laugh leaves a short rest. Stars and hashes of Markdown vanish; what they wrapped is stressed.
Knows nothing of which voice will speak: engines with real laughter read the marks themselves, before this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hausmusik.engines.english.tokens import Accent, Claim, Stop, Token, Word, word_claim

REST_S: Final = 0.3
"""Silence left for a mark that cannot be acted."""
PAUSE_S: Final = 0.6
"""Silence of `[pause]` and of an ellipsis."""
_LONGEST_PAUSE_S: Final = 10.0

_ACTED: Final = (
    r"laugh(?:s|ing|ter)?|chuckl(?:es?|ing)|giggl(?:es?|ing)|sigh(?:s|ing)?|gasp(?:s|ing)?|cough(?:s|ing)?|"
    r"clears? (?:his |her |their )?throat|throat clear(?:ing)?|sniff(?:s|les?|ing)?|groan(?:s|ing)?|yawn(?:s|ing)?|"
    r"whisper(?:s|ing)?|breath(?:es?|ing)?|inhales?|exhales?|sob(?:s|bing)?|cr(?:y|ies|ying)|music|applause|"
    r"hum(?:s|ming)?|sing(?:s|ing)?|whistl(?:es?|ing)|screams?|shouts?|silence|man|woman|s\d|speaker \d+|"
    r"smil(?:es?|ing)|claps?|beat|mumbles?|hesitat(?:es|ing|ion)"
)
_MARK: Final = re.compile(rf"[\[(<*]\s*(?:{_ACTED})(?:\s+\w+ly)?\s*[\])>*]", re.IGNORECASE)
_PAUSE: Final = re.compile(
    r"\[\s*(?:long\s|short\s)?pause(?:\s*[:=]?\s*(?P<seconds>\d+(?:\.\d+)?)\s*s?)?\s*\]", re.IGNORECASE
)
_REFERENCE: Final = re.compile(r"\s?\[\d+(?:[,–-]\s?\d+)*\]")
_NOTES: Final = re.compile(r"[♪♫♬♩]+")
_LINK: Final = re.compile(r"!?\[(?P<label>[^\[\]\n]{1,200})\]\((?P<target>[^()\s]{1,500})\)")
_EMPHASIS: Final = re.compile(
    r"(?<![\w*])(?P<mark>\*{1,3}|_{1,3})(?=[^\s*_])(?P<body>[^*_\n]{1,200}?)(?<=[^\s*_])(?P=mark)(?![\w*])"
)
_STRUCTURE: Final = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•‣◦·][ \t]+|[-*_=]{3,}[ \t]*$)"
    r"|`{1,3}|~~|(?<!\d)\*{1,3}|\*{1,3}(?!\d)|(?<!\w)_+|_+(?!\w)",
    re.MULTILINE,
)
_BULLET: Final = re.compile(r"^[ \t]*(?P<number>\d{1,3})[.)][ \t]+", re.MULTILINE)
_FACE: Final = re.compile(r"(?:(?<=\s)|^)(?:[:;=8xX]['’]?-?[)(DPpO|/\\3\]]|<3)(?=[\s.,!?]|$)", re.MULTILINE)
_SYMBOLS: Final = {
    "&": "and", "+": "plus", "=": "equals", "@": "at", "%": "percent", "×": "times", "÷": "divided by",
    "±": "plus or minus", "<": "less than", ">": "greater than", "≤": "at most", "≥": "at least", "≈": "about",
    "≠": "is not equal to", "~": "about", "©": "copyright", "®": "registered", "™": "trademark", "§": "section",
    "°": "degrees", "€": "euros", "£": "pounds", "$": "dollars", "¥": "yen", "∞": "infinity", "√": "square root of",
    "→": "to", "#": "number", "^": "to the power of",
}  # fmt: skip
_SYMBOL: Final = re.compile(f"[{re.escape(''.join(_SYMBOLS))}]")
_NEAR_WORD: Final = re.compile(r"[^\W_]")
_ALTERNATIVE: Final = re.compile(r"(?<=[^\W\d_])(?P<slash>\s?/\s?)(?=[^\W\d_])")


def acted(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Turn `[laughs]`, `(sighs)`, `*gasps*`, `[pause 2s]`, `♪` into rests, and drop references such as `[12]`."""
    for match in _MARK.finditer(text):
        yield Claim(match.start(), match.end(), (Stop("", match.start(), REST_S),))
    for match in _PAUSE.finditer(text):
        seconds = min(float(match["seconds"] or PAUSE_S), _LONGEST_PAUSE_S)
        yield Claim(match.start(), match.end(), (Stop("", match.start(), seconds),))
    for match in _REFERENCE.finditer(text):
        yield Claim(match.start(), match.end(), ())
    for match in _NOTES.finditer(text):
        yield Claim(match.start(), match.end(), (Stop("", match.start(), REST_S),))


def faces(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Drop faces typed in punctuation: `:-)`, `;)`, `<3`."""
    for match in _FACE.finditer(text):
        yield Claim(match.start(), match.end(), ())


def links(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Drop the brackets and the target of Markdown links; the label is read on."""
    for match in _LINK.finditer(text):
        yield Claim(match.start(), match.start("label"), ())
        yield Claim(match.end("label"), match.end(), ())


def emphasised(text: str) -> list[tuple[int, int]]:
    """Return the stretches that the author wrapped in stars or underscores, without these."""
    return [match.span("body") for match in _EMPHASIS.finditer(text)]


def structure(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Drop headings' hashes, bullets, quotes' arrows, code ticks and stray stars; numbers of a list are read."""
    for match in _EMPHASIS.finditer(text):
        yield Claim(match.start(), match.start("body"), ())
        yield Claim(match.end("body"), match.end(), ())
    for match in _STRUCTURE.finditer(text):
        yield Claim(match.start(), match.end(), ())
    for match in _BULLET.finditer(text):
        from hausmusik.engines.english.numerals import cardinal

        said = tuple(cardinal(int(match["number"]), "us"))
        tokens: tuple[Token, ...] = (Word(match["number"], match.start("number"), said), Stop(".", match.end("number")))
        yield Claim(match.start("number"), match.end("number") + 1, tokens)


def symbols(text: str, accent: Accent) -> Iterator[Claim]:  # noqa: ARG001 -- the shape of a rule
    """Say signs that stand for words: `&`, `+`, `=`, `≈`; a slash between words is a short break."""
    for match in _SYMBOL.finditer(text):
        around = text[max(0, match.start() - 2) : match.start()] + text[match.end() : match.end() + 2]
        if _NEAR_WORD.search(around):
            yield word_claim(match, _SYMBOLS[match[0]].split())
    for match in _ALTERNATIVE.finditer(text):
        before, after = text[max(0, match.start() - 8) : match.start()], text[match.end() : match.end() + 2]
        if re.search(r"\b(?:he|his|him|s)$", before):
            said = ["or"]
        elif re.search(r"\b(?:and|either|neither)$", before) or (before[-1:].isupper() and after.isupper()):
            said = []
        else:
            said = ["slash"]
        yield word_claim(match, said)
