"""How loud a part is while it plays, estimated from a few of its notes before anything is mixed.

A General MIDI bank's instruments differ by 20 dB at the same velocity; the arranger thinks in a balance of parts. So
the K-weighted energies of some notes are spread over the time in which any note sounds. Knows nothing of targets.

Source: ITU-R BS.1770-5 (K-weighting).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hausmusik.audio.kweighting import KWeighting
from hausmusik.engines.composer.sampler.mixdown import Strike
from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ, ToneStore
from hausmusik.engines.composer.tables import Kind
from hausmusik.types import FloatArray

_SAMPLED_NOTES: Final = 14
_LONGEST: Final[dict[Kind, int]] = {
    "held": 3 * SAMPLE_RATE_HZ,
    "struck": round(1.2 * SAMPLE_RATE_HZ),
    "drums": SAMPLE_RATE_HZ,
}
_LEAST_ACTIVE: Final = SAMPLE_RATE_HZ // 5


def loudness_db(strikes: tuple[Strike, ...], preset: tuple[int, int], tones: ToneStore, kind: Kind) -> float:
    """Return a part's loudness in LUFS while it plays, before any gain.

    Args:
        strikes: Its notes, sorted, at least one.
        preset: Bank and program.
        tones: Renders the notes looked at.
        kind: Of struck notes only the first second counts: their attack is what is heard as loud, not their dying away.
    """
    longest = _LONGEST[kind]
    step = max(1, len(strikes) // _SAMPLED_NOTES)
    sample = strikes[::step][:_SAMPLED_NOTES]
    total = 0.0
    for strike in sample:
        held = longest if kind == "drums" else min(strike.held, longest)
        tone = tones.tone(preset, strike.key, strike.velocity, held)
        longer = min(4.0, strike.held / max(1, held)) if kind == "held" else 1.0  # a longer note goes on as it is
        for strand in tone.strands:
            total += _energy(strand.part(0, max(1, held))) * (strand.left**2 + strand.right**2) * longer
    power = total * len(strikes) / len(sample) / max(1, _active(strikes, longest if kind == "struck" else 1 << 40))
    return -0.691 + 10.0 * math.log10(max(power, 1e-12))


def _energy(signal: FloatArray) -> float:
    """Return the K-weighted energy of a mono signal: the sum of its squares, in samples."""
    meter = KWeighting(SAMPLE_RATE_HZ, 1)
    padded = np.pad(signal, (0, -signal.size % meter.hop))
    return float(meter.push(padded[None, :]).sum()) * meter.hop


def _active(strikes: tuple[Strike, ...], longest: int) -> int:
    """Return for how many samples at least one note is down, each counted for `longest` samples at most."""
    active, until = 0, 0
    for strike in strikes:
        end = strike.start + max(_LEAST_ACTIVE, min(longest, strike.held))
        active += max(0, end - max(strike.start, until))
        until = max(until, end)
    return active
