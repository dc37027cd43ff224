"""Make the model's samples joinable: trimmed, level, with exact rests, faded at both ends.

Kokoro pads every chunk with 0.2 to 0.5 s of digital silence at both ends and says short sentences up to 5 dB louder
than long ones; Piper does much the same. Both would be heard at the joins. Knows nothing of words.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.errors import GenerationFailed
from hausmusik.types import FloatArray

_FRAMES_PER_S: Final = 100
_SILENT_DB: Final = -45.0
"""Below the loudest frame; breath and the tail of an s are above it."""
_LEAD_S, _TAIL_S = 0.02, 0.06
_FADE_S: Final = 0.005
_REACH_S: Final = 0.1
"""How far before its mark the silence of a rest may begin."""
LEVEL_DB: Final = -21.0
"""RMS of the frames that speak, in dB of full scale; leaves 18 dB for peaks."""
_SILENCE_DB: Final = -70.0
_MOST_GAIN_DB: Final = 6.0
_PEAK: Final = 0.89
_SPEAKS_DB: Final = -30.0


class Shaped(msgspec.Struct, frozen=True):
    """A chunk ready to be joined.

    Args:
        samples: Shape `(samples,)`.
        edges: Where each symbol begins in it, and at last where the final one ends; clipped to the samples.
        sample_rate_hz: Of the samples.
    """

    samples: FloatArray
    edges: npt.NDArray[np.int64]
    sample_rate_hz: int


def frame_levels_db(samples: FloatArray, sample_rate_hz: int) -> FloatArray:
    """Return the level of every 10 ms, in dB of full scale RMS; a rest of samples at the end is left out."""
    frame = sample_rate_hz // _FRAMES_PER_S
    whole = samples[: samples.size // frame * frame].reshape(-1, frame)
    power = np.mean(np.square(whole, dtype=np.float64), axis=1)
    return (10.0 * np.log10(power + 1e-18)).astype(np.float32)


def shape(
    samples: FloatArray, lengths: npt.NDArray[np.int64], rests: tuple[tuple[int, float], ...], sample_rate_hz: int
) -> Shaped:
    """Trim, level, rest and fade one chunk.

    Args:
        samples: From the model, shape `(samples,)`.
        lengths: Samples per symbol, with the model's padding before the first and after the last.
        rests: `(index of a symbol, seconds)`: at least so much silence must be heard there.
        sample_rate_hz: Of the samples.

    Raises:
        GenerationFailed: the model gave silence.
    """
    frame = sample_rate_hz // _FRAMES_PER_S
    levels = frame_levels_db(samples, sample_rate_hz)
    loudest = float(levels.max(initial=-200.0))
    if loudest < _SILENCE_DB:
        raise GenerationFailed("the voice gave silence", hint="say it in other words")
    silent = levels < loudest + _SILENT_DB
    heard = np.flatnonzero(~silent)
    start = max(0, int(heard[0]) * frame - round(_LEAD_S * sample_rate_hz))
    end = min(samples.size, (int(heard[-1]) + 1) * frame + round(_TAIL_S * sample_rate_hz))
    edges = np.minimum(np.cumsum(lengths), samples.size)  # where each symbol begins, the front padding skipped
    loud = samples * np.float32(_gain(samples, levels, loudest))
    quiet = _Quiet(loud, silent, frame)
    out, moved = _rested(quiet, edges, [(at, round(each * sample_rate_hz)) for at, each in rests], sample_rate_hz)
    end += out.size - samples.size
    return Shaped(faded(out[start:end], sample_rate_hz), np.clip(moved - start, 0, end - start), sample_rate_hz)


def _gain(samples: FloatArray, levels: FloatArray, loudest: float) -> float:
    speaking = levels[levels > loudest + _SPEAKS_DB].astype(np.float64)
    level = 10.0 * np.log10(np.mean(10.0 ** (speaking / 10.0)))
    change = float(np.clip(LEVEL_DB - level, -_MOST_GAIN_DB, _MOST_GAIN_DB))
    return min(10.0 ** (change / 20.0), _PEAK / float(np.abs(samples).max()))


class _Quiet(msgspec.Struct, frozen=True):
    """Samples with what is silent in them, frame by frame."""

    samples: FloatArray
    silent: npt.NDArray[np.bool_]
    frame: int

    def near(self, low: int, high: int) -> tuple[int, int]:
        """Return the middle of the longest silence between two positions and its length; at worst a quiet place."""
        first, last = max(0, low // self.frame - 5), min(self.silent.size, high // self.frame + 5)
        best, length, run = 0, 0, 0
        for index in range(first, last):
            run = run + 1 if self.silent[index] else 0
            if run > length:
                best, length = index, run
        if length:
            return (best - length // 2) * self.frame, length * self.frame
        window = np.abs(self.samples[first * self.frame : last * self.frame]).reshape(-1, self.frame).mean(axis=1)
        return (first + int(window.argmin())) * self.frame, 0


def _rested(
    quiet: _Quiet, edges: npt.NDArray[np.int64], rests: list[tuple[int, int]], sample_rate_hz: int
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Insert silence in the quietest place near each symbol that asks for some, as far as it is not silent already."""
    moved = edges.copy()
    parts: list[FloatArray] = []
    done = 0
    for index, wanted in rests:
        mark, reach = int(edges[index]), round(_REACH_S * sample_rate_hz)
        place, there = quiet.near(
            max(int(edges[max(0, index - 1)]), mark - reach), int(edges[min(index + 2, edges.size - 1)])
        )
        if there >= wanted or place <= done:
            continue
        before = faded(quiet.samples[done:place], sample_rate_hz, front=bool(parts))
        parts += [before, np.zeros(wanted - there, dtype=np.float32)]
        moved[edges >= place] += wanted - there
        done = place
    if not parts:
        return quiet.samples, moved
    return np.concatenate([*parts, faded(quiet.samples[done:], sample_rate_hz, back=False)]), moved


def faded(samples: FloatArray, sample_rate_hz: int, *, front: bool = True, back: bool = True) -> FloatArray:
    """Return a copy with 5 ms raised-cosine fades, so that no join can click."""
    out = samples.copy()
    size = min(round(_FADE_S * sample_rate_hz), out.size // 2)
    if size:
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(size, dtype=np.float32) + 0.5) / size)).astype(np.float32)
        if front:
            out[:size] *= ramp
        if back:
            out[-size:] *= ramp[::-1]
    return out


def with_silence(samples: FloatArray, seconds: float, sample_rate_hz: int) -> FloatArray:
    """Append digital silence, which is also what the models give between words."""
    return np.concatenate([samples, np.zeros(max(0, round(seconds * sample_rate_hz)), dtype=np.float32)])
