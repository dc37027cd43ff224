"""Runs the encoder: rows of token numbers in, one vector of length 1 for each out.

Mean over a text's tokens, padding left out, then L2 normalisation, as the model was trained (Reimers and Gurevych 2019,
arXiv 1908.10084). What a text gives does not depend on the texts beside it beyond rounding (1e-6). Knows no words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hausmusik.engines.minilm.bert import Bert
from hausmusik.engines.minilm.graph import MASK, STATES, SUMS, encoder_graph
from hausmusik.errors import GenerationFailed, MissingExtra, WeightsError
from hausmusik.types import FloatArray


class Network:
    """The encoder in memory.

    Args:
        bert: Its weights; only the word and position rows are held on to.
        heads: Of attention.
        threads: Within one operator.

    Raises:
        MissingExtra: onnxruntime is not installed.
        WeightsError: the weights do not make a graph that it takes.
    """

    def __init__(self, bert: Bert, heads: int, threads: int = 1) -> None:
        if heads < 1 or bert.hidden % heads:
            raise WeightsError(f"{bert.hidden} numbers per token cannot be shared among {heads} heads")
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtra(
                "this encoder needs onnxruntime, which is not installed", hint="pip install 'hausmusik[embedded]'"
            ) from error
        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = max(1, threads), 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_mem_pattern = False  # plans per shape, of which there are many
        options.log_severity_level = 3  # errors come as exceptions
        # The graph is as it should be; fusing it further would bring back the slow form of adding and normalising.
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self._session: Any = runtime.InferenceSession(
                encoder_graph(bert, heads), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise WeightsError(f"the encoder cannot be built: {error}", hint="pull the weights again") from error
        self._words, self._positions = bert.words, bert.positions

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return self._words.shape[1]

    @property
    def longest(self) -> int:
        """Most tokens of a text."""
        return self._positions.shape[0]

    def embed(self, texts: Sequence[Sequence[int]]) -> FloatArray:
        """Return one vector of length 1 for each text, float32 `(n, dim)`.

        Args:
            texts: Token numbers of each, 1 to `longest`; computed at once, so best of about the same length.

        Raises:
            WeightsError: a token number that the weights do not know.
            GenerationFailed: the network gives no numbers.
        """
        lengths = np.array([len(text) for text in texts])
        width = int(lengths.max(initial=0))
        if not 1 <= lengths.min(initial=width) <= width <= self.longest:
            raise ValueError(f"a text has 1 to {self.longest} tokens")
        numbers = np.zeros((len(texts), width), dtype=np.int64)
        for row, text in zip(numbers, texts, strict=True):
            row[: len(text)] = text
        if numbers.min() < 0 or numbers.max() >= self._words.shape[0]:
            raise WeightsError("the word pieces are not those of this encoder", hint="pull the weights again")
        mask = np.arange(width) < lengths[:, None]
        feeds = {SUMS: self._words[numbers] + self._positions[:width], MASK: mask.astype(np.int32)}
        try:
            states: FloatArray = self._session.run([STATES], feeds)[0]
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise GenerationFailed(f"the encoder failed on {len(texts)} texts: {error}") from error
        weights = (mask / lengths[:, None]).astype(np.float32)
        means = (weights[:, None, :] @ states)[:, 0]
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and norms.min() > 0):
            raise GenerationFailed("the encoder gave no usable vector", hint="say it in other words")
        return (means / norms).astype(np.float32, copy=False)
