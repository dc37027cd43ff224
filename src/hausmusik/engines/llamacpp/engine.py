"""Goes on with a conversation: a language model in a GGUF file, by llama.cpp on a processor.

Streams what it thinks and says; follows JSON Schemas and GBNF grammars, calls tools, tells log-probabilities. What many
conversations begin with (a long system prompt, examples) is kept and costs next to nothing; answers are the same
whether it was kept or not. Knows nothing of which model it is.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from typing import Final

from hausmusik.engines.chat.asking import ChatOptions, calls_in, options_of, thinks_aloud, tool_names
from hausmusik.engines.chat.playing import play_each
from hausmusik.engines.llamacpp.asking import body_of, prompt_of
from hausmusik.engines.llamacpp.hearing import Answer
from hausmusik.engines.llamacpp.server import ModelServer
from hausmusik.engines.llamacpp.steps import Kept, Step, steps_of
from hausmusik.errors import BadInput, WeightsError
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import ChatRequest, Event, Message, Phase, Request

REVISION: Final = "1"


class LlamaCppEngine:
    """The `chat` engine for GGUF files; reads the one file of its weight set.

    Options: see `hausmusik.engines.chat.asking.ChatOptions`.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._options = ChatOptions()
        self._server: ModelServer | None = None
        self._kept = Kept()

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="llamacpp", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Check options and files; raises ConfigError, WeightsError."""
        self._options = options_of(ChatOptions, self._context.options, "llama.cpp")
        if len(self._context.files) != 1:
            raise WeightsError(
                f"llama.cpp reads one GGUF file, not {len(self._context.files)}", hint="see `haus doctor`"
            )
        return iter(())

    def load(self, device: str) -> Iterator[Phase]:
        """Map the weights into memory.

        Raises:
            MissingExtra: xllamacpp is not installed.
            WeightsError: the file is not a model it can read.
        """
        if device != "cpu":
            raise BadInput(f"this engine runs llama.cpp on a processor, not on {device}")
        yield Phase(name="load", done=0.0)
        self._server = ModelServer(
            self._context.path(next(iter(self._context.files))),
            context_tokens=self._options.context_tokens,
            threads=self._context.threads,
            template=self._options.template,
        )
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Read a word and answer with one, so that the weights are off the disk."""
        yield Phase(name="warm_up", done=0.0)
        request = ChatRequest(messages=(Message(role="user", content="Hello."),), temperature=0.0, max_tokens=1)
        for _ in self._chat(request, threading.Event()):
            pass
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield `ThinkingDelta`, `TextDelta`, each with its `TokenScore`s, `ToolCall`, `Usage` and `Done`.

        A long prompt is read first, told as `Phase("read")`. Stops within 0.1 s of `cancel`; the batch at work goes on
        behind it, and the next play waits for that (64 tokens of prompt at most).

        Raises:
            BadInput: another task; nothing said; longer than the context; a schema, grammar or tools that cannot be
                followed.
            GenerationFailed: the model gave nothing.
        """
        return play_each(requests, cancel, self._chat)

    def close(self) -> None:
        """Give the model's memory back."""
        if self._server is not None:
            self._server.close()
        self._server = None
        self._kept = Kept()

    def _chat(self, request: ChatRequest, cancel: Cancel) -> Iterator[Event]:
        if self._server is None:
            raise RuntimeError("llama.cpp was asked to play before it was loaded")
        body = body_of(request, self._options)
        inside = self._options.opens_thinking and thinks_aloud(request)
        tools = tool_names(body.get("tools", []))
        answer = Answer(inside=inside, tools=tools, calls_before=calls_in(request))
        keeps: bool = yield from self._read(self._server, request, cancel)
        if not keeps:
            self._kept.forget()
        for chunk in self._server.stream(body | {"cache_prompt": keeps}, cancel):
            yield from answer.hear(chunk)
        if not cancel.is_set():
            yield from answer.end()

    def _read(self, server: ModelServer, request: ChatRequest, cancel: Cancel) -> Generator[Event, None, bool]:
        """Bring the beginnings of a conversation into the cache; return whether there are any."""
        steps, goes_on = self._kept.missing(steps_of(request))
        if not goes_on:
            self._kept.forget()
        ready = goes_on
        for step in steps:
            if cancel.is_set():
                self._kept.forget()
                return False
            try:
                yield from self._read_one(server, request, step, cancel, goes_on=ready)
            except BadInput:
                # Too long, or a template that wants a question: the whole request says what is wrong, if anything is.
                self._kept.refuse(step)
                continue
            ready = True
        return ready

    def _read_one(
        self, server: ModelServer, request: ChatRequest, step: Step, cancel: Cancel, *, goes_on: bool
    ) -> Iterator[Event]:
        body = prompt_of(request, self._options, request.messages[: step.messages])
        body |= {"max_tokens": 0, "temperature": 0.0, "stream": True, "return_progress": True, "cache_prompt": goes_on}
        for chunk in server.stream(body, cancel):
            progress = chunk.get("prompt_progress")
            if progress:
                yield Phase(name="read", done=None)
        if cancel.is_set():
            self._kept.forget()
        else:
            self._kept.read(step)
