"""A declaration as a Modal app: image, weights, class. The only place where Modal's declarations are written.

Built by a function, so that one process can deploy the same app to an account and to the control plane on this machine.
Names and limits are those of modal 1.5.4 to 1.6: https://modal.com/docs/reference. Weights that are on this machine are
sent from here, so that what plays there is what was checked here; others are fetched in the cloud at the pinned
revision, and checked there (`fetching`).
"""

from __future__ import annotations

import importlib.resources
import math
from pathlib import Path
from typing import Any, Final, cast

import modal
import msgspec

import hausmusik
from hausmusik.hosts.local.isolation import numeric_variables
from hausmusik.hosts.modal.container import DIGEST, ORDER, WINDOW, GpuSnapshotWorker, SnapshotWorker, Worker
from hausmusik.hosts.modal.declaration import DIGEST_TAG, ENGINES, Declaration
from hausmusik.hosts.modal.fetching import fetch
from hausmusik.hosts.modal.places import WEIGHTS_MOUNT
from hausmusik.instruments.model import Weights
from hausmusik.weights.layout import SetFolder
from hausmusik.weights.store import WeightsStore

ROOT: Final = "/root"
"""Where Modal puts code, and where its interpreter looks for it."""

WEIGHTS_VOLUME: Final = "hausmusik-weights"
CACHES_VOLUME: Final = "hausmusik-caches"
CACHES_MOUNT: Final = "/root/.cache"
FETCH_TIMEOUT_S: Final = 3600
"""The least that fetching weights in the cloud may take."""
FETCH_BYTES_PER_S: Final = 50e6
"""At least so fast, on the cores of a build step; 689 GB of DeepSeek-V3.2 then have 3.8 hours."""
_LEFT_OUT: Final = ["**/__pycache__", "**/*.pyc"]


def app_of(declaration: Declaration, store: WeightsStore, volume_id: str = "") -> modal.App:
    """Return the app of an instrument, not deployed yet.

    Args:
        declaration: What it is to be.
        store: Where weights may be on this machine.
        volume_id: Of `weights_volume`, so that what the build puts there is put into a new one again; empty: not known.
    """
    app = modal.App(declaration.app, tags={DIGEST_TAG: declaration.digest})
    volumes: dict[str, Any] = {}
    if declaration.weights_in == "volume":
        volumes[WEIGHTS_MOUNT] = modal.Volume.from_name(WEIGHTS_VOLUME, create_if_missing=True)
    image = _image(declaration, store, dict(volumes), volume_id)
    if declaration.gpu:  # compiled kernels and graphs, kept between containers
        volumes[CACHES_MOUNT] = modal.Volume.from_name(CACHES_VOLUME, create_if_missing=True)
    options: dict[str, Any] = {
        "image": image,
        "gpu": _gpu(declaration.gpu),
        # Modal lets a container use more cores than it asked for, and bills those it used; a budget can only hold what
        # is declared. More memory than was asked for is billed too, but a limit on that would kill what loads.
        "cpu": (declaration.cpu_cores, declaration.cpu_cores),
        "memory": declaration.memory_mib,
        "volumes": volumes,
        "secrets": [modal.Secret.from_name(name) for name in declaration.secrets],
        "min_containers": declaration.min_containers,
        "max_containers": declaration.max_containers,
        "buffer_containers": declaration.buffer_containers,
        "scaledown_window": declaration.scaledown_window_s,
        "timeout": declaration.timeout_s,
        # Modal's default is `timeout`, and would end long loads.
        "startup_timeout": declaration.startup_timeout_s,
        "enable_memory_snapshot": declaration.snapshot,
        "experimental_options": {"enable_gpu_snapshot": True} if declaration.gpu_snapshot else None,
        "region": declaration.region or None,
        "nonpreemptible": declaration.nonpreemptible,
        "include_source": False,
    }
    worker: Any = {each.__name__: each for each in (Worker, SnapshotWorker, GpuSnapshotWorker)}[declaration.worker]
    if declaration.max_inputs > 1:
        target = declaration.target_inputs or None
        worker = modal.concurrent(max_inputs=declaration.max_inputs, target_inputs=target)(worker)
    app.cls(**{name: value for name, value in options.items() if value is not None})(worker)
    return app


def uploads(declaration: Declaration, store: WeightsStore) -> tuple[Weights, ...]:
    """Return the sets that go from this machine into the Volume before the app is deployed."""
    if declaration.weights_in != "volume":
        return ()
    return tuple(each for each in declaration.weights if not store.missing([each]))


def weights_volume(environment: str, client: modal.Client) -> modal.Volume:
    """Return the Volume of all weights, made at its first use."""
    return modal.Volume.from_name(
        WEIGHTS_VOLUME, create_if_missing=True, environment_name=environment or None, client=client
    )


def set_path(weights: Weights) -> str:
    """Return where a set lies below the folder of all weights, here and there."""
    return SetFolder(Path(), weights).path.as_posix()


def _image(declaration: Declaration, store: WeightsStore, volumes: dict[str, Any], volume_id: str) -> modal.Image:
    """Return the image: what changes least comes first, since every later layer is built again after a change."""
    image = modal.Image.debian_slim(python_version=declaration.python)
    if declaration.apt:
        image = image.apt_install(*declaration.apt)
    image = image.uv_pip_install(*declaration.requirements)
    missing = [each for each in declaration.weights if store.missing([each])]
    for each in declaration.weights if declaration.weights_in == "image" else ():
        if each not in missing:
            here = store.folder / set_path(each)
            image = image.add_local_dir(here, f"{WEIGHTS_MOUNT}/{set_path(each)}", copy=True)
    package = Path(str(importlib.resources.files(hausmusik)))
    image = image.add_local_dir(package, f"{ROOT}/hausmusik", copy=True, ignore=_LEFT_OUT)
    if declaration.engine_file:
        own = Path(declaration.engine_file)
        image = image.add_local_file(own, f"{ROOT}/{ENGINES}/{own.name}", copy=True)
    if missing or declaration.checkpoints:
        wanted = [[each.model_dump(mode="json") for each in kind] for kind in (missing, declaration.checkpoints)]
        size_bytes = sum(each.size_bytes for each in (*missing, *declaration.checkpoints))
        image = image.run_function(
            fetch,
            # Modal does a step again when its code or arguments changed; of a Volume it sees the name alone.
            args=(msgspec.json.encode(wanted).decode(), volume_id),
            volumes=cast("dict[Any, Any]", volumes),
            secrets=[modal.Secret.from_name(name) for name in declaration.secrets],
            timeout=max(FETCH_TIMEOUT_S, math.ceil(size_bytes / FETCH_BYTES_PER_S)),
            include_source=False,
        )
    return image.env(
        numeric_variables(declaration.order.context.threads)
        | {
            ORDER: msgspec.json.encode(declaration.order, order="sorted").decode(),
            DIGEST: declaration.digest,
            WINDOW: str(declaration.scaledown_window_s),
        }
    )


def _gpu(types: tuple[str, ...]) -> str | list[str] | None:
    if not types:
        return None
    return types[0] if len(types) == 1 else list(types)
