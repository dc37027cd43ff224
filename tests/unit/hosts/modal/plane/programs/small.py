"""What calls can do, in functions."""

import json
import os
import time
from pathlib import Path

import modal

volume = modal.Volume.from_name("shared", create_if_missing=True)
app = modal.App("small")


def shared() -> Path:
    return Path(json.loads(os.environ["HAUSMUSIK_VOLUMES"])["/shared"])


@app.function(volumes={"/shared": volume}, timeout=600, startup_timeout=600)
def square(x: int) -> int:
    print("square", x, flush=True)
    if x < 0:
        raise ValueError("negative")
    return x * x


@app.function()
def echo(data: bytes) -> bytes:
    return data


@app.function()
def count(n: int, pause_s: float = 0.0):
    for i in range(n):
        time.sleep(pause_s)
        yield i


@app.function(volumes={"/shared": volume})
def in_turn(n: int):
    """Yield the next only when the last has been answered with a file."""
    for i in range(n):
        yield i
        while not (shared() / f"got-{i}").exists():
            time.sleep(0.01)


@app.function()
async def count_async(n: int):
    for i in range(n):
        yield i


@app.function(
    secrets=[modal.Secret.from_dict({"KEY": "from the secret"})],
    image=modal.Image.debian_slim().env({"SAID": "by the image"}),
)
def environment() -> dict:
    return dict(os.environ)


@app.function(volumes={"/shared": volume})
def write(name: str, text: str) -> str:
    (shared() / name).write_text(text)
    volume.commit()
    volume.reload()
    return "".join(sorted(path.name for path in shared().iterdir()))


@app.function(
    volumes={"/shared": volume}, retries=modal.Retries(max_retries=2, initial_delay=1.0, backoff_coefficient=1.0)
)
def third_time(name: str) -> int:
    tries = shared() / name
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    if len(tries.read_text()) < 3:
        raise RuntimeError("not yet")
    return len(tries.read_text())


@app.function(timeout=1, startup_timeout=60)
def sleeper(s: float) -> float:
    time.sleep(s)
    return s


@app.function(max_containers=1)
@modal.concurrent(max_inputs=4)
def together(s: float) -> int:
    time.sleep(s)
    return os.getpid()


@app.function(max_containers=1)
@modal.concurrent(max_inputs=4)
async def patient(s: float) -> float:
    import asyncio

    await asyncio.sleep(s)
    return s


@app.function(max_containers=1)
@modal.batched(max_batch_size=4, wait_ms=1000)
def batched(xs: list[int]) -> list[tuple[int, int]]:
    return [(x + 1, len(xs)) for x in xs]


@app.function(single_use_containers=True)
def once() -> int:
    return os.getpid()


@app.function()
def crash() -> None:
    os._exit(3)


@app.function()
def outer(x: int) -> list[int]:
    return list(square.map(range(x)))


@app.local_entrypoint()
def main(x: int = 3):
    print("the answer is", square.remote(x))
