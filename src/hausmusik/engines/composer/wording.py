"""Finds the words of a prompt that mean something, longest first, with what is negated set apart.

Tempo numbers and keys are patterns and taken out before; everything else comes from the vocabulary. Draws nothing and
decides nothing: that is prompt.py. How far a negation reaches is in negation.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from hausmusik.engines.composer.negation import Item, negated
from hausmusik.engines.composer.tables import Meaning, Tables, words_of
from hausmusik.engines.composer.theory import Key

LONGEST_PROMPT: Final = 4000
"""Characters that are read; the rest of a longer prompt is ignored."""
_FREE: Final = re.compile(r"\b([a-z]+)-free\b")
_DESCRIBING: Final = frozenset({"mood", "amount", "tempo"})
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
        styles: Genres that were named.
        hints: Styles that other words suggest; any genre outranks them.
        roles: Roles that were named.
        rejected_styles: Styles that it must not be.
        rejected_roles: Roles that nobody may play.
        understood: Words and what they were taken for.
        ignored: Words that meant nothing.
    """

    tonic: int | None = None
    bpm: float = 0.0
    styles: list[str] = []
    hints: list[str] = []
    roles: list[str] = []
    moods: list[str] = []
    flairs: list[str] = []
    instruments: list[str] = []
    excluded: list[str] = []
    rejected_styles: list[str] = []
    rejected_roles: list[str] = []
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
    text = _take_tempo(_take_key(prompt[:LONGEST_PROMPT].replace("’", "'"), heard).lower(), heard)
    found = _phrases(words_of(_FREE.sub(r"no \1 ,", text)), tables)
    fillers = frozenset(tables.vocabulary.filler.split())
    refused = negated([_item(phrase, meanings, fillers, tables) for phrase, meanings in found])
    for place, (phrase, meanings) in enumerate(found):
        for meaning in meanings:
            if place in refused:
                _exclude(heard, meaning, phrase, tables)
            else:
                _note(heard, meaning, phrase, tables)
        if not meanings and place not in refused and phrase not in fillers and phrase.isalpha():
            heard.ignored.append(phrase)
    return heard


def _phrases(tokens: list[str], tables: Tables) -> list[tuple[str, list[Meaning]]]:
    """Return a prompt's words, those that mean something only together joined, with what they mean."""
    known = tables.phrases
    longest = max(len(phrase) for phrase in known)
    found: list[tuple[str, list[Meaning]]] = []
    index = 0
    while index < len(tokens):
        size, meanings = _match(tokens, index, known, longest)
        found.append((" ".join(tokens[index : index + max(1, size)]), meanings))
        index += max(1, size)
    return found


def _item(phrase: str, meanings: list[Meaning], fillers: frozenset[str], tables: Tables) -> Item:
    words = tuple(phrase.split())
    first = tables.phrases.get(words[:1], []) if len(words) > 1 else []
    return Item(
        words=phrase,
        kinds=frozenset(kind for kind, _ in meanings),
        described=any(kind in _DESCRIBING for kind, _ in first),
        filler=not meanings and phrase in fillers,
    )


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
    return f"{text[: found.start()]} ; {text[found.end() :]}"


def _take_tempo(text: str, heard: Heard) -> str:
    found = _BPM.search(text)
    if found is None:
        return text
    heard.bpm = min(240.0, max(30.0, float(found[1])))
    heard.understood.append((found[0], f"tempo:{heard.bpm:g} bpm"))
    return f"{text[: found.start()]} ; {text[found.end() :]}"


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
    elif kind in {"style", "hint"}:
        heard.rejected_styles.append(name)
    elif kind == "role":
        heard.rejected_roles.append(name)
    heard.understood.append((phrase, f"without {name}"))


def _note(heard: Heard, meaning: Meaning, phrase: str, tables: Tables) -> None:
    kind, name = meaning
    if kind == "absent":
        heard.ignored.append(phrase)
        return
    heard.understood.append((phrase, f"{kind}:{name}"))
    target = {
        "style": heard.styles,
        "hint": heard.hints,
        "role": heard.roles,
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
    if style and style not in heard.hints:
        heard.hints.append(style)
