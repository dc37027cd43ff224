"""The encoder itself: three LSTM layers, a linear layer, ReLU, length 1. Plain numpy, in batches of partial utterances.

Knows nothing of audio or files. Source: Wan et al., Generalized End-to-End Loss for Speaker Verification (2018);
gate order and equations as in torch.nn.LSTM's documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from hausmusik.errors import WeightsError
from hausmusik.types import FloatArray

HIDDEN: Final = 256
LAYERS: Final = 3
PARTIAL_FRAMES: Final = 160  # 1.6 s
STEP_FRAMES: Final = 77  # 1.3 partial utterances per second
MIN_COVERAGE: Final = 0.75


class Layer(msgspec.Struct, frozen=True, eq=False):
    """One LSTM layer: `inputs` (in, 4 x hidden), `recurrent` (hidden, 4 x hidden), `bias` (4 x hidden)."""

    inputs: FloatArray
    recurrent: FloatArray
    bias: FloatArray


class Encoder(msgspec.Struct, frozen=True, eq=False):
    """The weights, laid out for row vectors."""

    layers: tuple[Layer, ...]
    weight: FloatArray
    bias: FloatArray

    @classmethod
    def from_tensors(cls, tensors: dict[str, FloatArray], bands: int) -> Encoder:
        """Check names and shapes and lay the weights out; raises WeightsError when they do not fit."""

        def take(name: str, *shape: int) -> FloatArray:
            tensor = tensors.get(name)
            if tensor is None or tensor.shape != shape:
                raise WeightsError(f"the speaker encoder's weights have no {name} of shape {shape}")
            return tensor

        layers: list[Layer] = []
        for index in range(LAYERS):
            inputs = take(f"lstm.weight_ih_l{index}", 4 * HIDDEN, HIDDEN if index else bands)
            recurrent = take(f"lstm.weight_hh_l{index}", 4 * HIDDEN, HIDDEN)
            bias = take(f"lstm.bias_ih_l{index}", 4 * HIDDEN) + take(f"lstm.bias_hh_l{index}", 4 * HIDDEN)
            layers.append(Layer(np.ascontiguousarray(inputs.T), np.ascontiguousarray(recurrent.T), bias))
        weight = take("linear.weight", HIDDEN, HIDDEN)
        return cls(tuple(layers), np.ascontiguousarray(weight.T), take("linear.bias", HIDDEN))

    def embed(self, mels: FloatArray, stopped: Callable[[], bool] = lambda: False) -> FloatArray | None:
        """Return one vector of length 1 per partial utterance.

        Args:
            mels: Shape `(n, frames, bands)`.
            stopped: Asked before every layer, about ten times a second for 16 partial utterances.

        Returns:
            float32, shape `(n, 256)`, no negative values; a row is zero where the network saw nothing. None: stopped.
        """
        sequence = np.ascontiguousarray(mels.transpose(1, 0, 2))  # (frames, n, bands)
        for layer in self.layers:
            if stopped():
                return None
            sequence = _lstm(sequence, layer)
        raw = np.maximum(sequence[-1] @ self.weight + self.bias, 0.0)
        return raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9)


def _lstm(sequence: FloatArray, layer: Layer) -> FloatArray:
    """Run one layer over `(frames, n, in)`; returns all hidden states, `(frames, n, hidden)`."""
    frames, count, width = sequence.shape
    driven = (sequence.reshape(-1, width) @ layer.inputs + layer.bias).reshape(frames, count, 4 * HIDDEN)
    states = np.empty((frames, count, HIDDEN), dtype=np.float32)
    hidden = np.zeros((count, HIDDEN), dtype=np.float32)
    cell = np.zeros((count, HIDDEN), dtype=np.float32)
    for frame in range(frames):
        gates = driven[frame] + hidden @ layer.recurrent
        open_in, forget = _sigmoid(gates[:, :HIDDEN]), _sigmoid(gates[:, HIDDEN : 2 * HIDDEN])
        new, open_out = np.tanh(gates[:, 2 * HIDDEN : 3 * HIDDEN]), _sigmoid(gates[:, 3 * HIDDEN :])
        cell = forget * cell + open_in * new
        hidden = open_out * np.tanh(cell)
        states[frame] = hidden
    return states


def _sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + e^-x) by tanh, which cannot overflow."""
    half = np.float32(0.5)
    return half * np.tanh(half * values) + half


def partial_starts(samples: int, hop: int) -> range:
    """Return the first mel frame of each partial utterance; the last one is dropped when under 75 % of it is sound.

    Args:
        samples: Length of the recording at 16 kHz; at least 1.
        hop: Samples per frame.
    """
    frames = -(-(samples + 1) // hop)
    starts = range(0, max(1, frames - PARTIAL_FRAMES + STEP_FRAMES + 1), STEP_FRAMES)
    coverage = (samples - starts[-1] * hop) / (PARTIAL_FRAMES * hop)
    return starts[:-1] if coverage < MIN_COVERAGE and len(starts) > 1 else starts
