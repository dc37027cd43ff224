"""Reads the chunks in which llama.cpp's server answers. Knows nothing of where the chunks come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from hausmusik.engines.chat.answer import Answer as Told
from hausmusik.seams import JsonObject
from hausmusik.types import Event, Phase, TokenScore, Usage

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Answer:
    """One answer as it comes.

    Args:
        inside: Whether the prompt has opened a thought; llama.cpp repeats the tag for some templates, not for all.
        tools: Names of those that may be called.
        calls_before: Tool calls earlier in the conversation, so that each id is used once.
    """

    def __init__(self, *, inside: bool, tools: Sequence[str], calls_before: int) -> None:
        self._told = Told(library="llama.cpp", inside=inside, tools=tools, calls_before=calls_before)
        self._reason = ""
        self._usage = Usage()

    def hear(self, chunk: JsonObject) -> Iterator[Event]:
        """Yield what one chunk tells."""
        progress = chunk.get("prompt_progress")
        if progress and progress["processed"] < progress["total"]:
            yield Phase(name="read", done=progress["processed"] / progress["total"])
        for choice in chunk.get("choices", ()):
            delta: Mapping[str, Any] = choice.get("delta") or _NONE
            for each in delta.get("tool_calls") or ():
                function: Mapping[str, Any] = each.get("function") or _NONE
                self._told.call(each.get("index", 0), function.get("name") or "", function.get("arguments") or "")
            scored = (choice.get("logprobs") or _NONE).get("content") or ()
            yield from self._told.hear(delta.get("content") or "", _scores(scored))
            self._reason = choice.get("finish_reason") or self._reason
        if used := chunk.get("usage"):
            self._usage = Usage(tokens_in=used["prompt_tokens"], tokens_out=used["completion_tokens"])

    def end(self) -> Iterator[Event]:
        """Yield what was kept back, the tools called, what it took, and `Done`.

        Raises:
            GenerationFailed: the answer broke off, or nothing at all came.
        """
        yield from self._told.end(self._reason, self._usage)


def _scores(tokens: Iterable[Any]) -> Iterator[TokenScore]:
    for token in tokens:
        yield TokenScore(
            text=token["token"],
            logprob=min(0.0, token["logprob"]),
            alternatives=tuple((each["token"], min(0.0, each["logprob"])) for each in token.get("top_logprobs") or ()),
        )
