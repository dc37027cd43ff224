"""The four recordings of tests/data/speech, and what is said in them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
import numpy as np

from hausmusik.types import Audio

FOLDER: Final = Path(__file__).parents[2] / "data" / "speech"
SAID: Final = {
    "heart_box": "Yesterday we found a small wooden box under the kitchen floor.",
    "heart_lighthouse": "The old lighthouse keeper walked slowly down the stairs, counting every step.",
    "michael_lighthouse": "The old lighthouse keeper walked slowly down the stairs, counting every step.",
    "michael_orchestra": "Nobody expected the orchestra to play so well in such a cold hall.",
}


def recording(name: str) -> Audio:
    """Return one recording, 48 kHz mono."""
    with av.open(str(FOLDER / f"{name}.opus")) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return Audio(np.concatenate(frames, axis=1).astype(np.float32), 48_000)
