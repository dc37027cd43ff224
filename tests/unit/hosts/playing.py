from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec

from hausmusik.hosts.local import LocalHost
from hausmusik.seams import EngineContext, EngineOrder, Host, Scalar
from hausmusik.types import AudioChunk, Event, Phase, Request, Run, SpeakRequest, TextDelta

PROBE = Path(__file__).with_name("probe.py")
RUN = Run(id="run-1")
SAY = SpeakRequest(text="Hello there. You.")

MakeHost = Callable[..., LocalHost]


def own(environment: str) -> Sequence[str]:
    return [sys.executable]


def tone(instrument: str = "tone", workers: int = 1, **options: Scalar) -> EngineOrder:
    return EngineOrder(
        instrument=instrument,
        engine="hausmusik.engines.tone:ToneEngine",
        context=EngineContext(options=options),
        workers=workers,
    )


def probe(instrument: str = "probe", path: Path = PROBE, **options: Scalar) -> EngineOrder:
    return EngineOrder(instrument=instrument, engine=f"{path}:Probe", context=EngineContext(options=options))


async def played(host: LocalHost, order: EngineOrder, request: Request = SAY, run: Run = RUN) -> list[Event]:
    return [event async for event in host.play(order, request, run)]


async def warmed(host: Host, order: EngineOrder) -> list[Event]:
    return [event async for event in host.warm(order)]


async def said(host: LocalHost, order: EngineOrder, what: str) -> str:
    events = await played(host, order, SpeakRequest(text=what))
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def sound_of(events: Sequence[Event]) -> bytes:
    return b"".join(event.audio.samples.tobytes() for event in events if isinstance(event, AudioChunk))


def phases_of(events: Sequence[Event]) -> list[str]:
    names: list[str] = []
    for event in events:
        if isinstance(event, Phase) and (not names or names[-1] != event.name):
            names.append(event.name)
    return names


async def first_result(host: LocalHost, order: EngineOrder, request: Request = SAY) -> float:
    """Play until the first result, then close; return how long the closing took."""
    async with aclosing(host.play(order, request, RUN)) as events:
        async for event in events:
            if not isinstance(event, Phase):
                break
        began = time.monotonic()
    return time.monotonic() - began


def pids(host: LocalHost) -> list[int]:
    return [slot.process.pid for slot in host._pool._slots if slot.process is not None]


def is_running(pid: int) -> bool:
    """Whether a process exists and is more than a zombie that its parent has not looked at."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def bare_interpreter(folder: Path) -> tuple[Path, Path]:
    """Put a virtual environment with numpy and msgspec alone together from links; return its python and packages."""
    python = Path(sys.executable).resolve()
    sites = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    sites.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n")
    here = Path(msgspec.__file__).parent.parent
    for name in ("numpy", "numpy.libs", "msgspec"):
        if (here / name).exists():
            (sites / name).symlink_to(here / name)
    return folder / "bin" / "python", sites


async def eventually(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)
