"""What classes can do, and the web."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import modal

volume = modal.Volume.from_name("shared", create_if_missing=True)
app = modal.App("models")


def shared() -> Path:
    return Path(json.loads(os.environ["HAUSMUSIK_VOLUMES"])["/shared"])


def bake(name: str) -> None:
    (shared() / name).write_text("weights")


baked = modal.Image.debian_slim().run_function(bake, volumes={"/shared": volume}, args=("baked.bin",))


@app.cls(image=baked, volumes={"/shared": volume}, gpu="A10", enable_memory_snapshot=True, scaledown_window=2)
class Model:
    name: str = modal.parameter(default="tiny")

    @modal.enter(snap=True)
    def load(self) -> None:
        self.order = ["snap"]
        self.weights = (shared() / "baked.bin").read_text()

    @modal.enter(snap=False)
    def wake(self) -> None:
        self.order.append("wake")

    @modal.method()
    def play(self, text: str) -> tuple:
        return self.name, text, self.order, self.weights

    @modal.method()
    def stream(self, text: str):
        yield from text

    @modal.exit()
    def bye(self) -> None:
        (shared() / "bye.txt").write_text(self.name)


@app.cls()
class Broken:
    @modal.enter()
    def load(self) -> None:
        raise RuntimeError("no weights")

    @modal.method()
    def play(self) -> None: ...


@app.function()
@modal.asgi_app(requires_proxy_auth=True)
def guarded():
    return face


@app.function(volumes={"/shared": volume})
@modal.asgi_app()
def web():
    return face


async def face(scope, receive, send):
    """A bare ASGI app: /stream sends parts, each when there is a file for it; a POST comes back, else the path."""
    if scope["type"] != "http":
        raise NotImplementedError
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-said", b"hello")]})
    if scope["path"] == "/stream":
        for number in range(3):
            while not (shared() / f"part-{number}").exists():  # noqa: ASYNC110 - made by another process
                await asyncio.sleep(0.01)
            await send({"type": "http.response.body", "body": f"data: {number}\n\n".encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    elif scope["path"] == "/stream-for-ever":
        while True:
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            await asyncio.sleep(0.01)
    else:
        await send({"type": "http.response.body", "body": body or scope["path"].encode()})


@app.function(scaledown_window=2)
@modal.concurrent(max_inputs=10)
@modal.web_server(int(os.environ.get("PORT", "8765")), startup_timeout=20)
def served():
    subprocess.Popen(
        [sys.executable, "-m", "http.server", os.environ["PORT"], "--bind", "0.0.0.0"]
    )  # as the SDK wants it
