"""From a written piece to sound: performs the parts, balances them, and renders mastered blocks.

Parts are first balanced against one another by the K-weighted loudness they have while they play, then the whole is
brought to the target loudness, measured over the whole piece or, for pieces over three minutes, over blocks spread
evenly. Knows nothing of prompts, styles and composing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.midi import TempoMap
from hausmusik.engines.composer.performance import Played, perform
from hausmusik.engines.composer.piece import Part, Piece
from hausmusik.engines.composer.sampler.level import Limiter, energy, hop_powers, loudness_lufs
from hausmusik.engines.composer.sampler.mixdown import BLOCK, Mix, Strike, Track
from hausmusik.engines.composer.sampler.room import ROOMS, impulse_response
from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ, ToneStore
from hausmusik.engines.composer.tables import InstrumentEntry, Tables
from hausmusik.types import FloatArray

LOUDNESS_LUFS: Final = -20.0
CEILING_DB: Final = -1.6
KEPT_BLOCKS: Final = 46
"""Three minutes (65 MB) are rendered once, measured whole and kept; longer pieces are measured at some places only."""
MEASURED_BLOCKS: Final = 20
_FADE_S: Final = 1.2
_SAMPLED_NOTES: Final = 14


class Performance(msgspec.Struct, frozen=True):
    """A piece as played.

    Args:
        piece: What was written.
        parts: Each part with its notes in seconds.
    """

    piece: Piece
    parts: tuple[tuple[Part, tuple[Played, ...]], ...]


def play_piece(piece: Piece, dice: Dice) -> Performance:
    """Return the performance of a piece; the same dice give the same one."""
    played = tuple((part, perform(piece, part, dice.fork("perform", part.name))) for part in piece.parts)
    return Performance(piece, tuple((part, notes) for part, notes in played if notes))


def render(
    performance: Performance, tables: Tables, tones: ToneStore, stop: Callable[[], bool]
) -> Iterator[FloatArray]:
    """Yield the finished piece in blocks of 4 s; float32, shape `(2, n)`, together exactly as long as asked.

    Args:
        performance: From `play_piece`.
        tables: The instruments.
        tones: The sampler.
        stop: Asked often; once true, nothing further is yielded.
    """
    piece = performance.piece
    frames = max(1, round(piece.duration_s * SAMPLE_RATE_HZ))
    tracks: list[Track] = []
    for part, notes in performance.parts:
        tracks.append(_track(piece, part, notes, tables.instruments[part.instrument], tones))
        if stop():
            return
    mix = Mix(tuple(tracks), tones, impulse_response(ROOMS[piece.room]), frames, stop)
    gain, blocks = _levelled(mix)
    if stop():
        return
    faded = _faded((block * np.float32(gain) for block in blocks), frames, piece)
    yield from Limiter(10.0 ** (CEILING_DB / 20.0)).run(faded)


def _levelled(mix: Mix) -> tuple[float, Iterator[FloatArray]]:
    """Return the gain that brings the piece to its loudness, and its blocks (kept where all were rendered)."""
    if mix.blocks <= KEPT_BLOCKS:
        kept = list(mix.render())
        powers = [hop_powers(block) for block in kept]
        return _gain(powers), iter(kept)
    step = mix.blocks / MEASURED_BLOCKS
    places = sorted({int((index + 0.5) * step) for index in range(MEASURED_BLOCKS)})
    powers = [hop_powers(block) for place in places for block in mix.render(place, place + 1)]
    return _gain(powers), mix.render()


def _gain(powers: list[np.ndarray[tuple[int], np.dtype[np.float64]]]) -> float:
    together = np.concatenate(powers) if powers else np.zeros(0)
    measured = loudness_lufs(together)
    return 10.0 ** ((LOUDNESS_LUFS - measured) / 20.0) if measured > -69.0 else 1.0


def _faded(blocks: Iterator[FloatArray], frames: int, piece: Piece) -> Iterator[FloatArray]:
    """Yield the blocks with the last of the room's sound drawn out to nothing, exactly at the end."""
    start_s = TempoMap(piece.tempo).seconds(piece.final / 480) + piece.lead_s
    ring_s = max(0.0, piece.duration_s - start_s)
    length = max(1, round(min(_FADE_S, 0.5 * ring_s + 0.02, 0.3 * piece.duration_s) * SAMPLE_RATE_HZ))
    silent = min(round(0.02 * SAMPLE_RATE_HZ), length // 4)
    position = 0
    for block in blocks:
        count = block.shape[1]
        until_end = frames - silent - np.arange(position, position + count)
        if until_end[-1] < length:
            share = np.clip(until_end / length, 0.0, 1.0)
            block *= (np.sin(share * math.pi / 2) ** 2).astype(np.float32)  # noqa: PLW2901 - in place, it is ours
        if position == 0:
            rise = min(count, round(0.004 * SAMPLE_RATE_HZ))
            block[:, :rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
        position += count
        yield block


def _track(
    piece: Piece, part: Part, notes: tuple[Played, ...], entry: InstrumentEntry, tones: ToneStore
) -> Track:
    """Return a part's track with its gain set so that it is as loud, while it plays, as its place demands."""
    strikes = tuple(
        Strike(round(note.start_s * SAMPLE_RATE_HZ), round(note.held_s * SAMPLE_RATE_HZ), note.key, note.velocity)
        for note in notes
    )
    clock = TempoMap(piece.tempo)
    swells = tuple(
        (round((clock.seconds(tick / 480) + piece.lead_s) * SAMPLE_RATE_HZ), 10.0 ** (level / 20.0))
        for tick, level in part.swells
    )
    preset = entry.preset
    loudness_db = _loudness_db(strikes, preset, tones, drums=entry.kind == "drums")
    return Track(
        name=part.name,
        preset=preset,
        strikes=strikes,
        gain=10.0 ** ((part.level_db - loudness_db - 26.0) / 20.0),
        pan=part.pan,
        send=10.0 ** (part.send_db / 20.0),
        swells=swells,
        drums=entry.kind == "drums",
    )


def _loudness_db(strikes: tuple[Strike, ...], preset: tuple[int, int], tones: ToneStore, *, drums: bool) -> float:
    """Return how loud a part is while it plays, estimated from a few of its notes.

    The energies of its notes, spread over the time in which any of them sounds.
    """
    step = max(1, len(strikes) // _SAMPLED_NOTES)
    sample = strikes[::step][:_SAMPLED_NOTES]
    longest = {(strike.key, strike.velocity // 8): strike.held for strike in sample}
    total = 0.0
    for strike in sample:
        held = SAMPLE_RATE_HZ if drums else min(longest[strike.key, strike.velocity // 8], 3 * SAMPLE_RATE_HZ)
        tone = tones.tone(preset, strike.key, strike.velocity, held)
        full = 1.0 if drums else strike.held / max(1, held)  # a long note goes on as it is
        for strand in tone.strands:
            total += energy(strand.part(0, max(1, held))) * (strand.left**2 + strand.right**2) * min(full, 4.0)
    total *= len(strikes) / max(1, len(sample))
    active = _active_frames(strikes, least=SAMPLE_RATE_HZ // 5)
    power = total / max(1, active)
    return -0.691 + 10.0 * math.log10(max(power, 1e-12))


def _active_frames(strikes: tuple[Strike, ...], least: int) -> int:
    active, until = 0, 0
    for strike in strikes:
        end = strike.start + max(least, strike.held)
        active += max(0, end - max(strike.start, until))
        until = max(until, end)
    return active
