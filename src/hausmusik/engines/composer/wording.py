"""Finds the words of a prompt that mean something, longest first, with what is negated set apart.

Tempo numbers and keys are patterns and taken out before; everything else comes from the vocabulary. Draws nothing and
decides nothing: that is prompt.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from hausmusik.engines.composer.tables import Meaning, Tables, words_of
from hausmusik.engines.composer.theory import Key

LONGEST_PROMPT: Final = 4000
"""Characters that are read; the rest of a longer prompt is ignored."""
_NEGATIONS: Final = frozenset({"no", "not", "without", "minus", "avoid", "never", "non", "exclude", "excluding"})
_ENDS_NEGATION: Final = frozenset({",", ";", ".", "but", "with", "just", "only"})
_BPM: Final = re.compile(r"(\d{2,3}(?:\.\d+)?)\s*(?:bpm|beats per minute|beats a minute)")
_KEY: Final = re.compile(
    # A small "a" is an article unless "in" or "key of" stands before it: "a minor piece", but "in a minor".
    r"\b(?:in |key of |key: ?)?(?P<note>[A-Gb-g]|(?<=in )a|(?<=key of )a)"
    r"(?P<accidental>#|b|♯|♭| sharp| flat|-sharp|-flat)?[ -]?"
    r"(?P<mode>major|minor|maj|min|dorian|lydian|mixolydian|phrygian|dur|moll)\b"
)
_TONIC: Final = re.compile(
    r"\b(?:[Ii]n|[Kk]ey of) (?:the key of )?(?P<note>[A-G])(?P<accidental>#|b|♯|♭| sharp| flat)?(?![A-Za-z#'])"
)
_NOTES: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_MODES: Final = {"maj": "major", "min": "minor", "dur": "major", "moll": "minor"}


class Heard(msgspec.Struct):
    """What was heard in a prompt, each list in the order of the prompt.

    Args:
        tonic: Pitch class of a named key, or None.
        bpm: A named tempo in quarter notes per minute, or 0.
        excluded: Instruments and families that must not play.
        rejected_styles: Styles that it must not be.
        understood: Words and what they were taken for.
        ignored: Words that meant nothing.
    """

    tonic: int | None = None
    bpm: float = 0.0
    styles: list[str] = []
    moods: list[str] = []
    flairs: list[str] = []
    instruments: list[str] = []
    excluded: list[str] = []
    rejected_styles: list[str] = []
    tempos: list[str] = []
    amounts: list[str] = []
    uses: list[str] = []
    metres: list[str] = []
    modes: list[str] = []
    understood: list[Meaning] = []
    ignored: list[str] = []


def hear(prompt: str, tables: Tables) -> Heard:
    """Return everything of a prompt that means something to us; any text is allowed."""
    heard = Heard()
    text = _take_tempo(_take_key(prompt[:LONGEST_PROMPT], heard).lower(), heard)
    known = tables.phrases
    longest = max(len(phrase) for phrase in known)
    fillers = frozenset(tables.vocabulary.filler.split())
    tokens = words_of(text)
    negation = ""
    index = 0
    while index < len(tokens):
        word = tokens[index]
        size, meanings = _match(tokens, index, known, longest)
        if size:
            phrase = " ".join(tokens[index : index + size])
            for meaning in meanings:
                if negation:
                    _exclude(heard, meaning, phrase, tables)
                else:
                    _note(heard, meaning, phrase, tables)
            index += size
            continue
        if word in _NEGATIONS:
            negation = word
        elif word in _ENDS_NEGATION or (word in {"and", "&"} and negation != "without"):
            negation = ""
        elif word not in fillers and word.isalpha():
            heard.ignored.append(word)
        index += 1
    return heard


def _take_key(text: str, heard: Heard) -> str:
    """Take a key out of a text: `D minor`, `in F#`, `Bb-dur`."""
    found = _KEY.search(text) or _TONIC.search(text)
    if found is None:
        return text
    groups = found.groupdict()
    accidental = (groups["accidental"] or "").strip(" -")
    shift = (accidental in {"#", "♯", "sharp"}) - (accidental in {"b", "♭", "flat"})
    heard.tonic = (_NOTES[groups["note"].lower()] + shift) % 12
    mode = groups.get("mode") or ""
    if mode:
        heard.modes.append(_MODES.get(mode, mode))
    title = Key(heard.tonic, heard.modes[0]).title if mode else Key(heard.tonic, "major").title.split()[0]
    heard.understood.append((found.group(0).strip(), f"key:{title}"))
    return f"{text[: found.start()]} {text[found.end() :]}"


def _take_tempo(text: str, heard: Heard) -> str:
    found = _BPM.search(text)
    if found is None:
        return text
    heard.bpm = min(240.0, max(30.0, float(found[1])))
    heard.understood.append((found[0], f"tempo:{heard.bpm:g} bpm"))
    return f"{text[: found.start()]} {text[found.end() :]}"


def _match(
    tokens: list[str], index: int, known: Mapping[tuple[str, ...], list[Meaning]], longest: int
) -> tuple[int, list[Meaning]]:
    """Return how many words from `index` on make a known phrase, and its meanings; a plural s is forgiven."""
    for size in range(min(longest, len(tokens) - index), 0, -1):
        phrase = tuple(tokens[index : index + size])
        if phrase in known:
            return size, known[phrase]
        single = (*phrase[:-1], phrase[-1][:-1])
        if phrase[-1].endswith("s") and len(phrase[-1]) > 3 and single in known:
            return size, known[single]
    return 0, []


def _exclude(heard: Heard, meaning: Meaning, phrase: str, tables: Tables) -> None:
    kind, name = meaning
    if kind == "instrument":
        heard.excluded.append(name)
        heard.excluded.extend(key for key, entry in tables.instruments.items() if entry.family == name)
    elif kind == "style":
        heard.rejected_styles.append(name)
    heard.understood.append((phrase, f"without {name}"))


def _note(heard: Heard, meaning: Meaning, phrase: str, tables: Tables) -> None:
    kind, name = meaning
    heard.understood.append((phrase, f"{kind}:{name}"))
    target = {
        "style": heard.styles,
        "mood": heard.moods,
        "flair": heard.flairs,
        "instrument": heard.instruments,
        "tempo": heard.tempos,
        "amount": heard.amounts,
        "use": heard.uses,
        "metre": heard.metres,
        "mode": heard.modes,
    }[kind]
    if name not in target:
        target.append(name)
    style = tables.vocabulary.flair[name].style if kind == "flair" else ""
    if style and style not in heard.styles:
        heard.styles.append(style)
