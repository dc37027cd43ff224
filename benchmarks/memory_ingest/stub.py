"""A player whose language model takes a fixed time and says what stands in the passage, and whose vectors are hashes.

What is left of a measurement is then the memory's own time. Its embedding costs next to nothing, and is counted apart.
"""

from __future__ import annotations

import asyncio
import hashlib
import resource
import time
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import numpy as np
from corpus import SEED, facts_in, type_of

from hausmusik.seams import Coming, Nature, TakeIdentity
from hausmusik.types import (
    ChatRequest,
    Done,
    Embeddings,
    EmbedRequest,
    Event,
    FloatArray,
    Phase,
    Request,
    Run,
    TextDelta,
    Usage,
)

CHAT: Final = "stub-llm"
EMBED: Final = "stub-embed"
DIM: Final = 384


class StubPlayer:
    """Keeps the Player protocol.

    Args:
        latency_s: Of every answer.
        at_once: Answers that it gives at once; more wait.

    Attributes:
        stamps: Wall and CPU time at the end of each answer.
        busy_s: Sum of the times of all answers.
        embedding_s: CPU time of all vectors.
    """

    def __init__(self, latency_s: float = 0.2, at_once: int = 16) -> None:
        self.latency_s = latency_s
        self._gate = asyncio.Semaphore(at_once)
        self._table = np.random.Generator(np.random.PCG64(SEED)).standard_normal((8192, DIM)).astype(np.float32)
        self.stamps: list[tuple[float, float]] = []
        self.busy_s = 0.0
        self.in_flight = 0
        self.most_in_flight = 0
        self.embedding_s = 0.0

    async def play(self, instrument: str, request: Request, *, run: Run) -> AsyncGenerator[Event, None]:
        """Answer after a while, or give vectors at once."""
        del run
        if isinstance(request, EmbedRequest):
            yield Embeddings(values=self.embed(request.texts), model=instrument)
        elif isinstance(request, ChatRequest):
            async with self._gate:
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                began = time.perf_counter()
                await asyncio.sleep(self.latency_s)
                self.busy_s += time.perf_counter() - began
                self.in_flight -= 1
            self.stamps.append((time.perf_counter(), cpu_s()))
            yield TextDelta(text=answer(request))
            yield Usage()
        yield Done()

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return the sums of the words' vectors, of length 1."""
        began = time.thread_time()
        found = np.empty((len(texts), DIM), np.float32)
        for row, text in enumerate(texts):
            found[row] = self._table[[zlib.crc32(word.encode()) & 8191 for word in text.lower().split()] or [0]].sum(0)
        found /= np.linalg.norm(found, axis=1, keepdims=True) + 1e-9
        self.embedding_s += time.thread_time() - began
        return found

    def identify(self, instrument: str, request: Request, *, run: Run) -> TakeIdentity:
        """Return a fixed identity for each instrument."""
        del request, run
        return TakeIdentity(
            instrument=instrument,
            engine_revision="1",
            weights=hashlib.sha256(instrument.encode()).hexdigest(),
            numeric_class="cpu-1t",
            licence="CC0-1.0",
            commercial=True,
            credit=instrument,
            host="stub",
        )

    @asynccontextmanager
    async def warm(
        self, coming: Sequence[Coming], *, on_phase: Callable[[str, Phase | None], None]
    ) -> AsyncGenerator[Callable[[], None]]:
        """Nothing needs a start."""
        del coming, on_phase
        yield lambda: None

    def nature(self, instrument: str, request: Request) -> Nature:
        """Nothing is known."""
        del instrument, request
        return Nature()

    def estimate_s(self, instrument: str, request: Request) -> float:
        """What is written has no duration."""
        del instrument, request
        return 0.0


def answer(request: ChatRequest) -> str:
    """Return what a model would say of the passage in an extraction request: JSON that fits the schema."""
    text = str(request.messages[-1].content).split("<passage>\n", 1)[1].rsplit("\n</passage>", 1)[0]
    entities, relations = facts_in(text)
    said = {
        "entities": [
            {"name": name, "type": type_of(name), "description": f"{name} appears where {sentence[:120]}."}
            for name, sentence in entities.items()
        ],
        "relations": [
            {
                "source": one,
                "target": other,
                "kind": "works with",
                "keywords": "cooperation,project",
                "description": f"{one} and {other}: {sentence[:120]}.",
                "when": "",
            }
            for (one, other), sentence in relations.items()
        ],
    }
    return msgspec.json.encode(said).decode()


def cpu_s() -> float:
    """Return the processor seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
