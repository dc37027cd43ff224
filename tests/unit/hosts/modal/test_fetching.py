"""Whole repositories in the cloud's build step, from a hub on this machine's loopback, by the hub's own library."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hausmusik.errors import HashMismatch, WeightsError
from hausmusik.hosts.modal.fetching import fetch_whole
from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.weights.hub import Hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 40
VOICE = b"a voice"
FILES = {
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "speakers/v2/one.npy": VOICE,
    "training/optimizer.bin": bytes(50_000),
}
LARGE = {"model.safetensors", "training/optimizer.bin"}
WANTED = len(WEIGHTS) + len(VOICE) + 2


class Shelf(ThreadingHTTPServer):
    """A hub with one repository; `body` is what it really sends, `status` what it answers to everything."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.body = dict(FILES)
        self.status = 200
        self.given: list[str] = []

    @property
    def hub(self) -> Hub:
        return Hub(f"http://127.0.0.1:{self.server_port}")


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        shelf = self.server
        assert isinstance(shelf, Shelf)
        if shelf.status != 200:
            self.send_error(shelf.status)
        elif self.path.startswith(f"/api/models/o/n/tree/{COMMIT}"):
            self._send(json.dumps([entry(name) for name in FILES]).encode(), {"Content-Type": "application/json"})
        elif self.path == f"/api/models/o/n/revision/{COMMIT}":  # asked by older versions of the library
            about = {"id": "o/n", "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]}
            self._send(json.dumps(about).encode(), {"Content-Type": "application/json"})
        else:
            name = self.path.removeprefix(f"/o/n/resolve/{COMMIT}/")
            shelf.given += [name] if self.command == "GET" else []
            self._send(shelf.body[name], {"ETag": f'"{digest(name)}"', "X-Repo-Commit": COMMIT})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def digest(name: str) -> str:
    if name in LARGE:
        return hashlib.sha256(FILES[name]).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(FILES[name]) + FILES[name]).hexdigest()


def entry(name: str) -> dict[str, Any]:
    found = {"type": "file", "path": name, "size": len(FILES[name]), "oid": digest(name)}
    if name in LARGE:
        found |= {"oid": "0" * 40, "lfs": {"oid": digest(name), "size": len(FILES[name]), "pointerSize": 130}}
    return found


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def checkpoint(**more: Any) -> Checkpoint:
    told = {"id": "c", "title": "C", "repo": "o/n", "revision": COMMIT, "size_source": "made up", "licence": "MIT"}
    files = ("*.json", "*.safetensors", "speakers/*")
    return Checkpoint.model_validate({**told, "files": files, "size_bytes": WANTED, "origin": "here", **more})


def test_what_its_patterns_name_is_brought_whatever_the_folder(shelf: Shelf, tmp_path: Path) -> None:
    into = fetch_whole(checkpoint(), tmp_path, shelf.hub)
    assert into == tmp_path / "c" / COMMIT
    brought = {name: (into / name).read_bytes() for name in FILES if (into / name).exists()}
    assert brought == {name: data for name, data in FILES.items() if name != "training/optimizer.bin"}


def test_what_is_there_is_not_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    for _ in range(2):
        fetch_whole(checkpoint(), tmp_path, shelf.hub)
    assert sorted(shelf.given) == ["config.json", "model.safetensors", "speakers/v2/one.npy"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_is_not_what_the_hub_says_is_refused_and_fetched_anew(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    shelf.body[name] = bytes(len(FILES[name]))
    with pytest.raises(HashMismatch, match=f"{name} of o/n came damaged"):
        fetch_whole(checkpoint(), tmp_path, shelf.hub)
    shelf.body = dict(FILES)
    assert (fetch_whole(checkpoint(), tmp_path, shelf.hub) / name).read_bytes() == FILES[name]


def test_a_file_that_was_changed_since_is_found(shelf: Shelf, tmp_path: Path) -> None:
    weights = fetch_whole(checkpoint(), tmp_path, shelf.hub) / "model.safetensors"
    weights.write_bytes(WEIGHTS[::-1])
    with pytest.raises(HashMismatch):
        fetch_whole(checkpoint(), tmp_path, shelf.hub)
    fetch_whole(checkpoint(), tmp_path, shelf.hub)
    assert weights.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    "wrong", [{"size_bytes": 2 * WANTED}, {"size_bytes": WANTED // 2}, {"files": ("*.json",)}, {"files": ("*",)}]
)
def test_another_size_than_the_catalogue_says_is_refused_before_anything_is_fetched(
    shelf: Shelf, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(WeightsError, match="bytes of what is wanted, the catalogue says"):
        fetch_whole(checkpoint(**wrong), tmp_path, shelf.hub)
    assert shelf.given == []


def test_computed_sizes_may_leave_out_vocabularies(shelf: Shelf, tmp_path: Path) -> None:
    fetch_whole(checkpoint(size_bytes=int(WANTED / 1.05)), tmp_path, shelf.hub)


@pytest.mark.parametrize(("gated", "hint"), [(True, "agree to its terms"), (False, "")])
def test_a_refusal_is_one_sentence(shelf: Shelf, tmp_path: Path, gated: bool, hint: str) -> None:
    shelf.status = 403
    with pytest.raises(WeightsError, match=r"the hub does not give o/n: .*403") as caught:
        fetch_whole(checkpoint(gated=gated), tmp_path, shelf.hub)
    assert caught.value.hint.startswith(hint) if hint else not caught.value.hint


def test_nothing_is_fetched_without_a_pinned_revision(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no pinned revision"):
        fetch_whole(checkpoint(revision=""), tmp_path, shelf.hub)
    assert not list(tmp_path.iterdir())
