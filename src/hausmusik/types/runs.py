"""A run: one piece of work that somebody asked for."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hausmusik.types.values import Value


class Run(Value, frozen=True):
    """One piece of work asked for; every play belongs to one and the ledger groups by it.

    Args:
        id: Unique, sortable by time.
        label: What a person calls it, e.g. `compose strange-loops`.
        host: Where to play (`local`, `modal` …); empty leaves it to the instrument.
        budget_usd: Most this run may cost, as a decimal string; empty: no limit of its own.
        deadline_s: Most seconds one play of it may take; 0: no limit.
        cue: The cue this play is for; empty outside a score.
        document: The document this play is for; empty outside a memory.
    """

    id: str
    label: str = ""
    host: str = ""
    budget_usd: str = ""
    deadline_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    cue: str = ""
    document: str = ""
