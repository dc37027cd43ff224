"""Plays textures from words: reads the prompt, builds the layers, streams them at one loudness.

Everything is computed, nothing is a recording. The same prompt, seed and length give the same bytes; a longer request
begins with what the shorter one was (but for its last 20 ms), a loop joins itself. Memory does not grow with the
length. Knows nothing of how any texture sounds: that is one module each.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.levels import fade_ends, gain_for, limited
from hausmusik.engines.procedural.parts import Part
from hausmusik.engines.procedural.rendering import render
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.textures import BUILDERS
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline
from hausmusik.errors import BadInput
from hausmusik.instruments.sound_left_out import left_out_of_recipe
from hausmusik.instruments.sound_prompts import Layer, Recipe, recipe_of, what_is_known
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import (
    Artifact,
    Audio,
    AudioChunk,
    Done,
    Event,
    FloatArray,
    Phase,
    Remark,
    Request,
    SoundRequest,
    Usage,
)

REVISION: Final = "2"
LONGEST_S: Final = 24 * 3600.0
SHORTEST_LOOP_S: Final = 0.5
MAX_LAYERS: Final = 6

_PROBE_S: Final = 16.0
_CHUNK_FRAMES: Final = RATE_HZ


class ProceduralEngine:
    """The `sound` engine for textures; needs no weights and ignores its options."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="procedural", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Read the vocabulary."""
        what_is_known()
        return iter(())

    def load(self, device: str) -> Iterator[Phase]:
        """Nothing to load."""
        if device != "cpu":
            raise BadInput(f"procedural sounds are computed on a processor, not on {device}")
        return iter(())

    def warm_up(self) -> Iterator[Phase]:
        """Compute a moment of noise, so that the FFT and the loudness meter are up."""
        yield Phase(name="warm_up", done=0.0)
        timeline = Timeline(_CHUNK_FRAMES // 2, loop=False, seed=0)
        layer = recipe_of("pink noise").layers[0]
        gain_for(np.concatenate(list(render(timeline, _parts(timeline, layer))), axis=1))
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield what the prompt was taken to mean as `recipe.json`, then `AudioChunk`s of a second, `Usage` and `Done`.

        48 kHz stereo, exactly `round(duration_s * 48000)` frames, about -26 LUFS, less or more where the
        prompt says that it is quiet, far away or loud.

        Raises:
            BadInput: another task, a prompt that names nothing known, a length that is no length, a loop under 0.5 s.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, SoundRequest):
                raise BadInput(f"procedural sounds cannot play a {type(request).__name__}")
            recipe = recipe_of(request.prompt)
            frames = _frames(request, recipe)
            yield index, Artifact(name="recipe.json", media_type="application/json", data=msgspec.json.encode(recipe))
            start = 0
            for block in _stream(recipe, request, frames, cancel):
                yield index, AudioChunk(start_s=start / RATE_HZ, audio=Audio(block, RATE_HZ))
                start += block.shape[1]
            if cancel.is_set():
                return
            told = left_out_of_recipe(recipe)
            if told:
                yield index, Remark(text=told)
            yield index, Usage(audio_s=frames / RATE_HZ, characters=len(request.prompt))
            yield index, Done()

    def close(self) -> None:
        """Nothing to give back."""


def _frames(request: SoundRequest, recipe: Recipe) -> int:
    """Return the exact length of a request in frames."""
    duration_s = request.duration_s or recipe.duration_s
    if not math.isfinite(duration_s) or duration_s > LONGEST_S:
        raise BadInput(f"a sound of {duration_s} s is too long", hint="at most 24 hours; a loop can be repeated")
    frames = round(duration_s * RATE_HZ)
    if frames < 1:
        raise BadInput(f"a sound of {duration_s} s is shorter than one sample", hint="ask for a longer one")
    if request.loop and duration_s < SHORTEST_LOOP_S:
        raise BadInput(f"a loop of {duration_s} s is too short", hint=f"at least {SHORTEST_LOOP_S} s")
    if len(recipe.layers) > MAX_LAYERS:
        raise BadInput(f"{len(recipe.layers)} sounds in one prompt are too many", hint=f"at most {MAX_LAYERS}")
    return frames


def _parts(timeline: Timeline, layer: Layer) -> tuple[Part, ...]:
    return BUILDERS[layer.texture](timeline, Settings(layer.settings))


def _stream(recipe: Recipe, request: SoundRequest, frames: int, cancel: Cancel) -> Iterator[FloatArray]:
    """Yield the mixed sound in blocks of about 1 s; ends early, without a word, when cancelled."""
    parts: list[FloatArray] = []
    ready = start = 0
    for cell in _mixed(recipe, request, frames, cancel):
        wanted = cell[:, : frames - start - ready]
        parts.append(wanted)
        ready += wanted.shape[1]
        if ready < _CHUNK_FRAMES and start + ready < frames:
            continue
        block = limited(np.concatenate(parts, axis=1))
        if not request.loop:
            fade_ends(block, start, frames)
        yield block
        parts, start, ready = [], start + ready, 0
        if start >= frames:
            return


def _mixed(recipe: Recipe, request: SoundRequest, frames: int, cancel: Cancel) -> Iterator[FloatArray]:
    """Yield the sum of all layers cell by cell, at its loudness; at least `frames`, unless cancelled.

    Each layer is brought to its level by its first 16 s, and so is the sum. A sound that is no loop is rendered at
    least that far, whatever its length, so that its level does not depend on it.
    """
    probe = round(_PROBE_S * RATE_HZ)
    length = frames if request.loop else max(frames, probe)
    timelines = [Timeline(length, request.loop, request.seed, scope) for scope in range(len(recipe.layers))]
    streams = [
        render(timeline, _parts(timeline, layer)) for timeline, layer in zip(timelines, recipe.layers, strict=True)
    ]
    heads: list[list[FloatArray]] = []
    gains: list[float] = []
    for stream, layer in zip(streams, recipe.layers, strict=True):
        head: list[FloatArray] = []
        for cell in stream:
            if cancel.is_set():
                return
            head.append(cell)
            if sum(part.shape[1] for part in head) >= probe:
                break
        heads.append(head)
        gains.append(gain_for(np.concatenate(head, axis=1)) * 10 ** (layer.level_db / 20))
    first = [_sum(cells, gains) for cells in zip(*heads, strict=True)]
    total = gain_for(np.concatenate(first, axis=1)) * 10 ** (recipe.loudness_db / 20)
    for cell in itertools.chain(first, (_sum(cells, gains) for cells in zip(*streams, strict=True))):
        if cancel.is_set():
            return
        yield cell * np.float32(total)


def _sum(cells: Sequence[FloatArray], gains: Sequence[float]) -> FloatArray:
    total = cells[0] * np.float32(gains[0])
    for cell, gain in zip(cells[1:], gains[1:], strict=True):
        total += cell * np.float32(gain)
    return total
