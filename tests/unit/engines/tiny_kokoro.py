"""A model with Kokoro's inputs, outputs and inner names, written byte by byte: a tone for each symbol, silence for pads.

Every symbol lasts four frames of 600 samples; its loudness follows its number. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hausmusik.engines.kokoro.network import DURATIONS
from hausmusik.seams import EngineContext, Scalar
from tests.unit.engines.english import CMU, GB, US, random_network

FRAMES = 4
VOICES = ("af_heart", "am_michael", "bf_emma")
_FLOAT, _INT64 = 1, 7


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def _bytes(field: int, payload: bytes | str) -> bytes:
    data = payload.encode() if isinstance(payload, str) else payload
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _node(op: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    body = b"".join(_bytes(1, each) for each in inputs) + _bytes(2, output) + _bytes(4, op)
    return _bytes(1, body + b"".join(_bytes(5, each) for each in attributes))


def _constant(name: str, values: np.ndarray) -> bytes:
    kind = _FLOAT if values.dtype == np.float32 else _INT64
    dims = b"".join(_number(1, side) for side in values.shape)
    return _bytes(5, dims + _number(2, kind) + _bytes(8, name) + _bytes(9, values.tobytes()))


def _value(field: int, name: str, kind: int, shape: list[int | str]) -> bytes:
    dims = b"".join(_bytes(1, _number(1, side) if isinstance(side, int) else _bytes(2, side)) for side in shape)
    return _bytes(field, _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, dims))))


def model(loudness: float = 0.2) -> bytes:
    """Return the file's bytes; a loudness of 0 gives silence, NaN gives no numbers."""
    length = FRAMES * 600
    wave = (loudness * np.sin(np.arange(length) * 2 * np.pi * 200 / 24_000)).astype(np.float32).reshape(1, 1, length)
    cast = _bytes(1, "to") + _number(3, _FLOAT) + _number(20, 2)
    graph = (
        _node("Cast", ["tokens"], "given", cast)
        + _node("Mul", ["given", "zero"], "nothing")
        + _node("Add", ["nothing", "four"], DURATIONS)
        + _node("Div", ["given", "most"], "level")
        + _node("Unsqueeze", ["level", "axis"], "column")
        + _node("Mul", ["column", "wave"], "table")
        + _node("Reshape", ["table", "flat"], "audio")
        + _bytes(2, "tiny")
        + _constant("zero", np.zeros(1, np.float32))
        + _constant("four", np.full(1, FRAMES, np.float32))
        + _constant("most", np.full(1, 178, np.float32))
        + _constant("axis", np.array([2], np.int64))
        + _constant("flat", np.array([-1], np.int64))
        + _constant("wave", wave)
        + _value(11, "tokens", _INT64, [1, "n"])
        + _value(11, "style", _FLOAT, [1, 256])
        + _value(11, "speed", _FLOAT, [1])
        + _value(12, "audio", _FLOAT, ["samples"])
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 13))


def context(folder: Path, *, loudness: float = 0.2, **options: Scalar) -> EngineContext:
    """Write everything a Kokoro engine reads and return where it is."""
    import json

    files: dict[str, Path] = {}
    for name in VOICES:
        path = files[f"kokoro-voices-en/{name}.bin"] = folder / f"{name}.bin"
        np.full((510, 256), VOICES.index(name), dtype="<f4").tofile(path)
    files["kokoro-v1-int8/model.onnx"] = folder / "model.onnx"
    files["kokoro-v1-int8/model.onnx"].write_bytes(model(loudness))
    for accent, words in (("us", US), ("gb", GB)):
        for kind, table in (("gold", words), ("silver", {})):
            path = files[f"misaki-en/{accent}_{kind}.json"] = folder / f"{accent}_{kind}.json"
            path.write_text(json.dumps(table), encoding="utf-8")
    files["cmudict/cmudict.dict"] = folder / "cmudict.dict"
    files["cmudict/cmudict.dict"].write_text(CMU, encoding="ascii")
    files["g2p-en/checkpoint20.npz"] = random_network(folder / "net.npz")
    return EngineContext(files={name: str(path) for name, path in files.items()}, options=options)
