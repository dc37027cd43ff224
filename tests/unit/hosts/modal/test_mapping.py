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
    NotDeployed,
    NotFoundError,
    WorkerLost,
)
from hausmusik.hosts.modal.mapping import deploying_error_from, error_from, listing_error_from


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("AuthError", AuthError),
        ("PermissionDeniedError", AuthError),
        ("NotFoundError", NotDeployed),
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


@pytest.mark.parametrize(
    ("name", "told", "kind", "says", "hint"),
    [
        ("NotFoundError", "Secret 'huggingface' not found", NotFoundError, "does not have", "modal secret create"),
        ("NotFoundError", "Environment 'dev' not found", NotFoundError, "does not have", "modal environment list"),
        ("RemoteError", "Image build for im-1 failed", ConfigError, "could not be built", "deploy again"),
        ("ExecutionError", "x.py was modified during build", ConfigError, "could not be built", "deploy again"),
        ("VolumeUploadTimeoutError", "", HostUnavailable, "not sent in time", "what was sent is kept"),
        ("InternalFailure", "", HostUnavailable, "could not be deployed", "deploy again"),
        ("AuthError", "", AuthError, "refused the key", "modal token new"),
        ("VersionError", "", ConfigError, "does not take this", "install a modal"),
    ],
)
def test_while_deploying_nothing_is_a_lost_container_or_not_deployed(
    name: str, told: str, kind: type[HausmusikError], says: str, hint: str
) -> None:
    error = deploying_error_from(getattr(theirs, name)(told), "bark")
    assert type(error) is kind
    assert says in error.message
    assert hint in error.hint
    assert "haus deploy bark" not in error.hint
    assert not isinstance(error, WorkerLost)


def test_a_file_of_this_machine_is_no_lost_connection() -> None:
    error = deploying_error_from(FileNotFoundError(2, "No such file or directory", "voices.bin"), "kokoro")
    assert type(error) is ConfigError
    assert error.message == "a file that kokoro needs cannot be read here: voices.bin: No such file or directory"
    assert type(deploying_error_from(ConnectionResetError(104, "reset"), "kokoro")) is HostUnavailable


@pytest.mark.parametrize(
    ("name", "told", "kind", "hint"),
    [
        ("NotFoundError", "Environment 'dev' not found", NotFoundError, "modal environment list"),
        ("InternalFailure", "", HostUnavailable, "try again"),
        ("AuthError", "", AuthError, "modal token new"),
        ("ServiceError", "", HostUnavailable, "try again"),
    ],
)
def test_while_looking_at_an_account_nothing_is_not_deployed(
    name: str, told: str, kind: type[HausmusikError], hint: str
) -> None:
    error = listing_error_from(getattr(theirs, name)(told))
    assert type(error) is kind
    assert told in error.message
    assert hint in error.hint
