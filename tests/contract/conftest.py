from __future__ import annotations

from tests.weights import weights

__all__ = ["weights"]
