"""The build step that brings weights into an image or a Volume, run by Modal in the cloud.

Our own weight sets are checked by hash there too; whole repositories are pinned to a commit, and checked as the hub's
own library does it.

Knows nothing of Modal beyond where the folder is.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from hausmusik.errors import WeightsError
from hausmusik.hosts.modal.places import weights_folder
from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.instruments.model import Weights
from hausmusik.weights.hub import Hub
from hausmusik.weights.store import WeightsStore


def fetch(wanted: str, volume_id: str = "") -> None:
    """Pull weight sets and whole repositories.

    Args:
        wanted: JSON array of two arrays, `Weights` and `Checkpoint`, as the caller's catalogue has them.
        volume_id: Of the Volume that they go into; only makes the step for another one another step.

    Raises:
        WeightsError: one cannot be had; the build fails with that sentence.
    """
    del volume_id
    sets, checkpoints = json.loads(wanted)
    folder, token = weights_folder(), os.environ.get("HF_TOKEN", "")
    store = WeightsStore(folder, hub=Hub(token=token))
    for _ in store.pull([Weights.model_validate_json(json.dumps(each)) for each in sets]):
        pass
    for each in checkpoints:
        _fetch_whole(Checkpoint.model_validate_json(json.dumps(each)), folder, token)


def _fetch_whole(checkpoint: Checkpoint, folder: Path, token: str) -> None:
    """Bring a repository at its pinned revision into `folder/<checkpoint id>/<revision>`, resuming what is there."""
    if not checkpoint.revision:
        raise WeightsError(
            f"{checkpoint.repo} has no pinned revision", hint="give the commit in the catalogue before deploying it"
        )
    import huggingface_hub  # noqa: PLC0415 - in the image only, and only for instruments that load repositories

    huggingface_hub.snapshot_download(
        checkpoint.repo,
        revision=checkpoint.revision,
        allow_patterns=list(checkpoint.files),
        local_dir=folder / checkpoint.id / checkpoint.revision,
        token=token or None,
    )
