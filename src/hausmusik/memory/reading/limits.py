"""How much is read of one file before it is refused: the bounds that keep a hostile file from filling the machine."""

from __future__ import annotations

from typing import Final

import msgspec

SPLIT: Final = "split it (`split -C 100M …`) and add the parts"
"""What to do with a file that is too large."""


class ReadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of reading one file.

    Args:
        max_bytes: Of the file itself.
        max_unpacked_bytes: Of all that a packed file (DOCX, PDF) holds, unpacked.
        max_ratio: How many times larger than packed a DOCX file may be, unpacked; text packs up to about 30 times.
        max_pages: Of a PDF file.
    """

    max_bytes: int = 200_000_000
    max_unpacked_bytes: int = 400_000_000
    max_ratio: float = 300.0
    max_pages: int = 10_000
