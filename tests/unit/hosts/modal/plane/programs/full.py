"""Everything that can be declared, for reading it back."""

import modal

cache = modal.Volume.from_name("weights", create_if_missing=True)
compiled = modal.Volume.from_name("compiled", create_if_missing=True)


def bake(name: str) -> None:
    print("baked", name)


image = (
    modal.Image.debian_slim(python_version="3.11")
    .apt_install("ffmpeg")
    .uv_pip_install("numpy==2.1.0")
    .env({"HF_HUB_CACHE": "/weights"})
)
baked = image.run_function(bake, volumes={"/weights": cache}, args=("tiny",))
app = modal.App("full", image=image)


@app.function(
    gpu=["L4", "A10:2", "L40S"],
    cpu=(2.0, 4.0),
    memory=(1024, 2048),
    timeout=30,
    startup_timeout=600,
    retries=modal.Retries(max_retries=2, initial_delay=1.0),
    secrets=[modal.Secret.from_dict({"B": "hidden", "A": "hidden"}), modal.Secret.from_name("hub")],
    max_containers=3,
    scaledown_window=120,
    region=["us-east", "eu"],
    single_use_containers=True,
)
def many(x: int) -> int:
    return x


@app.function(nonpreemptible=True)
@modal.batched(max_batch_size=8, wait_ms=50)
def batched(xs: list[int]) -> list[int]:
    return xs


@app.function(schedule=modal.Period(hours=1))
def hourly() -> None: ...


@app.cls(
    image=baked,
    gpu="A100-80GB:2",
    volumes={"/weights": cache, "/compiled": compiled},
    min_containers=1,
    max_containers=2,
    buffer_containers=1,
    enable_memory_snapshot=True,
    experimental_options={"enable_gpu_snapshot": True},
)
@modal.concurrent(max_inputs=8, target_inputs=4)
class Model:
    name: str = modal.parameter(default="tiny")
    size: int = modal.parameter(default=1)

    @modal.enter(snap=True)
    def load(self) -> None: ...

    @modal.method()
    def play(self, text: str) -> str:
        return text

    @modal.method()
    def stream(self, text: str):
        yield text

    @modal.fastapi_endpoint(method="POST", label="face", requires_proxy_auth=True)
    def face(self, body: dict) -> dict:
        return body


@app.function()
@modal.asgi_app()
def web():
    raise NotImplementedError
