"""Decides which instrument takes which layer of a style: by what was asked for, else by the seed.

Every instrument that was asked for gets a layer, in a role it has; none that was excluded does. Where a person named
instruments no other plays, save those that make the style what it is and, where nobody asked for can play chords and
nobody was to be alone, the style's own chords. Knows nothing of registers, textures or notes.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Role
from hausmusik.engines.composer.prompt import Brief
from hausmusik.engines.composer.tables import InstrumentEntry, LayerEntry, StyleEntry, Tables

Seat: TypeAlias = tuple[LayerEntry, str]
"""A layer and the instrument that plays it."""

_FALLBACKS: Final[dict[Role, tuple[str, int, int, float]]] = {
    # role: texture, lowest and highest key, level of a layer made for an instrument that no layer of the style wants
    "melody": ("lead", 60, 81, -2.0),
    "chords": ("arpeggio", 48, 72, -5.0),
    "pad": ("sustain", 48, 72, -7.0),
    "bass": ("roots", 28, 48, -5.0),
    "colour": ("bells", 70, 93, -8.0),
    "drums": ("drums", 35, 82, -6.0),
}
_RHYTHM: Final = frozenset({"drums", "bass"})
_NO_HARMONY: Final = frozenset({"cluster"})
"""Textures of harmonic layers that do not say what the harmony is."""
_CHORD_VOICES: Final = 3
_LEAST_RANGE: Final = 10
_ENOUGH_RANGE: Final = 14


def seats(brief: Brief, style: StyleEntry, tables: Tables, dice: Dice) -> list[Seat]:
    """Return the layers that play, each with its instrument."""
    return _chosen(brief, style, tables, dice) if brief.instruments else _drawn(brief, style, tables, dice)


def _drawn(brief: Brief, style: StyleEntry, tables: Tables, dice: Dice) -> list[Seat]:
    """Nobody named instruments: draw for each layer, suggestions first."""
    chosen: list[Seat] = []
    suggested = list(brief.suggested)
    used: set[str] = set()
    for number, layer in enumerate(style.layer):
        draw = dice.fork("cast", number)
        share = layer.share if layer.share >= 1 else layer.share * (0.6 + 0.8 * brief.density)
        if draw.uniform() > share or (brief.bed and layer.role == "melody" and layer.enter > 0.4):
            continue
        if layer.role in brief.left_out:
            continue
        allowed = [each for each in layer.instruments if each not in brief.excluded]
        hint = next((each for each in suggested if _suits(tables.instruments[each], layer)), None)
        if hint is not None and layer.role in {"melody", "chords", "colour", "pad"}:
            suggested.remove(hint)
            chosen.append((layer, hint))
            used.add(hint)
            continue
        if not allowed:
            continue
        weights = {each: 1.0 / (1 + place) for place, each in enumerate(dict.fromkeys(allowed))}
        fresh = {each: weight for each, weight in weights.items() if each not in used}
        keep_same = style.title == "piano ballad" or layer.role in {"bass", "pad"}
        picked = draw.weighted(weights if keep_same or not fresh else fresh)
        chosen.append((layer, picked))
        used.add(picked)
    return _with_harmony(chosen, brief, style, tables)


def _with_harmony(chosen: list[Seat], brief: Brief, style: StyleEntry, tables: Tables) -> list[Seat]:
    """Return a cast in which somebody plays chords: the style's own, else whoever is allowed to."""
    if _carries_harmony(chosen):
        return chosen
    own = sorted(
        (layer for layer in style.layer if layer.role in {"chords", "pad"} and layer.texture not in _NO_HARMONY),
        key=lambda layer: (layer.share < 1, layer.enter),
    )
    for layer in own:
        for instrument in layer.instruments:
            if instrument not in brief.excluded:
                return [(msgspec.structs.replace(layer, enter=0.0), instrument), *chosen]
    for instrument in ("piano", "strings", "nylon_guitar", "warm_pad", "harp", "electric_organ", "choir"):
        if instrument not in brief.excluded:
            entry = tables.instruments[instrument]
            return [(_made("chords" if "chords" in entry.roles else "pad", enter=0.0), instrument), *chosen]
    return chosen or [(style.layer[0], style.layer[0].instruments[0])]


