"""Files to documents: found in folders, told apart by content, read whatever they hold.

find_files(paths) -> Found, Found, …      read_document(path) -> Document      read_bytes(data) -> Document
"""

from __future__ import annotations

from hausmusik.memory.reading.files import read_bytes, read_document
from hausmusik.memory.reading.folders import Found, Skipped, find_files
from hausmusik.memory.reading.limits import ReadLimits

__all__ = ["Found", "ReadLimits", "Skipped", "find_files", "read_bytes", "read_document"]
