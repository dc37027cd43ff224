"""What an instrument is on Modal, as data: image, weights, machine, limits. Made from its catalogue entry alone.

The same data is what a dry run shows, what a deployment deploys and what the host compares with the deployment that it
meets. Knows nothing of the modal package.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

import hausmusik
from hausmusik.errors import ConfigError
from hausmusik.hosts.local.environments import WORKER_NEEDS
from hausmusik.hosts.modal.messages import WIRE
from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.instruments.model import Environment, Instrument, Weights, weights_digest
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.weights.layout import SetFolder

APP_PREFIX: Final = "hausmusik-"
DIGEST_TAG: Final = "hausmusik"
"""Tag of a deployed app with the digest of its declaration: so that what is there can be compared with what is here."""

ENGINES: Final = "hausmusik-engines"
"""Folder beside our package in the container, for engine files of the user's own."""

FETCH_NEEDS: Final = ("pydantic>=2.11,<3", "filelock>=3.18,<5", "platformdirs>=4.3,<5")
"""What the weights store imports, for images in which it fetches."""

CHECKPOINT_NEEDS: Final = ("huggingface-hub>=0.34,<3",)
"""The hub's own client: whole repositories, many files at once, resumed."""

AT_HOME: Final = frozenset({"typer", "rich", "pillow"})
"""What the command line and pictures need, which no engine imports."""

