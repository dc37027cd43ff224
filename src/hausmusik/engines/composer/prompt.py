"""Turns what was heard in a prompt into a brief: style, moods, tempo, key, metre, instruments, density, energy.

What nobody said is drawn by the seed, so two seeds of one prompt differ; what was said is kept to, and everything that
was understood or ignored is written down. Knows nothing of how a brief is played.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Metre
from hausmusik.engines.composer.tables import Meaning, StyleEntry, Tables, read_metre
from hausmusik.engines.composer.theory import MODES, Key
from hausmusik.engines.composer.wording import Heard, hear

_FRIENDLY_TONICS: Final = (0, 2, 4, 5, 7, 9, 10, 3)
_DEFAULT_STYLES: Final = {"piano": 0.3, "ambient": 0.2, "folk": 0.2, "cinematic": 0.15, "lofi": 0.15}
_DRUMMED_STYLES: Final = frozenset({"lofi", "rock", "epic", "march"})
_BED_DENSITY: Final = 0.7
_BED_ENERGY: Final = 0.85
"""What a bed keeps of a style's density and energy, to leave room for a voice."""


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """What to compose.

    Args:
        prompt: As given.
        style: Id of a style.
        style_named: The words name this genre; it was not suggested, inferred or drawn.
        moods: Ids of moods, in the order of the prompt.
        tempo_bpm: Quarter notes per minute.
        tempo_given: A number was asked for.
        key: Home.
        metre: Time signature.
        instruments: Ids that were asked for; empty: the style's own.
        suggested: Ids that the words suggest without naming them.
        excluded: Ids that must not play.
        left_out: Roles that nobody may play.
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
    style_named: bool
    moods: tuple[str, ...]
    tempo_bpm: float
    tempo_given: bool
    key: Key
    metre: Metre
    instruments: tuple[str, ...]
    suggested: tuple[str, ...]
    excluded: frozenset[str]
    left_out: frozenset[str]
    solo: bool
    bed: bool
    rises: bool
    density: float
    energy: float
    understood: tuple[Meaning, ...]
    ignored: tuple[str, ...]


def read_prompt(prompt: str, tables: Tables, dice: Dice, tempo_bpm: float = 0.0) -> Brief:
    """Return the brief of a prompt.

    Args:
        prompt: Any text; with nothing in it that we know, the seed decides everything.
        tables: The vocabulary.
        dice: Draws what was left open.
        tempo_bpm: Overrides the prompt's tempo when above 0.
    """
    heard = hear(prompt, tables)
    style_id = _style(heard, tables, dice)
    style = tables.styles[style_id]
    dice = dice.fork(style_id)
    vocabulary = tables.vocabulary
    moods = [vocabulary.mood[name] for name in heard.moods]
    amounts = [vocabulary.amount[name] for name in heard.amounts]
    tempo, is_given = _tempo(heard, tempo_bpm, style, tables, dice)
    excluded = frozenset(heard.excluded)
    asked = dict.fromkeys(
        found for each in heard.instruments if each not in excluded for found in _named(each, style, tables, excluded)
    )
    suggested = dict.fromkeys(
        each for name in heard.flairs for each in vocabulary.flair[name].instruments if each not in excluded
    )
    bed = "bed" in heard.uses
    energy = _blend(style.energy, [mood.energy for mood in moods], amounts, "energy")
    density = _blend(style.density, [mood.density for mood in moods], amounts, "density")
    tonic = dice.fork("tonic").choice(_FRIENDLY_TONICS) if heard.tonic is None else heard.tonic
    return Brief(
        prompt=prompt,
        style=style_id,
        style_named=style_id in heard.styles,
        moods=tuple(heard.moods),
        tempo_bpm=tempo,
        tempo_given=is_given,
        key=Key(tonic, _mode(heard, style, tables, dice)),
        metre=read_metre(heard.metres[0] if heard.metres else dice.fork("metre").weighted(style.metres)),
        instruments=tuple(asked),
        suggested=tuple(suggested),
        excluded=excluded,
        left_out=frozenset(heard.rejected_roles),
        solo="solo" in heard.uses and bool(asked),
        bed=bed,
        rises="rising" in heard.uses,
        density=density * (_BED_DENSITY if bed else 1.0),
        energy=energy * (_BED_ENERGY if bed else 1.0),
        understood=tuple(heard.understood),
        ignored=tuple(heard.ignored),
    )


def _style(heard: Heard, tables: Tables, dice: Dice) -> str:
    """Return the genre that was named, else a style that other words suggest, or moods and instruments, or the seed."""
    if "rising" in heard.uses:
        return "canon"
    rejected = set(heard.rejected_styles)
    named = [style for style in (*heard.styles, *heard.hints) if style not in rejected]
    if named:
        return named[0]
    weights: dict[str, float] = {}
    for mood in heard.moods:
        for name, weight in tables.vocabulary.mood[mood].styles.items():
            weights[name] = weights.get(name, 0.0) + weight
    for place, instrument in enumerate(heard.instruments):
        family = tables.vocabulary.family.get(instrument)
        style = family.style if family else tables.instruments[instrument].style
        if style:  # what is named first is what the piece is about
            weights[style] = weights.get(style, 0.0) + (1.5 if place == 0 else 0.9)
    if "drums" in heard.excluded:
        rejected |= _DRUMMED_STYLES
    weights = {name: weight for name, weight in (weights or _DEFAULT_STYLES).items() if name not in rejected}
    if heard.instruments:  # a named instrument decides more than a mood does
        best = max(weights.values(), default=0.0)
        weights = {name: weight for name, weight in weights.items() if weight > 0.65 * best}
    return dice.fork("style").weighted(weights or _DEFAULT_STYLES)


def _tempo(heard: Heard, override: float, style: StyleEntry, tables: Tables, dice: Dice) -> tuple[float, bool]:
    """Return the tempo and whether it was named as a number."""
    if override > 0:
        return max(20.0, override), True
    if heard.bpm:
        return heard.bpm, True
    if heard.tempos:
        return tables.vocabulary.tempo[heard.tempos[-1]] * dice.fork("tempo").uniform(0.97, 1.03), False
    low, high = style.tempo
    tempo = dice.fork("tempo").uniform(low, high)
    for name in heard.moods[:2]:
        tempo *= tables.vocabulary.mood[name].tempo
    return max(0.8 * low, min(1.2 * high, tempo)), False


def _mode(heard: Heard, style: StyleEntry, tables: Tables, dice: Dice) -> str:
    """Return the mode that was named, else one drawn from what moods and manners of speaking prefer in this style."""
    if heard.modes:
        return heard.modes[0]
    vocabulary = tables.vocabulary
    hints: list[Mapping[str, float]] = [vocabulary.flair[name].modes for name in heard.flairs]
    hints += [vocabulary.mood[name].modes for name in heard.moods]
    mixed: dict[str, float] = {}
    for hint in hints:
        for mode, weight in hint.items():
            mixed[mode] = mixed.get(mode, 0.0) + weight * (0.25 + style.modes.get(mode, 0.0))
    weights = {mode: weight for mode, weight in mixed.items() if mode in style.flavours and mode in MODES}
    return dice.fork("mode").weighted(weights or style.modes)


def _blend(base: float, moods: list[float], amounts: list[dict[str, float]], name: str) -> float:
    """Return the style's own value, drawn towards the moods', replaced by an amount that was said outright."""
    said = [amount[name] for amount in amounts if name in amount]
    if said:
        return sum(said) / len(said)
    if not moods:
        return base
    return 0.4 * base + 0.6 * sum(moods) / len(moods)


def _named(name: str, style: StyleEntry, tables: Tables, excluded: frozenset[str]) -> list[str]:
    """Return the instruments for a name; a family's plain name becomes the style's own kind, or kinds, of it."""
    if name not in tables.vocabulary.family:
        return [name]
    members = [key for key, entry in tables.instruments.items() if entry.family == name and key not in excluded]
    own = [each for layer in style.layer for each in layer.instruments if each in members]
    chosen = list(dict.fromkeys([*own, *members]))
    return chosen[: tables.vocabulary.family[name].players] or [next(iter(tables.instruments))]
