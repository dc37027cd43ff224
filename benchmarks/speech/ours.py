"""Hausmusik's side. Usage: ours.py engine|house, with HAUSMUSIK_WEIGHTS__FOLDER as ever; see `serving.py`.

engine: `KokoroEngine` in this process, one thread. house: as an application uses it, through `hausmusik.open()`; the
engine then plays in a worker process, so only wall times count.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import material
import serving

import hausmusik
from hausmusik.engines.loading import load_engine
from hausmusik.seams import EngineContext
from hausmusik.types import AudioChunk, SpeakRequest


def engine() -> serving.Speak:
    with hausmusik.open() as house:
        entry = house.catalogue.instrument("kokoro")
        files = house.weights.located([house.catalogue.weight_set(each) for each in entry.weights])
    made = load_engine(entry.engine, EngineContext(files=files, threads=1))
    for stage in (made.prepare(), made.load("cpu")):
        for _ in stage:
            pass

    def speak(text: str) -> Iterable[tuple[Sequence[float], int]]:
        request = SpeakRequest(text=text, voice={material.VOICE: 1.0})
        for _, event in made.play([request], threading.Event()):
            if isinstance(event, AudioChunk):
                yield event.audio.samples[0], event.audio.sample_rate_hz

    return speak


def house() -> serving.Speak:
    opened = hausmusik.open()

    def speak(text: str) -> Iterable[tuple[Sequence[float], int]]:
        for event in opened.play("kokoro", SpeakRequest(text=text, voice={material.VOICE: 1.0})):
            if isinstance(event, AudioChunk):
                yield event.audio.samples[0], event.audio.sample_rate_hz

    return speak


if __name__ == "__main__":
    versions = {name: version(name) for name in ("hausmusik", "onnxruntime", "numpy")}
    serving.serve({"engine": engine, "house": house}[sys.argv[1]], versions)
