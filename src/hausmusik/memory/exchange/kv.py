"""Writing the JSON file of one of LightRAG's key-value stores, record by record.

Source: `kg/json_kv_impl.py` of lightrag-hku 1.5.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

import msgspec


class TableFile:
    """Writes one JSON object of records.

    Args:
        file: Where to.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._count = 0
        file.write("{")

    def add(self, key: str, at_s: int, record: Mapping[str, Any]) -> None:
        """Write a record with what LightRAG itself adds to one: its times (seconds since 1970) and its key."""
        self.put(key, {**record, "create_time": at_s, "update_time": at_s, "_id": key})

    def put(self, key: str, record: Mapping[str, Any]) -> None:
        """Write a record as it is."""
        head = msgspec.json.encode(key).decode()
        self._file.write((",\n" if self._count else "\n") + f"{head}: {msgspec.json.encode(record).decode()}")
        self._count += 1

    def end(self) -> None:
        """Write what stands behind the last record."""
        self._file.write("\n}\n")
