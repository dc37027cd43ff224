"""What every engine under test shares: loaded once, it is sent texts on its input and answers with figures.

An order is a line of JSON {"text", "wav"}; the answer has the processor seconds of this process (user and system, all
threads), wall seconds, seconds of audio, and when the first audio was there and how long it was. The audio is only
counted, or written as 16-bit wav where asked, after the clocks have stopped. Standard library alone: it runs in the
peers' interpreter too.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import wave
from array import array
from collections.abc import Callable, Iterable, Sequence

Speak = Callable[[str], Iterable[tuple[Sequence[float], int]]]
"""A text in; parts of audio out as soon as they are made, each with its rate in Hz."""


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def serve(load: Callable[[], Speak], versions: dict[str, str]) -> None:
    """Load, warm up, say that it is ready, then speak until the input ends."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is no answer
    began_s, began_cpu_s = time.perf_counter(), cpu_s()
    speak = load()
    for _ in speak("All is ready now."):
        pass
    ready = {"load_s": time.perf_counter() - began_s, "load_cpu_s": cpu_s() - began_cpu_s, "versions": versions}
    print(json.dumps(ready), file=out, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(measured(speak, order["text"], order.get("wav", ""))), file=out, flush=True)


def measured(speak: Speak, text: str, wav: str) -> dict[str, float]:
    parts: list[Sequence[float]] = []
    rates: set[int] = set()
    first_s = 0.0
    began_s, began_cpu_s = time.perf_counter(), cpu_s()
    for samples, rate in speak(text):
        first_s = first_s or time.perf_counter() - began_s
        parts.append(samples)
        rates.add(rate)
    taken_s, taken_cpu_s = time.perf_counter() - began_s, cpu_s() - began_cpu_s
    (rate,) = rates
    if wav:
        write(wav, parts, rate)
    return {
        "wall_s": taken_s,
        "cpu_s": taken_cpu_s,
        "audio_s": sum(len(part) for part in parts) / rate,
        "first_s": first_s,
        "first_audio_s": len(parts[0]) / rate,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def write(path: str, parts: Sequence[Sequence[float]], rate: int) -> None:
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for part in parts:
            whole = array("h", (round(32_767 * min(1.0, max(-1.0, float(sample)))) for sample in part))
            if sys.byteorder == "big":
                whole.byteswap()
            file.writeframes(whole.tobytes())
