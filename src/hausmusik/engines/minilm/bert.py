"""The weights of a BERT encoder, read from a safetensors file, checked, and laid out for row vectors.

Names and shapes: transformers' `BertModel` (Devlin et al. 2019, arXiv 1810.04805). The pooler is left out: a sentence's
vector is the mean over its tokens. Knows nothing of how they are computed with.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from hausmusik.errors import MissingExtra, WeightsError
from hausmusik.types import FloatArray

_LAYER: Final = re.compile(r"encoder\.layer\.(\d{1,3})\.")


class Affine(msgspec.Struct, frozen=True, eq=False):
    """x -> x @ weight + bias, `weight` (in, out), `bias` (out,)."""

    weight: FloatArray
    bias: FloatArray


class Norm(msgspec.Struct, frozen=True, eq=False):
    """Layer normalisation's `scale` and `shift`, both (hidden,)."""

    scale: FloatArray
    shift: FloatArray


class Layer(msgspec.Struct, frozen=True, eq=False):
    """One layer.

    Args:
        attend: Query, key and value side by side, (hidden, 3 x hidden).
        attended: (hidden, hidden).
        attended_norm: After the first sum.
        widen: (hidden, wide).
        narrow: (wide, hidden).
        narrow_norm: After the second sum.
    """

    attend: Affine
    attended: Affine
    attended_norm: Norm
    widen: Affine
    narrow: Affine
    narrow_norm: Norm


class Bert(msgspec.Struct, frozen=True, eq=False):
    """The encoder.

    Args:
        words: One row per token number, (vocabulary, hidden).
        positions: One row per place in the text, the one token type of single texts added, (places, hidden).
        norm: Of their sum.
        layers: In order.
    """

    words: FloatArray
    positions: FloatArray
    norm: Norm
    layers: tuple[Layer, ...]

    @property
    def hidden(self) -> int:
        """Numbers per token, and per text."""
        return self.words.shape[1]


def read_bert(path: Path) -> Bert:
    """Read a file of `BertModel` weights.

    Raises:
        MissingExtra: safetensors is not installed.
        WeightsError: no safetensors file, or not such an encoder; names what is missing.
    """
    try:
        import safetensors
    except ImportError as error:
        raise MissingExtra(
            "this encoder needs safetensors, which is not installed", hint="pip install 'hausmusik[embedded]'"
        ) from error
    library: Any = safetensors
    try:
        with library.safe_open(str(path), framework="numpy") as file:
            names = [str(name) for name in file.keys()]  # noqa: SIM118 - it is no dictionary
            wanted = [name for name in names if name.startswith(("embeddings.", "encoder."))]
            tensors = {name: np.asarray(file.get_tensor(name)) for name in wanted if not name.endswith("position_ids")}
    except (library.SafetensorError, OSError, TypeError) as error:
        raise WeightsError(f"{path.name} cannot be read: {error}", hint="pull the weights again") from error
    return bert_of({name: tensor.astype(np.float32, copy=False) for name, tensor in tensors.items()})


def bert_of(tensors: dict[str, FloatArray]) -> Bert:
    """Check names and shapes and lay the weights out; raises WeightsError when they do not fit."""

    def take(name: str, *shape: int) -> FloatArray:
        tensor = tensors.get(name)
        fits = tensor is not None and tensor.ndim == len(shape)
        if tensor is None or not fits or any(a not in {0, b} for a, b in zip(shape, tensor.shape, strict=True)):
            raise WeightsError(f"the encoder's weights have no {name} of shape {shape} (0: any)")
        return tensor

    def affine(name: str, rows: int, columns: int) -> Affine:
        weight = np.ascontiguousarray(take(f"{name}.weight", columns, rows).T)
        return Affine(weight, take(f"{name}.bias", columns or weight.shape[1]))

    def norm(name: str, hidden: int) -> Norm:
        return Norm(take(f"{name}.weight", hidden), take(f"{name}.bias", hidden))

    def layer(number: int, hidden: int) -> Layer:
        at = f"encoder.layer.{number}"
        parts = [affine(f"{at}.attention.self.{part}", hidden, hidden) for part in ("query", "key", "value")]
        attend = Affine(np.concatenate([each.weight for each in parts], 1), np.concatenate([p.bias for p in parts]))
        widen = affine(f"{at}.intermediate.dense", hidden, 0)
        return Layer(
            attend=attend,
            attended=affine(f"{at}.attention.output.dense", hidden, hidden),
            attended_norm=norm(f"{at}.attention.output.LayerNorm", hidden),
            widen=widen,
            narrow=affine(f"{at}.output.dense", widen.bias.size, hidden),
            narrow_norm=norm(f"{at}.output.LayerNorm", hidden),
        )

    words = take("embeddings.word_embeddings.weight", 0, 0)
    hidden = words.shape[1]
    count = 1 + max((int(found[1]) for name in tensors if (found := _LAYER.match(name))), default=-1)
    if not count:
        raise WeightsError("the encoder's weights have no layers")
    return Bert(
        words=words,
        positions=take("embeddings.position_embeddings.weight", 0, hidden)
        + take("embeddings.token_type_embeddings.weight", 0, hidden)[0],
        norm=norm("embeddings.LayerNorm", hidden),
        layers=tuple(layer(number, hidden) for number in range(count)),
    )
