from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.minilm.bert import bert_of
from hausmusik.engines.minilm.network import Network
from hausmusik.errors import GenerationFailed, WeightsError
from tests.unit.engines.minilm.tiny import HEADS, HIDDEN, PLACES, WORDS, naive, random_tensors

numbers = st.lists(st.integers(0, len(WORDS) - 1), min_size=1, max_size=PLACES)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(bert_of(random_tensors()), HEADS)


@given(st.lists(numbers, min_size=1, max_size=6))
@settings(deadline=None)
def test_it_is_the_encoder_by_the_book_whatever_stands_beside(network: Network, texts: list[list[int]]):
    found = network.embed(texts)
    assert found.dtype == np.float32
    assert found.shape == (len(texts), HIDDEN)
    for row, text in zip(found, texts, strict=True):
        np.testing.assert_allclose(row, naive(random_tensors(), text), atol=1e-5)


def test_one_layer_and_other_heads():
    tensors = random_tensors(7, layers=1)
    found = Network(bert_of(tensors), HEADS).embed([[2, 5, 3]])
    np.testing.assert_allclose(found[0], naive(tensors, [2, 5, 3]), atol=1e-5)
    assert np.abs(Network(bert_of(tensors), 1).embed([[2, 5, 3]]) - found).max() > 1e-3


def test_the_same_texts_give_the_same_bytes(network: Network):
    texts = [[2, 9, 8, 3], [2, 3]]
    assert network.embed(texts).tobytes() == network.embed(texts).tobytes()


@pytest.mark.parametrize("texts", [[[]], [[1], []], [[1] * (PLACES + 1)]])
def test_lengths_out_of_range_are_a_mistake_of_ours(network: Network, texts: list[list[int]]):
    with pytest.raises(ValueError, match="1 to 20 tokens"):
        network.embed(texts)


@pytest.mark.parametrize("number", [-1, len(WORDS)])
def test_foreign_word_pieces_are_refused(network: Network, number: int):
    with pytest.raises(WeightsError, match="word pieces"):
        network.embed([[2, number]])


@pytest.mark.parametrize("heads", [0, 5])
def test_heads_must_share_evenly(heads: int):
    with pytest.raises(WeightsError, match="heads"):
        Network(bert_of(random_tensors()), heads)


def test_no_numbers_are_a_failure():
    tensors = random_tensors()
    tensors["encoder.layer.1.output.dense.bias"] = np.full(HIDDEN, np.nan, np.float32)
    with pytest.raises(GenerationFailed, match="no usable vector"):
        Network(bert_of(tensors), HEADS).embed([[2, 3]])
