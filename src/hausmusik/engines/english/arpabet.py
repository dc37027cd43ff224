"""From ARPAbet (the CMU dictionary's sounds) to Kokoro's alphabet, in American and British.

American keeps its r's and flaps its t's; British drops r before consonants, rounds `AA` where an o is written, and has
long vowels. Knows nothing of where the sounds came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from hausmusik.engines.english.stress import PRIMARY, SECONDARY
from hausmusik.engines.english.tokens import Accent

CONSONANTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ", "K": "k", "L": "l",
        "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v",
        "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
    }
)  # fmt: skip
_US: Final = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "IH": "ɪ",
    "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
}  # fmt: skip
_GB: Final = {
    "AA": "ɒ", "AE": "a", "AH": "ʌ", "AO": "ɔː", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜː", "EY": "A", "IH": "ɪ",
    "IY": "iː", "OW": "Q", "OY": "Y", "UH": "ʊ", "UW": "uː",
}  # fmt: skip
_GB_BEFORE_R: Final = {"AA": "ɑː", "AO": "ɔː", "EH": "ɛː", "IH": "ɪə", "IY": "ɪə", "UH": "ʊə", "AY": "Iə", "AW": "Wə"}
SYMBOLS: Final = frozenset(CONSONANTS) | frozenset(_US)
_MARKS: Final = {"1": PRIMARY, "2": SECONDARY}


def _split(sound: str) -> tuple[str, str]:
    return (sound[:-1], sound[-1]) if sound[-1].isdigit() else (sound, "0")


def to_kokoro(sounds: Sequence[str], accent: Accent, written: str = "") -> str:
    """Return Kokoro's phonemes for ARPAbet sounds.

    Args:
        sounds: Such as `("K", "AA1", "R", "L", "AH0")`.
        accent: American or British.
        written: The word in letters; where it has no o, a British `AA` is the one of "father".

    Returns:
        Phonemes with stress marks; a word with vowels always has a primary stress.
    """
    pairs = [_split(sound) for sound in sounds if _split(sound)[0] in SYMBOLS]
    vowels = [index for index, (name, _) in enumerate(pairs) if name in _US]
    if vowels and not any(digit == "1" for _, digit in pairs):
        promoted = next((index for index in vowels if pairs[index][1] == "2"), vowels[0])
        pairs[promoted] = (pairs[promoted][0], "1")
    said = (_american if accent == "us" else _british)(pairs, written)
    return "".join(said)


def _american(pairs: list[tuple[str, str]], written: str) -> list[str]:  # noqa: ARG001 -- twin of the British one
    said: list[str] = []
    for index, (name, digit) in enumerate(pairs):
        before = pairs[index - 1][0] if index else ""
        after, after_digit = pairs[index + 1] if index + 1 < len(pairs) else ("", "")
        syllabic_n = after == "AH" and [each for each, _ in pairs[index + 2 : index + 3]] == ["N"]  # button
        if name == "T" and before in (*_US, "R") and after in _US and after_digit == "0" and not syllabic_n:
            said.append("ɾ")
        elif name in CONSONANTS:
            said.append(CONSONANTS[name])
        elif digit == "0":
            said.append(_reduced(name, before, after) or _US[name])
        else:
            said.append(_MARKS[digit] + _US[name])
    return said


def _reduced(name: str, before: str, after: str) -> str:
    """Return how an unstressed American or British vowel weakens, empty when it keeps its quality."""
    if name == "AH":
        syllabic = after == "L" or (after == "N" and before in {"T", "D", "S", "Z"})
        return "ᵊ" if syllabic and before in CONSONANTS and before not in {"R", "W", "Y"} else "ə"
    return "əɹ" if name == "ER" else ""


def _british(pairs: list[tuple[str, str]], written: str) -> list[str]:
    said: list[str] = []
    has_o = not written or "o" in written.lower()
    for index, (name, digit) in enumerate(pairs):
        before = pairs[index - 1][0] if index else ""
        after, beyond = (pairs[index + 1][0] if index + 1 < len(pairs) else ""), pairs[index + 2 : index + 3]
        vowel_follows = after in _US
        if name == "R" and not vowel_follows:
            continue
        if name in CONSONANTS:
            said.append(CONSONANTS[name])
            continue
        r_is_lost = after == "R" and not (beyond and beyond[0][0] in _US)
        quality = _GB_BEFORE_R.get(name, _GB[name]) if r_is_lost else _GB[name]
        if name == "AA" and not r_is_lost and not has_o:
            quality = "ɑː"
        if digit == "0":
            weak = _reduced(name, before, after)
            quality = "ə" if weak == "əɹ" else weak or ("i" if name == "IY" else quality)
        if name == "ER" and vowel_follows:
            quality += "ɹ"
        said.append(_MARKS.get(digit, "") + quality)
    return said
