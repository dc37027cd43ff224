"""What the tone engine hears: where words lie, and a vector that tells its voices apart.

Made for the babble of `hausmusik.engines.tone.sounds`: every burst of sound is heard as the word `la`. The times are
measured, so a caption test on it is real. Knows nothing of requests and events.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hausmusik.types import Audio, FloatArray

_FRAME_S: Final = 0.01
_SHORTEST_GAP_S: Final = 0.04
BANDS: Final = 64


def bursts(audio: Audio) -> list[tuple[float, float]]:
    """Return the (start, end) in seconds of every stretch of sound that is at least 40 ms away from the next."""
    mono = audio.samples.mean(axis=0)
    frame = max(1, round(_FRAME_S * audio.sample_rate_hz))
    frames = mono[: mono.size // frame * frame].reshape(-1, frame)  # shape (frames, samples of one frame)
    if not frames.size:
        return []
    level = np.sqrt(np.mean(frames.astype(np.float64) ** 2, axis=1))
    loud = np.flatnonzero(level > max(0.05 * float(level.max()), 1e-4))
    found: list[tuple[float, float]] = []
    for index in loud.tolist():
        start_s, end_s = index * _FRAME_S, (index + 1) * _FRAME_S
        if found and start_s - found[-1][1] < _SHORTEST_GAP_S - 1e-9:
            found[-1] = (found[-1][0], end_s)
        else:
            found.append((start_s, end_s))
    return found


def speaker_vector(audio: Audio) -> FloatArray:
    """Return the centred log energies of 64 bands from 60 to 3,000 Hz; shape `(1, 64)`, L2-normalised.

    The bands are an eleventh of an octave wide, so that the pitch of a voice shows in them. Measured on six voices and
    four texts: same voice 0.87 to 1.0; other voices 0.06 in the median, 0.91 for two whose pitches are 2 % apart.
    """
    mono = audio.samples.mean(axis=0).astype(np.float64)
    power = np.abs(np.fft.rfft(mono)) ** 2
    bins = np.fft.rfftfreq(mono.size, 1 / audio.sample_rate_hz)
    edges = np.geomspace(60.0, 3_000.0, BANDS + 1)
    sums = np.histogram(bins, bins=edges, weights=power)[0]
    level = np.log(sums + 1e-4 * max(float(sums.max()), 1e-12))
    level -= level.mean()
    length = float(np.linalg.norm(level))
    vector = level / length if length > 1e-9 else np.full(BANDS, BANDS**-0.5)
    return vector.astype(np.float32).reshape(1, BANDS)
