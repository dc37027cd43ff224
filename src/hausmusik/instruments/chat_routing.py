"""Which language model goes on with a conversation, when none was named.

Language models are large, and the smallest of them are of no use as advisers: so what is here is played before anything
is pulled, and the makeshift only where nothing else can be had.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hausmusik.instruments.model import Instrument
from hausmusik.instruments.routing import Facts
from hausmusik.types import Request


def best_here(request: Request, candidates: Sequence[Instrument], facts: Facts) -> str:
    """Return the best candidate that can play without a pull, else the one that is worth pulling.

    The last candidate is the makeshift: it talks and does not answer. The one before it is what is pulled where none of
    the others is here; the makeshift plays where it cannot be. Where that cannot be had either, what would have been
    pulled says what it lacks.
    """
    del request
    if len(candidates) == 1:
        return candidates[0].id
    *useful, makeshift = candidates
    here = msgspec.structs.replace(facts, offline=True)
    if found := next((each for each in useful if here.ready(each)), None):
        return found.id
    worth_it = useful[-1]
    return makeshift.id if facts.ready(makeshift) and not facts.ready(worth_it) else worth_it.id
