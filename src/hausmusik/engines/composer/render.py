"""From a performance to sound: balances the parts, renders them, and brings the whole to its loudness.

Up to three minutes are rendered once, measured whole and kept; longer pieces are measured at places spread evenly over
them, so that memory stays flat. Knows nothing of prompts, styles and composing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from hausmusik.audio.limiter import Limiter
from hausmusik.audio.loudness import LoudnessMeter
from hausmusik.engines.composer.balance import loudness_db
from hausmusik.engines.composer.midi import TempoMap
from hausmusik.engines.composer.performance import Performance, Played
from hausmusik.engines.composer.piece import Part, Piece
from hausmusik.engines.composer.sampler.mixdown import Mix, Strike, Track
from hausmusik.engines.composer.sampler.room import ROOMS, impulse_response
from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ, ToneStore
from hausmusik.engines.composer.tables import InstrumentEntry, Tables
from hausmusik.types import FloatArray

LOUDNESS_LUFS: Final = -20.0
CEILING_DBTP: Final = -1.5
KEPT_BLOCKS: Final = 46
"""Three minutes (65 MB) are rendered once, measured whole and kept; longer pieces are measured at some places only."""
MEASURED_BLOCKS: Final = 20
_FADE_S: Final = 1.2
_REFERENCE_DB: Final = -26.0
"""Where the balance puts a leading voice before the whole is levelled: enough room for all parts together."""


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
    limiter = Limiter(SAMPLE_RATE_HZ, 2, CEILING_DBTP)
    for block in _faded((block * np.float32(gain) for block in blocks), frames, piece):
        if stop():
            return
        ready = limiter.push(block)
        if ready.shape[1]:
            yield ready
    rest = limiter.finish()
    if rest.shape[1] and not stop():
        yield rest


def _levelled(mix: Mix) -> tuple[float, Iterator[FloatArray]]:
    """Return the gain that brings the piece to its loudness, and its blocks (kept where all were rendered)."""
    meter = LoudnessMeter(SAMPLE_RATE_HZ, 2)
    kept: list[FloatArray] = []
    if mix.blocks <= KEPT_BLOCKS:
        for block in mix.render():
            meter.push(block)
            kept.append(block)
    else:
        step = mix.blocks / MEASURED_BLOCKS
        for place in sorted({int((index + 0.5) * step) for index in range(MEASURED_BLOCKS)}):
            for block in mix.render(place, place + 1):
                meter.push(block)
    measured = meter.finish()
    gain = 1.0 if measured.silent else 10.0 ** ((LOUDNESS_LUFS - measured.integrated_lufs) / 20.0)
    return gain, iter(kept) if kept else mix.render()


def _faded(blocks: Iterator[FloatArray], frames: int, piece: Piece) -> Iterator[FloatArray]:
    """Yield the blocks with the last of the room's sound drawn out to nothing, exactly at the end."""
    start_s = TempoMap(piece.tempo).seconds(piece.final / 480) + piece.lead_s
    ring_s = max(0.0, piece.duration_s - start_s)
    length = max(1, round(min(_FADE_S, 0.5 * ring_s + 0.02, 0.3 * piece.duration_s) * SAMPLE_RATE_HZ))
    silent = min(round(0.02 * SAMPLE_RATE_HZ), length // 4)
    position = 0
    for block in blocks:
        count = block.shape[1]
        if frames - silent - position - count < length:
            until_end = np.arange(frames - silent - position, frames - silent - position - count, -1, dtype=np.float64)
            share = np.clip(until_end / length, 0.0, 1.0)
            block *= (np.sin(share * math.pi / 2) ** 2).astype(np.float32)  # noqa: PLW2901 - in place, it is ours
        if position == 0:
            rise = min(count, round(0.004 * SAMPLE_RATE_HZ))
            block[:, :rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
        position += count
        yield block


def _track(piece: Piece, part: Part, notes: tuple[Played, ...], entry: InstrumentEntry, tones: ToneStore) -> Track:
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
    now_db = loudness_db(strikes, entry.preset, tones, entry.kind)
    return Track(
        name=part.name,
        preset=entry.preset,
        strikes=strikes,
        gain=10.0 ** ((part.level_db - now_db + _REFERENCE_DB) / 20.0),
        pan=part.pan,
        send=10.0 ** (part.send_db / 20.0),
        swells=swells,
        drums=entry.kind == "drums",
    )
