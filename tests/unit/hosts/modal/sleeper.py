"""An engine that sleeps through a snapshot, and says in what order it was called; a file of its own, as users have."""

from __future__ import annotations

import time
from pathlib import Path

from hausmusik.engines.tone import ToneEngine
from hausmusik.seams import EngineContext
from hausmusik.types import Done, Phase, TextDelta


class Waker:
    """Fails to prepare as long as a file is missing, which the first try makes."""

    def __init__(self, context):
        self._tones = ToneEngine(EngineContext())
        self._once = str(context.options.get("fails_once", ""))
        self.called = []

    @property
    def spec(self):
        return self._tones.spec

    def prepare(self):
        if self._once and not Path(self._once).exists():
            Path(self._once).touch()
            raise RuntimeError("not yet")
        return self._note("prepare")

    def load(self, device):
        return self._note("load")

    def warm_up(self):
        return self._note("warm_up")

    def play(self, requests, cancel):
        yield 0, TextDelta(text=" ".join(self.called))
        yield 0, Done()

    def close(self):
        self._tones.close()

    def _note(self, what):
        self.called.append(what)
        time.sleep(0.3)
        yield Phase(name=what, done=1.0)


class Sleeper(Waker):
    def sleep(self):
        return self._note("sleep")

    def wake_up(self):
        return self._note("wake_up")
