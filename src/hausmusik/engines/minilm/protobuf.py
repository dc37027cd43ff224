"""Writes the little of ONNX that the encoder's graph needs, straight in Protocol Buffers' wire format.

The `onnx` package would bring 18 MB to write four kinds of message. Field numbers: ModelProto, GraphProto, NodeProto,
AttributeProto, TensorProto and ValueInfoProto of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the encoding:
https://protobuf.dev/programming-guides/encoding. Knows nothing of what is computed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from hausmusik.engines import wire
from hausmusik.types import FloatArray

FLOAT: Final = 1
INT32: Final = 6
MICROSOFT: Final = "com.microsoft"
"""ONNX Runtime's own operators."""
_IR_VERSION: Final = 8
_OPSETS: Final[Mapping[str, int]] = MappingProxyType({"": 17, MICROSOFT: 1})
_ATTRIBUTE_FLOAT: Final = 1
_ATTRIBUTE_INT: Final = 2


def _number(field: int, number: int) -> bytes:
    return wire.varint(field << 3) + wire.varint(number)


def _bytes(field: int, payload: bytes | str) -> bytes:
    return wire.field(field, payload.encode() if isinstance(payload, str) else payload)


def _attribute(name: str, value: float) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    return _bytes(1, name) + wire.varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, _ATTRIBUTE_FLOAT)


def node(operator: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: float) -> bytes:
    """Return a NodeProto with one output, which names it too.

    Args:
        operator: E.g. `MatMul`.
        inputs: Names of values.
        output: Name of its value.
        domain: Empty for ONNX's own operators, else `MICROSOFT`.
        attributes: Integers are written as INT, all others as FLOAT.
    """
    parts = [_bytes(1, each) for each in inputs]
    parts += [_bytes(2, output), _bytes(3, output), _bytes(4, operator)]
    parts += [_bytes(5, _attribute(name, value)) for name, value in attributes.items()]
    return b"".join(parts) + (_bytes(7, domain) if domain else b"")


def value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    """Return a ValueInfoProto, for inputs and outputs of a graph.

    Args:
        name: Of the value.
        kind: `FLOAT` or `INT32`.
        shape: A size for each axis, or a name where it varies.
    """
    axes = (_bytes(1, _bytes(2, each) if isinstance(each, str) else _number(1, each)) for each in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, b"".join(axes))))


def _tensor(name: str, array: FloatArray) -> bytes:
    little = np.ascontiguousarray(array, dtype="<f4")
    shape = b"".join(_number(1, size) for size in little.shape)
    return shape + _number(2, FLOAT) + _bytes(8, name) + _bytes(9, little.tobytes())


def model(
    nodes: Iterable[bytes], constants: Mapping[str, FloatArray], inputs: Iterable[bytes], outputs: Iterable[bytes]
) -> bytes:
    """Return a ModelProto.

    Args:
        nodes: Of `node`, each after those whose values it takes.
        constants: float32, by the name of their value.
        inputs: Of `value`.
        outputs: Of `value`.
    """
    parts = [_bytes(1, each) for each in nodes]
    parts += [_bytes(2, "encoder")]
    parts += [_bytes(5, _tensor(name, array)) for name, array in constants.items()]
    parts += [_bytes(11, each) for each in inputs]
    parts += [_bytes(12, each) for each in outputs]
    opsets = b"".join(_bytes(8, _bytes(1, domain) + _number(2, number)) for domain, number in _OPSETS.items())
    return _number(1, _IR_VERSION) + _bytes(7, b"".join(parts)) + opsets
