"""Slow dynamics: how the held parts swell with the phrases, and how a thin texture is lifted so that it still carries.

Knows nothing of notes beyond when a part plays, and nothing of velocities.
"""

from __future__ import annotations

import bisect
import math

import msgspec
import numpy as np

from hausmusik.engines.composer.casting import Player
from hausmusik.engines.composer.ensemble import Ensemble
from hausmusik.engines.composer.piece import Part


def swells(player: Player, ensemble: Ensemble) -> tuple[tuple[int, float], ...]:
    """Return slow dynamics: each phrase has its own level and grows a little towards its middle; the end fades."""
    depth = 5.0 if player.layer.role == "pad" else 3.5
    points: list[tuple[int, float]] = []
    for phrase in ensemble.phrases:
        level = depth * (min(1.0, phrase.intensity) - 0.75)
        points.append((phrase.start, level - 0.8))
        points.append((phrase.start + phrase.length * 5 // 8, level + 0.9))
    last = points[-1][1] if points else 0.0
    points.append((ensemble.final, last - 0.5))
    points.append((ensemble.final + ensemble.hold * 3 // 5, last - 3.0))
    points.append((ensemble.final + ensemble.hold, last - 10.0))
    return tuple(points)


def evened(parts: list[Part], ensemble: Ensemble) -> tuple[Part, ...]:
    """Let few players play a little louder than many, so that a quiet beginning is still heard under a voice.

    Two fifths of the difference in power between a phrase and the fullest one are given back, at most 5 dB.
    """
    powers: list[float] = []
    starts = [sorted({note.start for note in part.notes}) for part in parts]
    for phrase in ensemble.phrases:
        heard = [
            part
            for part, at in zip(parts, starts, strict=True)
            if bisect.bisect_left(at, phrase.start) < bisect.bisect_left(at, phrase.end)
        ]
        powers.append(sum(10 ** (part.level_db / 10) for part in heard))
    if not powers or max(powers) <= 0:
        return tuple(parts)
    fullest = max(powers)
    lifts = [min(5.0, 4.0 * math.log10(fullest / power)) if power else 0.0 for power in powers]
    curve: list[tuple[int, float]] = []
    for phrase, lift in zip(ensemble.phrases, lifts, strict=True):
        curve.append((phrase.start, lift))
        curve.append((phrase.end - min(ensemble.metre.beat, phrase.length // 4), lift))
    curve.append((ensemble.final, lifts[-1]))
    return tuple(msgspec.structs.replace(part, swells=_summed(part.swells, curve)) for part in parts)


def _summed(one: tuple[tuple[int, float], ...], two: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Return the sum of two broken lines."""
    places = sorted({tick for tick, _ in one} | {tick for tick, _ in two})
    added = np.interp(places, [tick for tick, _ in two], [level for _, level in two])
    if one:
        added = added + np.interp(places, [tick for tick, _ in one], [level for _, level in one])
    return tuple((tick, float(level)) for tick, level in zip(places, added, strict=True))
