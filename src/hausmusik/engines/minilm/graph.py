"""Writes the encoder down as an ONNX graph, in ONNX Runtime's fused operators where those are the fast ones.

One product makes query, key and value of a layer, attention is one operator, the exact (erf) GELU takes its bias along.
Adding and normalising stay two operators: the fused one is five times slower on a processor (measured with 1.32). The
products stay in float32: weights in 8 bit (MatMulNBits, blocks of 16 to 64) were no faster and put vectors off by up to
1e-2, ten times what is allowed here.
Source of the equations: Devlin et al. 2019, arXiv 1810.04805. Knows nothing of tokens and texts.
"""

from __future__ import annotations

from typing import Final

from hausmusik.engines.minilm.bert import Affine, Bert, Norm
from hausmusik.engines.minilm.protobuf import FLOAT, INT32, MICROSOFT, model, node, value
from hausmusik.types import FloatArray

SUMS: Final = "sums"
"""Input, float32 `(texts, tokens, hidden)`: word plus position, not yet normalised."""
MASK: Final = "mask"
"""Input, int32 `(texts, tokens)`: 1, or 0 where there is only padding."""
STATES: Final = "states"
"""Output, float32 `(texts, tokens, hidden)`."""
_EPSILON: Final = 1e-12


def encoder_graph(bert: Bert, heads: int) -> bytes:
    """Return the bytes of an ONNX model.

    Args:
        bert: The weights; word and position rows are left to the caller, who looks them up.
        heads: Of attention; must divide the hidden size.
    """
    writer = _Writer()
    states = writer.norm("first", SUMS, bert.norm)
    for number, layer in enumerate(bert.layers):
        at = f"layer{number}"
        heard = writer.attention(f"{at}/attend", states, layer.attend, heads)
        summed = writer.add_to(f"{at}/attended", heard, layer.attended, states)
        states = writer.norm(f"{at}/attended_norm", summed, layer.attended_norm)
        wide = writer.gelu(f"{at}/widen", states, layer.widen)
        summed = writer.add_to(f"{at}/narrow", wide, layer.narrow, states)
        last = number + 1 == len(bert.layers)
        states = writer.norm(STATES if last else f"{at}/narrow_norm", summed, layer.narrow_norm)
    shape = ("texts", "tokens", bert.hidden)
    inputs = [value(SUMS, FLOAT, shape), value(MASK, INT32, shape[:2])]
    return model(writer.nodes, writer.constants, inputs, [value(states, FLOAT, shape)])


class _Writer:
    """Collects nodes and constants; each method adds one step and returns the name of its value."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.constants: dict[str, FloatArray] = {}

    def norm(self, name: str, given: str, norm: Norm) -> str:
        inputs = [given, self._constant(f"{name}.scale", norm.scale), self._constant(f"{name}.shift", norm.shift)]
        return self._node("LayerNormalization", inputs, name, epsilon=_EPSILON)

    def attention(self, name: str, given: str, affine: Affine, heads: int) -> str:
        inputs = [given, self._constant(f"{name}.weight", affine.weight), self._constant(f"{name}.bias", affine.bias)]
        return self._node("Attention", [*inputs, MASK], name, MICROSOFT, num_heads=heads)

    def add_to(self, name: str, given: str, affine: Affine, other: str) -> str:
        product = self._product(name, given, affine)
        biased = self._node("Add", [product, self._constant(f"{name}.bias", affine.bias)], f"{name}/biased")
        return self._node("Add", [biased, other], f"{name}/sum")

    def gelu(self, name: str, given: str, affine: Affine) -> str:
        product = self._product(name, given, affine)
        return self._node("BiasGelu", [product, self._constant(f"{name}.bias", affine.bias)], name, MICROSOFT)

    def _product(self, name: str, given: str, affine: Affine) -> str:
        return self._node("MatMul", [given, self._constant(f"{name}.weight", affine.weight)], f"{name}/product")

    def _constant(self, name: str, array: FloatArray) -> str:
        self.constants[name] = array
        return name

    def _node(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: float) -> str:
        self.nodes.append(node(operator, inputs, output, domain, **attributes))
        return output
