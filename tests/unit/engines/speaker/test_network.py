from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.speaker.network import HIDDEN, LAYERS, PARTIAL_FRAMES, Encoder, partial_starts
from hausmusik.errors import WeightsError

BANDS = 40


def random_tensors(seed: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {"linear.weight": (HIDDEN, HIDDEN), "linear.bias": (HIDDEN,)}
    for index in range(LAYERS):
        shapes[f"lstm.weight_ih_l{index}"] = (4 * HIDDEN, HIDDEN if index else BANDS)
        shapes[f"lstm.weight_hh_l{index}"] = (4 * HIDDEN, HIDDEN)
        shapes[f"lstm.bias_ih_l{index}"] = shapes[f"lstm.bias_hh_l{index}"] = (4 * HIDDEN,)
    return {name: (0.1 * random.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}


def reference(tensors: dict[str, np.ndarray], mel: np.ndarray) -> np.ndarray:
    """One utterance, one frame and one gate at a time, in float64: the equations of torch.nn.LSTM."""
    sequence = [row.astype(np.float64) for row in mel]
    for index in range(LAYERS):
        hidden, cell, states = np.zeros(HIDDEN), np.zeros(HIDDEN), []
        for row in sequence:
            gates = (
                tensors[f"lstm.weight_ih_l{index}"] @ row
                + tensors[f"lstm.bias_ih_l{index}"]
                + tensors[f"lstm.weight_hh_l{index}"] @ hidden
                + tensors[f"lstm.bias_hh_l{index}"]
            )
            i, f, g, o = np.split(gates, 4)
            cell = cell / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            hidden = np.tanh(cell) / (1 + np.exp(-o))
            states.append(hidden)
        sequence = states
    raw = np.maximum(tensors["linear.weight"] @ sequence[-1] + tensors["linear.bias"], 0)
    return raw / np.linalg.norm(raw)


def test_agrees_with_the_equations() -> None:
    tensors = random_tensors()
    mels = np.random.default_rng(5).random((3, 30, BANDS)).astype(np.float32)
    vectors = Encoder.from_tensors(tensors, BANDS).embed(mels)
    assert vectors.shape == (3, HIDDEN)
    assert vectors.dtype == np.float32
    for vector, mel in zip(vectors, mels, strict=True):
        np.testing.assert_allclose(vector, reference(tensors, mel), atol=2e-6)


def test_weights_that_do_not_fit_are_named() -> None:
    tensors = random_tensors()
    tensors["lstm.weight_hh_l1"] = tensors["lstm.weight_hh_l1"][:-1]
    with pytest.raises(WeightsError, match="weight_hh_l1"):
        Encoder.from_tensors(tensors, BANDS)
    del tensors["lstm.weight_hh_l1"]
    with pytest.raises(WeightsError, match="weight_hh_l1"):
        Encoder.from_tensors(tensors, BANDS)


@given(st.integers(1, 16_000 * 60))
def test_partials_cover_the_recording(samples: int) -> None:
    starts = partial_starts(samples, 160)
    assert starts[0] == 0
    end = (starts[-1] + PARTIAL_FRAMES) * 160
    assert samples - end <= 0.75 * PARTIAL_FRAMES * 160, "at most three quarters of a partial utterance is left out"
    if len(starts) > 1:
        assert (samples - starts[-1] * 160) >= 0.75 * PARTIAL_FRAMES * 160
