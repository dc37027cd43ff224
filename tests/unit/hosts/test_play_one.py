"""One play as every worker does it: who counts what."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from hausmusik.engines.tone import ToneEngine
from hausmusik.hosts.playing import play_one
from hausmusik.seams import Cancel, EngineContext
from hausmusik.types import Done, Event, Request, SpeakRequest, Usage

SAY = SpeakRequest(text="One.")


class Counting(ToneEngine):
    """Counts its seconds too, and badly."""

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        del requests, cancel
        yield 0, Usage(busy_s=1000.0, cpu_s=1000.0, audio_s=2.0, tokens_out=3)
        yield 0, Usage(audio_s=0.5, tokens_out=4)
        yield 0, Done(reason="length")


def test_seconds_are_those_of_the_clock_here_once_and_the_rest_is_the_engines() -> None:
    began_s = time.perf_counter()
    reason, usage = play_one(Counting(EngineContext()), SAY, threading.Event(), lambda _: None)
    assert reason == "length"
    assert (usage.audio_s, usage.tokens_out) == (2.5, 7)
    assert 0 < usage.busy_s <= time.perf_counter() - began_s
    assert usage.cpu_s < 1000
