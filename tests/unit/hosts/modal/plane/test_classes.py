"""Classes, builds, snapshots and web faces in real containers."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import modal
import pytest

from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from tests.unit.hosts.modal.plane.conftest import MakePlane
from tests.unit.hosts.modal.plane.deploying import deploy, function, instance, running, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory, port: str) -> Iterator[Plane]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORT", port)
        options = PlaneOptions(snapshots=True, variables={"PORT": port})
        with Plane(tmp_path_factory.mktemp("plane"), options) as plane:
            deploy(plane, "models")
            yield plane
    assert not running(plane)
    assert plane.unimplemented() == {}


def asked(url: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes, str]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, names), timeout=60) as answer:
            return answer.status, answer.read(), answer.headers.get("x-said", "")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), ""


def test_build_functions_ran_in_containers_that_have_ended(plane: Plane) -> None:
    (build,) = plane.builds()
    assert (build.function, build.ran, build.error) == ("bake", True, "")
    assert (plane.volumes()["shared"] / "baked.bin").read_text() == "weights"
    until(lambda: next(each for each in plane.lives() if each.function == "bake").why == "stopped")


def test_hooks_run_in_the_order_of_a_snapshot_and_its_restore(plane: Plane) -> None:
    model = instance(plane, "models", "Model")
    assert model.play.remote("hi") == ("tiny", "hi", ["snap", "wake"], "weights")
    assert plane.snapshots()
    assert "A10" in {each.gpu for each in plane.lives() if each.function == "Model"}


def test_parameters_make_containers_of_their_own(plane: Plane) -> None:
    model = instance(plane, "models", "Model", name="other")
    assert model.play.remote("hi")[0] == "other"
    assert "".join(model.stream.remote_gen("letters")) == "letters"


def test_options_make_containers_of_their_own(plane: Plane) -> None:
    model = modal.Cls.from_name("models", "Model", client=plane.client()).with_options(gpu="H100:2")
    assert model().play.remote("hi")[0] == "tiny"
    assert "H100:2" in {each.gpu for each in plane.lives()}


def test_idle_containers_run_their_exit_hooks_and_go(plane: Plane) -> None:
    instance(plane, "models", "Model", name="going").play.remote("hi")
    until((plane.volumes()["shared"] / "bye.txt").exists)
    until(lambda: all(each.why == "idle" for each in plane.lives() if each.function == "Model"))


def test_a_hook_that_raises_is_the_callers_exception(plane: Plane) -> None:
    with pytest.raises(RuntimeError, match="no weights"):
        instance(plane, "models", "Broken").play.remote()
    assert {each.why for each in plane.lives() if each.function == "Broken"} <= {"boot_failed", None}


def test_web_faces(plane: Plane) -> None:
    url = function(plane, "models", "web").get_web_url()
    assert asked(url) == (201, b"/", "hello")
    assert asked(f"{url}/a/b?c=d") == (201, b"/a/b", "hello")
    body = b"x" * 3_000_000
    assert asked(url, body) == (201, body, "hello")
    assert asked(url.replace("/web/", "/web/no-"))[0] == 404


def test_web_faces_stream(plane: Plane) -> None:
    url = function(plane, "models", "web").get_web_url()
    with urllib.request.urlopen(f"{url}/stream", timeout=60) as answer:
        for number in range(3):  # nothing more comes before there is a file for it
            (plane.volumes()["shared"] / f"part-{number}").touch()
            assert answer.read1() == f"data: {number}\n\n".encode()
        assert answer.read() == b""


def test_a_caller_who_goes_away_cancels(plane: Plane) -> None:
    url = function(plane, "models", "web").get_web_url()
    asked(url)
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", f"/{path}/stream-for-ever")
    answer = connection.getresponse()
    answer.close()
    connection.close()
    until(lambda: plane.calls()[-1].outcomes == ("terminated",))
    assert asked(url)[0] == 201


def test_proxy_authorisation(plane: Plane) -> None:
    url = function(plane, "models", "guarded").get_web_url()
    assert asked(url)[0] == 401
    assert asked(url, None, Modal_Key="wk-1", Modal_Secret="ws-1")[0] == 401
    right = {name.replace("-", "_"): value for name, value in plane.proxy_headers().items()}
    assert asked(url, None, **right)[0] == 201


@pytest.mark.skipif(
    "eth0" not in [name for _, name in socket.if_nameindex()], reason="the SDK itself asks for the address of eth0"
)
def test_web_servers_end_with_their_container(plane: Plane, port: str) -> None:
    url = function(plane, "models", "served").get_web_url()
    assert b"Directory listing" in asked(url)[1]
    until(lambda: any(each.function == "served" and each.why == "idle" for each in plane.lives()))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port))).close()


def test_a_broken_build_step_is_one_error(make_plane: MakePlane) -> None:
    plane = make_plane()
    with pytest.raises(modal.exception.RemoteError, match="no such weights"):
        deploy(plane, "broken_build")
    (build,) = plane.builds()
    assert "no such weights" in build.error
    assert plane.declared() == ()
