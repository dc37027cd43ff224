"""Rules for Roman numerals: `Louis XIV` is the fourteenth, `Chapter IV` is four, `Rocky II` is two.

A lone I, V or X is a letter or a pronoun unless a king or a chapter stands before it. Knows nothing of other numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from hausmusik.engines.english.numerals import cardinal, ordinal, roman
from hausmusik.engines.english.tokens import Accent, Claim, word_claim

_REGAL: Final = (
    "Louis|Henry|Charles|George|Edward|Elizabeth|James|William|Richard|Paul|Pius|Benedict|Leo|Napoleon|Philip|"
    "Frederick|Ferdinand|Catherine|Ivan|Alexander|Nicholas|Peter|Otto|Ludwig|Wilhelm|Leopold|Joseph|Francis|Christian|"
    "Gustav|Innocent|Urban|Gregory|Clement|Mary|Robert|Ramesses|Ramses|Ptolemy|Carlos|Felipe|Mehmed|Murad|Selim|"
    "Margaret|Harald|Haakon|Boniface|Sixtus|Julius|Baldwin|Constantine|Cosimo|Albert|Friedrich|Karl|Rudolf|Maximilian"
)
_NAMED: Final = re.compile(rf"\b(?:{_REGAL})\s(?P<roman>(?P<figure>[IVX]+)\b(?P<s>'s)?)(?P<next>\s[a-z]+)?")
_VERB: Final = re.compile(r"\s(?:was|of|and|had|died|is|ruled|became|from|in)\b")
_PARTS: Final = re.compile(
    r"\b(?:chapter|part|act|scene|volume|book|section|appendix|phase|type|article|title|war|movement|number|level|class|"
    r"stage|figure|table|vol\.|ch\.|pt\.|no\.)\s(?P<roman>(?P<figure>(?-i:[IVXL]+)))\b",
    re.IGNORECASE,
)
_AFTER_NAME: Final = re.compile(
    r"(?<=[A-Z][a-z])(?:[a-z]*\s)(?P<roman>(?P<figure>X{0,3}(?:IX|IV|VI{0,3}|II{1,2})|X{2,3})\b)(?!\.\w)"
)


def roman_numerals(text: str, accent: Accent) -> Iterator[Claim]:
    """Read Roman numerals behind names and behind words that are numbered."""
    for match in _NAMED.finditer(text):
        value = roman(match["figure"])
        alone = match["figure"] in {"I", "V", "X"} and match["next"] and not match["s"]
        if value and not (alone and not _VERB.match(match["next"])):
            *most, last = ordinal(value, accent)
            yield word_claim(match, ["the", *most, last + (match["s"] or "")], "roman")
    for match in chain(_PARTS.finditer(text), _AFTER_NAME.finditer(text)):
        value = roman(match["figure"])
        if value:
            yield word_claim(match, cardinal(value, accent), "roman")
