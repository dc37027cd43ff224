"""The plane's own life: who may come in, what it leaves behind, what it says when it cannot be."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import grpclib.client
import modal
import pytest
from google.protobuf.empty_pb2 import Empty
from modal_proto import api_grpc, api_pb2

from hausmusik.errors import StoreError, UsageError
from hausmusik.hosts.modal.plane import Plane, PlaneOptions, apps
from tests.unit.hosts.modal.plane.deploying import deploy


async def asked(plane: Plane, name: str, request: object, headers: dict[str, str]) -> object:
    host, _, port = plane.url.removeprefix("http://").partition(":")
    async with grpclib.client.Channel(host, int(port)) as channel:
        return await getattr(api_grpc.ModalClientStub(channel), name)(request, metadata=headers)


def token(plane: Plane) -> dict[str, str]:
    variables = plane.variables()
    return {"x-modal-token-id": variables["MODAL_TOKEN_ID"], "x-modal-token-secret": variables["MODAL_TOKEN_SECRET"]}


def test_it_listens_on_loopback_alone(dry_plane: Plane) -> None:
    assert dry_plane.url.startswith("http://127.0.0.1:")
    assert dry_plane.variables()["MODAL_SERVER_URL"] == dry_plane.url
    assert Path(dry_plane.variables()["MODAL_CONFIG_PATH"]).read_text() == ""


def test_tokens_are_random(tmp_path: Path) -> None:
    with Plane(tmp_path / "a") as a, Plane(tmp_path / "b") as b:
        assert a.variables()["MODAL_TOKEN_SECRET"] != b.variables()["MODAL_TOKEN_SECRET"]
        assert a.proxy_headers() != b.proxy_headers()


def test_a_caller_who_stays_is_hung_up_on_at_the_end(tmp_path: Path) -> None:
    with Plane(tmp_path / "plane", PlaneOptions()) as plane:
        host, _, port = plane.url.removeprefix("http://").partition(":")
        caller = socket.create_connection((host, int(port)))
        caller.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert caller.recv(1024), "the server's own preface"
    with caller:
        while caller.recv(1024):
            pass


async def test_the_right_token_comes_in(dry_plane: Plane) -> None:
    answer = await asked(dry_plane, "ClientHello", Empty(), token(dry_plane))
    assert isinstance(answer, api_pb2.ClientHelloResponse)


@pytest.mark.parametrize(
    "headers", [{}, {"x-modal-token-id": "ak-1", "x-modal-token-secret": "as-1"}, {"x-hausmusik-container": "guess"}]
)
async def test_without_the_token_nobody_comes_in(dry_plane: Plane, headers: dict[str, str]) -> None:
    with pytest.raises(grpclib.GRPCError) as caught:
        await asked(dry_plane, "ClientHello", Empty(), headers)
    assert caught.value.status is grpclib.Status.UNAUTHENTICATED


def test_the_sdk_says_so_too(dry_plane: Plane) -> None:
    stranger = modal.Client(dry_plane.url, api_pb2.CLIENT_TYPE_CLIENT, ("ak-1", "as-1"))
    with stranger, pytest.raises(modal.exception.AuthError):
        stranger.hello()


async def test_what_is_for_containers_is_not_for_clients(dry_plane: Plane) -> None:
    with pytest.raises(grpclib.GRPCError) as caught:
        await asked(dry_plane, "FunctionGetInputs", api_pb2.FunctionGetInputsRequest(), token(dry_plane))
    assert caught.value.status is grpclib.Status.PERMISSION_DENIED


async def test_unknown_calls_are_unimplemented_and_counted(dry_plane: Plane) -> None:
    for _ in range(2):
        with pytest.raises(grpclib.GRPCError) as caught:
            await asked(dry_plane, "SandboxList", api_pb2.SandboxListRequest(), token(dry_plane))
        assert caught.value.status is grpclib.Status.UNIMPLEMENTED
    assert dry_plane.unimplemented() == {"SandboxList": 2}
    assert dry_plane.rpcs()["SandboxList"] == 2


def test_every_route_is_an_rpc_of_the_newest_sdk() -> None:
    from hausmusik.hosts.modal.plane import routes

    source = "".join(path.read_text() for path in Path(routes.__file__).parent.glob("*.py"))
    named = set(re.findall(r'"([A-Z][A-Za-z0-9]+)": (?:self\.|lambda)', source))
    missing = named - set(api_grpc.ModalClientBase.__abstractmethods__)
    assert len(named) > 60
    assert missing <= {"FunctionGetSchedulingParams", "FunctionGetById"}, "newer than 1.5"


def test_it_gives_everything_back(tmp_path: Path) -> None:
    def held() -> tuple[set[str], int]:
        threads = {each.name for each in threading.enumerate() if each.name == "modal-plane"}
        return threads, len(list(Path("/proc/self/fd").iterdir()))

    with Plane(tmp_path / "warm-up", PlaneOptions(containers="none")) as plane:  # the SDK's own thread and loop stay
        plane.client().hello()
    before = held()
    with Plane(tmp_path / "plane", PlaneOptions(containers="none")) as plane:
        deploy(plane, "full")
        port = int(plane.url.rpartition(":")[2])
        assert held()[0] == {"modal-plane"}
    assert held() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


def test_what_it_knew_can_be_asked_for_afterwards(tmp_path: Path) -> None:
    with Plane(tmp_path, PlaneOptions(containers="none")) as plane:
        deploy(plane, "full")
    assert len(plane.declared()) == 5
    plane.close()


def test_it_is_started_once(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    with pytest.raises(UsageError, match="not started"):
        _ = plane.url
    with plane, pytest.raises(UsageError, match="once"):
        plane.__enter__()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write its folder"), Plane(tmp_path / "file"):
        pass


def test_a_folder_that_goes_is_the_sdks_error_with_ours_in_it(dry_plane: Plane) -> None:
    (dry_plane.folder / "volumes").rmdir()
    (dry_plane.folder / "volumes").write_text("")
    with pytest.raises(modal.exception.Error, match="folder cannot be used"):
        modal.Volume.from_name("v", create_if_missing=True, client=dry_plane.client()).hydrate()


@pytest.mark.parametrize("wrong", [{"time_factor": 0}, {"max_containers": 0}])
def test_options_out_of_range(wrong: dict) -> None:
    with pytest.raises(UsageError):
        PlaneOptions(**wrong)


def test_the_package_is_cheap_to_import() -> None:
    code = (
        "import sys; import hausmusik.hosts.modal.plane as p; p.PlaneOptions, p.Faults;"
        "print([each for each in ('modal', 'grpclib', 'aiohttp', 'google.protobuf') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_modal_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['grpclib'] = sys.modules['modal'] = None\n"
        "import hausmusik.hosts.modal.plane as p\n"
        "try: p.Plane\nexcept Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtra")
    assert "hausmusik[modal]" in done.stdout


async def test_an_app_whose_client_was_killed_ends(dry_plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "_SILENCE_S", 0.05)
    request = api_pb2.AppCreateRequest(description="for one client", app_state=api_pb2.APP_STATE_EPHEMERAL)
    await asked(dry_plane, "AppCreate", request, token(dry_plane))
    while True:
        answer = await asked(dry_plane, "AppList", api_pb2.AppListRequest(), token(dry_plane))
        assert isinstance(answer, api_pb2.AppListResponse)
        if answer.apps[0].state == api_pb2.APP_STATE_STOPPED:
            break
