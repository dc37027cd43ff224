"""When a recording is loud: the intervals by which others are ducked where no script says who speaks when.

A level gate on 20 ms frames, held over short pauses. For takes of our own the times of speech are known and this is not
used. Knows nothing of words: a slammed door counts as loud too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from hausmusik.audio.ducking import Interval, merge_intervals
from hausmusik.audio.wav import WavReader

FRAME_S: Final = 0.02
HOLD_S: Final = 0.4  # longer than the pauses inside a sentence, shorter than those between speakers
FLOOR_DBFS: Final = -55.0
BELOW_LOUD_DB: Final = 25.0
BLOCK_S: Final = 10.0


def activity_intervals(path: Path) -> tuple[Interval, ...]:
    """Return when one of our WAV files is loud, as `(start_s, end_s)` of the file, in order.

    A frame is loud above -55 dBFS and within 25 dB of the file's 95th percentile; pauses up to 0.4 s are held. Memory:
    one float per 20 ms.

    Raises:
        NotFoundError: there is no such file.
        BadInput: it is not of our form.
        StoreError: it is damaged.
    """
    with WavReader.open(path) as reader:
        rate, total = reader.info.sample_rate_hz, reader.info.frames
        frame = max(1, round(FRAME_S * rate))
        block = round(BLOCK_S / FRAME_S) * frame
        levels: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
        for start in range(0, total, block):
            samples = reader.read(start, block)
            whole = samples.shape[1] // frame * frame
            if whole:
                power = np.square(samples[:, :whole]).mean(axis=0)  # (channels, n) -> (n,)
                levels.append(power.reshape(-1, frame).mean(axis=1))
    if not levels:
        return ()
    level_db = 10 * np.log10(np.concatenate(levels) + 1e-12)
    threshold = max(FLOOR_DBFS, float(np.percentile(level_db, 95)) - BELOW_LOUD_DB)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (level_db > threshold).astype(np.int8), [0]))))
    step_s = frame / rate
    spans = [(float(a) * step_s, float(b) * step_s) for a, b in edges.reshape(-1, 2)]
    return tuple(merge_intervals(spans, HOLD_S))
