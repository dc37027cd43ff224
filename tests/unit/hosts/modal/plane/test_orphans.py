"""No container, and nothing that a container has started, outlives the plane, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.hosts.modal.plane.deploying import PROGRAMS, processes_with, until

pytestmark = pytest.mark.slow

PLANE = """
import sys, time
from pathlib import Path
from hausmusik.hosts.modal.plane import Plane, PlaneOptions
plane = Plane(Path(sys.argv[1]), PlaneOptions(variables={"PORT": "0"})).__enter__()
import modal
app = modal.App("orphans")

def nap(s):
    import subprocess, sys, time
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("napping", flush=True)
    time.sleep(s)

app.function(name="nap", serialized=True, timeout=900)(nap)
app.deploy(client=plane.client())
modal.Function.from_name("orphans", "nap", client=plane.client()).spawn(600)
while "napping" not in plane.logs("orphans"):
    time.sleep(0.02)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_containers_die_with_the_planes_process(tmp_path: Path, sent: signal.Signals) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    plane = subprocess.Popen(
        [sys.executable, "-c", PLANE, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PROGRAMS,
        env=environment,
    )
    assert plane.stdout is not None
    assert plane.stdout.readline() == "ready\n"
    assert len(processes_with(str(tmp_path))) == 2, "the container and the process that it has started"
    plane.send_signal(sent)
    plane.wait()
    plane.stdout.close()
    until(lambda: not processes_with(str(tmp_path)), within_s=5.0)
