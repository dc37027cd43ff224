"""Writes strict canons: every voice plays the same line, one ground later than the voice before it, to the last bar.

The harmony is a ground that repeats, as in Pachelbel's canon, so a line fits itself at the distance of one ground. The
line is written segment by segment; each segment is solved against the ground bass and against the earlier segments that
will sound with it, and parallel fifths, octaves and unisons are forbidden by weight and then checked for. Knows
nothing of sound or seconds.

Source: the rules of species counterpoint (J. J. Fux, "Gradus ad Parnassum"): consonance on the beat, dissonance only in
passing, no parallel perfect intervals.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.engines.composer import arrangement
from hausmusik.engines.composer.casting import Player
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.ensemble import Ensemble
from hausmusik.engines.composer.harmony import Flavour
from hausmusik.engines.composer.melody import Costs, cheapest_path, interval_cost
from hausmusik.engines.composer.piece import EIGHTH, QUARTER, SIXTEENTH, Metre, Note, Part, Phrase, Slot
from hausmusik.engines.composer.theory import Key, among, read_chord, within

Sounding: TypeAlias = tuple[tuple[int, int, int], ...]
"""Start, end, key of the notes of a voice; ticks from the beginning of a ground."""

_CHARACTERS: Final[dict[int, tuple[str, ...]]] = {
    # rhythms of one bar in sixteenths, by bar length; neighbours in the piece always differ
    16: (
        "8 4 4",
        "4 4 4 4",
        "6 2 4 4",
        "2 2 2 2 4 4",
        "4 4 2 2 4",
        "4 2 2 4 2 2",
        "r2 2 2 2 4 4",
        "2 2 2 2 2 2 2 2",
        "8 2 2 2 2",
        "6 2 6 2",
        "4 2 2 2 2 2 2",
    ),
    12: ("8 4", "4 4 4", "6 2 4", "2 2 2 2 4", "4 2 2 4", "2 2 2 2 2 2", "4 8", "r4 4 4"),
}
_FIRST: Final = {16: ("8 4 4", "6 2 8", "4 4 8"), 12: ("8 4", "6 2 4", "4 4 4")}
_PERFECT: Final = (0, 7)
_HARSH: Final = (1, 2, 6, 10, 11)
_FORBIDDEN: Final = 60.0
_LEAST_RANGE: Final = 14
RISE: Final = 2
"""Semitones from one ground to the next in a canon that rises."""


class Line(msgspec.Struct, frozen=True):
    """One segment: the notes the leader plays over one ground; starts counted from the beginning of the ground."""

    notes: tuple[tuple[int, int, int], ...]

    def sounding(self, shift: int) -> Sounding:
        """Return the segment as heard in a voice so many semitones away."""
        return tuple((start, start + length, key + shift) for start, length, key in self.notes)


def canon_phrases(
    bars: int, metre: Metre, key: Key, flavour: Flavour, dice: Dice, *, rises: bool = False
) -> tuple[Phrase, ...]:
    """Return one phrase per ground, and what does not divide as an introduction over the beginning of the ground.

    Args:
        bars: Whole bars before the last chord, at least 2.
        metre: Time signature.
        key: Home.
        flavour: With `ground1`, `ground2` and `ground4`.
        dice: Chooses the ground.
        rises: Each ground stands a whole tone above the one before and leads into the next, the last one into the final
            chord at home: the canon per tonos of Bach's "Musical Offering", back where it began after six.
    """
    size = 1 if bars < 6 else 2 if bars < 20 or dice.fork("size").chance(0.4) else 4
    ground = [bar.split() for bar in dice.fork("ground").choice(flavour[f"ground{size}"]).split("|")]
    rest = bars % size
    phrases: list[Phrase] = []
    if rest:
        phrases.append(_phrase("intro", 0, 0, [*ground[: rest - 1], ground[-1]], metre, key))
    count = bars // size
    if rises:
        away = "V7/II" if key.is_minor else "V7/ii"  # the dominant of the key a tone above
        ground = [*ground[:-1], [*ground[-1][:-1], away]]
    for number in range(count):
        start = (rest + number * size) * metre.bar
        home = key.moved(RISE * (number - count)) if rises else key
        phrases.append(_phrase("A", number, start, ground, metre, home))
    last = msgspec.structs.replace(phrases[-1], cadence="final")
    return (*phrases[:-1], last)


def _phrase(letter: str, variation: int, start: int, bars: list[list[str]], metre: Metre, key: Key) -> Phrase:
    slots: list[Slot] = []
    for number, numerals in enumerate(bars):
        at = start + number * metre.bar
        beats = metre.bar // metre.beat
        for index, numeral in enumerate(numerals[:beats]):
            share = (beats + len(numerals) - 1 - index) // len(numerals) * metre.beat
            slots.append(Slot(at, share, read_chord(numeral, key)))
            at += share
    intensity = min(0.8, 0.4 + 0.1 * variation)
    cadence = "intro" if letter == "intro" else "loop"
    return Phrase(letter, variation, 0, start, len(bars) * metre.bar, intensity, cadence, key, tuple(slots))


def write_canon(players: tuple[Player, ...], ensemble: Ensemble) -> tuple[Part, ...]:
    """Return the parts of a canon: its voices, the ground bass and the continuo, then whatever else was cast."""
    voices = [player for player in players if player.layer.role == "melody" and player.texture == "canon"]
    grounds = [phrase for phrase in ensemble.phrases if phrase.letter == "A"]
    most = 3 if len(grounds) >= 4 else 2
    voices = voices[: min(most, len(grounds))]
    others = tuple(_plain(player) for player in players if player not in voices)
    if len(voices) < 2:
        return arrangement.arrange(tuple(_plain(player) for player in players), ensemble)
    bass = next((player for player in others if player.layer.role == "bass"), None)
    parts = arrangement.arrange(others, ensemble) if others else ()
    ground_bass = next((part for part in parts if bass is not None and part.name == bass.name), None)
    lines = _lines(voices, grounds, ground_bass, ensemble)
    leading = tuple(_voice_part(voices, place, lines, grounds, ensemble) for place in range(len(voices)))
    return (*leading, *parts)


def _plain(player: Player) -> Player:
    """Return a player with a texture of the ordinary kind in place of the canon's."""
    texture = {"melody": "lead", "bass": "roots", "chords": "rolled"}.get(player.layer.role, player.texture)
    return msgspec.structs.replace(player, texture=texture) if player.texture == "canon" else player


