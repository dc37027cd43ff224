"""Goes on with conversations: a language model as safetensors, by vLLM on a GPU, many plays at once.

Streams what it thinks and says; follows JSON Schemas and GBNF grammars, finds tool calls, tells
log-probabilities. Plays of several threads are computed together, so that each costs a fraction of the GPU; then their
numbers depend in the last digits on who else plays, and equal requests may get unequal answers, seeds or not. What one
play says after another is the same. Knows nothing of which model it is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from hausmusik.engines.chat.answer import Answer
from hausmusik.engines.chat.asking import calls_in, check, options_of, thinks_aloud, tool_names, tools_of
from hausmusik.engines.chat.playing import play_each
from hausmusik.engines.vllm.asking import VllmOptions, prompt_of, sampling_arguments, structure_of
from hausmusik.engines.vllm.hearing import Hearing
from hausmusik.engines.vllm.model import Model
from hausmusik.errors import WeightsError
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import ChatRequest, Event, Message, Phase, Request

REVISION: Final = "1"
MOST_AT_ONCE: Final = 1000
"""Calls that may come at once, as many as a container can be given; those beyond `at_once` wait inside vLLM."""

NEEDED: Final = ("config.json", "tokenizer.json", "tokenizer_config.json")


class VllmEngine:
    """The `chat` engine for safetensors; reads the folder of its weight set.

    Options: see `hausmusik.engines.vllm.asking.VllmOptions`.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._options = VllmOptions()
        self._model: Model | None = None

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="vllm", revision=REVISION, concurrency=MOST_AT_ONCE, devices=("cuda", "cpu"))

    def prepare(self) -> Iterator[Phase]:
        """Check options and files; raises ConfigError, WeightsError."""
        self._options = options_of(VllmOptions, self._context.options, "vLLM")
        folder_of(self._context)
        return iter(())

    def load(self, device: str) -> Iterator[Phase]:
        """Start vLLM and its compute process, which reads the weights.

        Raises:
            MissingExtra: vLLM is not installed, or built for another device.
            WeightsError: the files are not a model that it can read, or there is no memory for it.
        """
        yield Phase(name="load", done=0.0)
        self._model = Model.open(folder_of(self._context), self._options, device)
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Read a word and answer with one, freely and by a grammar, so that every kernel has run once."""
        yield Phase(name="warm_up", done=0.0)
        for grammar in ("", 'root ::= "a"'):
            message = Message(role="user", content="Hello.")
            request = ChatRequest(messages=(message,), temperature=0.0, max_tokens=1, grammar=grammar)
            for _ in self._chat(request, threading.Event()):
                pass
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield `ThinkingDelta`, `TextDelta`, each with its `TokenScore`s, `ToolCall`, `Usage` and `Done`.

        May be called by several threads at once. Stops within 0.1 s of `cancel`; what was under way is aborted.

        Raises:
            BadInput: another task; nothing said; longer than the context; a schema, grammar or tools that cannot be
                followed.
            GenerationFailed: the model gave nothing.
            EngineError: the compute process is gone.
        """
        return play_each(requests, cancel, self._chat)

    def close(self) -> None:
        """Give the device's memory back."""
        if self._model is not None:
            self._model.close()
        self._model = None

    def _chat(self, request: ChatRequest, cancel: Cancel) -> Iterator[Event]:
        if self._model is None:
            raise RuntimeError("vLLM was asked to play before it was loaded")
        check(request, self._options)
        structure = structure_of(request)
        prompt = prompt_of(request, self._options, self._model.tokenizer)
        sampling = sampling_arguments(request, self._options, room_tokens=self._model.room_tokens(prompt))
        answer = Answer(
            library="vLLM",
            inside=self._options.opens_thinking and thinks_aloud(request),
            tools=tool_names(tools_of(request.tools)),
            calls_before=calls_in(request),
        )
        hearing = Hearing(answer, tokens_in=len(prompt), top_logprobs=request.top_logprobs)
        for output in self._model.stream(prompt, sampling, structure, cancel):
            yield from hearing.hear(output)
        if not cancel.is_set():
            yield from hearing.end()


def folder_of(context: EngineContext) -> Path:
    """Return the folder that holds all the files, which is what vLLM reads.

    Raises:
        WeightsError: they lie in several folders, or something that a model needs is missing.
    """
    paths = {Path(path) for path in context.files.values()}
    folders, names = {path.parent for path in paths}, {path.name for path in paths}
    missing = [name for name in NEEDED if name not in names]
    if missing or not any(name.endswith(".safetensors") for name in names):
        what = ", ".join(missing) or "its .safetensors files"
        raise WeightsError(f"vLLM needs a folder with a whole model, and {what} was not handed over")
    if len(folders) > 1:
        raise WeightsError(f"vLLM reads one folder, and these weights lie in {len(folders)}", hint="see `haus doctor`")
    return folders.pop()
