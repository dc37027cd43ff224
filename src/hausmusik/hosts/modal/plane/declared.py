"""One function or class as it was declared, in our words.

Knows nothing of where it came from (see `reading` for that) nor what it costs.
"""

from __future__ import annotations

import msgspec


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """One web face.

    Args:
        method: The class's method; empty for a function.
        label: The asked-for label; empty: chosen by the plane.
        url: Where the plane serves it.
        kind: asgi_app, function, wsgi_app or web_server.
        requires_proxy_auth: Whether a caller must show a proxy token.
    """

    method: str
    label: str
    url: str
    kind: str
    requires_proxy_auth: bool


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One function or class as it was declared.

    Args:
        app: The app's name.
        name: The function's or class's name.
        kind: `function` or `class`.
        gpu: As Modal spells it, `A10G` or `A100-80GB:2`; empty: none.
        gpu_fallbacks: Further choices in their order.
        cpu: Physical cores; 0: not said.
        cpu_limit: The most cores; 0: not said.
        memory_mib: MiB; 0: not said.
        memory_limit_mib: The most MiB; 0: not said.
        timeout_s: For one input.
        startup_timeout_s: Until it is ready.
        min_containers: Kept warm.
        max_containers: The most at once; None: not said.
        buffer_containers: Extra ones while it is active.
        scaledown_window_s: How long an idle one stays; None: not said.
        retries: Tries after the first.
        max_inputs: At once in one container; 0: one.
        target_inputs: Aimed at per container; 0: as many as the most.
        batch_size: The most inputs in one batch; 0: not batched.
        batch_wait_ms: How long a batch waits to be full.
        snapshot: Memory snapshots.
        gpu_snapshot: GPU memory too.
        single_use: Each container has one input.
        nonpreemptible: Never preempted.
        regions: Where it may run; empty: anywhere.
        cloud: The chosen cloud; empty: any.
        is_generator: Yields its results.
        volumes: Mount path -> the volume's name.
        secrets: Names; of one without a name `(VARIABLE, …)`.
        image: All lines of Dockerfile from the bottom up; a build function is `RUN_FUNCTION name`.
        methods: Of a class.
        parameters: Name -> type of a class's parameters.
        web: Its web faces.
        scheduled: Whether it has a schedule (which the plane does not follow).
    """

    app: str
    name: str
    kind: str
    gpu: str = ""
    gpu_fallbacks: tuple[str, ...] = ()
    cpu: float = 0.0
    cpu_limit: float = 0.0
    memory_mib: int = 0
    memory_limit_mib: int = 0
    timeout_s: int = 0
    startup_timeout_s: int = 0
    min_containers: int = 0
    max_containers: int | None = None
    buffer_containers: int = 0
    scaledown_window_s: int | None = None
    retries: int = 0
    max_inputs: int = 0
    target_inputs: int = 0
    batch_size: int = 0
    batch_wait_ms: int = 0
    snapshot: bool = False
    gpu_snapshot: bool = False
    single_use: bool = False
    nonpreemptible: bool = False
    regions: tuple[str, ...] = ()
    cloud: str = ""
    is_generator: bool = False
    volumes: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    secrets: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    parameters: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    web: tuple[Web, ...] = ()
    scheduled: bool = False
