"""One model inside vLLM's `AsyncLLM`, on an event loop in a thread of its own; plays of any threads go into one batch.

Every step of the model is taken by all plays that are under way, and a new one joins at the next step; what many begin
with is computed once. Written for vLLM 0.33 (0.32 is the same as far as it is used here). Knows nothing of requests and
events of ours.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import itertools
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hausmusik.engines.chat.asking import too_long
from hausmusik.engines.vllm.asking import VllmOptions
from hausmusik.errors import BadInput, EngineError, GenerationFailed, MissingExtra, WeightsError
from hausmusik.seams import Cancel, JsonObject

ENVIRONMENT: Final = {
    "HF_HUB_OFFLINE": "1",  # weights are those of the folder: nobody asks a hub for anything
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a fork of a process with threads may hang
    "VLLM_USE_FLASHINFER_SAMPLER": "0",  # it is compiled with nvcc, which an image need not have; bytes are then others
}
"""What vLLM is told by its environment, before it is imported; its compute process inherits it."""

_POLL_S: Final = 0.05
_LOG_LEVEL: Final = "VLLM_LOGGING_LEVEL"


class Model:
    """A loaded model; see `open`."""

    def __init__(self, llm: Any, loop: asyncio.AbstractEventLoop, thread: threading.Thread, context: int) -> None:
        self._llm: Any = llm
        self._loop = loop
        self._thread = thread
        self._context_tokens = context
        self._ids = itertools.count(1)

    @classmethod
    def open(cls, folder: Path, options: VllmOptions, device: str) -> Model:
        """Load the model in a folder; takes tens of seconds, or minutes.

        Raises:
            MissingExtra: vLLM is not installed, or built for another device.
            WeightsError: the files are not a model that it can read, or there is no memory for it.
        """
        os.environ.update(ENVIRONMENT)
        os.environ.setdefault(_LOG_LEVEL, "WARNING")
        try:
            arguments: Any = importlib.import_module("vllm.engine.arg_utils")  # gigabytes, and seconds
            engines: Any = importlib.import_module("vllm.v1.engine.async_llm")
            platforms: Any = importlib.import_module("vllm.platforms")
        except ImportError as error:
            raise MissingExtra(
                f"vLLM cannot run here: {error.name or error} is not installed",
                hint="it plays on Modal; its environment is `vllm`",
            ) from error
        built_for = platforms.current_platform.device_type
        if built_for != device:
            raise MissingExtra(
                f"this vLLM computes on {built_for or 'nothing'}, not on {device}",
                hint="vLLM is another package for each kind of device",
            )
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="vllm", daemon=True)
        thread.start()

        async def load() -> Any:  # on the loop, where its plays will be
            return engines.AsyncLLM.from_engine_args(arguments.AsyncEngineArgs(**engine_arguments(folder, options)))

        try:
            llm = asyncio.run_coroutine_threadsafe(load(), loop).result()
        except Exception as error:
            _stop(loop, thread)
            raise WeightsError(
                f"vLLM cannot load the model: {_first_line(error)}",
                hint="is the GPU large enough? `haus gpus --for` an instrument says; vLLM's log says more",
            ) from error
        return cls(llm, loop, thread, options.context_tokens)

    @property
    def tokenizer(self) -> Any:
        """Transformers' tokenizer of the model."""
        return self._llm.get_tokenizer()

    def room_tokens(self, prompt: list[int]) -> int:
        """Return how many tokens an answer may have, from 1; raises BadInput where there is no room."""
        room = self._context_tokens - len(prompt)
        if room < 1:
            raise too_long(len(prompt), self._context_tokens)
        return room

    def stream(
        self, prompt: list[int], sampling: JsonObject, structure: JsonObject | None, cancel: Cancel
    ) -> Iterator[Any]:
        """Yield the `RequestOutput`s of an answer; one that is left or cancelled is aborted. From any thread.

        Raises:
            BadInput: vLLM refuses it: the schema or grammar cannot be followed, or a number is out of its range.
            GenerationFailed: it failed while it was computed.
            EngineError: the compute process is gone, for this play and those after it.
        """
        library: Any = importlib.import_module("vllm.sampling_params")
        inputs: Any = importlib.import_module("vllm.inputs")
        outputs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            structured = library.StructuredOutputsParams(**structure) if structure else None
            pieces = library.RequestOutputKind.DELTA
            params = library.SamplingParams(**sampling, structured_outputs=structured, output_kind=pieces)
        except Exception as error:
            raise self._error_of(error, structure) from error

        async def ask() -> None:
            play = f"play-{next(self._ids)}"
            async for output in self._llm.generate(inputs.tokens_input(prompt), params, play):
                outputs.put(output)

        asked = asyncio.run_coroutine_threadsafe(ask(), self._loop)
        asked.add_done_callback(lambda _: outputs.put(None))
        try:
            while not cancel.is_set():
                try:
                    output = outputs.get(timeout=_POLL_S)
                except queue.Empty:
                    continue
                if output is not None:
                    yield output
                    continue
                if error := asked.exception():
                    raise self._error_of(error, structure) from error
                return
        finally:
            asked.cancel()  # vLLM then aborts what is under way; nothing happens to what is over

    def close(self) -> None:
        """Give the device's memory back; safe to call twice."""
        if not self._loop.is_closed():
            self._llm.shutdown()
            asyncio.run_coroutine_threadsafe(_end_tasks(), self._loop).result()
            _stop(self._loop, self._thread)
            self._llm = None
            gc.collect()  # it is part of a cycle, and cannot end well when Python itself does

    def _error_of(self, error: BaseException, structure: JsonObject | None) -> EngineError:
        """Return what an error of vLLM means: those of the caller's making have a class of their own."""
        exceptions: Any = importlib.import_module("vllm.exceptions")
        message = _first_line(error)
        if self._llm.errored:
            return EngineError("vLLM's compute process is gone", hint="its log says why; play again in a new container")
        if not isinstance(error, (exceptions.VLLMClientError, ValueError)):
            return GenerationFailed(f"vLLM failed: {_first_line(error.__cause__ or error)}")
        if structure and "json" in structure:
            return BadInput(f"the schema cannot be followed: {message}", hint="simplify it")
        if structure:
            return BadInput(f"the grammar cannot be followed: {message}", hint="is it GBNF, and does it define `root`?")
        return BadInput(f"vLLM refuses this: {message}")


def engine_arguments(folder: Path, options: VllmOptions) -> JsonObject:
    """Return the arguments of `AsyncEngineArgs`."""
    return {
        "model": str(folder),
        "tokenizer": str(folder),
        "trust_remote_code": False,
        "load_format": "safetensors",  # and so no pickle, even if there were one
        "dtype": options.dtype,
        "max_model_len": options.context_tokens,
        "max_num_seqs": options.at_once,
        "gpu_memory_utilization": options.memory_share,
        "enforce_eager": options.eager,
        "structured_outputs_config": {
            # Reads GBNF, too. What it cannot follow is refused, not followed by half; xgrammar lets a model write
            # control characters into texts, which no JSON may have.
            "backend": "guidance",
            "disable_any_whitespace": True,  # small models write blanks without end, and each is paid for
        },
        "enable_prefix_caching": True,  # what many plays begin with, as all of an extraction do, is read once
        "seed": 0,
        "disable_log_stats": True,
        "enable_log_requests": False,  # prompts are nobody's business but the caller's
    }


async def _end_tasks() -> None:
    """End what is still under way on this loop, so that nothing is left of it when it is closed."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
