"""Look words up in the misaki dictionaries: gold (checked) before silver, with endings taken off where needed.

An entry is either the sounds or a table by part of speech with `DEFAULT`; `None` in it means "spell it"; the key
`None` is the strong form before a stop. Regular endings (-s, -ed, -ing, 's) are added in sound, as English does it.
Source of the data: https://github.com/hexgrad/misaki (Apache-2.0), read as plain JSON; the rules here are our own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from hausmusik.engines.english.tokens import Accent

Entry: TypeAlias = str | dict[str, str | None]
_TABLE: Final = msgspec.json.Decoder(dict[str, Entry])
_FLAPPING: Final = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
"""Sounds after which an American says a t between vowels as a flap."""
_DOUBLED: Final = re.compile(r"([bcdgklmnprstvz])\1$|ck$")


class Dictionary:
    """The words of one accent.

    Args:
        gold: JSON file of checked entries.
        silver: JSON file of generated ones.
        accent: Decides how endings sound.
    """

    def __init__(self, gold: Path, silver: Path, accent: Accent) -> None:
        self._gold: dict[str, Entry] = _TABLE.decode(gold.read_bytes())
        self._silver: dict[str, Entry] = _TABLE.decode(silver.read_bytes())
        self._accent = accent

    def has(self, word: str) -> bool:
        """Return whether a word stands in the dictionary exactly as written."""
        return word in self._gold or word in self._silver

    def checked(self, word: str) -> bool:
        """Return whether a word stands among the checked entries exactly as written."""
        return word in self._gold

    def is_homograph(self, word: str) -> bool:
        """Return whether a word's sound depends on its part of speech or place."""
        return isinstance(self._gold.get(word), dict)

    def spelled_as_noun(self, word: str) -> bool:
        """Return whether capitals such as `US` or `IT` are spelled when they name something."""
        entry = self._gold.get(word)
        return isinstance(entry, dict) and "NOUN" in entry and entry["NOUN"] is None

    def letter(self, char: str) -> str:
        """Return the name of a letter."""
        found = self._gold.get(char.upper(), "")
        return found if isinstance(found, str) else found.get("DEFAULT") or ""

    def exact(self, word: str, tag: str = "", *, before_stop: bool = False) -> str | None:
        """Return the sounds of a word as written, None when it is unknown or to be spelled."""
        entry = self._gold.get(word)
        if entry is None:
            entry = self._silver.get(word)
        if not isinstance(entry, dict):
            return entry
        if before_stop and "None" in entry:
            return entry["None"]
        if tag not in entry and tag.startswith("VB"):
            tag = "VERB"
        return entry.get(tag, entry.get("DEFAULT"))

    def listed(self, word: str, tag: str = "", *, before_stop: bool = False) -> str | None:
        """Return the sounds of a word in any usual capitals, None when it is not there as it stands."""
        for form in dict.fromkeys((word, word.lower(), word.capitalize())):
            found = self.exact(form, tag, before_stop=before_stop)
            if found is not None:
                return found
        return None

    def find(self, word: str, tag: str = "", *, before_stop: bool = False) -> str | None:
        """Return the sounds of a word in any usual capitals, with or without a regular ending; None if unknown."""
        found = self.listed(word, tag, before_stop=before_stop)
        if found is not None:
            return found
        lower = word.lower()
        return self._possessive(word, tag) or self._plural(lower) or self._past(lower) or self._progressive(lower)

    def _stem(self, *candidates: str) -> str | None:
        for each in candidates:
            for form in (each, each.capitalize()):
                found = self.exact(form, "VERB" if self.is_homograph(form) else "") if len(each) > 1 else None
                if found:
                    return found
        return None

    def _possessive(self, word: str, tag: str) -> str | None:
        if word.endswith("s'"):
            return self.find(word[:-1], tag)
        if word.endswith("'s") and len(word) > 2:
            stem = self.find(word[:-2], tag)
            return stem and self.with_s(stem)
        for ending, sound in (
            ("'ll", "ᵊl"),
            ("'ve", "əv"),
            ("'d", "d"),
            ("'re", "əɹ" if self._accent == "us" else "ə"),
        ):
            if word.endswith(ending):
                stem = self.find(word[: -len(ending)], tag)
                return stem and stem + sound
        return None

    def _plural(self, word: str) -> str | None:
        if len(word) < 3 or not word.endswith("s") or word.endswith("ss"):
            return None
        shorter = [word[:-1]]
        if word.endswith("ies"):
            shorter.append(f"{word[:-3]}y")
        elif word.endswith("es"):
            shorter.append(word[:-2])
        stem = self._stem(*shorter)
        return stem and self.with_s(stem)

    def _past(self, word: str) -> str | None:
        if len(word) < 4 or not word.endswith("ed") or word.endswith("eed"):
            return None
        shorter = [word[:-1], word[:-2]]
        if _DOUBLED.search(word[:-2]):
            shorter.append(word[:-3])
        if word.endswith("ied"):
            shorter.append(f"{word[:-3]}y")
        stem = self._stem(*shorter)
        return stem and self.with_ed(stem)

    def _progressive(self, word: str) -> str | None:
        if len(word) < 5 or not word.endswith("ing"):
            return None
        shorter = [word[:-3], f"{word[:-3]}e"]
        if _DOUBLED.search(word[:-3]):
            shorter.append(word[:-4])
        stem = self._stem(*shorter)
        return stem and self.with_ing(stem)

    def with_s(self, stem: str) -> str:
        """Add the sound of -s or 's: /s/ after voiceless, a syllable after sibilants, else /z/."""
        if stem[-1] in "ptkfθ":
            return f"{stem}s"
        if stem[-1] in "szʃʒʧʤ":
            return f"{stem}{'ɪ' if self._accent == 'gb' else 'ᵻ'}z"
        return f"{stem}z"

    def with_ed(self, stem: str) -> str:
        """Add the sound of -ed: /t/, /d/ or a syllable of its own after t and d."""
        if stem[-1] in "pkfθʃsʧ":
            return f"{stem}t"
        if stem[-1] == "d":
            return f"{stem}{'ɪ' if self._accent == 'gb' else 'ᵻ'}d"
        if stem[-1] != "t":
            return f"{stem}d"
        if self._accent == "gb" or len(stem) < 2:
            return f"{stem}ɪd"
        return f"{stem[:-1]}ɾᵻd" if stem[-2] in _FLAPPING else f"{stem}ᵻd"

    def with_ing(self, stem: str) -> str:
        """Add the sound of -ing; a British r comes back before it, an American t becomes a flap."""
        if self._accent == "gb" and stem[-1] in "əː":
            return f"{stem}{'ɹ' if stem[-1] == 'ə' or stem.endswith(('ɔː', 'ɑː', 'ɜː')) else ''}ɪŋ"
        if self._accent == "us" and len(stem) > 1 and stem[-1] == "t" and stem[-2] in _FLAPPING:
            return f"{stem[:-1]}ɾɪŋ"
        return f"{stem}ɪŋ"