_EXTRA: Final = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument on Modal.

    Args:
        instrument: Catalogue id.
        python: Version of the image's interpreter, e.g. `3.11`.
        requirements: For pip, pinned.
        apt: Debian packages.
        order: What the container is to be; paths of weights and of the user's own engine file are relative.
        engine_file: That engine file on this machine; empty: one of ours.
        engine_sha256: Of its content.
        weights: Sets, as the catalogue has them.
        weights_sha256: Digest over all of them.
        checkpoints: Whole repositories, fetched in the cloud.
        weights_in: Whether they become part of the image or lie in a Volume that all instruments share.
        gpu: GPU types, best first, each with a count where that is not one (`H100:2`); empty: none.
        cpu_cores: Physical cores that are reserved.
        memory_mib: Memory that is reserved.
        min_containers: Kept running always: costs money day and night.
        max_containers: Most at once.
        buffer_containers: Kept idle beside busy ones.
        scaledown_window_s: How long an idle container stays up, 2 to 3600.
        timeout_s: Most seconds for one play.
        startup_timeout_s: Most seconds for a start.
        max_inputs: Plays that one container takes at once.
        target_inputs: Beyond which another container starts; 0: `max_inputs`.
        snapshot: Whether Modal snapshots the prepared process.
        gpu_snapshot: The same when it has loaded, with the GPU's memory (alpha on Modal).
        region: Empty: anywhere, which is cheapest.
        nonpreemptible: Whether Modal may not move it; three times the price.
        secrets: Names of Modal secrets that its environment gets.
    """

    instrument: str
    python: str
    requirements: tuple[str, ...]
    apt: tuple[str, ...] = ()
    order: EngineOrder
    engine_file: str = ""
    engine_sha256: str = ""
    weights: tuple[Weights, ...] = ()
    weights_sha256: str = ""
    checkpoints: tuple[Checkpoint, ...] = ()
    weights_in: Literal["image", "volume"] = "image"
    gpu: tuple[str, ...] = ()
    cpu_cores: float = 1.0
    memory_mib: int = 1024
    min_containers: int = 0
    max_containers: int = 1
    buffer_containers: int = 0
    scaledown_window_s: int = 60
    timeout_s: int = 600
    startup_timeout_s: int = 600
    max_inputs: int = 1
    target_inputs: int = 0
    snapshot: bool = False
    gpu_snapshot: bool = False
    region: str = ""
    nonpreemptible: bool = False
    secrets: tuple[str, ...] = ()

    @property
    def app(self) -> str:
        """Name of its Modal app."""
        return APP_PREFIX + self.instrument

    @property
    def worker(self) -> str:
        """Name of the class in `container`."""
        if self.gpu_snapshot:
            return "GpuSnapshotWorker"
        return "SnapshotWorker" if self.snapshot else "Worker"

    @property
    def digest(self) -> str:
        """Hash over all that a deployment of it consists of, our own version included; 16 hex digits."""
        shape = msgspec.structs.replace(self, weights=(), checkpoints=(), engine_file="")
        pins = [(each.repo, each.revision, each.files) for each in self.checkpoints]
        plain = [msgspec.to_builtins(shape), pins, hausmusik.__version__, WIRE.hex()]
        return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]

    @property
    def worst_s(self) -> float:
        """Most container seconds that one try of one play can cost: Modal's own limits enforce each part.

        A container may die at the end of its play, and Modal starts another one for the call before the host hears of
        it; that one plays what nobody hears until it has said more than the first, is then told to stop, and idles. How
        often Modal would do so with containers that die before that is nowhere written; one is counted.
        """
        return float(2 * (self.startup_timeout_s + self.timeout_s) + self.scaledown_window_s)


def declare(
    instrument: Instrument,
    *,
    weights: Sequence[Weights] = (),
    checkpoints: Sequence[Checkpoint] = (),
    environment: Environment | None = None,
    gpu: Sequence[str] = (),
) -> Declaration:
    """Return what an instrument is on Modal.

    Args:
        instrument: Its catalogue entry.
        weights: Its sets.
        checkpoints: Its whole repositories.
        environment: Its environment; None: ours.
        gpu: As chosen for it; empty: no GPU.

    Raises:
        ConfigError: the file of an engine of the user's own cannot be read.
    """
    serving = instrument.serving
    where, _, name = instrument.engine.rpartition(":")
    own = Path(where) if where.endswith(".py") else None
    root = Path()
    files = {
        f"{each.id}/{file.name}": SetFolder(root, each).file(file).as_posix() for each in weights for file in each.files
    }
    size_bytes = sum(each.size_bytes for each in (*weights, *checkpoints))
    return Declaration(
        instrument=instrument.id,
        python=(environment.python if environment else "") or _python_here(),
        requirements=_requirements(instrument, environment, checkpoints),
        apt=environment.apt if environment else (),
        order=EngineOrder(
            instrument=instrument.id,
            engine=f"{ENGINES}/{own.name}:{name}" if own else instrument.engine,
            context=EngineContext(files=files, options=dict(instrument.options)),
            device="cuda" if gpu else "cpu",
        ),
        engine_file=str(own or ""),
        engine_sha256=_sha256(own, instrument.id) if own else "",
        weights=tuple(weights),
        weights_sha256=weights_digest(tuple(weights)),
        checkpoints=tuple(checkpoints),
        weights_in=serving.weights_place(size_bytes),
        gpu=tuple(gpu),
        cpu_cores=serving.cpu_cores,
        memory_mib=serving.container_memory_mib(instrument.memory_mib),
        min_containers=serving.min_containers,
        max_containers=serving.max_containers,
        buffer_containers=serving.buffer_containers,
        scaledown_window_s=serving.scaledown_window_s,
        timeout_s=serving.timeout_s,
        startup_timeout_s=serving.startup_timeout_s,
        max_inputs=serving.max_inputs,
        target_inputs=serving.target_inputs,
        snapshot=serving.snapshot,
        gpu_snapshot=serving.gpu_snapshot and bool(gpu),
        region=serving.region,
        nonpreemptible=serving.nonpreemptible,
        secrets=serving.secrets,
    )


def _sha256(engine_file: Path, instrument: str) -> str:
    try:
        return hashlib.sha256(engine_file.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(
            f"the engine file of {instrument} cannot be read: {engine_file.name}: {error.strerror}",
            hint="put it back, or `haus instruments remove` the instrument",
        ) from error


def _python_here() -> str:
    # What is pinned is what is installed here, and not every version has a wheel for every Python (numpy's newest for
    # 3.11 is 2.4.6); and what Python itself computes (`random`, texts of floats) may change from one to the next, while
    # bytes are to be those of this machine. So another Python here is another deployment.
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _requirements(
    instrument: Instrument, environment: Environment | None, checkpoints: Sequence[Checkpoint]
) -> tuple[str, ...]:
    """Return what is installed into the image: an environment's own pins first, then what the worker needs."""
    given = environment.requirements if environment else _as_here(instrument.packages)
    named = {_normal(each) for each in given}
    needs = (*WORKER_NEEDS, *FETCH_NEEDS, *(CHECKPOINT_NEEDS if checkpoints else ()))
    return (*given, *(each for each in needs if _normal(each) not in named))


def _as_here(packages: Sequence[str]) -> tuple[str, ...]:
    """Return packages at the versions that are here, since those make the same bytes; without names, all of ours."""
    ours = _our_own()
    return tuple(_pinned(ours.get(name, name)) for name in sorted(set(map(_normal, packages)) or ours))


def _our_own() -> dict[str, str]:
    """Return what this installation of ours depends on, by name, but for what no container imports."""
    found: dict[str, str] = {}
    for requirement in importlib.metadata.requires("hausmusik") or ():
        extra = _EXTRA.search(requirement)
        if (extra is None or extra[1] == "embedded") and _normal(requirement) not in AT_HOME:
            found[_normal(requirement)] = requirement.partition(";")[0].strip()
    return found


def _pinned(requirement: str) -> str:
    """Return a requirement at the version that is here; as it is where there is none."""
    found = _NAME.match(requirement)
    name = found[0] if found else requirement
    try:
        return f"{name}=={importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return requirement


def _normal(requirement: str) -> str:
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[0] if found else requirement).lower()
