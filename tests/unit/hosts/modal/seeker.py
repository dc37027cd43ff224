"""An engine that never finds what it is asked for; a file of its own, as users have."""

from __future__ import annotations

from hausmusik.engines.tone import ToneEngine
from hausmusik.errors import NotFoundError


class Seeker(ToneEngine):
    def play(self, requests, cancel):
        raise NotFoundError("no voice of that name")
        yield
