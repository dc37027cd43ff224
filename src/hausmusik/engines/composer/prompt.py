"""Reads a prompt into a brief: style, moods, tempo, key, metre, instruments, density, energy.

Words are found longest first; "no", "without" and their kin exclude what follows. What nobody said is drawn by the seed,
so two seeds of one prompt differ, and everything understood or ignored is written down. Knows nothing of how a brief is
played.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Metre
from hausmusik.engines.composer.tables import StyleEntry, Tables, read_metre
from hausmusik.engines.composer.theory import MODES, Key

_NEGATIONS: Final = frozenset({"no", "not", "without", "minus", "avoid", "never", "non", "exclude", "excluding"})
_FILLERS: Final = frozenset(
    "a an the of in on at to for and with or but very really quite more less some any like style feel feeling mood piece "
    "music song track tune theme that is it its as by from into bpm tempo key beats per minute please make me something "
    "sound sounds sounding slightly little bit rather extremely played instrumental nice beautiful pleasant good "
    "featuring features plus over under around about during long short".split()
)
_BPM: Final = re.compile(r"(\d{2,3}(?:\.\d+)?)\s*(?:bpm|beats per minute|beats a minute)")
_KEY: Final = re.compile(
    r"\b(?:in |key of |key: ?)?(?P<note>[A-Ga-g])(?P<accidental>#|b|♯|♭| sharp| flat|-sharp|-flat)?"
    r"[ -]?(?P<mode>major|minor|maj|min|dorian|lydian|mixolydian|phrygian|dur|moll)\b"
)
_KEY_ALONE: Final = re.compile(
    r"\b(?:[Ii]n|[Kk]ey of) (?:the key of )?(?P<note>[A-G])(?P<accidental>#|b|♯|♭| sharp| flat)?(?![A-Za-z#'])"
)
_NOTES: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_MODE_WORDS: Final = {"maj": "major", "min": "minor", "dur": "major", "moll": "minor"}
_FRIENDLY_TONICS: Final = (0, 2, 4, 5, 7, 9, 10, 3)
_DEFAULT_STYLES: Final = {"piano": 0.3, "ambient": 0.2, "folk": 0.2, "cinematic": 0.15, "lofi": 0.15}
_STYLE_OF_INSTRUMENT: Final = {
    "harpsichord": "canon",
    "marimba": "minimal",
    "accordion": "waltz",
    "music_box": "lullaby",
    "church_organ": "chorale",
    "rhodes": "lofi",
    "alto_sax": "jazz",
    "tenor_sax": "jazz",
    "muted_trumpet": "jazz",
    "brushes": "jazz",
    "nylon_guitar": "folk",
    "steel_guitar": "folk",
    "fiddle": "folk",
    "banjo": "folk",
    "mandolin": "folk",
    "recorder": "folk",
    "ukulele": "pop",
    "pizzicato": "playful",
    "xylophone": "playful",
    "tuba": "march",
    "taiko": "epic",
    "brass": "epic",
    "choir": "chorale",
    "synth": "synth",
    "saw_lead": "synth",
    "electronic_drums": "synth",
    "tr808": "synth",
    "square_lead": "chip",
    "warm_pad": "ambient",
    "space_voice": "ambient",
    "halo_pad": "ambient",
    "sine": "ambient",
    "piano": "piano",
    "mellow_piano": "piano",
    "strings": "cinematic",
    "horn": "cinematic",
    "cello": "cinematic",
    "violin": "cinematic",
    "harp": "lullaby",
    "celesta": "lullaby",
    "vibraphone": "lofi",
    "kalimba": "minimal",
    "guitar": "folk",
    "drums": "pop",
    "bass": "lofi",
    "sax": "jazz",
    "organ": "chorale",
    "pad": "ambient",
}


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """What to compose.

    Args:
        prompt: As given.
        style: Id of a style.
        moods: Ids of moods, in the order of the prompt.
        tempo_bpm: Quarter notes per minute.
        tempo_given: A number was asked for.
        key: Home.
        metre: Time signature.
        instruments: Ids that were asked for; empty: the style's own.
        suggested: Ids that the words suggest without naming them.
        excluded: Ids that must not play.
        solo: Nothing but the instruments asked for.
        bed: Meant to lie under speech.
        rises: A canon that climbs through the keys.
        density: 0 to 1.
        energy: 0 to 1.
        understood: What each recognised word was taken for.
        ignored: Words that meant nothing to us.
    """

    prompt: str
    style: str
    moods: tuple[str, ...]
    tempo_bpm: float
    tempo_given: bool
    key: Key
    metre: Metre
    instruments: tuple[str, ...]
    suggested: tuple[str, ...]
    excluded: frozenset[str]
    solo: bool
    bed: bool
    rises: bool
    density: float
    energy: float
    understood: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


class _Found(msgspec.Struct):
    """What was heard in a prompt, in order."""

    styles: list[str] = []
    moods: list[str] = []
    flairs: list[str] = []
    instruments: list[str] = []
    excluded: list[str] = []
    rejected_styles: list[str] = []
    tempos: list[float] = []
    amounts: list[dict[str, float]] = []
    uses: list[str] = []
    metres: list[str] = []
    modes: list[str] = []
    understood: list[tuple[str, str]] = []
    ignored: list[str] = []


def read_prompt(prompt: str, tables: Tables, dice: Dice, tempo_bpm: float = 0.0) -> Brief:
    """Return the brief of a prompt.

    Args:
        prompt: Any text; with nothing in it that we know, the seed decides everything.
        tables: The vocabulary.
        dice: Draws what was left open.
        tempo_bpm: Overrides the prompt's tempo when above 0.
    """
    text, tonic, mode, bpm, notes = _numbers(prompt)
    found = _scan(text, tables)
    found.understood[:0] = notes
    if mode:
        found.modes.insert(0, mode)
    style_id = _style(found, tables, dice)
    style = tables.styles[style_id]
    dice = dice.fork(style_id)
    moods = [tables.vocabulary.mood[name] for name in found.moods]
    tempo, given = _tempo(found, bpm or 0.0, tempo_bpm, style, dice, [mood.tempo for mood in moods])
    energy = _blend(style.energy, [mood.energy for mood in moods], [a["energy"] for a in found.amounts if "energy" in a])
    density = _blend(
        style.density, [mood.density for mood in moods], [a["density"] for a in found.amounts if "density" in a]
    )
    bed = "bed" in found.uses
    excluded = frozenset(found.excluded)
    asked = tuple(
        dict.fromkeys(_named(item, style, tables, excluded) for item in found.instruments if item not in excluded)
    )
    suggested = [
        item for name in found.flairs for item in tables.vocabulary.flair[name].instruments if item not in excluded
    ]
    return Brief(
        prompt=prompt,
        style=style_id,
        moods=tuple(found.moods),
        tempo_bpm=tempo,
        tempo_given=given,
        key=Key(dice.fork("tonic").choice(_FRIENDLY_TONICS) if tonic is None else tonic, _mode(found, style, tables, dice)),
        metre=_metre(found, style, dice),
        instruments=asked,
        suggested=tuple(dict.fromkeys(suggested)),
        excluded=excluded,
        solo="solo" in found.uses and bool(asked),
        bed=bed,
        rises="rising" in found.uses,
        density=density * (0.7 if bed else 1.0),
        energy=energy * (0.85 if bed else 1.0),
        understood=tuple(found.understood),
        ignored=tuple(found.ignored),
    )


def _numbers(prompt: str) -> tuple[str, int | None, str, float | None, list[tuple[str, str]]]:
    """Take tempo and key out of a prompt: they are patterns, not words. Returns the rest in lower case."""
    understood: list[tuple[str, str]] = []
    tonic: int | None = None
    mode = ""
    text = prompt[:4000]
    key = _KEY.search(text) or _KEY_ALONE.search(text)
    if key is not None:
        groups = key.groupdict()
        accidental = (groups["accidental"] or "").strip(" -")
        tonic = (_NOTES[groups["note"].lower()] + (accidental in {"#", "♯", "sharp"}) - (accidental in {"b", "♭", "flat"})) % 12
        mode = _MODE_WORDS.get(groups.get("mode") or "", groups.get("mode") or "")
        understood.append((key.group(0).strip(), f"key:{Key(tonic, mode or 'major').title}" if mode else "tonic"))
        text = text[: key.start()] + " " + text[key.end() :]
    text = text.lower()
    bpm: float | None = None
    tempo = _BPM.search(text)
    if tempo is not None:
        bpm = min(240.0, max(30.0, float(tempo[1])))
        understood.append((tempo[0], f"tempo:{bpm:g} bpm"))
        text = text[: tempo.start()] + " " + text[tempo.end() :]
    return text, tonic, mode, bpm, understood


def _phrases(tables: Tables) -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """Return every known phrase, as words, with what it means: `(kind, id)`."""
    known: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    vocabulary = tables.vocabulary

    def add(phrases: tuple[str, ...], kind: str, name: str) -> None:
        for phrase in phrases:
            known.setdefault(tuple(_tokens(phrase)), []).append((kind, name))

    for name, words in vocabulary.style.items():
        add(words, "style", name)
    for name, mood in vocabulary.mood.items():
        add(mood.words, "mood", name)
    for name, flair in vocabulary.flair.items():
        add(flair.words, "flair", name)
    for name, entry in tables.instruments.items():
        add(entry.words, "instrument", name)
    for name, words in vocabulary.family.items():
        add(words, "instrument", name)
    for kind, table in (("use", vocabulary.use), ("metre", vocabulary.metre), ("mode", vocabulary.mode)):
        for name, words in table.items():
            add(words, kind, name)
    for name in vocabulary.tempo:
        add((name,), "tempo", name)
    for name in vocabulary.amount:
        add((name,), "amount", name)
    return known


def _tokens(text: str) -> list[str]:
    """Return words, with hyphens opened and commas kept as words of their own."""
    return re.findall(r"\d+/\d+|[^\W_]+(?:'[^\W_]+)?|,|;|\.|&", text.lower().replace("-", " "))


def _scan(text: str, tables: Tables) -> _Found:
    known = _phrases(tables)
    longest = max(len(phrase) for phrase in known)
    tokens = _tokens(text)
    found = _Found()
    negation = ""
    index = 0
    while index < len(tokens):
        word = tokens[index]
        size, meanings = _match(tokens, index, known, longest)
        if size:
            phrase = " ".join(tokens[index : index + size])
            for kind, name in meanings:
                _note(found, kind, name, phrase, tables, negated=bool(negation))
            index += size
            continue
        if word in _NEGATIONS:
            negation = word
        elif word in {",", ";", ".", "but", "with", "just", "only"} or (word in {"and", "&"} and negation != "without"):
            negation = ""
        elif word not in _FILLERS and word.isalpha():
            found.ignored.append(word)
        index += 1
    return found


def _match(
    tokens: list[str], index: int, known: dict[tuple[str, ...], list[tuple[str, str]]], longest: int
) -> tuple[int, list[tuple[str, str]]]:
    for size in range(min(longest, len(tokens) - index), 0, -1):
        phrase = tuple(tokens[index : index + size])
        if phrase in known:
            return size, known[phrase]
        single = (*phrase[:-1], phrase[-1][:-1])
        if phrase[-1].endswith("s") and len(phrase[-1]) > 3 and single in known:
            return size, known[single]
    return 0, []


def _note(found: _Found, kind: str, name: str, phrase: str, tables: Tables, *, negated: bool) -> None:
    meaning = f"{kind}:{name}"
    if negated:
        if kind == "instrument":
            family = [key for key, entry in tables.instruments.items() if entry.family == name]
            found.excluded.extend([name, *family])
            meaning = f"without {name}"
        elif kind == "style":
            found.rejected_styles.append(name)
            meaning = f"not {name}"
        else:
            meaning = f"not {name}"
        found.understood.append((phrase, meaning))
        return
    found.understood.append((phrase, meaning))
    if kind == "tempo":
        found.tempos.append(tables.vocabulary.tempo[name])
    elif kind == "amount":
        found.amounts.append(tables.vocabulary.amount[name])
    else:
        target = {
            "style": found.styles,
            "mood": found.moods,
            "flair": found.flairs,
            "instrument": found.instruments,
            "use": found.uses,
            "metre": found.metres,
            "mode": found.modes,
        }[kind]
        if name not in target:
            target.append(name)
    flair = tables.vocabulary.flair.get(name) if kind == "flair" else None
    if flair is not None and flair.style and flair.style not in found.styles:
        found.styles.append(flair.style)


def _style(found: _Found, tables: Tables, dice: Dice) -> str:
    """Return the style that was named, else one that fits moods and instruments, else one drawn by the seed."""
    rejected = set(found.rejected_styles)
    named = [style for style in found.styles if style not in rejected]
    if "rising" in found.uses:
        return "canon"
    if named:
        return named[0]
    weights: dict[str, float] = {}
    for mood in found.moods:
        for name, weight in tables.vocabulary.mood[mood].styles.items():
            weights[name] = weights.get(name, 0.0) + weight
    for name in found.instruments:
        style = _STYLE_OF_INSTRUMENT.get(name)
        if style is not None:
            weights[style] = weights.get(style, 0.0) + 1.2
    if "drums" in found.excluded:
        rejected |= {"lofi", "rock", "epic", "march"}
    weights = {name: weight for name, weight in (weights or _DEFAULT_STYLES).items() if name not in rejected}
    best = max(weights.values(), default=0.0)
    if found.instruments:  # a named instrument decides more than a mood does
        weights = {name: weight for name, weight in weights.items() if weight > 0.6 * best}
    return dice.fork("style").weighted(weights or _DEFAULT_STYLES)


def _tempo(
    found: _Found, bpm: float, override: float, style: StyleEntry, dice: Dice, factors: list[float]
) -> tuple[float, bool]:
    if override > 0:
        return max(20.0, override), True
    if bpm:
        return bpm, True
    if found.tempos:
        return found.tempos[-1] * dice.fork("tempo").uniform(0.97, 1.03), False
    low, high = style.tempo
    tempo = dice.fork("tempo").uniform(low, high)
    for factor in factors[:2]:
        tempo *= factor
    return max(0.8 * low, min(1.2 * high, tempo)), False


def _mode(found: _Found, style: StyleEntry, tables: Tables, dice: Dice) -> str:
    if found.modes:
        return found.modes[0]
    weights = dict(style.modes)
    hints = [tables.vocabulary.flair[name].modes for name in found.flairs]
    hints += [tables.vocabulary.mood[name].modes for name in found.moods]
    hints = [hint for hint in hints if hint]
    if hints:
        mixed: dict[str, float] = {}
        for hint in hints:
            for mode, weight in hint.items():
                mixed[mode] = mixed.get(mode, 0.0) + weight * (0.25 + style.modes.get(mode, 0.0))
        weights = {mode: weight for mode, weight in mixed.items() if mode in style.flavours} or weights
    return dice.fork("mode").weighted({mode: weight for mode, weight in weights.items() if mode in MODES})


def _metre(found: _Found, style: StyleEntry, dice: Dice) -> Metre:
    if found.metres:
        return read_metre(found.metres[0])
    return read_metre(dice.fork("metre").weighted(style.metres))


def _blend(base: float, moods: list[float], amounts: list[float]) -> float:
    """Return the style's own value, drawn towards the moods', replaced by an amount that was said outright."""
    if amounts:
        return sum(amounts) / len(amounts)
    if not moods:
        return base
    return 0.4 * base + 0.6 * sum(moods) / len(moods)


def _named(name: str, style: StyleEntry, tables: Tables, excluded: frozenset[str]) -> str:
    """Return the instrument for a name; a family's plain name becomes the style's own kind of it."""
    if name not in tables.vocabulary.family:
        return name
    members = [key for key, entry in tables.instruments.items() if entry.family == name and key not in excluded]
    own = (candidate for layer in style.layer for candidate in layer.instruments if candidate in members)
    return next(own, next(iter(members), next(iter(tables.instruments))))
