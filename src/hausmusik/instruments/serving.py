"""What a cloud must know of an instrument: the container that serves it.

Pure data of the catalogue, all with defaults that suit a small CPU instrument. GPU names are checked here, because
nobody else does before an image was built. Knows nothing of prices, and nothing of how anything is deployed.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self, TypeAlias, cast

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from hausmusik.errors import UsageError
from hausmusik.gpu_names import parse_gpus
from hausmusik.instruments.values import Strict

IMAGE_BYTES: Final = 1 << 30
"""Weights up to here are baked into the image, larger ones go into a volume: unless the entry says otherwise."""

HEADROOM: Final = 1.5
"""Memory of a container over what the loaded worker takes: its own process, requests and results in flight."""

LEAST_MEMORY_MIB: Final = 512


def _gpus(given: Any) -> Any:
    """Return the canonical names of a list of GPUs, or of a text with commas; what is neither is judged by its type."""
    texts: Any = (given,) if isinstance(given, str) else given
    if not isinstance(texts, tuple) or not all(isinstance(each, str) for each in cast("tuple[Any, ...]", texts)):
        return given
    try:
        return tuple(str(gpu) for gpu in parse_gpus(given))
    except UsageError as error:
        told = {"reason": error.message, "fix": error.hint}
        raise PydanticCustomError("gpu", "{reason}", told) from error


Gpus: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_gpus)]


class Serving(Strict):
    """The container of an instrument.

    Args:
        gpu: GPUs by name, the best first, others as fallbacks; empty: none, or the chooser's choice where there is a
            `shape`.
        cpu_cores: Physical cores, at least 0.125.
        memory_mib: Memory of the container; 0: what the worker takes, with headroom.
        weights_in: Whether weights are baked into the image; `auto`: up to 1 GiB.
        min_containers: Kept warm always; costs money day and night, so deploying it must be allowed.
        max_containers: Most at once.
        buffer_containers: Idle ones beside the busy ones while there is work; each play pays for them too.
        scaledown_window_s: How long an idle container stays, 2 to 3600.
        timeout_s: Most seconds of one play.
        startup_timeout_s: Most seconds of start, load and warm-up. Modal would take `timeout_s` for it.
        max_inputs: Plays at once in one container.
        target_inputs: Plays at once beyond which another container starts; 0: `max_inputs`.
        snapshot: Whether the memory of a prepared container is kept and restored.
        gpu_snapshot: Whether it is kept when it has loaded, with that of its GPU (alpha at Modal). Nothing without one.
        region: Where it must run, which costs more; empty: anywhere.
        nonpreemptible: Whether it may not be taken away, which costs much more.
        secrets: Names of secrets that the container is given.
    """

    gpu: Gpus = ()
    cpu_cores: Annotated[float, Field(ge=0.125, le=64)] = 1.0
    memory_mib: Annotated[int, Field(ge=0)] = 0
    weights_in: Literal["image", "volume", "auto"] = "auto"
    min_containers: Annotated[int, Field(ge=0, le=1000)] = 0
    max_containers: Annotated[int, Field(ge=1, le=1000)] = 4
    buffer_containers: Annotated[int, Field(ge=0, le=1000)] = 0
    scaledown_window_s: Annotated[int, Field(ge=2, le=3600)] = 60
    timeout_s: Annotated[int, Field(ge=1, le=86_400)] = 600
    startup_timeout_s: Annotated[int, Field(ge=1, le=86_400)] = 300
    max_inputs: Annotated[int, Field(ge=1, le=1000)] = 1
    target_inputs: Annotated[int, Field(ge=0, le=1000)] = 0
    snapshot: bool = False
    gpu_snapshot: bool = False
    region: Annotated[str, Field(pattern=r"^([a-z]+(-[a-z0-9]+)*)?$")] = ""
    nonpreemptible: bool = False
    secrets: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")], ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.min_containers > self.max_containers:
            raise ValueError(f"min_containers is {self.min_containers}, more than max_containers")
        if self.target_inputs > self.max_inputs:
            raise ValueError(f"target_inputs is {self.target_inputs}, more than max_inputs")
        if self.gpu_snapshot and not self.snapshot:
            raise ValueError("gpu_snapshot needs snapshot = true")
        return self

    def container_memory_mib(self, worker_mib: int) -> int:
        """Return the memory of the container, given what a loaded worker takes."""
        return self.memory_mib or max(LEAST_MEMORY_MIB, int(worker_mib * HEADROOM))

    def weights_place(self, size_bytes: int) -> Literal["image", "volume"]:
        """Return where weights of that size go."""
        if self.weights_in != "auto":
            return self.weights_in
        return "image" if size_bytes <= IMAGE_BYTES else "volume"