def _carries_harmony(chosen: list[Seat]) -> bool:
    """Return whether somebody plays chords; two voices of a canon are harmony enough."""
    chords = any(layer.role in {"chords", "pad"} and layer.texture not in _NO_HARMONY for layer, _ in chosen)
    return chords or sum(layer.texture == "canon" and layer.role == "melody" for layer, _ in chosen) > 1


def _chosen(brief: Brief, style: StyleEntry, tables: Tables, dice: Dice) -> list[Seat]:
    """Instruments were named: each gets the layer it is best at, then they share what a piece cannot do without."""
    asked = [each for each in brief.instruments if each not in brief.excluded]
    entries = [tables.instruments[each] for each in asked]
    if not brief.solo and all(set(entry.roles) <= _RHYTHM for entry in entries):
        return _with_rhythm(asked, _drawn(brief, style, tables, dice), style, tables)
    if brief.solo and len(asked) == 1 and entries[0].voices == 1:
        return [_alone(asked[0], style, tables)]
    taken: dict[int, str] = {}
    made: list[Seat] = []
    for each, entry in zip(asked, entries, strict=True):
        open_layers = [
            place
            for place, layer in enumerate(style.layer)
            if place not in taken and layer.role not in brief.left_out and _suits(entry, layer)
        ]
        if open_layers:
            taken[min(open_layers, key=lambda place: _fit(each, entry, style.layer[place], place))] = each
        else:
            wanted: list[Role] = [role for role in entry.roles if role not in brief.left_out]
            role = wanted[0] if wanted else entry.roles[0]
            made.append((_made(role, enter=0.3, groove=_groove(style)), each))
    load = dict.fromkeys(asked, 1)
    heard = {style.layer[place].role for place in taken}  # what nobody plays yet comes before what is doubled
    order = sorted(enumerate(style.layer), key=lambda item: (item[1].share < 1, item[1].role in heard, item[0]))
    for place, layer in order:
        if place in taken or layer.role in brief.left_out:
            continue
        able = [
            each
            for each in asked
            if _suits(tables.instruments[each], layer)
            and load[each] < _most(tables.instruments[each], len(asked))
            and (layer.share >= 1 or each in layer.instruments)
            and not (layer.role == "bass" and tables.instruments[each].roles[0] != "bass" and len(asked) > 1)
        ]
        if able:
            best = min(able, key=lambda each: (load[each], _fit(each, tables.instruments[each], layer, place)))
            taken[place] = best
            load[best] += 1
    chosen = [(style.layer[place], taken[place]) for place in sorted(taken)] + made
    chosen += _core(brief, style, asked, taken, tables)
    return _begun(_harmonised(chosen, brief, asked, style, tables))


def _with_rhythm(asked: list[str], drawn: list[Seat], style: StyleEntry, tables: Tables) -> list[Seat]:
    """Only drums and basses were named: they play in a full band of the style, in place of its own."""
    seats = list(drawn)
    taken: set[int] = set()
    for each in asked:
        entry = tables.instruments[each]
        places = [at for at, (layer, _) in enumerate(seats) if at not in taken and _suits(entry, layer)]
        if places:
            best = min(places, key=lambda at: _fit(each, entry, seats[at][0], at))
            seats[best] = (seats[best][0], each)
            taken.add(best)
        else:
            free = [layer for layer in style.layer if layer not in [own for own, _ in seats] and _suits(entry, layer)]
            made = _made(entry.roles[0], enter=0.3, groove=_groove(style))
            taken.add(len(seats))
            seats.append((free[0] if free else made, each))
    return seats


def _alone(name: str, style: StyleEntry, tables: Tables) -> Seat:
    """Return the one seat of an instrument of one voice that plays alone: a line that is its own harmony."""
    entry = tables.instruments[name]
    role = entry.roles[0]
    if role == "melody":
        return msgspec.structs.replace(_made("melody", enter=0.0), texture="solo"), name
    fitting = [layer for layer in style.layer if layer.role == role and _suits(entry, layer)]
    own = fitting[0] if fitting else _made(role, enter=0.0, groove=_groove(style))
    lively = "groove" if own.texture in {"roots", "canon"} else own.texture
    return msgspec.structs.replace(own, enter=0.0, texture=lively), name


def _fit(name: str, entry: InstrumentEntry, layer: LayerEntry, place: int) -> float:
    """Return how badly an instrument fits a layer: its own kind of layer first, then the role it likes best."""
    return entry.roles.index(layer.role) - (2.6 if name in layer.instruments else 0.0) + 0.05 * place


