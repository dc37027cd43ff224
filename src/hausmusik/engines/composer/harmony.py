"""Chooses the chords of every phrase from the progressions of a flavour and lays them on the beats.

A letter keeps its chords within a chapter, so that a theme returns over the same harmony; the last phrase is led into
the final chord by a cadence. Knows nothing of voices, melodies or instruments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Metre, Phrase, Slot
from hausmusik.engines.composer.theory import Chord, Key, read_chord

Flavour: TypeAlias = Mapping[str, tuple[str, ...]]
"""Progressions by purpose: `open`, `close`, `contrast`, `loop`, `cadence`, `final`, `intro`; see progressions.toml."""

_PURPOSES: Final = {"intro": "intro", "open": "open", "close": "close", "contrast": "contrast", "loop": "loop"}


def harmonise(
    phrases: tuple[Phrase, ...],
    metre: Metre,
    flavours: Mapping[str, Flavour],
    dice: Dice,
    *,
    loops: bool = False,
) -> tuple[Phrase, ...]:
    """Return the phrases with their chords.

    Args:
        phrases: From `form.phrases`.
        metre: Time signature.
        flavours: One for each mode that may occur, by mode.
        dice: Chooses.
        loops: The A and B parts repeat one four-bar loop each instead of asking and answering.
    """
    done: list[Phrase] = []
    for phrase in phrases:
        flavour = flavours.get(phrase.key.mode) or next(iter(flavours.values()))
        bars = _bars(phrase, metre, flavour, dice, loops=loops)
        slots = tuple(_laid(bars, phrase, metre))
        done.append(msgspec.structs.replace(phrase, slots=slots))
    return tuple(done)


def final_chord(key: Key, flavours: Mapping[str, Flavour], dice: Dice) -> Chord:
    """Return the last chord of the piece, always on the tonic."""
    flavour = flavours.get(key.mode) or next(iter(flavours.values()))
    return read_chord(dice.fork("final chord").choice(flavour["final"]), key)


def _bars(phrase: Phrase, metre: Metre, flavour: Flavour, dice: Dice, *, loops: bool) -> list[list[str]]:
    """Return the numerals of each bar of a phrase."""
    count = max(1, -(-phrase.length // metre.bar))
    purpose = _PURPOSES.get(phrase.cadence, "open")
    letter = phrase.letter
    if letter == "intro":
        bars = _split(dice.fork("harmony", "intro").choice(flavour["intro"]))
        return (bars * count)[:count]
    if loops and letter in "ABCD" and phrase.cadence != "final":
        purpose = "loop" if letter in "AD" else "contrast"
    theme = dice.fork("harmony", phrase.chapter, "A" if letter in {"coda", "D"} else letter)
    if phrase.cadence != "final":
        bars = _split(theme.fork(purpose).choice(flavour[purpose]))
        if purpose == "close" and letter == "A":  # the answer begins as the question did, so that the theme returns
            asked = _split(theme.fork("open").choice(flavour["open"]))
            bars = [*asked[: len(bars) // 2], *bars[len(bars) // 2 :]]
        return (bars * 2)[:count]
    opening = _split(theme.fork("loop" if loops else "open").choice(flavour["loop" if loops else "open"]))
    cadence = _split(dice.fork("harmony", "cadence").choice(flavour["cadence"]))
    cadence = cadence[-max(1, min(len(cadence), count - 1)) :]
    return [*opening[: count - len(cadence)], *cadence]


def _split(line: str) -> list[list[str]]:
    return [bar.split() for bar in line.split("|")]


def _laid(bars: list[list[str]], phrase: Phrase, metre: Metre) -> list[Slot]:
    """Return the chords on their beats; within a bar the first chords get the beats that do not divide."""
    slots: list[Slot] = []
    for number, numerals in enumerate(bars):
        start = phrase.start + number * metre.bar
        beats = min(metre.bar, phrase.end - start) // metre.beat
        used = numerals[-max(1, min(len(numerals), beats)) :]
        at = start
        for index, numeral in enumerate(used):
            share = (beats + len(used) - 1 - index) // len(used)
            slots.append(Slot(at, share * metre.beat, read_chord(numeral, phrase.key)))
            at += share * metre.beat
        if slots:  # an incomplete bar (a very short upbeat) belongs to the last chord
            slots[-1] = msgspec.structs.replace(slots[-1], length=min(start + metre.bar, phrase.end) - slots[-1].start)
    return slots
