"""Which meter: ours (numpy) or FFmpeg's `ebur128` through PyAV, both with true peak.

Usage: meters.py ours|ffmpeg; prints milliseconds per second of stereo, and the loudness it read.

Filtered noise of changing level, 120 s, 1 s blocks, fed as the mixer feeds it; three times, the best counts.
"""

from __future__ import annotations

import sys
import time

import numpy as np

SECONDS, RATE = 120, 48_000


def blocks() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    raw = rng.standard_normal((2, 4 * RATE))
    soft = np.stack([np.convolve(channel, np.hanning(12) / 24)[: 4 * RATE] for channel in raw])
    return [
        (soft[:, at * RATE : (at + 1) * RATE] * (0.3 + 0.7 * level)).astype(np.float32)
        for at in range(4)
        for level in (0.2, 1.0, 0.5)
    ]


def ours(parts: list[np.ndarray]) -> float:
    from hausmusik.audio.loudness import LoudnessMeter

    meter = LoudnessMeter(RATE, 2)
    for second in range(SECONDS):
        meter.push(parts[second % len(parts)])
    return meter.finish().integrated_lufs


def ffmpeg(parts: list[np.ndarray]) -> float:
    import av

    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, layout="stereo", format="fltp", time_base=f"1/{RATE}")
    meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    last = ""
    for second in range(SECONDS):
        frame = av.AudioFrame.from_ndarray(parts[second % len(parts)], format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, second * RATE
        graph.push(frame)
        while True:
            try:
                last = graph.pull().metadata.get("lavfi.r128.I", last)
            except (av.error.BlockingIOError, av.error.EOFError):
                break
    return float(last)


if __name__ == "__main__":
    material, taken = blocks(), []
    for _ in range(3):
        started = time.perf_counter()
        loudness = {"ours": ours, "ffmpeg": ffmpeg}[sys.argv[1]](material)
        taken.append(time.perf_counter() - started)
    print(f"{1000 * min(taken) / SECONDS:.3f} {loudness:.3f}")