def _core(brief: Brief, style: StyleEntry, asked: list[str], taken: dict[int, str], tables: Tables) -> list[Seat]:
    """Return the layers without which the style is not itself, e.g. bass and drums in jazz."""
    if brief.solo or not brief.style_named:
        return []
    found: list[Seat] = []
    roles = {role for each in asked for role in tables.instruments[each].roles[:1]}
    for place, layer in enumerate(style.layer):
        free = [each for each in layer.instruments if each not in brief.excluded]
        if layer.core and place not in taken and layer.role not in roles and free:
            found.append((layer, free[0]))
    return found


def _most(entry: InstrumentEntry, asked: int) -> int:
    """Return how many layers one instrument may take: a wind one, a piano two, or three when it is alone."""
    if entry.voices == 1 or entry.kind == "drums":
        return 1
    return 3 if asked == 1 else 2


def _harmonised(chosen: list[Seat], brief: Brief, asked: list[str], style: StyleEntry, tables: Tables) -> list[Seat]:
    """See to it that there is harmony: by who was asked for and can, else by another, where company was not refused."""
    if not brief.solo:
        chosen = _with_voices(chosen, brief, asked, style, tables)
    if _carries_harmony(chosen):
        return chosen
    for each in asked:
        entry = tables.instruments[each]
        role: Role | None = next((role for role in entry.roles if role in {"chords", "pad"}), None)
        if role is not None and entry.voices >= _CHORD_VOICES:
            return [(msgspec.structs.replace(_made(role, enter=0.0), voices=3), each), *chosen]
    return chosen if brief.solo else _with_harmony(chosen, brief, style, tables)


def _with_voices(chosen: list[Seat], brief: Brief, asked: list[str], style: StyleEntry, tables: Tables) -> list[Seat]:
    """A canon takes two: where one voice was cast, the same instrument follows itself, else the style's own does."""
    open_layers = [layer for layer in style.layer if layer.texture == "canon" and layer.role == "melody"]
    have = [layer for layer, _ in chosen if layer in open_layers]
    singers = [each for each in asked if "melody" in tables.instruments[each].roles]
    for layer in [layer for layer in open_layers if layer not in have][: max(0, 2 - len(have))]:
        able = [each for each in singers if _suits(tables.instruments[each], layer)]
        free = [each for each in layer.instruments if each not in brief.excluded]
        chosen = [*chosen, *[(layer, each) for each in (able or free)[:1]]]
    return chosen


def _begun(chosen: list[Seat]) -> list[Seat]:
    """See to it that somebody plays from the beginning."""
    if chosen and all(layer.enter > 0.15 for layer, _ in chosen):
        first = min(range(len(chosen)), key=lambda place: chosen[place][0].enter)
        chosen[first] = (msgspec.structs.replace(chosen[first][0], enter=0.0), chosen[first][1])
    return chosen


def _made(role: Role, *, enter: float, groove: str = "folk") -> LayerEntry:
    texture, low, high, level = _FALLBACKS[role]
    return LayerEntry(role, texture, (), (low, high), enter, level=level, voices=4, groove=groove)


def _groove(style: StyleEntry) -> str:
    named = [layer.groove for layer in style.layer if layer.groove]
    if named:
        return named[0]
    return "pop" if style.energy >= 0.5 else "folk" if style.energy >= 0.35 else "ambient"


def _suits(entry: InstrumentEntry, layer: LayerEntry) -> bool:
    """Return whether an instrument can play a layer well."""
    if layer.role not in entry.roles:
        return False
    low, high = keys_of(layer, entry)
    if layer.role in {"chords", "pad"} and entry.voices < _CHORD_VOICES:
        return False
    return layer.role == "drums" or high - low >= _LEAST_RANGE


def keys_of(layer: LayerEntry, entry: InstrumentEntry) -> tuple[int, int]:
    """Return the keys that layer and instrument share, the layer moved by octaves to where the instrument lies."""
    if layer.role == "drums":
        return entry.range
    best = (-1, 0, 0)
    for shift in (0, 12, -12, 24, -24):
        low, high = max(layer.range[0] + shift, entry.range[0]), min(layer.range[1] + shift, entry.range[1])
        if shift and best[0] >= _ENOUGH_RANGE:
            break
        if high - low > best[0]:
            best = (high - low, low, high)
    low, high = best[1], best[2]
    if high - low < _LEAST_RANGE:
        low, high = entry.range
    return low, high
