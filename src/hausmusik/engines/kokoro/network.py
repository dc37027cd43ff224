"""Runs the model: symbols, style vector and speed in; samples and the duration of every symbol out.

The exported graph gives samples only; the durations it computes on the way are asked for as one more output. One
thread, no randomness in the graph: the same call gives the same bytes. Knows nothing of text.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hausmusik.engines.kokoro.alphabet import FRAME_SAMPLES, MAX_SYMBOLS
from hausmusik.engines.speech.outputs import with_output
from hausmusik.errors import GenerationFailed, MissingExtra, WeightsError
from hausmusik.seams import Cancel
from hausmusik.types import FloatArray

DURATIONS: Final = "/encoder/Clip_output_0"
"""The graph's inner value that holds one duration per symbol, in units of 25 ms."""
_POLL_S: Final = 0.05


class Network:
    """The model in memory.

    Args:
        path: `model.onnx`.
        threads: Within one operator and between operators.

    Raises:
        MissingExtra: onnxruntime is not installed.
        WeightsError: the file is not a model that onnxruntime can read, or not this one.
    """

    def __init__(self, path: Path, threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtra(
                "Kokoro needs onnxruntime, which is not installed", hint="pip install 'hausmusik[embedded]'"
            ) from error
        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = max(1, threads)
        options.enable_mem_pattern = False  # plans per length: 100 MiB more after a few chunks, 3 % faster at best
        options.log_severity_level = 3  # errors come as exceptions; warnings about the export help nobody here
        try:
            self._session: Any = runtime.InferenceSession(
                with_output(path, DURATIONS), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise WeightsError(f"{path.name} cannot be read: {error}", hint="pull the weights again") from error
        self._runtime = runtime

    def run(
        self, numbers: list[int], style: FloatArray, speed: float, cancel: Cancel
    ) -> tuple[FloatArray, npt.NDArray[np.int64]] | None:
        """Speak one chunk.

        Args:
            numbers: 1 to 510 symbols.
            style: Shape `(256,)`.
            speed: 0.5 to 2.
            cancel: Looked at every 50 ms while the model runs.

        Returns:
            Samples at 24 kHz, shape `(samples,)`, and the length of each symbol in samples, shape
            `(len(numbers) + 2,)` with the paddings; their sum is the number of samples. None when cancelled.

        Raises:
            GenerationFailed: the model gave no samples, or samples that are no numbers.
        """
        if not 1 <= len(numbers) <= MAX_SYMBOLS:
            raise ValueError(f"a chunk has {len(numbers)} symbols, not 1 to {MAX_SYMBOLS}")
        feeds = {
            "tokens": np.array([[0, *numbers, 0]], dtype=np.int64),
            "style": np.ascontiguousarray(style, dtype=np.float32).reshape(1, 256),
            "speed": np.array([speed], dtype=np.float32),
        }
        with self._stoppable(cancel) as run_options:
            try:
                samples, frames = self._session.run(["audio", DURATIONS], feeds, run_options)
            except Exception as error:  # onnxruntime's exceptions share no base class
                if cancel.is_set():
                    return None
                raise GenerationFailed(f"Kokoro failed on a chunk of {len(numbers)} symbols: {error}") from error
        samples = np.asarray(samples, dtype=np.float32).reshape(-1)
        lengths = np.asarray(frames, dtype=np.int64).reshape(-1) * FRAME_SAMPLES
        if not samples.size or not np.isfinite(samples).all() or lengths.size != len(numbers) + 2:
            raise GenerationFailed("Kokoro gave no usable samples", hint="say it in other words")
        return samples, lengths

    @contextmanager
    def _stoppable(self, cancel: Cancel) -> Generator[Any]:
        """Give run options that a watching thread ends as soon as the caller has gone."""
        run_options, finished = self._runtime.RunOptions(), threading.Event()

        def watch() -> None:
            while not finished.wait(_POLL_S):
                if cancel.is_set():
                    run_options.terminate = True
                    return

        watcher = threading.Thread(target=watch, name="kokoro-cancel", daemon=True)
        watcher.start()
        try:
            yield run_options
        finally:
            finished.set()
            watcher.join()
