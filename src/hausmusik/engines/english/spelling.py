"""Letters of other languages, brought to what an English reader makes of them.

`plain` strips accents for the dictionary (café -> cafe); `respelled` writes the sound out for the letter-to-sound
network (Žižek -> Zhizhek, Łódź -> Wodzh). Knows nothing of particular names; those are in `names.toml`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hausmusik.engines.english.wordlists import word_list

_PLAIN: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D",
     "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ı": "i", "İ": "I", "ħ": "h", "ŋ": "ng", "ĸ": "k", "ŉ": "n", "ſ": "s",
     "’": "'", "‘": "'", "ʼ": "'"}
)  # fmt: skip
_SOUNDED: Final = {
    "š": "sh", "č": "ch", "ž": "zh", "ř": "rzh", "ć": "ch", "ś": "sh", "ź": "zh", "ż": "zh", "ń": "ny", "ñ": "ny",
    "ň": "ny", "ł": "w", "ą": "on", "ę": "en", "ş": "sh", "ș": "sh", "ţ": "ts", "ț": "ts", "ç": "s", "ğ": "", "ø": "ur",
    "ö": "er", "ő": "er", "ü": "oo", "ű": "oo", "ä": "e", "å": "aw", "æ": "a", "œ": "er", "ý": "y", "é": "ay",
    "è": "eh", "ê": "eh", "ë": "eh", "î": "ee", "ï": "ee", "í": "ee", "ú": "oo", "û": "oo", "ů": "oo", "ó": "o",
    "ô": "oh", "õ": "oh", "â": "ah", "ã": "ahn", "ă": "a", "ő̂": "er", "ě": "ye", "đ": "j", "ð": "th", "þ": "th",
    "ß": "ss", "ő́": "er", "ľ": "l", "ť": "t", "ď": "d", "ı": "i", "ā": "ah", "ē": "ay", "ī": "ee", "ō": "oh", "ū": "oo",
}  # fmt: skip
_GREEK_NAMES: Final = word_list(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
)
GREEK: Final[Mapping[str, str]] = MappingProxyType(dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK_NAMES, strict=True)))
"""Names of single Greek letters."""


def plain(word: str) -> str:
    """Return a word in the letters a-z, apostrophes and hyphens alone; what is in another script vanishes."""
    stripped = unicodedata.normalize("NFKD", word.translate(_PLAIN))
    return "".join(char for char in stripped if char.isascii() and (char.isalpha() or char in "'-"))


def respelled(word: str) -> str:
    """Return a word spelled as an English reader would hear it, in lower case and the letters a-z."""
    out: list[str] = []
    lower = unicodedata.normalize("NFC", word.lower())
    for index, char in enumerate(lower):
        if char == "ç" and lower[index + 1 : index + 2] in {"", "t", "l"}:
            out.append("ch")  # Turkish rather than French
        elif char == "é" and index < len(lower) - 2:
            out.append("e")  # only a final é is "ay" for sure
        else:
            out.append(_SOUNDED.get(char, char))
    return plain("".join(out)).replace("'", "").replace("-", "")
