"""One model inside llama.cpp's server, in this process: a request goes in, chunks of its answer come out.

The server wants an address to listen at; it gets a socket in a folder of its own, which is removed before anybody could
find it: nothing but this object can ask it. What it prints is silenced. Knows nothing of requests and events of ours.
"""

from __future__ import annotations

import gc
import queue
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hausmusik.engines.chat.asking import too_long
from hausmusik.errors import BadInput, EngineError, GenerationFailed, MissingExtra, WeightsError
from hausmusik.seams import Cancel, JsonObject

BATCH_TOKENS: Final = 64
"""Tokens of a prompt between two looks at `cancel`: no slower than 512 on one thread, and 0.4 to 1.7 s of work."""

_POLL_S: Final = 0.05
_UNFIT: Final = ("Unable to generate parser for this template. ", "Automatic parser generation failed: ")


class ModelServer:
    """A loaded model.

    Args:
        path: A GGUF file.
        context_tokens: Most tokens of prompt and answer together.
        threads: How many compute.
        template: A Jinja template of prompts; empty: the file's own.

    Raises:
        MissingExtra: xllamacpp is not installed.
        WeightsError: the file is not a model that it can read.
    """

    def __init__(self, path: Path, *, context_tokens: int, threads: int, template: str = "") -> None:
        try:
            import xllamacpp

            library: Any = xllamacpp  # it has no types
        except ImportError as error:
            raise MissingExtra(
                f"llama.cpp cannot run here: {error.name or error} is not installed",
                hint="pip install 'hausmusik[embedded]'",
            ) from error
        self._busy: threading.Thread | None = None
        self._leave = threading.Event()
        params: Any = library.CommonParams()
        params.model.path = str(path)
        if template:
            params.chat_template = template
        params.n_ctx = context_tokens
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.cache_ram_mib = 0  # what is kept of prompts is ours to say, see `steps`
        params.prefill_assistant = False  # an assistant's message is over, also the last one of a beginning
        params.fit_params = False  # or the context would be cut to what memory is free
        params.warmup = False  # `warm_up` does it
        params.verbosity = 1  # errors, which the host keeps in its log
        params.endpoint_slots = params.endpoint_props = False
        folder = Path(tempfile.mkdtemp(prefix="hausmusik-"))
        params.hostnames = [str(folder / "s.sock")]  # the ending says that it is no host name
        try:
            self._server: Any = library.Server(params)
        except (RuntimeError, ValueError) as error:
            raise WeightsError(
                f"llama.cpp cannot read {path.name}, or has no memory for it", hint="see `haus doctor`"
            ) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def stream(self, body: JsonObject, cancel: Cancel) -> Iterator[JsonObject]:
        """Yield the chunks of an answer; once cancelled, no more, though the batch at work is computed to its end.

        Raises:
            BadInput: it is longer than the context, or its grammar, schema or tools are not understood.
            GenerationFailed: the model gave nothing usable.
        """
        self.wait()
        leave = self._leave = threading.Event()
        chunks: queue.SimpleQueue[JsonObject | BaseException | None] = queue.SimpleQueue()

        def take(chunk: JsonObject) -> bool:
            chunks.put(chunk)
            return leave.is_set()

        def ask() -> None:
            try:
                self._server.handle_chat_completions(body, take)
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                chunks.put(error)
            else:
                chunks.put(None)

        self._busy = threading.Thread(target=ask, name="llama.cpp", daemon=True)
        self._busy.start()
        try:
            while not cancel.is_set():
                try:
                    chunk = chunks.get(timeout=_POLL_S)
                except queue.Empty:
                    continue
                if chunk is None:
                    return
                if isinstance(chunk, ValueError | RuntimeError):
                    raise _refusal(str(chunk)) from chunk
                if isinstance(chunk, BaseException):
                    raise chunk
                if "error" in chunk:
                    raise _error_of(chunk["error"])
                yield chunk
        finally:
            leave.set()

    def wait(self) -> None:
        """Wait until what was left in the middle is over: at most one batch."""
        if self._busy is not None:
            self._busy.join()
            self._busy = None

    def close(self) -> None:
        """Give the model's memory back."""
        self._leave.set()
        self.wait()
        self._server = None
        gc.collect()  # the server may be part of a cycle with its callback


def _error_of(error: Any) -> EngineError:
    kind, message = str(error.get("type", "")), str(error.get("message", error))
    if kind == "exceed_context_size_error":
        size, room = error.get("n_prompt_tokens", "?"), error.get("n_ctx", "?")
        return too_long(size, room)
    if "grammar" in message:
        return BadInput("the grammar cannot be followed", hint="is it GBNF, and does it define `root`?")
    if error.get("code") == 400:
        return BadInput(f"llama.cpp refuses this: {message}")
    return GenerationFailed(f"llama.cpp failed: {message}")


def _refusal(message: str) -> BadInput:
    """Return what an exception of the server means: it raises for what it cannot make a request of."""
    for words in _UNFIT:
        message = message.removeprefix(words)
    if "JSON schema" in message:
        return BadInput(f"the schema cannot be followed: {message}", hint="simplify it")
    if "tool" in message:
        return BadInput(f"the tools cannot be used: {message.splitlines()[0]}")
    return BadInput(f"llama.cpp refuses this conversation: {message.splitlines()[0] if message else 'no reason given'}")
