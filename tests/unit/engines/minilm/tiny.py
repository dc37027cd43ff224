"""A tiny encoder with random weights and a tokenizer of a few words, and the same in plain numpy to compare with."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from hausmusik.types import FloatArray

HIDDEN, WIDE, LAYERS, HEADS, PLACES = 24, 40, 2, 3, 20
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz0123456789", "rain", "door", "##s", ":")


def random_tensors(seed: int = 5, *, layers: int = LAYERS) -> dict[str, FloatArray]:
    dice = np.random.Generator(np.random.PCG64(seed))

    def some(*shape: int) -> FloatArray:
        return dice.standard_normal(shape).astype(np.float32)

    def affine(name: str, rows: int, columns: int) -> dict[str, FloatArray]:
        return {f"{name}.weight": some(columns, rows) / math.sqrt(rows), f"{name}.bias": 0.1 * some(columns)}

    def norm(name: str) -> dict[str, FloatArray]:
        return {f"{name}.weight": 1 + 0.2 * some(HIDDEN), f"{name}.bias": 0.2 * some(HIDDEN)}

    found = {
        "embeddings.word_embeddings.weight": some(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": some(PLACES, HIDDEN),
        "embeddings.token_type_embeddings.weight": some(2, HIDDEN),
        **norm("embeddings.LayerNorm"),
    }
    for number in range(layers):
        at = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            found |= affine(f"{at}.attention.self.{part}", HIDDEN, HIDDEN)
        found |= affine(f"{at}.attention.output.dense", HIDDEN, HIDDEN) | norm(f"{at}.attention.output.LayerNorm")
        found |= affine(f"{at}.intermediate.dense", HIDDEN, WIDE)
        found |= affine(f"{at}.output.dense", WIDE, HIDDEN) | norm(f"{at}.output.LayerNorm")
    return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in found.items()}


def naive(tensors: dict[str, FloatArray], numbers: list[int]) -> FloatArray:
    """The encoder by the book, one text, float64: what `Network` must agree with."""

    def affine(x: FloatArray, name: str) -> FloatArray:
        return x @ tensors[f"{name}.weight"].T.astype(np.float64) + tensors[f"{name}.bias"]

    def norm(x: FloatArray, name: str) -> FloatArray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    count, each = len(numbers), HIDDEN // HEADS
    x = tensors["embeddings.word_embeddings.weight"][numbers].astype(np.float64)
    x = x + tensors["embeddings.position_embeddings.weight"][:count]
    x = norm(x + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    layers = sum(name.endswith("intermediate.dense.bias") for name in tensors)
    for number in range(layers):
        at = f"encoder.layer.{number}"
        query, key, value = (
            affine(x, f"{at}.attention.self.{part}").reshape(count, HEADS, each).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(each))
        heard = ((scores / scores.sum(-1, keepdims=True)) @ value).transpose(1, 0, 2).reshape(count, HIDDEN)
        x = norm(x + affine(heard, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        wide = affine(x, f"{at}.intermediate.dense")
        wide = 0.5 * wide * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        x = norm(x + affine(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    mean = x.mean(0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


def write_tokenizer(path: Path) -> Path:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    numbers = {word: number for number, word in enumerate(WORDS)}
    pieces = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    pieces.normalizer = normalizers.BertNormalizer()
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    marks = [(word, numbers[word]) for word in ("[CLS]", "[SEP]")]
    pieces.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    pieces.enable_padding(length=10)  # as in the published file, which pads to 128
    pieces.enable_truncation(4)
    pieces.save(str(path))
    return path


def write_files(folder: Path) -> dict[str, str]:
    """Write both files; return them as a context names them."""
    save_file(random_tensors() | {"embeddings.position_ids": np.arange(PLACES)[None]}, folder / "model.safetensors")
    write_tokenizer(folder / "tokenizer.json")
    return {f"tiny/{name}": str(folder / name) for name in ("model.safetensors", "tokenizer.json")}
