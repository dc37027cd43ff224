"""Stress marks in Kokoro's alphabet: `ˈ` and `ˌ` stand directly before the vowel of their syllable.

Weakening, strengthening and moving them is how a sentence's rhythm is written. Knows nothing of words.
"""

from __future__ import annotations

from typing import Final

PRIMARY: Final = "ˈ"
SECONDARY: Final = "ˌ"
VOWELS: Final = frozenset("AIOQWYaiuæɐɑɒɔəɛɜɪʊʌᵊᵻ")
_LONG: Final = frozenset("AIOQWYʤʧ")
_STRESSABLE: Final = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ")


def unstressed(sounds: str) -> str:
    """Take all stress away."""
    return sounds.replace(PRIMARY, "").replace(SECONDARY, "")


def weakened(sounds: str) -> str:
    """Leave at most secondary stress: the strongest syllable keeps it, the others lose theirs."""
    if PRIMARY in sounds:
        return sounds.replace(SECONDARY, "").replace(PRIMARY, SECONDARY)
    return sounds


def _first_vowel(sounds: str, mark: str) -> str:
    place = next((index for index, sound in enumerate(sounds) if sound in _STRESSABLE), -1)
    return sounds if place < 0 else f"{sounds[:place]}{mark}{sounds[place:]}"


def audible(sounds: str) -> str:
    """Give a word without any stress a secondary one on its first vowel."""
    if PRIMARY in sounds or SECONDARY in sounds:
        return sounds
    return _first_vowel(sounds, SECONDARY)


def emphasised(sounds: str) -> str:
    """Give a word primary stress: its secondary becomes primary, or its first vowel takes it."""
    if PRIMARY in sounds:
        return sounds
    if SECONDARY in sounds:
        return sounds.replace(SECONDARY, PRIMARY, 1)
    return _first_vowel(sounds, PRIMARY)


def spelled(letters: list[str]) -> str:
    """Join the names of letters: only the last keeps primary stress, as in `bˌibˌisˈi`."""
    if not letters:
        return ""
    *head, last = letters
    return "".join(weakened(each) for each in head) + emphasised(last)


def compound(parts: list[str]) -> str:
    """Join the parts of a compound; the lighter half yields, as in `mother-in-law`."""
    if len(parts) == 1:
        return parts[0]
    stressed = [index for index, each in enumerate(parts) if PRIMARY in each]
    if len(stressed) <= (len(parts) + 1) // 2:
        return "".join(parts)
    weight = {index: sum(2 if sound in _LONG else 1 for sound in parts[index]) for index in stressed}
    light = sorted(stressed, key=lambda index: (weight[index], index))[: len(parts) // 2]
    return "".join(weakened(each) if index in light else each for index, each in enumerate(parts))
