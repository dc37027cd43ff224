"""The build step that brings weights into an image or a Volume, run by Modal in the cloud: our own pull, with its hashes.

Knows nothing of Modal beyond where the folder is.
"""

from __future__ import annotations

import json
import os

from hausmusik.hosts.modal.places import weights_folder
from hausmusik.instruments.model import Weights
from hausmusik.weights.hub import Hub
from hausmusik.weights.store import WeightsStore


def fetch(sets: str) -> None:
    """Pull weight sets.

    Args:
        sets: JSON array of `Weights`, as the caller's catalogue has them.

    Raises:
        WeightsError: one cannot be had; the build fails with that sentence.
    """
    wanted = [Weights.model_validate_json(json.dumps(each)) for each in json.loads(sets)]
    store = WeightsStore(weights_folder(), hub=Hub(token=os.environ.get("HF_TOKEN", "")))
    for _ in store.pull(wanted):
        pass
