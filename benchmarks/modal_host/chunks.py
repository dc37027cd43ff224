"""Chunks of sound that say when they were made, which both ways of the benchmark send: as an engine, as a generator."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import numpy as np

from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import Audio, AudioChunk, Done, Event, Phase, Request, SpeakRequest

RATE_HZ = 24_000
DAY_S = 86_400


def made(count: int, samples: int, gap_s: float) -> Iterator[np.ndarray]:
    """Yield chunks of so many samples; the first two say when each was made, exactly, in seconds of the day."""
    for number in range(count):
        if number and gap_s:
            time.sleep(gap_s)
        chunk = np.zeros((1, samples), np.float32)
        whole, part = divmod(time.time() % DAY_S, 1.0)
        chunk[0, :2] = whole, part
        yield chunk


def age_ms(chunk: np.ndarray) -> float:
    """Return how long ago a chunk was made, on this same machine."""
    return (time.time() % DAY_S - float(chunk[0, 0]) - float(chunk[0, 1])) * 1000


class Chunks:
    """The engine: `text` of its request has the arguments of `made`."""

    def __init__(self, context: EngineContext) -> None:
        pass

    @property
    def spec(self) -> EngineSpec:
        return EngineSpec(name="chunks", revision="1")

    def prepare(self) -> Iterator[Phase]:
        yield Phase(name="prepare", done=1.0)

    def load(self, device: str) -> Iterator[Phase]:  # noqa: ARG002
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:  # noqa: ARG002
        request = requests[0]
        assert isinstance(request, SpeakRequest)
        start_s = 0.0
        for chunk in made(*json.loads(request.text)):
            yield 0, AudioChunk(start_s=start_s, audio=Audio(chunk, RATE_HZ))
            start_s += chunk.shape[1] / RATE_HZ
        yield 0, Done()

    def close(self) -> None:
        pass
