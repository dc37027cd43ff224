"""How many there are of something, as a person says it."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """Return `1 file`, `2 files`, `2,000 entities`.

    Args:
        count: How many.
        one: What one of them is called.
        many: What several are called; empty: as one of them with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
