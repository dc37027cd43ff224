"""Modal's exceptions become ours, each with something to do about it."""

from __future__ import annotations

import pytest

theirs = pytest.importorskip("modal.exception")

from hausmusik.errors import (
    AuthError,
    ConfigError,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    NotFoundError,
    WorkerLost,
)
from hausmusik.hosts.modal.mapping import error_from


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("AuthError", AuthError),
        ("PermissionDeniedError", AuthError),
        ("NotFoundError", NotFoundError),
        ("FunctionTimeoutError", GenerationFailed),
        ("InvalidError", ConfigError),
        ("VersionError", ConfigError),
        ("ConnectionError", HostUnavailable),
        ("ServiceError", HostUnavailable),
        ("ResourceExhaustedError", HostUnavailable),
        ("ClientClosed", HostUnavailable),
        ("InternalFailure", WorkerLost),
        ("RemoteError", WorkerLost),
        ("ExecutionError", WorkerLost),
    ],
)
def test_each_has_its_counterpart_and_a_hint(name: str, kind: type[HausmusikError]) -> None:
    if not hasattr(theirs, name):
        pytest.skip(f"this modal has no {name}")
    error = error_from(getattr(theirs, name)("what happened"), "bark")
    assert type(error) is kind
    assert error.hint
    assert "Traceback" not in str(error)


def test_our_own_errors_stay_and_a_long_text_is_cut() -> None:
    ours = WorkerLost("mine")
    assert error_from(ours, "bark") is ours
    assert len(error_from(RuntimeError("x" * 100_000), "bark").message) < 3_000
    assert type(error_from(OSError("no route"), "bark")) is HostUnavailable
