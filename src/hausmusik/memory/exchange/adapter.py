"""Instruments of a house as the functions that LightRAG calls: its language model and its embedder.

    import hausmusik
    from hausmusik.memory.exchange.adapter import embedding_func, llm_model_func
    from lightrag import LightRAG
    from lightrag.utils import EmbeddingFunc

    house = hausmusik.open_async()
    embed = await embedding_func(house)
    rag = LightRAG(
        working_dir="notes.lightrag",
        llm_model_func=llm_model_func(house, "qwen3-1.7b"),
        embedding_func=EmbeddingFunc(
            embedding_dim=embed.embedding_dim, max_token_size=embed.max_token_size, func=embed
        ),
    )

So LightRAG opens what `haus memory export NAME --lightrag notes.lightrag` wrote. LightRAG is not imported here: its
functions are plain ones, and what it calls them with stands in `lightrag/base.py` and `lightrag/utils.py` of 1.5.7.
Knows nothing of houses but what `Instruments` says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol

import msgspec
import numpy as np

from hausmusik.types import FloatArray, Message

READS_TOKENS: Final = 256
"""What MiniLM reads of a text; LightRAG warns where a description is longer."""

AT_ONCE: Final = 256


class Told(Protocol):
    """What a house's `chat` returns."""

    @property
    def text(self) -> str:
        """The answer, without thoughts."""
        ...


class Vectors(Protocol):
    """What a house's `embed` returns."""

    @property
    def vectors(self) -> FloatArray:
        """Float32 `(texts, dim)`."""
        ...


class Instruments(Protocol):
    """What is asked of a house: `hausmusik.open_async()` has it."""

    async def chat(
        self,
        messages: str | Sequence[Message],
        *,
        system: str = "",
        history: Sequence[Message] = (),
        temperature: float | None = None,
        max_tokens: int = 0,
        schema: str | Mapping[str, Any] | None = None,
        think: bool = True,
        instrument: str = "",
        on: str = "",
    ) -> Told:
        """Go on with a conversation."""
        ...

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Literal["passage", "query"] = "passage",
        instrument: str = "",
        on: str = "",
    ) -> Vectors:
        """Turn texts into vectors."""
        ...


def llm_model_func(
    house: Instruments, instrument: str = "", *, on: str = "", think: bool = False
) -> Callable[..., Awaitable[str]]:
    """Return a `llm_model_func` for LightRAG.

    Args:
        house: An open house.
        instrument: Which answers; empty: the settings' default.
        on: Host; empty: the settings' default.
        think: Whether a model that can think aloud does; its thoughts are never part of the answer.
    """

    async def ask(
        prompt: str,
        system_prompt: str | None = None,
        history_messages: Sequence[Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> str:
        """Answer as LightRAG asks; of what it passes besides, `max_tokens` and `temperature` are heeded."""
        reply = await house.chat(
            prompt,
            system=system_prompt or "",
            history=[_message(each) for each in history_messages or ()],
            temperature=more.get("temperature"),
            max_tokens=int(more.get("max_tokens") or 0),
            schema={"type": "object"} if _wants_json(more) else None,
            think=think,
            instrument=instrument,
            on=on,
        )
        return reply.text

    return ask


class EmbeddingFunction:
    """An embedder as LightRAG calls it.

    Args:
        house: An open house.
        instrument: Which embeds; empty: the settings' default.
        on: Host; empty: the settings' default.
        dim: Of its vectors.
        max_token_size: What it reads of a text.

    Attributes:
        embedding_dim: Of its vectors, for LightRAG's `EmbeddingFunc`.
        max_token_size: What it reads of a text, for the same.
    """

    def __init__(self, house: Instruments, instrument: str, on: str, *, dim: int, max_token_size: int) -> None:
        self._house = house
        self._instrument = instrument
        self._on = on
        self.embedding_dim = dim
        self.max_token_size = max_token_size

    async def __call__(self, texts: Sequence[str], context: str = "document", **_: Any) -> FloatArray:
        """Return the vectors of texts, float32 `(n, embedding_dim)`; `context` is `document` or `query`.

        A text with nothing in it has a vector of zeros, which is like no other.
        """
        matrix = np.zeros((len(texts), self.embedding_dim), np.float32)
        said = [place for place, text in enumerate(texts) if text.strip()]
        for first in range(0, len(said), AT_ONCE):
            some = said[first : first + AT_ONCE]
            found = await self._house.embed(
                [texts[place] for place in some],
                purpose="query" if context == "query" else "passage",
                instrument=self._instrument,
                on=self._on,
            )
            matrix[some] = found.vectors
        return matrix


async def embedding_func(
    house: Instruments, instrument: str = "", *, on: str = "", max_token_size: int = READS_TOKENS
) -> EmbeddingFunction:
    """Return an embedder for LightRAG; embeds one word, to know how long its vectors are.

    Args:
        house: An open house.
        instrument: Which embeds; empty: the settings' default, by which memories are made too.
        on: Host; empty: the settings' default.
        max_token_size: What it reads of a text.
    """
    found = await house.embed(["one"], instrument=instrument, on=on)
    dim = int(found.vectors.shape[1])
    return EmbeddingFunction(house, instrument, on, dim=dim, max_token_size=max_token_size)


def _message(each: Mapping[str, Any]) -> Message:
    return msgspec.convert({"role": each.get("role"), "content": str(each.get("content") or "")}, Message)


def _wants_json(more: Mapping[str, Any]) -> bool:
    """Return whether LightRAG asks for a JSON object, of whatever form."""
    form = more.get("response_format")
    kind = form.get("type") if isinstance(form, Mapping) else None  # pyright: ignore[reportUnknownVariableType]
    return kind in {"json_object", "json_schema"}
