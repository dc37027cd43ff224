"""A worker never outlives its host, however the host dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.hosts.playing import PROBE, is_running

SCRIPT = """
import asyncio, sys, time
from pathlib import Path
from hausmusik.clock import SystemClock
from hausmusik.hosts.local import LocalHost
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.types import Run, SpeakRequest

async def main(logs, probe):
    host = LocalHost(interpreters=lambda name: [sys.executable], logs=Path(logs), clock=SystemClock())
    order = EngineOrder(instrument="probe", engine=f"{probe}:Probe", context=EngineContext())
    tone = EngineOrder(instrument="tone", engine="hausmusik.engines.tone:ToneEngine",
                       context=EngineContext(options={"spin": True, "fault_after": 1}))
    async for _ in host.warm(order):
        pass
    async for event in host.play(tone, SpeakRequest(text="one two"), Run(id="r")):
        if type(event).__name__ == "WordTiming":
            break
    print(*[slot.process.pid for slot in host._pool._slots], flush=True)
    time.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM], ids=lambda sent: sent.name)
def test_workers_die_with_the_host(tmp_path: Path, sent: signal.Signals) -> None:
    """One of the two is idle, the other burns processor time and is deaf to everything."""
    host = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(PROBE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert host.stdout is not None
    workers = [int(word) for word in host.stdout.readline().split()]
    assert len(workers) == 2
    assert all(is_running(pid) for pid in workers)
    host.send_signal(sent)
    host.wait()
    host.stdout.close()
    end = time.monotonic() + 2.0
    while any(is_running(pid) for pid in workers):
        assert time.monotonic() < end, "a worker outlives its host"
        time.sleep(0.01)
