"""The build step that brings weights into an image or a Volume, run by Modal in the cloud.

Our own weight sets are checked there by the hashes of the catalogue. Of whole repositories the catalogue has a commit
and a size; their files are checked by the hashes that the hub tells of that commit.

Knows nothing of Modal beyond where the folder is.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hausmusik.errors import HashMismatch, WeightsError
from hausmusik.hosts.modal.places import weights_folder
from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.instruments.model import Weights
from hausmusik.weights.hub import Hub
from hausmusik.weights.store import WeightsStore

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoFile

SIZE_TOLERANCE: Final = 0.1
"""Sizes that were computed leave out vocabularies and headers; half or twice as much is another choice of files."""


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
    folder, hub = weights_folder(), Hub(token=os.environ.get("HF_TOKEN", ""))
    store = WeightsStore(folder, hub=hub)
    for _ in store.pull([Weights.model_validate_json(json.dumps(each)) for each in sets]):
        pass
    for each in checkpoints:
        fetch_whole(Checkpoint.model_validate_json(json.dumps(each)), folder, hub)


def fetch_whole(checkpoint: Checkpoint, folder: Path, hub: Hub) -> Path:
    """Bring a repository at its pinned revision into `folder/<checkpoint id>/<revision>`, resuming what is there.

    Args:
        checkpoint: Which one, and which of its files.
        folder: Of all weights.
        hub: Where it is, and a key for it.

    Returns:
        The folder that it is in.

    Raises:
        WeightsError: not pinned, not to be had, or of another size than the catalogue says.
        HashMismatch: a file is not what the hub says it is; it is removed, so that the next try fetches it again.
    """
    if not checkpoint.revision:
        raise WeightsError(
            f"{checkpoint.repo} has no pinned revision", hint="give the commit in the catalogue before deploying it"
        )
    import huggingface_hub  # noqa: PLC0415 - in the image only, and only for instruments that load repositories
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    into = folder / checkpoint.id / checkpoint.revision
    try:
        files = _files(checkpoint, hub)
        huggingface_hub.snapshot_download(
            checkpoint.repo,
            revision=checkpoint.revision,
            allow_patterns=[glob.escape(each.path) for each in files],
            local_dir=into,
            token=hub.token or False,
            endpoint=hub.endpoint,
        )
    except HfHubHTTPError as error:
        hint = "agree to its terms on its page, and give the secret `huggingface` its key as HF_TOKEN"
        raise WeightsError(
            f"the hub does not give {checkpoint.repo}: {str(error).strip().splitlines()[0]}",
            hint=hint if checkpoint.gated else "",
        ) from error
    for each in files:
        _check(into / each.path, each, checkpoint)
    return into


def _files(checkpoint: Checkpoint, hub: Hub) -> list[RepoFile]:
    """Return which files a checkpoint takes, as the hub tells them, if together they are about as large as pinned."""
    from huggingface_hub import HfApi  # noqa: PLC0415
    from huggingface_hub.hf_api import RepoFile  # noqa: PLC0415
    from huggingface_hub.utils import filter_repo_objects  # noqa: PLC0415

    api = HfApi(endpoint=hub.endpoint, token=hub.token or False)
    tree = api.list_repo_tree(checkpoint.repo, recursive=True, revision=checkpoint.revision)
    there = [each for each in tree if isinstance(each, RepoFile)]
    found = list(filter_repo_objects(there, allow_patterns=list(checkpoint.files), key=lambda each: each.path))
    size_bytes = sum(each.size for each in found)
    if abs(size_bytes - checkpoint.size_bytes) > SIZE_TOLERANCE * checkpoint.size_bytes:
        raise WeightsError(
            f"{checkpoint.repo} has {size_bytes} bytes of what is wanted, the catalogue says {checkpoint.size_bytes}",
            hint="correct `files` or `size_bytes` in the catalogue: the time for fetching is reckoned from them",
        )
    return found


def _check(path: Path, told: RepoFile, checkpoint: Checkpoint) -> None:
    """Compare a file with the size and hash that the hub tells of it: sha256 of large ones, git's sha1 of others."""
    if path.is_file() and path.stat().st_size == told.size:
        begun = hashlib.sha256() if told.lfs else hashlib.sha1(b"blob %d\0" % told.size, usedforsecurity=False)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: begun).hexdigest()
        if digest == (told.lfs.sha256 if told.lfs else told.blob_id):
            return
    path.unlink(missing_ok=True)
    raise HashMismatch(f"{told.path} of {checkpoint.repo} came damaged", hint="deploy again: it is fetched anew")
