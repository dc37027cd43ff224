"""The peer: the same chunks by the bare SDK, from a generator method of a class, as raw bytes."""

from __future__ import annotations

from collections.abc import Iterator

import chunks
import modal


class Bare:
    """Yields the chunks and nothing else."""

    @modal.method()
    def play(self, count: int, samples: int, gap_s: float) -> Iterator[bytes]:
        for chunk in chunks.made(count, samples, gap_s):
            yield chunk.tobytes()


def app() -> modal.App:
    """Return the app, not deployed yet."""
    made = modal.App("bare")
    image = modal.Image.debian_slim().add_local_python_source("bare", "chunks")
    made.cls(image=image, scaledown_window=600, timeout=600, include_source=False, max_containers=1)(Bare)
    return made
