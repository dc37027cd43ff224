"""What an ordinary deployment declares can be read back, whole."""

from __future__ import annotations

from collections.abc import Iterator

import modal
import pytest

from hausmusik.hosts.modal.plane import Declared, Plane, PlaneOptions
from tests.unit.hosts.modal.plane.conftest import MakePlane
from tests.unit.hosts.modal.plane.deploying import deploy, fresh, function


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with Plane(tmp_path_factory.mktemp("plane"), PlaneOptions(containers="none")) as plane:
        deploy(plane, "full")
        yield plane


@pytest.fixture
def declared(deployed: Plane) -> dict[str, Declared]:
    return {each.name: each for each in deployed.declared()}


def test_all_functions_and_classes_are_there(declared: dict[str, Declared]) -> None:
    assert {name: each.kind for name, each in declared.items()} == {
        "Model": "class",
        "batched": "function",
        "hourly": "function",
        "many": "function",
        "web": "function",
    }
    assert {each.app for each in declared.values()} == {"full"}


def test_a_function_with_a_list_of_gpus(declared: dict[str, Declared]) -> None:
    many = declared["many"]
    assert (many.gpu, many.gpu_fallbacks) == ("L4", ("A10:2", "L40S"))
    assert (many.cpu, many.cpu_limit, many.memory_mib, many.memory_limit_mib) == (2.0, 4.0, 1024, 2048)
    assert (many.timeout_s, many.startup_timeout_s, many.retries) == (30, 600, 2)
    assert (many.min_containers, many.max_containers, many.scaledown_window_s) == (0, 3, 120)
    assert many.single_use
    assert many.regions == ("us-east", "eu")


def test_secrets_are_told_by_name_and_never_by_value(declared: dict[str, Declared]) -> None:
    assert declared["many"].secrets == ("(A, B)", "hub")
    assert "hidden" not in repr(declared)


def test_a_class(declared: dict[str, Declared]) -> None:
    model = declared["Model"]
    assert (model.gpu, model.gpu_fallbacks) == ("A100-80GB:2", ())
    assert (model.min_containers, model.max_containers, model.buffer_containers) == (1, 2, 1)
    assert (model.max_inputs, model.target_inputs) == (8, 4)
    assert model.snapshot
    assert model.gpu_snapshot
    assert model.volumes == {"/weights": "weights", "/compiled": "compiled"}
    assert model.methods == ("face", "play", "stream")
    assert model.parameters == {"name": "string", "size": "int"}


def test_web_faces(deployed: Plane, declared: dict[str, Declared]) -> None:
    (face,) = declared["Model"].web
    assert (face.method, face.label, face.kind, face.requires_proxy_auth) == ("face", "face", "function", True)
    (web,) = declared["web"].web
    assert (web.method, web.kind, web.requires_proxy_auth) == ("", "asgi_app", False)
    assert function(deployed, "full", "web").get_web_url() == web.url


def test_batches_and_the_rest(declared: dict[str, Declared]) -> None:
    batched = declared["batched"]
    assert (batched.batch_size, batched.batch_wait_ms) == (8, 50)
    assert batched.nonpreemptible
    assert batched.gpu == ""
    assert (batched.timeout_s, batched.max_containers, batched.scaledown_window_s) == (300, None, None)
    assert declared["hourly"].scheduled
    assert not batched.scheduled


def test_the_whole_chain_of_an_image(declared: dict[str, Declared]) -> None:
    lines = declared["Model"].image
    assert lines[0].startswith("FROM python:3.11")
    assert "ENV HF_HUB_CACHE=/weights" in lines
    assert any("apt-get install -y ffmpeg" in line for line in lines)
    assert any("numpy==2.1.0" in line for line in lines)
    assert lines[-1] == "RUN_FUNCTION bake"
    assert "RUN_FUNCTION bake" not in declared["many"].image


def test_build_functions_are_written_down(deployed: Plane) -> None:
    (build,) = deployed.builds()
    assert (build.function, build.ran, build.error) == ("bake", False, "")


def test_nothing_was_started(deployed: Plane) -> None:
    assert deployed.lives() == ()
    assert deployed.unimplemented() == {}


def test_a_call_in_a_dry_run_fails_at_once(deployed: Plane) -> None:
    with pytest.raises(modal.exception.RemoteError, match="dry runs"):
        function(deployed, "full", "batched").remote(1)


def test_a_second_deployment_replaces_the_first(dry_plane: Plane) -> None:
    deploy(dry_plane, "full")
    app = modal.App("full")
    app.function(gpu="H100", name="many", serialized=True)(lambda x: x)
    app.deploy(client=dry_plane.client())
    (only,) = dry_plane.declared()
    assert (only.name, only.gpu) == ("many", "H100")


def test_an_app_that_only_runs_is_not_deployed(dry_plane: Plane) -> None:
    with fresh("full").app.run(client=dry_plane.client()):
        assert dry_plane.declared() == ()


def test_unknown_names_are_the_sdks_own_errors(deployed: Plane) -> None:
    with pytest.raises(modal.exception.NotFoundError, match="nothing"):
        function(deployed, "nothing", "at all").hydrate()
    with pytest.raises(modal.exception.NotFoundError, match="missing"):
        function(deployed, "full", "missing").hydrate()


def test_a_named_secret_must_exist_where_calls_run(make_plane: MakePlane) -> None:
    with pytest.raises(modal.exception.NotFoundError, match="hub"):
        deploy(make_plane(builds="record"), "full")
    plane = make_plane(builds="record", secrets={"hub": {"HF_TOKEN": "x"}}, max_containers=1)
    with pytest.raises(modal.exception.Error, match="lacks OTHER"):
        modal.Secret.from_name("hub", required_keys=["OTHER"], client=plane.client()).hydrate()
