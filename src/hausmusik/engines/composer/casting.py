"""Casts a style's layers with instruments: the ones asked for, else the style's own, drawn by the seed.

Every instrument that was asked for gets a layer, none that was excluded does, and where a person named instruments no
other plays, save those that make the style what it is. Knows nothing of notes.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Role
from hausmusik.engines.composer.prompt import Brief
from hausmusik.engines.composer.tables import InstrumentEntry, LayerEntry, StyleEntry, Tables

_HELD_INSTEAD: Final = {"arpeggio": "half_notes", "picking": "half_notes", "rolled": "half_notes", "strum": "pulse"}
_STRUCK_INSTEAD: Final = {
    "sustain": "rolled",
    "half_notes": "rolled",
    "cluster": "rolled",
    "drone": "pedal",
    "chorale": "rolled",
}
_FALLBACKS: Final[dict[Role, tuple[str, int, int, float]]] = {
    # role: texture, lowest and highest key, level of a layer made for an instrument that no layer of the style wants
    "melody": ("lead", 60, 81, -2.0),
    "chords": ("arpeggio", 48, 72, -5.0),
    "pad": ("sustain", 48, 72, -7.0),
    "bass": ("roots", 28, 48, -5.0),
    "colour": ("bells", 70, 93, -8.0),
    "drums": ("drums", 35, 82, -6.0),
}
_LEAST_RANGE: Final = 10
_ENOUGH_RANGE: Final = 14
_HIGH_LEAD: Final = 67
_CAN_ROOT: Final = frozenset({"arpeggio", "picking", "rolled", "strum", "block", "alberti", "canon"})


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """One layer with its instrument.

    Args:
        name: Unique in the piece.
        instrument: Id.
        entry: The instrument.
        layer: What it plays.
        texture: How, adapted to the instrument.
        low: Lowest key.
        high: Highest key.
        enter: Intensity from which it plays.
    """

    name: str
    instrument: str
    entry: InstrumentEntry
    layer: LayerEntry
    texture: str
    low: int
    high: int
    enter: float


def cast(brief: Brief, style: StyleEntry, tables: Tables, dice: Dice) -> tuple[Player, ...]:
    """Return who plays what, in the order of the style's layers."""
    chosen = _chosen(brief, style, tables) if brief.instruments else _drawn(brief, style, tables, dice)
    players: list[Player] = []
    names: dict[str, int] = {}
    for layer, instrument in chosen:
        entry = tables.instruments[instrument]
        low, high = _range(layer, entry)
        if layer.texture == "lead" and instrument not in layer.instruments:
            low, high = _singing_range(entry)
        texture = layer.texture
        if entry.kind == "held":
            texture = _HELD_INSTEAD.get(texture, texture)
        elif entry.kind == "struck":
            texture = _STRUCK_INSTEAD.get(texture, texture)
        count = names[entry.title] = names.get(entry.title, 0) + 1
        players.append(
            Player(
                name=entry.title if count == 1 else f"{entry.title} {count}",
                instrument=instrument,
                entry=entry,
                layer=layer,
                texture=texture,
                low=low,
                high=high,
                enter=layer.enter,
            )
        )
    return _seated(players)


def _seated(players: list[Player]) -> tuple[Player, ...]:
    """Keep the registers apart: harmony stays below the melody, and somebody always plays the bass."""
    leads = [player for player in players if player.texture == "lead"]
    has_bass = any(player.layer.role == "bass" and player.texture not in {"strokes", "heartbeat"} for player in players)
    roof = min((player.low for player in leads if player.low + player.high > 2 * _HIGH_LEAD), default=127)
    seated: list[Player] = []
    for player in players:
        role, low, high, layer = player.layer.role, player.low, player.high, player.layer
        if role in {"chords", "pad"} and roof < 127:
            high = min(high, max(low + 14, roof + 4))
        if not has_bass and role == "chords" and player.texture in _CAN_ROOT and player.entry.range[0] <= 41:
            low, layer, has_bass = (
                max(player.entry.range[0], 38),
                msgspec.structs.replace(layer, rooted=True, voices=5),
                True,
            )
        seated.append(msgspec.structs.replace(player, low=low, high=high, layer=layer))
    if not has_bass:
        seated = _with_low_pad(seated)
    return tuple(seated)


def _with_low_pad(players: list[Player]) -> list[Player]:
    """Where only held chords are there to carry the bass, let the lowest of them reach down for it."""
    able = [
        place
        for place, player in enumerate(players)
        if player.layer.role == "pad" and player.entry.range[0] <= 43 and player.entry.voices > 1
    ]
    if able:
        place = able[0]
        layer = msgspec.structs.replace(
            players[place].layer, rooted=True, voices=min(5, players[place].layer.voices + 1)
        )
        players[place] = msgspec.structs.replace(players[place], layer=layer, low=players[place].entry.range[0])
    return players