def shifts_of(voices: list[Player]) -> list[int]:
    """Return how many semitones each voice lies from the first: whole octaves."""
    middles = [(player.low + player.high) / 2 for player in voices]
    return [12 * round((middle - middles[0]) / 12) for middle in middles]


def lifts_of(grounds: list[Phrase]) -> list[int]:
    """Return how many semitones each ground stands above the first; after an octave it begins again from below."""
    return [(ground.key.tonic - grounds[0].key.tonic) % 12 for ground in grounds]


def _lines(voices: list[Player], grounds: list[Phrase], bass: Part | None, ensemble: Ensemble) -> list[Line]:
    """Return the canon's line, one segment per ground, each solved against what will sound with it.

    All segments are written in the key of the first ground.
    """
    shifts, lifts = shifts_of(voices), lifts_of(grounds)
    low = max(player.low - shift for player, shift in zip(voices, shifts, strict=True)) - max(lifts) // 3
    high = min(player.high - shift for player, shift in zip(voices, shifts, strict=True)) - max(lifts) // 2
    if high - low < _LEAST_RANGE:
        low, high = voices[0].low, voices[0].high
    table = _Table(np.arange(low, high + 1), grounds[0], _bass_line(bass, grounds[0]), shifts, ensemble.metre)
    lines: list[Line] = []
    for number in range(len(grounds)):
        ensemble.pause()
        dice = ensemble.dice.fork("canon", number)
        step = lifts[number] - lifts[number - 1] if number else 0
        best: tuple[float, Line] | None = None
        for attempt in range(4):
            rhythm = _rhythm(number, len(grounds), table, dice.fork(attempt))
            line = _segment(rhythm, table, lines, step, dice.fork(attempt))
            faults = _faults(line, lines, table)
            if best is None or faults < best[0]:
                best = faults, line
            if not faults:
                break
        lines.append(best[1] if best else Line(()))
    return lines


class _Table(msgspec.Struct, frozen=True):
    """What every segment is written against.

    Args:
        keys: Keys of the leader that all voices can play in their octave.
        ground: The first ground.
        below: Its bass, ticks from its beginning.
        shifts: Octaves of the voices.
        metre: Time signature.
    """

    keys: npt.NDArray[np.int64]
    ground: Phrase
    below: Sounding
    shifts: list[int]
    metre: Metre


def _bass_line(bass: Part | None, ground: Phrase) -> Sounding:
    if bass is None:
        return ()
    inside = [note for note in bass.notes if ground.start <= note.start < ground.end]
    return tuple((note.start - ground.start, note.end - ground.start, note.key) for note in inside)


