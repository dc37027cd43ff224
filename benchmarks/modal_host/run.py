"""What the Modal host adds to a warm call, against bare calls of Modal's SDK; writes results/.

    python benchmarks/modal_host/run.py [--rounds N]

Both ways play on one local control plane, each in a warm container of its own, and send the same chunks of sound from a
generator of a class: ours through `ModalHost.play`, the peer through `remote_gen`. Calls alternate, the order within a
pair changes from one to the next, and what is compared is the pair: ours minus bare.

    call    from asking to the end of the stream
    first   from asking to the first chunk
    age     of a chunk when it arrives: time since the engine made it, by the clock of this machine
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import bare
import chunks
import modal
import numpy as np

from hausmusik.clock import SystemClock
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.app import app_of
from hausmusik.hosts.modal.declaration import ENGINES, Declaration
from hausmusik.hosts.modal.host import ModalHost
from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.types import AudioChunk, Run, SpeakRequest
from hausmusik.weights.store import WeightsStore

HERE = Path(__file__).parent
CASES: dict[str, tuple[int, int, float]] = {
    "one chunk of 0.5 s": (1, 12_000, 0.0),
    "20 chunks of 0.5 s at once": (20, 12_000, 0.0),
    "20 chunks of 0.5 s, one each 20 ms": (20, 12_000, 0.02),
    "one chunk of 60 s (5.8 MB)": (1, 1_440_000, 0.0),
}
CALLS = 5
"""Pairs of each case in a round."""

ORDER = EngineOrder(instrument="chunks", engine=f"{ENGINES}/chunks.py:Chunks", context=EngineContext())
DECLARATION = Declaration(
    instrument="chunks",
    python=f"{sys.version_info.major}.{sys.version_info.minor}",
    requirements=(),
    order=ORDER,
    engine_file=str(HERE / "chunks.py"),
    scaledown_window_s=600,
)


class Way:
    """One way of playing: `ours` or `bare`."""

    def __init__(self, host: ModalHost, worker: Any) -> None:
        self._host = host
        self._worker = worker

    async def chunks(self, way: str, case: tuple[int, int, float]) -> AsyncIterator[np.ndarray]:
        """Yield chunks as they arrive."""
        if way == "bare":
            async for item in self._worker.play.remote_gen.aio(*case):
                yield np.frombuffer(item, np.float32).reshape(1, -1)
            return
        async with aclosing(self._host.play(ORDER, SpeakRequest(text=json.dumps(case)), Run(id="bench"))) as events:
            async for event in events:
                if isinstance(event, AudioChunk):
                    yield event.audio.samples

    async def timed(self, way: str, case: tuple[int, int, float]) -> dict[str, Any]:
        """Return the milliseconds of one call."""
        asked = time.perf_counter()
        first, ages = 0.0, list[float]()
        async for chunk in self.chunks(way, case):
            ages.append(chunks.age_ms(chunk))
            first = first or (time.perf_counter() - asked) * 1000
        assert len(ages) == case[0]
        return {"call": (time.perf_counter() - asked) * 1000, "first": first, "ages": ages}


def measured(folder: Path, rounds: int) -> dict[str, dict[str, Any]]:
    """Return what came of all pairs, by case; the calls are made by another process than the control plane's."""
    with Plane(folder / "plane", PlaneOptions()) as plane:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
        command = [sys.executable, __file__, "--rounds", str(rounds), "--inside", str(folder)]
        subprocess.run(command, env=environment | plane.variables(), check=True)
    pairs: dict[str, list[dict[str, Any]]] = json.loads((folder / "pairs.json").read_text("utf-8"))
    return {name: _summary(these) for name, these in pairs.items()}


async def paired(folder: Path, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Return the calls of both ways in pairs, by case."""
    client = await modal.Client.from_env.aio()
    await app_of(DECLARATION, WeightsStore(folder / "weights")).deploy.aio(client=client)
    await bare.app().deploy.aio(client=client)
    host = ModalHost(
        Account(client=client), declare=lambda _: DECLARATION, clock=SystemClock(), learnt=folder / "learnt.json"
    )
    way = Way(host, modal.Cls.from_name("bare", "Bare", client=client)())
    pairs: dict[str, list[dict[str, Any]]] = {name: [] for name in CASES}
    for case in CASES.values():
        for each in ("ours", "bare"):
            await way.timed(each, case)  # the container starts; both have seen each size
    for number in range(rounds * CALLS):
        for name, case in CASES.items():
            order = ("ours", "bare") if number % 2 else ("bare", "ours")
            pairs[name].append({each: await way.timed(each, case) for each in order})
    await host.close()
    return pairs


def _summary(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    def column(way: str, what: str) -> np.ndarray:
        return np.array([np.median(pair[way]["ages"]) if what == "age" else pair[way][what] for pair in pairs])

    summary: dict[str, Any] = {"pairs": len(pairs)}
    for what in ("call", "first", "age"):
        ours, peer = column("ours", what), column("bare", what)
        summary[what] = {
            "bare_p50_ms": round(float(np.median(peer)), 2),
            "ours_p50_ms": round(float(np.median(ours)), 2),
            "added_p50_ms": round(float(np.median(ours - peer)), 2),
            "added_p10_ms": round(float(np.percentile(ours - peer, 10)), 2),
            "added_p90_ms": round(float(np.percentile(ours - peer, 90)), 2),
        }
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dry", action="store_true", help="Write no results.")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        pairs = asyncio.run(paired(arguments.inside, arguments.rounds))
        (arguments.inside / "pairs.json").write_text(json.dumps(pairs), "utf-8")
        return
    load = round(os.getloadavg()[0], 2)
    with tempfile.TemporaryDirectory(prefix="hausmusik-bench-") as name:
        cases = measured(Path(name), arguments.rounds)
    date = datetime.now(UTC).date().isoformat()
    about = {
        "date": date,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "hausmusik": metadata.version("hausmusik"),
        "modal": metadata.version("modal"),
        "rounds": arguments.rounds,
        "pairs of a case": arguments.rounds * CALLS,
        "load_before": load,
    }
    lines = [f"# The Modal host against the bare SDK, {date}", ""]
    lines += [", ".join(f"{key} {value}" for key, value in about.items()), ""]
    lines += ["| case | what | bare p50 ms | ours p50 ms | added p50 ms | p10 to p90 |", "|---|---|---|---|---|---|"]
    for case, summary in cases.items():
        for what in ("call", "first", "age"):
            row = summary[what]
            lines.append(
                f"| {case} | {what} | {row['bare_p50_ms']:.2f} | {row['ours_p50_ms']:.2f} | {row['added_p50_ms']:+.2f} "
                f"| {row['added_p10_ms']:+.2f} to {row['added_p90_ms']:+.2f} |"
            )
    lines += [
        "",
        (
            "`call` lasts from asking to the end of the stream, `first` to the first chunk; `age` is the median time "
            "since a chunk was made when it arrives. `added` is the median of the differences within pairs. All of it "
            "on one machine and a local control plane: nothing here is a measurement of Modal's network or machines."
        ),
        "",
    ]
    print("\n".join(lines))
    if not arguments.dry:
        folder = HERE / "results"
        folder.mkdir(exist_ok=True)
        (folder / f"{date}.json").write_text(json.dumps({"about": about, "cases": cases}, indent=2) + "\n", "utf-8")
        (folder / f"{date}.md").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
