"""What all values that travel have in common: their base, and numbers with their ranges."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]

Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1e6)]
Length: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Seed: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class Value(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """Base of everything that may travel: frozen, keyword-only, tagged with its class name."""