def _segment(rhythm: list[tuple[int, int]], table: _Table, lines: list[Line], rise: int, dice: Dice) -> Line:
    """Return the next segment of the line.

    Args:
        rhythm: `(start, length)` of its notes.
        table: What it is written against.
        lines: The segments before it.
        rise: Semitones by which its ground stands above the one before.
        dice: Breaks ties.
    """
    keys, ground = table.keys, table.ground
    others = _others(lines, table, rise)
    starts = [start for start, _ in rhythm]
    local = [_local(start, length, table, others, dice) for start, length in rhythm]
    steps = [_step(starts[i], starts[i + 1], ground, keys, others) for i in range(len(rhythm) - 1)]
    before = lines[-1].notes[-1] if lines else None
    is_pinned = before is not None and keys[0] <= before[2] - rise <= keys[-1]
    if before is not None and is_pinned:  # the last note of the segment before is where this one comes from
        local.insert(0, np.where(keys == before[2] - rise, 0.0, 1e6))
        steps.insert(0, _step(before[0] - ground.length, starts[0], ground, keys, others))
    path = cheapest_path(keys, local, steps)[1 if is_pinned else 0 :]
    return Line(tuple((start, length, int(keys[place])) for (start, length), place in zip(rhythm, path, strict=True)))


def _rhythm(number: int, count: int, table: _Table, dice: Dice) -> list[tuple[int, int]]:
    """Return `(start, length)` of the notes: calm at first and at the end, livelier between."""
    size = table.metre.bar // SIXTEENTH
    pool = _CHARACTERS.get(size) or (f"{size // 2} {size - size // 2}",) * 2
    calm = number == 0 or number >= count - 1
    kind = (
        dice.fork("kind").choice(_FIRST.get(size, pool)) if calm else pool[(dice.whole(0, 3) + number * 3) % len(pool)]
    )
    other = dice.fork("other").choice(pool[:6])
    notes: list[tuple[int, int]] = []
    for bar in range(table.ground.length // table.metre.bar):
        at = bar * table.metre.bar
        for token in (kind if bar % 2 == 0 else other).split():
            length = int(token.lstrip("r")) * SIXTEENTH
            if not token.startswith("r"):
                notes.append((at, length))
            at += length
    return notes


def _others(lines: list[Line], table: _Table, rise: int) -> list[Sounding]:
    """Return every voice this segment will meet, as heard relative to it; each with its approach from before 0.

    The segment meets the k-th segment before it whenever two voices are k apart; where the voices lie in different
    octaves, each distance between such a pair is a case of its own.
    """
    period, shifts = table.ground.length, table.shifts
    met: list[Sounding] = []
    for apart in range(1, len(shifts)):
        if len(lines) < apart:
            continue
        for distance in sorted({shifts[place + apart] - shifts[place] for place in range(len(shifts) - apart)}):
            own = lines[-apart].sounding(distance)
            before = lines[-apart - 1].sounding(distance - rise) if len(lines) > apart else ()
            met.append((*((start - period, end - period, key) for start, end, key in before), *own))
    if table.below:
        for shift in sorted(set(shifts)):
            earlier = tuple((start - period, end - period, key - shift - rise) for start, end, key in table.below)
            met.append((*earlier, *((start, end, key - shift) for start, end, key in table.below)))
    return met


def _key_at(voice: Sounding, tick: int) -> int | None:
    return next((key for start, end, key in voice if start <= tick < end), None)


def _chord_at(ground: Phrase, tick: int) -> Slot:
    at = ground.start + tick % ground.length
    return next((slot for slot in ground.slots if slot.start <= at < slot.end), ground.slots[-1])


def _local(start: int, length: int, table: _Table, others: list[Sounding], dice: Dice) -> Costs:
    """Return what each key costs at one note: against its chord, against what sounds, against the edge of the range."""
    keys, slot = table.keys, _chord_at(table.ground, start)
    classes = keys % 12
    on_beat = start % table.metre.beat == 0
    cost = np.where(among(classes, slot.chord.scale), 0.0, 40.0)
    cost += np.where(among(classes, slot.chord.core), 0.0, 9.0 if on_beat or length > EIGHTH else 0.15)
    if start + length > slot.end - table.ground.start:
        after = _chord_at(table.ground, slot.end - table.ground.start)
        cost += np.where(among(classes, after.chord.core), 0.0, 7.0)
    for voice in others:
        other = _key_at(voice, start)
        if other is not None:
            apart = (keys - other) % 12
            cost += np.where(among(apart, _HARSH), 3.0 if on_beat else 0.6, 0.0)
            cost += np.where(apart == 0, 0.9 if on_beat else 0.3, 0.0)
            cost += np.where(keys == other, 1.2, 0.0)
    middle = (keys[0] + keys[-1]) / 2.0
    cost += 0.05 * np.abs(keys - middle)
    return cost + np.array([dice.uniform(0.0, 0.7) for _ in range(keys.size)])


def _step(one: int, two: int, ground: Phrase, keys: npt.NDArray[np.int64], others: list[Sounding]) -> Costs:
    """Return the cost of each interval from one note to the next, parallels with every other voice included."""
    moves = keys[None, :] - keys[:, None]
    size = np.abs(moves)
    cost = 1.7 * interval_cost(keys) + np.where(size == 0, 1.2, 0.0)
    here = among(keys, _chord_at(ground, one).chord.core)
    there = among(keys, _chord_at(ground, two).chord.core)
    cost += np.where(~here[:, None] & ((size > 2) | (size == 0)), 5.0, 0.0)
    cost += np.where(~there[None, :] & (size > 2), 4.0, 0.0)
    for voice in others:
        before, now = _key_at(voice, two - 1), _key_at(voice, two)
        if before is None or now is None or before == now:
            continue
        was, becomes = (keys - before) % 12, (keys - now) % 12
        for perfect in _PERFECT:
            cost += np.where((was == perfect)[:, None] & (becomes == perfect)[None, :] & (moves != 0), _FORBIDDEN, 0.0)
        hidden = (np.sign(moves) == np.sign(now - before)) & among(becomes, _PERFECT)[None, :] & (size > 2)
        cost += np.where(hidden, 0.8, 0.0)
    return cost


def _faults(line: Line, lines: list[Line], table: _Table) -> int:
    """Return how many parallel perfect intervals a segment makes with what it meets."""
    own, shifts = line.sounding(0), table.shifts
    count = 0
    for apart in range(1, len(shifts)):
        if len(lines) >= apart:
            for place in range(len(shifts) - apart):
                count += len(parallels(own, lines[-apart].sounding(shifts[place + apart] - shifts[place])))
    return count + sum(len(parallels(line.sounding(shift), table.below)) for shift in set(shifts))


def parallels(one: Sounding, two: Sounding) -> list[int]:
    """Return the ticks at which two voices move together from one perfect interval into the same one.

    Args:
        one: A voice, sorted.
        two: Another.
    """
    found: list[int] = []
    for start, _, key in one:
        key_before = _key_at(one, start - 1)
        other, other_before = _key_at(two, start), _key_at(two, start - 1)
        if key_before is None or other is None or other_before is None:
            continue
        if key_before == key or other_before == other:
            continue
        before, now = abs(key_before - other_before) % 12, abs(key - other) % 12
        if before == now and now in _PERFECT:
            found.append(start)
    return found


def _voice_part(voices: list[Player], place: int, lines: list[Line], grounds: list[Phrase], ensemble: Ensemble) -> Part:
    player, shift, lifts = voices[place], shifts_of(voices)[place], lifts_of(grounds)
    gap = 0 if player.entry.kind == "struck" else 24
    notes: list[Note] = []
    for number, line in enumerate(lines[: len(lines) - place]):
        ground = grounds[number + place]
        for start, length, key in line.notes:
            accent = 5 if start == 0 else 0
            velocity = 66 + accent + round(14 * min(1.0, number / 6))
            notes.append(Note(ground.start + start, length - gap, key + shift + lifts[number + place], velocity))
    notes.append(_last_note(notes, player, place, ensemble))
    return Part(
        name=player.name,
        instrument=player.instrument,
        role="melody",
        notes=tuple(notes),
        swells=(),
        level_db=player.layer.level,
        send_db=player.layer.send,
        pan=(-0.35, 0.35, 0.0)[place % 3],
        tightness=0.6,
    )


def _last_note(notes: list[Note], player: Player, place: int, ensemble: Ensemble) -> Note:
    """Return the note of the final chord: the leader goes to the tonic, the others to third and fifth, all by steps."""
    wanted = ensemble.last.tones[(0, 1, 2)[place % 3]]
    before = notes[-1].key
    options = within((wanted,), player.low, player.high) or [before]
    key = min(options, key=lambda each: (abs(each - before), each))
    held = ensemble.ring if player.entry.kind == "struck" else ensemble.hold
    return Note(ensemble.final, max(QUARTER // 4, held), key, 70)
