"""How many containers a pool should have, from what was declared and what is to do. Numbers only; starts nothing."""

from __future__ import annotations

import math
from typing import Final

from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.reading import scaling
from hausmusik.hosts.modal.plane.work import Pool

BOOTS: Final = 3
"""So many boots in a row may fail before that is reported, and nothing is kept warm any more."""
_WINDOW_S: Final = 60.0
_TIMEOUT_S: Final = 300.0


def most(pool: Pool, default: int) -> int:
    """Return the most containers at once; `default` where nothing was declared."""
    scale = scaling(pool.function.definition)
    return scale.max_containers or max(default, scale.min_containers)


def wanted(pool: Pool, default_most: int) -> int:
    """Return how many containers should serve: for all that waits and runs, with the buffer, at least the least."""
    definition, scale = pool.function.definition, scaling(pool.function.definition)
    each = definition.target_concurrent_inputs or definition.max_concurrent_inputs or definition.batch_max_size or 1
    busy = math.ceil((len(pool.queue) + sum(len(container.active) for container in pool.serving)) / each)
    least = scale.min_containers if pool.function.current and pool.failed_boots < BOOTS else 0
    return min(most(pool, default_most), max(least, busy + scale.buffer_containers if busy else 0))


def window_s(pool: Pool) -> float:
    """Return for how many plane seconds an idle container stays."""
    return scaling(pool.function.definition).scaledown_window or _WINDOW_S


def timeout_s(definition: api_pb2.Function) -> float:
    """Return how many plane seconds an input may take."""
    return definition.timeout_secs or _TIMEOUT_S


def startup_timeout_s(definition: api_pb2.Function) -> float:
    """Return how many plane seconds a container has to be ready."""
    return definition.startup_timeout_secs or timeout_s(definition)
