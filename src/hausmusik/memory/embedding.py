"""Texts into vectors by the memory's embedder, some hundred at once, in their order; and what that embedder is called.

Knows nothing of passages or stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Final, Literal, cast

import numpy as np

from hausmusik.errors import GenerationFailed
from hausmusik.seams import Player, TakeIdentity
from hausmusik.types import Embeddings, EmbedRequest, FloatArray, Run

AT_ONCE: Final = 256


def model_of(identity: TakeIdentity) -> str:
    """Return what the vectors of an embedder are known by: other weights or another engine give other vectors."""
    return f"{identity.instrument}@{identity.engine_revision}-{identity.weights[:12]}"


def embedder_of(player: Player, instrument: str, run: Run) -> str:
    """Return by what the vectors would be known that an instrument makes now; raises as `Player.identify`."""
    return model_of(player.identify(instrument, EmbedRequest(texts=("one",)), run=run))


async def embedded(
    player: Player, instrument: str, texts: Sequence[str], *, run: Run, purpose: Literal["passage", "query"] = "passage"
) -> FloatArray:
    """Return the vectors of texts, float32 `(n, dim)`, each of length 1.

    Raises:
        GenerationFailed: vectors are missing, or are no numbers.
        HausmusikError: what the player raises.
    """
    parts: list[FloatArray] = []
    for first in range(0, len(texts), AT_ONCE):
        some = tuple(texts[first : first + AT_ONCE])
        request = EmbedRequest(texts=some, purpose=purpose)
        found: list[FloatArray] = []
        async with aclosing(cast("Any", player.play(instrument, request, run=run))) as events:
            found += [event.values async for event in events if isinstance(event, Embeddings)]
        vectors = np.concatenate(found) if found else np.zeros((0, 0), np.float32)
        if len(vectors) != len(some) or not np.isfinite(vectors).all():
            raise GenerationFailed(f"{instrument} gave {len(vectors)} usable vectors for {len(some)} texts")
        parts.append(vectors)
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
