"""Reads the chunks of an answer: what was thought, said, how likely it was, which tools are called, why it ended.

Scores follow the text that their tokens made; those of the tags around a thought come with the text after them.
Knows nothing of where the chunks come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from hausmusik.engines.llamacpp.calls import CallReader
from hausmusik.engines.thinking import Piece, ThoughtParser
from hausmusik.errors import GenerationFailed
from hausmusik.seams import JsonObject
from hausmusik.types import Done, Event, Phase, TextDelta, ThinkingDelta, TokenScore, ToolCall, Usage

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Answer:
    """One answer as it comes.

    Args:
        inside: Whether the prompt has opened a thought; llama.cpp repeats the tag for some templates, not for all.
        tools: Names of those that may be called.
        calls_before: Tool calls earlier in the conversation, so that each id is used once.
    """

    def __init__(self, *, inside: bool, tools: Sequence[str], calls_before: int) -> None:
        self._reader = CallReader(tools)
        self._parser = ThoughtParser(inside=inside)
        self._scores: list[TokenScore] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._calls_before = calls_before
        self._reason = ""
        self._usage = Usage()
        self._said = False

    def hear(self, chunk: JsonObject) -> Iterator[Event]:
        """Yield what one chunk tells."""
        progress = chunk.get("prompt_progress")
        if progress and progress["processed"] < progress["total"]:
            yield Phase(name="read", done=progress["processed"] / progress["total"])
        for choice in chunk.get("choices", ()):
            self._scores += _scores((choice.get("logprobs") or _NONE).get("content") or ())
            delta: Mapping[str, Any] = choice.get("delta") or _NONE
            self._note_calls(delta.get("tool_calls") or ())
            if text := delta.get("content"):
                yield from self._told(self._parser.feed(text))
            self._reason = choice.get("finish_reason") or self._reason
        if used := chunk.get("usage"):
            self._usage = Usage(tokens_in=used["prompt_tokens"], tokens_out=used["completion_tokens"])

    def end(self) -> Iterator[Event]:
        """Yield what was kept back, the tools called, what it took, and `Done`.

        Raises:
            GenerationFailed: the answer broke off, or nothing at all came.
        """
        yield from self._told(self._parser.end())
        calls, text = self._reader.end()
        for name, arguments in calls:
            self._calls[len(self._calls)] = {"name": name, "arguments": arguments}
        if text:
            self._said = True
            yield TextDelta(text=text)
        if not calls:
            yield from self._scores
        for index, call in sorted(self._calls.items()):
            # The server's own ids are random, and the same request must give the same bytes.
            yield ToolCall(id=f"call_{self._calls_before + index + 1}", name=call["name"], arguments=call["arguments"])
        if not self._reason:
            raise GenerationFailed("llama.cpp broke the answer off")
        reason = "length" if self._reason == "length" else "tools" if self._calls else "complete"
        if not self._said and not self._calls and reason == "complete":
            raise GenerationFailed("the model said nothing", hint="ask in other words, or with another seed")
        yield self._usage
        yield Done(reason=reason)

    def _told(self, pieces: Iterable[Piece]) -> Iterator[Event]:
        for kind, text in pieces:
            certain = self._reader.feed(text) if kind == "text" else text
            if not certain:
                continue
            self._said = True
            yield TextDelta(text=certain) if kind == "text" else ThinkingDelta(text=certain)
            yield from self._scores
            self._scores = []

    def _note_calls(self, deltas: Iterable[Any]) -> None:
        for delta in deltas:
            call = self._calls.setdefault(delta.get("index", 0), {"name": "", "arguments": ""})
            function: Mapping[str, Any] = delta.get("function") or _NONE
            for name in call:
                call[name] += function.get(name) or ""


def _scores(tokens: Iterable[Any]) -> list[TokenScore]:
    return [
        TokenScore(
            text=token["token"],
            logprob=min(0.0, token["logprob"]),
            alternatives=tuple((each["token"], min(0.0, each["logprob"])) for each in token.get("top_logprobs") or ()),
        )
        for token in tokens
    ]
