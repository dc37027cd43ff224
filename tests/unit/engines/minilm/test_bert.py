from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from hausmusik.engines.minilm.bert import bert_of, read_bert
from hausmusik.errors import WeightsError
from tests.unit.engines.minilm.tiny import HIDDEN, LAYERS, PLACES, WIDE, WORDS, random_tensors, write_files


def test_a_file_is_read_and_laid_out(tmp_path: Path):
    write_files(tmp_path)
    bert = read_bert(tmp_path / "model.safetensors")
    tensors = random_tensors()
    assert bert.words.shape == (len(WORDS), bert.hidden) == (len(WORDS), HIDDEN)
    assert bert.positions.shape == (PLACES, HIDDEN)
    assert len(bert.layers) == LAYERS
    layer = bert.layers[1]
    assert layer.attend.weight.shape == (HIDDEN, 3 * HIDDEN)
    assert layer.widen.weight.shape == (HIDDEN, WIDE)
    key = tensors["encoder.layer.1.attention.self.key.weight"]
    np.testing.assert_array_equal(layer.attend.weight[:, HIDDEN : 2 * HIDDEN], key.T)


@pytest.mark.parametrize("missing", sorted(random_tensors(layers=1)))
def test_what_is_missing_or_misshapen_is_named(missing: str):
    tensors = random_tensors(layers=1)
    del tensors[missing]
    with pytest.raises(WeightsError, match="weights have no"):
        bert_of(tensors)
    for wrong in (np.zeros((3, 7, 2), np.float32), np.zeros((), np.float32)):
        with pytest.raises(WeightsError, match="weights have no"):
            bert_of(tensors | {missing: wrong})


def test_weights_without_layers_are_refused():
    with pytest.raises(WeightsError, match="no layers"):
        bert_of(random_tensors(layers=0))


@pytest.mark.parametrize("data", [b"", b"\x00" * 64, pickle.dumps({"a": 1}), b"\xff" * 4096], ids=len)
def test_what_is_no_safetensors_file_is_a_reason(tmp_path: Path, data: bytes):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="cannot be read"):
        read_bert(path)
    with pytest.raises(WeightsError, match="cannot be read"):
        read_bert(tmp_path / "none")
