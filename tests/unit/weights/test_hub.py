"""Downloads from a hub, against a real server on this machine's loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hausmusik.errors import HashMismatch, WeightsError
from hausmusik.instruments.model import HubSource
from hausmusik.weights import hub
from hausmusik.weights.store import WeightsStore
from hausmusik.weights.tools import SourceFailed
from tests.unit.weights.shelf import a_file, a_set, noise

DATA = noise(300_000, 6)
SOURCE = HubSource(repo="someone/model", revision="abc123", path="deep/model file.bin")


class Hub(ThreadingHTTPServer):
    """Serves DATA; the behaviours below make it misbehave."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.body = DATA
        self.status = 200
        self.redirect = ""
        self.drop_after: list[int] = []
        self.ranges = True

    def address(self, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}"

    @property
    def hub(self) -> hub.Hub:
        return hub.Hub(self.address())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Hub)
        server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        if server.redirect and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.end_headers()
            return
        if server.status != 200:
            self.send_error(server.status)
            return
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.body) - 1}/{len(server.body)}")
        self.send_header("Content-Length", str(len(server.body) - start))
        self.end_headers()
        stop = server.drop_after.pop(0) if server.drop_after else len(server.body)
        self.wfile.write(server.body[start:stop])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        monkeypatch.setenv("HF_TOKEN", "hf_of_another_program")  # what the settings do not say is not sent
        monkeypatch.setattr(hub, "PAUSE_S", 0.0)
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "partial"


def fetch(of: Hub | str, target: Path, size: int = len(DATA), token: str = "") -> list[int]:
    endpoint = of if isinstance(of, str) else of.address()
    return list(hub.fetch(SOURCE, target, size, hub.Hub(endpoint, token)))


def test_a_file_comes_from_the_pinned_revision(server: Hub, target: Path):
    come = fetch(server, target)
    assert target.read_bytes() == DATA
    assert come == sorted(come)
    assert come[-1] == len(DATA)
    assert server.requests[0][0] == "/someone/model/resolve/abc123/deep/model%20file.bin"
    assert "authorization" not in server.requests[0][1]


def test_it_goes_on_where_an_earlier_try_stopped(server: Hub, target: Path):
    target.write_bytes(DATA[:100_000])
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert server.requests[0][1]["range"] == "bytes=100000-"


def test_a_server_without_ranges_starts_anew(server: Hub, target: Path):
    server.ranges = False
    target.write_bytes(b"x" * 100_000)
    fetch(server, target)
    assert target.read_bytes() == DATA


def test_a_dropped_connection_is_taken_up_again(server: Hub, target: Path):
    server.drop_after = [50_000, 200_000]
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert [headers.get("range") for _, headers in server.requests] == [None, "bytes=50000-", "bytes=200000-"]


def test_after_three_drops_what_came_stays_for_the_next_run(server: Hub, target: Path):
    server.drop_after = [50_000, 100_000, 150_000]
    with pytest.raises(SourceFailed, match="ended after 150000 of 300000"):
        fetch(server, target)
    assert target.read_bytes() == DATA[:150_000]


def test_a_longer_file_than_pinned_is_cut_off_and_removed(server: Hub, target: Path):
    with pytest.raises(SourceFailed, match="longer than the pinned size"):
        fetch(server, target, 250_000)
    assert not target.exists()


@pytest.mark.parametrize(("status", "reason"), [(401, r"a key \(HF_TOKEN\)"), (404, "no such file"), (503, "503")])
def test_refusals_are_reasons(server: Hub, target: Path, status: int, reason: str):
    server.status = status
    with pytest.raises(SourceFailed, match=reason):
        fetch(server, target)
    assert len(server.requests) == (3 if status >= 500 else 1), "only a fault of the server is worth another try"


def test_the_token_goes_to_the_hub_only(server: Hub, target: Path):
    server.redirect = server.address("localhost") + "/moved"
    fetch(server, target, token="hf_secret")
    assert target.read_bytes() == DATA
    first, second = server.requests
    assert first[1]["authorization"] == "Bearer hf_secret"
    assert second[0] == "/moved"
    assert "authorization" not in second[1]


def test_a_redirect_out_of_https_is_refused(server: Hub, target: Path):
    server.redirect = "http://example.invalid/moved"
    with pytest.raises(SourceFailed, match="not https"):
        fetch(server, target)


def test_a_mirror_must_be_https(target: Path):
    with pytest.raises(SourceFailed, match="https"):
        fetch("http://example.invalid", target)


def test_nobody_there_is_a_reason(target: Path, monkeypatch: pytest.MonkeyPatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as gone:
        port = gone.server_port
    monkeypatch.setattr(hub, "PAUSE_S", 0.0)
    with pytest.raises(SourceFailed, match="cannot be reached"):
        fetch(f"http://127.0.0.1:{port}", target)


class TestThroughTheStore:
    def test_a_set_of_the_hub_is_pulled(self, server: Hub, root: Path):
        source = {"kind": "hub", "repo": "a/b", "revision": "v1", "path": "{name}"}
        weights = a_set("hubbed", a_file("m.bin", DATA), sources=(source,))
        store = WeightsStore(root, hub=server.hub)
        steps = list(store.pull([weights]))
        assert Path(store.located([weights])["hubbed/m.bin"]).read_bytes() == DATA
        assert steps[-1].source == "hub a/b@v1"
        assert server.requests[0][0] == "/a/b/resolve/v1/m.bin"

    def test_other_bytes_are_refused_and_removed(self, server: Hub, root: Path):
        server.body = noise(300_000, 66)
        weights = a_set("hubbed", a_file("m.bin", DATA, SOURCE.model_dump()))
        with pytest.raises(HashMismatch):
            list(WeightsStore(root, hub=server.hub).pull([weights]))
        assert not [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]

    def test_offline_it_is_not_asked(self, server: Hub, root: Path):
        weights = a_set("hubbed", a_file("m.bin", DATA, SOURCE.model_dump()))
        with pytest.raises(WeightsError):
            list(WeightsStore(root, offline=True, hub=server.hub).pull([weights]))
        assert server.requests == []


def test_it_answers_whatever_it_says(server: Hub):
    assert hub.answers(server.hub)
    server.status = 503
    assert hub.answers(server.hub)
    server.server_close()
    assert not hub.answers(server.hub)
    assert not hub.answers(hub.Hub("http://somewhere.example")), "no https, so it is never asked"


def test_a_set_that_only_the_hub_has_is_obtainable_while_it_answers(server: Hub, root: Path):
    weights = a_set("model", a_file("model.bin", DATA, {"kind": "hub", **SOURCE.model_dump(exclude={"kind"})}))
    assert WeightsStore(root, hub=server.hub).obtainable(weights)
    assert not WeightsStore(root, offline=True, hub=server.hub).obtainable(weights)
    nobody = hub.Hub("http://127.0.0.1:9")  # nothing listens at the discard port
    assert not WeightsStore(root, hub=nobody).obtainable(weights)
