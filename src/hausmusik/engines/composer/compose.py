"""Brief, duration and seed in, a written piece out: the one place where form, harmony, parts and style meet.

Knows nothing of samples, seconds per note, files or requests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from hausmusik.engines.composer import form, harmony
from hausmusik.engines.composer.arrangement import arrange
from hausmusik.engines.composer.canon import canon_phrases, write_canon
from hausmusik.engines.composer.casting import cast
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.ensemble import Ensemble
from hausmusik.engines.composer.harmony import Flavour
from hausmusik.engines.composer.melody import Cells
from hausmusik.engines.composer.piece import Metre, Piece
from hausmusik.engines.composer.prompt import Brief
from hausmusik.engines.composer.sampler.room import ROOMS
from hausmusik.engines.composer.tables import StyleEntry, Tables

_DENSE: Final = 0.62
_SPARSE: Final = 0.3
_LEAST_CANON_BARS: Final = 2
_END_S: Final = 0.7
"""The last sound dies away this long before the end."""


def compose(
    brief: Brief, tables: Tables, duration_s: float, dice: Dice, *, pause: Callable[[], None] = lambda: None
) -> Piece:
    """Return a piece of exactly this duration.

    Args:
        brief: What to compose.
        tables: Styles, instruments and the rest.
        duration_s: Above 0.
        dice: Seeded; the same dice give the same piece.
        pause: Called at least a few times per second; what it raises ends the composing.
    """
    style = tables.styles[brief.style]
    metre = brief.metre
    players = cast(brief, style, tables, dice)
    rings_s = max((player.entry.rings_s for player in players), default=form.LONGEST_RING_S)
    fitted = form.fit(
        duration_s,
        brief.tempo_bpm,
        metre,
        is_given=brief.tempo_given,
        ring_bars=style.ring,
        slowing=style.slowing,
        longest_ring_s=rings_s,
    )
    flavours = _flavours(brief, style, tables, dice)
    is_canon = brief.style == "canon" and fitted.bars >= _LEAST_CANON_BARS
    if is_canon:
        flavour = tables.progressions["classical_minor" if brief.key.is_minor else "classical_major"]
        phrases = canon_phrases(fitted.bars, metre, brief.key, flavour, dice.fork("canon"), rises=brief.rises)
    else:
        phrases = form.phrases(fitted, metre, brief.key, brief.energy, dice.fork("form"))
        phrases = harmony.harmonise(phrases, metre, flavours, dice, loops=style.loops)
    pause()
    last = harmony.final_chord(brief.key, flavours, dice)
    final = fitted.bars * metre.bar + fitted.upbeat
    ticks_per_s = fitted.tempo[-1][1] / 60.0 * 480
    tail_s = min(0.35 * fitted.ring_s, 0.2 * ROOMS[style.room].decay_s + 0.4)
    ensemble = Ensemble(
        phrases=phrases,
        metre=metre,
        last=last,
        final=final,
        ring=max(1, round(fitted.ring_s * ticks_per_s)),
        hold=max(1, round((fitted.ring_s - tail_s) * ticks_per_s)),
        again=_again(fitted.ring_s, rings_s, ticks_per_s),
        cells=_cells(brief, style, tables),
        grooves=tables.grooves,
        density=brief.density,
        duration_s=duration_s,
        bed=brief.bed,
        dice=dice,
        pause=pause,
    )
    return Piece(
        title=f"{style.title} in {brief.key.title}",
        key=brief.key,
        metre=metre,
        tempo=fitted.tempo,
        phrases=phrases,
        parts=write_canon(players, ensemble) if brief.style == "canon" else arrange(players, ensemble),
        final=final,
        duration_s=duration_s,
        lead_s=fitted.lead_s,
        swing=style.swing,
        swing_unit=style.swing_unit,
        room=style.room,
    )


def _again(ring_s: float, rings_s: float, ticks_per_s: float) -> tuple[int, ...]:
    """Return when the last chord is touched again, softer, so that short sounds last to the end; ticks after it."""
    times = math.ceil((ring_s - _END_S) / max(0.5, rings_s))
    return tuple(round(index * (ring_s - _END_S) / times * ticks_per_s) for index in range(1, times))


def _flavours(brief: Brief, style: StyleEntry, tables: Tables, dice: Dice) -> Mapping[str, Flavour]:
    """Return the progressions for every mode that a chapter may be in; some styles have a second set."""
    names = dict(style.flavours)
    if style.alternatives and dice.fork("flavour").chance(0.4):
        names.update(style.alternatives)
    # A chapter in a relative key may need the other gender.
    names.setdefault("major", names.get(brief.key.mode, "folk_major") if not brief.key.is_minor else "folk_major")
    names.setdefault("minor", "folk_minor")
    if brief.key.mode not in names:
        names[brief.key.mode] = names["minor" if brief.key.is_minor else "major"]
    return {mode: tables.progressions[name] for mode, name in names.items()}


def _cells(brief: Brief, style: StyleEntry, tables: Tables) -> Cells:
    """Return the melodic rhythms: the style's own, calmer or livelier where the words ask for it."""
    rhythm = style.rhythm
    if rhythm in {"lyrical", "flowing"}:
        rhythm = "sparse" if brief.density < _SPARSE else "flowing" if brief.density > _DENSE else rhythm
        rhythm = "lyrical" if rhythm == "flowing" and brief.density < 0.45 else rhythm
    by_metre = tables.rhythms[rhythm]
    return by_metre.get(f"{brief.metre.beats}/{brief.metre.unit}") or _stretched(by_metre["4/4"], brief.metre)


def _stretched(cells: Cells, metre: Metre) -> Cells:
    """Return cells of 4/4 cut to another metre."""
    limit = metre.bar // 120

    def cut(cell: str) -> str:
        kept: list[str] = []
        used = 0
        for token in cell.split():
            size = min(int(token.lstrip("r")), limit - used)
            if size > 0:
                kept.append(("r" if token.startswith("r") else "") + str(size))
                used += size
        return " ".join(kept)

    return {name: tuple(cut(cell) for cell in lines) for name, lines in cells.items()}
