"""Lets the players play: which layers sound in which phrase, and what each writes there.

Layers enter as the intensity of the phrases rises and leave as it falls; a theme keeps its melody within a chapter and
returns varied. Knows nothing of seconds, sound, or how a layer got its instrument; the last chord is in ending.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from hausmusik.engines.composer import melody
from hausmusik.engines.composer.casting import Player
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.dynamics import evened, swells
from hausmusik.engines.composer.ending import last_melody, last_notes
from hausmusik.engines.composer.ensemble import Ensemble
from hausmusik.engines.composer.melody import Line, Model, Theme
from hausmusik.engines.composer.ornament import embellish, lean
from hausmusik.engines.composer.piece import EIGHTH, QUARTER, SIXTEENTH, Metre, Note, Part, Phrase
from hausmusik.engines.composer.solo import alone
from hausmusik.engines.composer.texture import basses, broken, comping, drums, patterns, sustained
from hausmusik.engines.composer.texture.scene import Scene
from hausmusik.engines.composer.together import Together, voice

TEXTURES: Final[Mapping[str, Callable[[Scene], list[Note]]]] = {
    "sustain": sustained.sustain,
    "half_notes": sustained.half_notes,
    "chorale": sustained.chorale,
    "drone": sustained.drone,
    "cluster": sustained.cluster,
    "arpeggio": broken.arpeggio,
    "alberti": broken.alberti,
    "rolled": broken.rolled,
    "picking": broken.picking,
    "sixteenths": broken.sixteenths,
    "sweep": broken.sweep,
    "block": comping.block,
    "pulse": comping.pulse,
    "offbeat": comping.offbeat,
    "comp": comping.comp,
    "laid_back": comping.laid_back,
    "bossa": comping.bossa,
    "strum": comping.strum,
    "chank": comping.chank,
    "marcato": comping.marcato,
    "roots": basses.roots,
    "pedal": basses.pedal,
    "oompah": basses.oompah,
    "walking": basses.walking,
    "groove": basses.groove,
    "bossa_bass": basses.bossa,
    "driving": basses.driving,
    "strokes": basses.strokes,
    "heartbeat": basses.heartbeat,
    "ostinato": patterns.ostinato,
    "cell": patterns.cell,
    "shifted_cell": patterns.shifted_cell,
    "bells": patterns.bells,
    "echoes": patterns.echoes,
    "figure": patterns.figure,
    "guide_tones": patterns.guide_tones,
    "fragments": patterns.fragments,
}
_STEP: Final = 2
_LEANING: Final = 0.13
_SOON: Final = 0.25
"""Share of a short piece by which its melody has begun."""
_SHORT_S: Final = 60.0
_LEVELS: Final = {"melody": 0.0, "chords": -4.0, "pad": -7.0, "bass": -5.0, "colour": -8.0, "drums": -6.0}


def arrange(players: tuple[Player, ...], ensemble: Ensemble) -> tuple[Part, ...]:
    """Return one part per player, each with its notes up to and with the final chord."""
    parts: list[Part] = []
    enters = _entries(players, ensemble)
    together = voice(players, ensemble, enters)
    for number, player in enumerate(players):
        draw = ensemble.dice.fork("player", number)
        if player.texture in {"lead", "solo"}:
            notes = _lead_notes(players, number, enters, together, ensemble, draw)
        else:
            notes = _layer_notes(players, number, enters, together, ensemble, draw)
        notes = _damped(_in_range(notes, player))
        if notes:
            parts.append(_part(player, notes, ensemble))
    return evened(parts, ensemble)


def _entries(players: tuple[Player, ...], ensemble: Ensemble) -> list[float]:
    """Return from which intensity each player plays, so that everybody is heard once, and somebody at first."""
    top = max((phrase.intensity for phrase in ensemble.phrases), default=1.0)
    phrases = len(ensemble.phrases)
    # A short piece has no time to build: three phrases or fewer bring everybody in at once, or nearly.
    hurry = 0.35 if phrases <= 1 else 0.6 if phrases <= 2 else 0.8 if phrases <= 4 else 1.0
    entries = [min(player.enter * hurry, 0.94 * top) for player in players]
    harmonic = [place for place, player in enumerate(players) if player.layer.role in {"chords", "pad"}]
    if harmonic or players:
        first = min(harmonic or range(len(players)), key=lambda place: entries[place])
        entries[first] = 0.0
    return _melody_soon(players, entries, ensemble)


def _melody_soon(players: tuple[Player, ...], entries: list[float], ensemble: Ensemble) -> list[float]:
    """In a piece of under a minute the first melody is there by a quarter of it, or with the first phrase after."""
    leads = [place for place, player in enumerate(players) if player.texture == "lead"]
    sung = [phrase for phrase in ensemble.phrases if phrase.letter not in {"intro", "D"}]
    if not leads or not sung or ensemble.duration_s >= _SHORT_S:
        return entries
    early = [phrase for phrase in sung if phrase.start <= _SOON * ensemble.final] or sung[:1]
    first = min(leads, key=lambda place: entries[place])
    return [
        min(entry, max(phrase.intensity for phrase in early)) if place == first else entry
        for place, entry in enumerate(entries)
    ]


def _layer_notes(
    players: tuple[Player, ...],
    number: int,
    enters: list[float],
    together: Together,
    ensemble: Ensemble,
    dice: Dice,
) -> list[Note]:
    player, enter = players[number], enters[number]
    chords = [slot.chord for phrase in ensemble.phrases for slot in phrase.slots] + [ensemble.last]
    voicings = together.voicings[number] or ((),) * len(chords)
    notes: list[Note] = []
    place = 0
    variant = dice.fork("variant").whole(0, 59)
    for index, phrase in enumerate(ensemble.phrases):
        ensemble.pause()
        count = len(phrase.slots)
        following = chords[min(place + count, len(chords) - 1)]
        if _plays(player, phrase, enter):
            scene = Scene(
                phrase=phrase,
                metre=ensemble.metre,
                voicings=voicings[place : place + count],
                around=together.around(number, _playing(players, phrase, enters), place, count),
                following=following,
                low=player.low,
                high=player.high,
                is_held=player.entry.kind == "held",
                density=ensemble.density,
                dice=_layer_dice(player, phrase, ensemble, dice),
                fresh=dice.fork("fresh", index),
                variant=variant,
            )
            if player.layer.role == "drums":
                notes.extend(drums.drums(scene, ensemble.grooves[player.layer.groove or "folk"]))
            else:
                notes.extend(TEXTURES[player.texture](scene))
        place += count
    return notes + last_notes(player, voicings[-1], notes, ensemble)


def _layer_dice(player: Player, phrase: Phrase, ensemble: Ensemble, dice: Dice) -> Dice:
    """Phasing layers share one cell per chapter; every other layer has its own."""
    if player.texture in {"cell", "shifted_cell"}:
        return ensemble.dice.fork("cell", phrase.chapter)
    return dice.fork("letter", phrase.chapter, phrase.letter)


def _playing(players: tuple[Player, ...], phrase: Phrase, enters: list[float]) -> list[bool]:
    return [_plays(player, phrase, enter) for player, enter in zip(players, enters, strict=True)]


def _plays(player: Player, phrase: Phrase, enter: float) -> bool:
    if player.layer.letters and phrase.letter not in player.layer.letters:
        return False
    return phrase.intensity >= enter


def _lead_notes(
    players: tuple[Player, ...],
    number: int,
    enters: list[float],
    together: Together,
    ensemble: Ensemble,
    dice: Dice,
) -> list[Note]:
    """Return the melody: stated, restated, varied, silent in introductions and interludes."""
    player, enter = players[number], enters[number]
    themes: dict[tuple[int, str], tuple[Theme, Model]] = {}
    notes: list[Note] = []
    only_phrase = len(ensemble.phrases) == 1
    place = 0
    for index, phrase in enumerate(ensemble.phrases):
        ensemble.pause()
        around = together.around(number, _playing(players, phrase, enters), place, len(phrase.slots))
        place += len(phrase.slots)
        is_free = phrase.letter not in {"intro", "D"} and (_plays(player, phrase, enter) or only_phrase)
        if not (is_free or player.texture == "solo"):
            continue
        letter = "A" if phrase.letter in {"coda", "intro"} else phrase.letter
        name = phrase.chapter, letter
        draw = ensemble.dice.fork("theme", *name)
        theme, model = themes.get(name, (melody.make_theme(ensemble.cells, draw.fork("rhythm")), ()))
        line = melody.write_line(
            theme, phrase, ensemble.metre, player.low, player.high, draw.fork("notes"), model, around
        )
        if name not in themes:
            themes[name] = theme, melody.model_of(line, phrase)
        line = lean(line, phrase, ensemble.metre, around, _LEANING, draw.fork("leaning"))
        if phrase.variation >= 2:
            line = embellish(line, phrase, 0.12 + 0.25 * ensemble.density, dice.fork("ornament", index))
        if ensemble.bed or ensemble.density < 0.25:
            line = _thinned(line, phrase, ensemble.metre)
        sung = _sung(line, phrase, player)
        if player.texture == "solo":
            sung = alone(sung, phrase, ensemble.metre, player, dice.fork("alone", name))
        notes.extend(sung)
    return notes + last_melody(notes, player, ensemble)


def _thinned(line: Line, phrase: Phrase, metre: Metre) -> Line:
    """Keep the first and the last bars of a phrase, so that the melody speaks and then listens."""
    bars = phrase.length // metre.bar
    if bars < 3:
        return line
    quiet = range(phrase.start + metre.bar * (bars // 2), phrase.start + metre.bar * (bars - 1))
    return tuple(note for note in line if note[0] not in quiet)


def _sung(line: Line, phrase: Phrase, player: Player) -> list[Note]:
    """Give a line its dynamics: louder towards its summit, softer at its end, short notes lighter."""
    if not line:
        return []
    low, high = min(key for _, _, key in line), max(key for _, _, key in line)
    base = 58 + 27 * phrase.intensity
    notes: list[Note] = []
    for index, (start, length, key) in enumerate(line):
        height = (key - low) / max(1, high - low)
        lightness = -4 if length < QUARTER else 0
        fading = -6 if index == len(line) - 1 else 0
        velocity = round(base + 10 * height + lightness + fading)
        gap = 0 if player.entry.kind == "struck" else min(30, length // 8)
        steps_on = index + 1 < len(line) and abs(line[index + 1][2] - key) <= _STEP
        ring = EIGHTH if player.entry.kind == "struck" and not steps_on else 0
        notes.append(Note(start, length - gap + ring, key, max(1, min(120, velocity))))
    return notes


def _damped(notes: list[Note]) -> list[Note]:
    """End a ringing note where the same player strikes its neighbour a semitone or a minor ninth away."""
    damped: list[Note] = []
    for place, note in enumerate(notes):
        length = note.length
        for later in notes[place + 1 :]:
            if later.start >= note.start + length:
                break
            if later.start > note.start and abs(later.key - note.key) in {1, 13}:
                length = max(SIXTEENTH // 2, later.start - note.start)
                break
        damped.append(note if length == note.length else msgspec.structs.replace(note, length=length))
    return damped


def _in_range(notes: list[Note], player: Player) -> list[Note]:
    """Fold stray keys back into the instrument's range by octaves, and drop what is not a note at all."""
    if player.layer.role == "drums" and player.entry.kind == "drums":
        return sorted(notes)
    low, high = player.entry.range
    folded: list[Note] = []
    for note in notes:
        key = note.key
        while key < low:
            key += 12
        while key > high:
            key -= 12
        if low <= key <= high and note.length > 0:
            folded.append(note if key == note.key else msgspec.structs.replace(note, key=key))
    return sorted(set(folded))


def _part(player: Player, notes: list[Note], ensemble: Ensemble) -> Part:
    layer = player.layer
    pan = layer.pan if layer.pan is not None else player.entry.pan
    mechanical = player.texture in {"sixteenths", "driving", "cell", "shifted_cell", "ostinato"}
    return Part(
        name=player.name,
        instrument=player.instrument,
        role=layer.role,
        notes=tuple(notes),
        swells=swells(player, ensemble) if player.entry.kind == "held" else (),
        level_db=(layer.level or _LEVELS[layer.role]) - (4.0 if ensemble.bed and layer.role == "melody" else 0.0),
        send_db=layer.send,
        pan=pan,
        tightness=0.75 if mechanical or layer.role == "drums" else 0.45,
    )
