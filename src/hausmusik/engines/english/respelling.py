"""The user's own lexicon: a word and how to say it, in phonemes between slashes or respelled in plain letters.

`/ɡˈɜːdəl/` takes Kokoro's alphabet and ordinary IPA; `GUR-dul` is read syllable by syllable, the one in capitals
stressed; `gurdle` is read like any word. Knows nothing of dictionaries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from hausmusik.engines.english.stress import PRIMARY, SECONDARY
from hausmusik.engines.english.stress import VOWELS as KOKORO_VOWELS
from hausmusik.engines.english.tokens import Accent
from hausmusik.errors import BadInput

ALPHABET: Final = frozenset("AIOQWYabdefhijklmnopstuvwzæðŋɐɑɒɔəɛɜɡɪɹɾʃʊʌʒʤʧʔˈˌːθᵊᵻT rxçøœʁβɣɲɯ")
_US_IPA: Final = (("oʊ", "O"), ("əʊ", "O"), ("ɚ", "əɹ"), ("ɝ", "ɜɹ"), ("ː", ""), ("ɒ", "ɑ"))
_GB_IPA: Final = (("oʊ", "Q"), ("əʊ", "Q"), ("ɚ", "ə"), ("ɝ", "ɜː"), ("æ", "a"))
_IPA: Final = (
    ("t͡ʃ", "ʧ"), ("d͡ʒ", "ʤ"), ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("ɔɪ", "Y"),
    ("g", "ɡ"), ("r", "ɹ"), ("ɫ", "l"), ("ɱ", "m"), ("'", PRIMARY), (",", SECONDARY), ("ɨ", "ᵻ"), (".", ""), ("‿", ""),
    ("\u0329", ""), ("\u032f", ""), ("\u0361", ""), ("ˑ", "ː"), ("ʰ", ""), ("ʲ", "j"), ("-", ""),
)  # fmt: skip
_VOWELS: Final = KOKORO_VOWELS | frozenset("eoyøœɯ")
_SYLLABLES: Final = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+")
SYLLABLE: Final = "·"
"""Stands between the syllables of a respelling; no word of a text contains it."""
MAX_ENTRIES: Final = 5_000


def spoken_forms(lexicon: Mapping[str, str], accent: Accent) -> dict[str, tuple[str, ...]]:
    """Return each entry's spoken words by its name in lower case, as `reading` takes them.

    Args:
        lexicon: As in `SpeakRequest`.
        accent: Which vowels IPA is brought to.

    Raises:
        BadInput: an empty name or value, a sound that does not exist, or too many entries.
    """
    if len(lexicon) > MAX_ENTRIES:
        raise BadInput(f"the lexicon has {len(lexicon)} entries, more than {MAX_ENTRIES}")
    found: dict[str, tuple[str, ...]] = {}
    for name, value in lexicon.items():
        key, said = unicodedata.normalize("NFC", name).strip().lower(), value.strip()
        if not key or not said.strip("/ "):
            raise BadInput(f"the lexicon entry {name!r}: {value!r} is empty", hint="give a word and how to say it")
        if said.startswith("/") and said.endswith("/"):
            found[key] = tuple(f"/{_phonemes(each, accent, name)}/" for each in said.strip("/").split())
        elif re.search(r"[^\W\d_]", said):
            found[key] = tuple(_syllables(word) or word for word in said.split())
        else:
            raise BadInput(f"the lexicon says {name!r} as {value!r}, which has no letters")
    return found


def _phonemes(text: str, accent: Accent, name: str) -> str:
    sounds = unicodedata.normalize("NFC", text)
    for ipa, ours in (*_IPA[:8], *(_US_IPA if accent == "us" else _GB_IPA), *_IPA[8:]):
        sounds = sounds.replace(ipa, ours)
    strange = next((char for char in sounds if char not in ALPHABET), "")
    if strange:
        raise BadInput(
            f"the lexicon entry for {name!r} has the sound {strange!r}, which is not in the alphabet",
            hint="use IPA, or a respelling in plain letters without slashes, e.g. GUR-dul",
        )
    return _marks_before_vowels(sounds)


def _marks_before_vowels(sounds: str) -> str:
    """Move stress marks from before the syllable, where IPA has them, to before its vowel, where Kokoro has them."""
    out, waiting = "", ""
    for sound in sounds:
        if sound in (PRIMARY, SECONDARY):
            waiting = sound
        elif waiting and sound in _VOWELS:
            out, waiting = f"{out}{waiting}{sound}", ""
        else:
            out += sound
    return out


def _syllables(word: str) -> str:
    """Return `GUR-dul` as `ˈgur·dul`; empty for a word without hyphens, or one not partly in capitals."""
    if not _SYLLABLES.fullmatch(word):
        return ""
    parts = word.split("-")
    if len({part.isupper() for part in parts}) == 1:
        return ""
    return SYLLABLE.join(f"{PRIMARY if part.isupper() else ''}{part.lower()}" for part in parts)
