"""Little words that change with what follows: `the` apple, `to` eat, `a` B, `in` the end, strong before a stop.

Follows the practice of the data Kokoro was trained on (misaki's `en.py`, Apache-2.0), written anew. Knows nothing of
dictionaries beyond these words.
"""

from __future__ import annotations

from hausmusik.engines.english.tokens import Accent


def weak_form(word: str, *, vowel_follows: bool | None, first: bool, accent: Accent) -> str | None:
    """Return the sounds of a function word in its place, None for any other word.

    Args:
        word: As spoken, with its capitals.
        vowel_follows: Whether the next sound is a vowel; None before a stop.
        first: Whether it begins a sentence, so that a capital means nothing.
        accent: American or British.
    """
    lower = word.lower()
    if word == "I":
        return "ˌI"
    if lower == "a":
        article = vowel_follows is not None and (word == "a" or first)
        return "ɐ" if article else "ˈA"
    if word in {"an", "An"}:
        return "ɐn"
    if word == "am" and vowel_follows is not None:
        return "ɐm"
    if word in {"the", "The", "THE"}:
        return "ði" if vowel_follows else "ðə"
    if word in {"to", "To"}:
        strong = "tu" if accent == "us" else "tuː"
        return strong if vowel_follows is None else "tʊ" if vowel_follows else "tə"
    if word in {"in", "In"}:
        return "ˈɪn" if vowel_follows is None else "ɪn"
    return None