def _drawn(brief: Brief, style: StyleEntry, tables: Tables, dice: Dice) -> list[tuple[LayerEntry, str]]:
    """Nobody named instruments: draw for each layer, suggestions first."""
    chosen: list[tuple[LayerEntry, str]] = []
    suggested = list(brief.suggested)
    used: set[str] = set()
    for number, layer in enumerate(style.layer):
        draw = dice.fork("cast", number)
        share = layer.share if layer.share >= 1 else layer.share * (0.6 + 0.8 * brief.density)
        if draw.uniform() > share or (brief.bed and layer.role == "melody" and layer.enter > 0.4):
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
    return _never_empty(chosen, brief, style, tables)


def _never_empty(
    chosen: list[tuple[LayerEntry, str]], brief: Brief, style: StyleEntry, tables: Tables
) -> list[tuple[LayerEntry, str]]:
    """Where exclusions left nothing that carries the harmony, take a piano, strings or whatever is still allowed."""
    if _carries_harmony(chosen):
        return chosen
    for instrument in ("piano", "strings", "nylon_guitar", "warm_pad", "harp", "organ", "choir"):
        if instrument not in brief.excluded:
            layer = _made("chords" if tables.instruments[instrument].kind == "struck" else "pad", enter=0.0)
            return [(layer, instrument), *chosen]
    return chosen or [(style.layer[0], style.layer[0].instruments[0])]


def _carries_harmony(chosen: list[tuple[LayerEntry, str]]) -> bool:
    """Return whether somebody plays chords; the voices of a canon are harmony enough."""
    return any(layer.role in {"chords", "pad"} or layer.texture == "canon" for layer, _ in chosen)


def _chosen(brief: Brief, style: StyleEntry, tables: Tables) -> list[tuple[LayerEntry, str]]:
    """Instruments were named: each gets the layer it is best at, then they share what a piece cannot do without."""
    asked = [each for each in brief.instruments if each not in brief.excluded]
    taken: dict[int, str] = {}
    made: list[tuple[LayerEntry, str]] = []
    for each in asked:
        entry = tables.instruments[each]
        open_layers = [place for place, layer in enumerate(style.layer) if place not in taken and _suits(entry, layer)]
        if open_layers:
            taken[min(open_layers, key=lambda place: _fit(each, entry, style.layer[place], place))] = each
        else:
            made.append((_made(entry.roles[0], enter=0.3, groove=_groove(style)), each))
    load = dict.fromkeys(asked, 1)
    for place, layer in sorted(enumerate(style.layer), key=lambda item: (item[1].share < 1, item[0])):
        if place in taken or (brief.solo and len(asked) == 1 and tables.instruments[asked[0]].voices == 1):
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
    return _grounded(chosen, brief, asked, tables)


def _fit(name: str, entry: InstrumentEntry, layer: LayerEntry, place: int) -> float:
    """Return how badly an instrument fits a layer: its own kind of layer first, then the role it likes best."""
    return entry.roles.index(layer.role) - (2.6 if name in layer.instruments else 0.0) + 0.05 * place


def _core(
    brief: Brief, style: StyleEntry, asked: list[str], taken: dict[int, str], tables: Tables
) -> list[tuple[LayerEntry, str]]:
    """Return the layers without which the style is not itself, e.g. bass and drums in jazz."""
    if brief.solo or not brief.style_named:
        return []
    found: list[tuple[LayerEntry, str]] = []
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


def _grounded(
    chosen: list[tuple[LayerEntry, str]], brief: Brief, asked: list[str], tables: Tables
) -> list[tuple[LayerEntry, str]]:
    """See to it that somebody plays from the beginning, and that there is harmony, if need be in several takes."""
    lonely = len(asked) == 1 and brief.solo
    if not lonely and not _carries_harmony(chosen):
        tuned = [each for each in asked if tables.instruments[each].kind != "drums"]
        able = [each for each in tuned if tables.instruments[each].voices > 1] or tuned
        if able:
            lowest = min(able, key=lambda each: tables.instruments[each].range[0])
            entry = tables.instruments[lowest]
            layer = _made("chords" if entry.kind == "struck" else "pad", enter=0.0)
            chosen = [(msgspec.structs.replace(layer, voices=3), lowest), *chosen]
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
    low, high = _range(layer, entry)
    if layer.role in {"chords", "pad"} and entry.voices < 3:
        return False
    return layer.role == "drums" or high - low >= _LEAST_RANGE


def _singing_range(entry: InstrumentEntry) -> tuple[int, int]:
    """Return where an instrument carries a melody: high enough to stand out, if it can."""
    low, high = entry.range
    if high >= 84:
        return max(low, 62), min(high, 84)
    return max(low, high - 24), high


def _range(layer: LayerEntry, entry: InstrumentEntry) -> tuple[int, int]:
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
