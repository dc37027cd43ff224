"""Writing the JSON file of a NanoVectorDB, LightRAG's default vector store, row by row.

    {"embedding_dim": 384, "data": [{"__id__": …, "vector": …, …}, …], "matrix": "<base64 of float32 rows>"}

The matrix is what is searched. `vector` is the same as float16, deflated: LightRAG reads it where it compares rows
with one another. The matrix is kept in a file of its own until all rows are there, so memory does not grow with it.

Source: nano-vectordb 0.0.4.3 `dbs.py`, lightrag-hku 1.5.7 `kg/nano_vector_db_impl.py`.
"""

from __future__ import annotations

import base64
import tempfile
import zlib
from collections.abc import Mapping
from typing import Any, Final, TextIO

import msgspec
import numpy as np

from hausmusik.types import FloatArray

_AT_ONCE: Final = 3 * 65_536
"""Bytes: base64 of parts that are multiples of three is base64 of the whole."""

_FLOAT32: Final = np.dtype("<f4")
_FLOAT16: Final = np.dtype("<f2")


class VectorFile:
    """Writes one file.

    Args:
        file: Where to.
        dim: Of the vectors.
    """

    def __init__(self, file: TextIO, dim: int) -> None:
        self._file = file
        self._dim = dim
        self._count = 0
        self._matrix = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by `end` and `close`
        file.write(f'{{"embedding_dim": {dim}, "data": [')

    def add(self, id_: str, created_s: int, fields: Mapping[str, Any], vector: FloatArray) -> None:
        """Write a row.

        Args:
            id_: Of it.
            created_s: When, seconds since 1970.
            fields: What LightRAG reads of it.
            vector: `(dim,)`; is brought to length 1.
        """
        row = np.asarray(vector, np.float64)
        unit = (row / (np.linalg.norm(row) or 1.0)).astype(_FLOAT32)
        if unit.shape != (self._dim,):
            raise ValueError(f"a vector of shape {unit.shape} among those of {self._dim}")
        self._matrix.write(unit.tobytes())
        record = {
            "__id__": id_,
            "__created_at__": created_s,
            "__write_seq__": created_s * 1_000_000_000 + self._count,
            **fields,
            "vector": base64.b64encode(zlib.compress(unit.astype(_FLOAT16).tobytes())).decode(),
        }
        self._file.write((",\n" if self._count else "\n") + msgspec.json.encode(record).decode())
        self._count += 1

    def end(self) -> None:
        """Write the matrix."""
        self._file.write('\n],\n"matrix": "')
        self._matrix.seek(0)
        while part := self._matrix.read(_AT_ONCE):
            self._file.write(base64.b64encode(part).decode())
        self._file.write('"}\n')
        self.close()

    def close(self) -> None:
        """Drop what was kept of the matrix."""
        self._matrix.close()
