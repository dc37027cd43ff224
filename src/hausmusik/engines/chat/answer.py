"""Tells an answer as it comes: what was thought, said, how likely it was, which tools are called, why it ended.

Scores follow the text that their tokens made; those of the tags around a thought come with the text after them.
Knows nothing of where the text comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hausmusik.engines.chat.calls import CallReader
from hausmusik.engines.thinking import Piece, ThoughtParser
from hausmusik.errors import GenerationFailed
from hausmusik.types import Done, Event, TextDelta, ThinkingDelta, TokenScore, ToolCall, Usage


class Answer:
    """One answer.

    Args:
        library: What computes it, for errors.
        inside: Whether the prompt has opened a thought, so that its opening tag need not come.
        tools: Names of those that may be called.
        calls_before: Tool calls earlier in the conversation, so that each id is used once.
    """

    def __init__(self, *, library: str, inside: bool, tools: Sequence[str], calls_before: int) -> None:
        self._library = library
        self._reader = CallReader(tools)
        self._parser = ThoughtParser(inside=inside)
        self._scores: list[TokenScore] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._calls_before = calls_before
        self._said = False

    def hear(self, text: str, scores: Iterable[TokenScore] = ()) -> Iterator[Event]:
        """Yield what some more text tells, with the scores of its tokens."""
        self._scores += scores
        if text:
            yield from self._told(self._parser.feed(text))

    def call(self, index: int, name: str, arguments: str) -> None:
        """Note some more of a tool call that the library found itself."""
        call = self._calls.setdefault(index, {"name": "", "arguments": ""})
        call["name"] += name
        call["arguments"] += arguments

    def end(self, reason: str, usage: Usage) -> Iterator[Event]:
        """Yield what was kept back, the tools called, what it took, and `Done`.

        Args:
            reason: `length`: no tokens were left; empty: it broke off.
            usage: What it took.

        Raises:
            GenerationFailed: the answer broke off, or nothing at all came.
        """
        yield from self._told(self._parser.end())
        calls, text = self._reader.end()
        for name, arguments in calls:
            self.call(len(self._calls), name, arguments)
        if text:
            self._said = True
            yield TextDelta(text=text)
        if not calls:
            yield from self._scores
        for index, call in sorted(self._calls.items()):
            # A library's own ids are random, and the same request must give the same bytes.
            yield ToolCall(id=f"call_{self._calls_before + index + 1}", name=call["name"], arguments=call["arguments"])
        if not reason:
            raise GenerationFailed(f"{self._library} broke the answer off")
        told = "length" if reason == "length" else "tools" if self._calls else "complete"
        if not self._said and not self._calls and told == "complete":
            raise GenerationFailed("the model said nothing", hint="ask in other words, or with another seed")
        yield usage
        yield Done(reason=told)

    def _told(self, pieces: Iterable[Piece]) -> Iterator[Event]:
        for kind, text in pieces:
            certain = self._reader.feed(text) if kind == "text" else text
            if not certain:
                continue
            self._said = True
            yield TextDelta(text=certain) if kind == "text" else ThinkingDelta(text=certain)
            yield from self._scores
            self._scores = []
