"""Adds the tones of all parts into stereo blocks, dry and through the room.

Works block by block, so memory does not grow with the piece; a tone that goes on past a block is continued in the next.
Knows nothing of tempo, harmony or loudness targets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.engines.composer.sampler.drift import HighPass
from hausmusik.engines.composer.sampler.room import Reverb
from hausmusik.engines.composer.sampler.tone import (
    LONGEST_RELEASE_S,
    SAMPLE_RATE_HZ,
    Strand,
    ToneStore,
    release_curve,
    release_frames,
    stepped,
)
from hausmusik.types import FloatArray

BLOCK: Final = 4 * SAMPLE_RATE_HZ
"""Samples per block: 4 s."""
_VELOCITY_EXPONENT: Final = 1.67
"""Amplitude over velocity between two rendered steps: 800 cB of the bank's 960 cB curve, which is a square."""
_CHOKE_S: Final = 0.06
_DRUM_RING: Final = 3 * SAMPLE_RATE_HZ


class Strike(msgspec.Struct, frozen=True):
    """One note.

    Args:
        start: In samples from the beginning of the piece.
        held: How long the key is down, in samples.
        key: 0 to 127.
        velocity: 1 to 127.
        choked: It is cut off at its end instead of dying away in its own time.
    """

    start: int
    held: int
    key: int
    velocity: int
    choked: bool = False


class Track(msgspec.Struct, frozen=True):
    """One part of the mix.

    Args:
        name: For people.
        preset: Bank and program.
        strikes: Sorted by start.
        gain: Linear.
        pan: -1 to 1.
        send: Linear gain into the room.
        swells: `(sample, gain)`, straight between; empty: constant.
        drums: Keys ring out whatever their length, and cut off others of their group.
    """

    name: str
    preset: tuple[int, int]
    strikes: tuple[Strike, ...]
    gain: float = 1.0
    pan: float = 0.0
    send: float = 1.0
    swells: tuple[tuple[int, float], ...] = ()
    drums: bool = False


class Mix:
    """A piece ready to be rendered.

    Args:
        tracks: The parts.
        tones: Where their tones come from.
        response: The room, see `impulse_response`.
        frames: Length of the piece in samples.
        stop: Asked between tones; once true, rendering ends early.
    """

    def __init__(
        self,
        tracks: tuple[Track, ...],
        tones: ToneStore,
        response: FloatArray,
        frames: int,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.frames = frames
        self.blocks = math.ceil(frames / BLOCK)
        self._tracks = tuple(_choked(track, tones) if track.drums else track for track in tracks)
        self._holds = tuple(_holds(track) for track in self._tracks)
        self._spans = tuple(_spans(track) for track in self._tracks)
        self._tones = tones
        self._response = response
        self._stop = stop

    def render(self, first: int = 0, last: int | None = None) -> Iterator[FloatArray]:
        """Yield blocks `first` to `last` (excluded); float32, shape `(2, n)`.

        The room is empty before the first block asked for. Ends early once `stop` says so.
        """
        reverb = Reverb(self._response, BLOCK)
        high_pass = HighPass(2)
        for number in range(first, self.blocks if last is None else last):
            start = number * BLOCK
            count = min(BLOCK, self.frames - start)
            dry = np.zeros((2, count), np.float32)
            send = np.zeros((2, count), np.float32)
            for index, track in enumerate(self._tracks):
                bus = self._bus(index, start, count)
                if self._stop():
                    return
                if bus is not None:
                    dry += bus
                    send += bus * np.float32(track.send)
            dry += reverb.wet(send)
            yield high_pass.push(dry)

    def _bus(self, index: int, start: int, count: int) -> FloatArray | None:
        """Return one part's block under its gain, pan and swells, or None where it is silent."""
        track, holds, (starts, ends) = self._tracks[index], self._holds[index], self._spans[index]
        heard: list[int] = np.flatnonzero((starts < start + count) & (ends > start)).tolist()
        if not heard:
            return None
        bus = np.zeros((2, count), np.float32)
        for place in heard:
            if self._stop():
                return None
            strike = track.strikes[place]
            most, longest = holds[strike.key, stepped(strike.velocity)]
            held = most if strike.held <= most else longest
            tone = self._tones.tone(track.preset, strike.key, strike.velocity, held)
            gain = (strike.velocity / tone.velocity) ** _VELOCITY_EXPONENT
            for strand in tone.strands:
                _add(bus, strand, strike, start, gain)
        angle = (track.pan + 1.0) * math.pi / 4.0
        left, right = math.cos(angle) * math.sqrt(2.0), math.sin(angle) * math.sqrt(2.0)
        bus *= np.array([[left], [right]], np.float32) * np.float32(track.gain)
        if track.swells:
            places, gains = zip(*track.swells, strict=True)
            bus *= np.interp(np.arange(start, start + count), places, gains).astype(np.float32)
        return bus


def _add(bus: FloatArray, strand: Strand, strike: Strike, start: int, gain: float) -> None:
    """Add what falls into the block of one strand of one note."""
    offset = start - strike.start
    release_s = _CHOKE_S if strike.choked else strand.release_s
    end = min(strand.frames, strike.held + release_frames(release_s), offset + bus.shape[1])
    begin = max(0, offset)
    if end <= begin:
        return
    part = strand.part(begin, end)
    if end > strike.held:
        tail = max(begin, strike.held)
        part[tail - begin :] *= release_curve(release_s, tail - strike.held, end - tail)
    place = slice(begin - offset, end - offset)
    if strand.left > 1e-3:
        bus[0, place] += part * np.float32(strand.left * gain)
    if strand.right > 1e-3:
        bus[1, place] += part * np.float32(strand.right * gain)


def _holds(track: Track) -> dict[tuple[int, int], tuple[int, int]]:
    """Return for each key and strength the two lengths its tone is rendered in: for most notes, and for the longest.

    One long last chord must not make every tone of the piece long, which would cost memory and time.
    """
    held: dict[tuple[int, int], list[int]] = {}
    for strike in track.strikes:
        held.setdefault((strike.key, stepped(strike.velocity)), []).append(strike.held)
    holds: dict[tuple[int, int], tuple[int, int]] = {}
    for name, lengths in held.items():
        lengths.sort()
        most, longest = lengths[int(0.8 * (len(lengths) - 1))], lengths[-1]
        holds[name] = (most, longest) if longest > 1.4 * most else (longest, longest)
    return holds


def _spans(track: Track) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return when each note starts and when it is over at the latest."""
    starts = np.array([strike.start for strike in track.strikes], np.int64)
    held = np.array([strike.held for strike in track.strikes], np.int64)
    return starts, starts + held + release_frames(LONGEST_RELEASE_S)


def _choked(track: Track, tones: ToneStore) -> Track:
    """Let each drum ring, up to the next sound of its group (a closing hi-hat ends the open one)."""
    next_of_group: dict[int, int] = {}
    kept: list[Strike] = []
    for strike in reversed(track.strikes):
        group = tones.choke(track.preset, strike.key, strike.velocity)
        room = next_of_group[group] - strike.start if group in next_of_group else _DRUM_RING
        if group:
            next_of_group[group] = strike.start
        held = max(1, min(_DRUM_RING, room))
        kept.append(msgspec.structs.replace(strike, held=held, choked=room < _DRUM_RING))
    return msgspec.structs.replace(track, strikes=tuple(reversed(kept)))
