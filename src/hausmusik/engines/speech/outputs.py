"""Ask an exported ONNX graph for a value that it computes but does not give out, such as the durations of phonemes.

Naming the value as one more output takes a few bytes appended to the file's bytes in memory: Protocol Buffers merge a
repeated message into the first one (https://protobuf.dev/programming-guides/encoding/#last-one-wins), so no library
that understands the format is needed, and the file on disk stays as its hash says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hausmusik.engines.wire import field

_MODEL_GRAPH: Final = 7
_GRAPH_OUTPUT: Final = 12
_VALUE_NAME: Final = 1
"""Field numbers of ModelProto, GraphProto and ValueInfoProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto."""


def with_output(path: Path, name: str) -> bytes:
    """Return a model file's bytes with an inner value as one more, last output.

    Args:
        path: The file, which is only read.
        name: Of the value, as the graph calls it; a wrong one makes the runtime refuse the model.
    """
    extra = field(_MODEL_GRAPH, field(_GRAPH_OUTPUT, field(_VALUE_NAME, name.encode())))
    return b"".join((path.read_bytes(), extra))
