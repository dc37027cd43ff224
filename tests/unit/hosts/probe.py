"""An engine in a file that says what its worker sees, and breaks the contract in ways the tone engine cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from hausmusik.errors import BadInput
from hausmusik.seams import EngineSpec
from hausmusik.types import Audio, AudioChunk, Done, Phase, TextDelta, Usage


class Probe:
    def __init__(self, context):
        self.context = context
        self.children = []

    @property
    def spec(self):
        return EngineSpec(name="probe", revision="1")

    def prepare(self):
        yield Phase(name="prepare", done=1.0)

    def load(self, device):
        if self.context.options.get("needs"):
            import a_library_nobody_has  # noqa: F401
        while self.context.options.get("endless"):
            yield Phase(name="load", done=time.monotonic() % 1)
        yield Phase(name="load", done=1.0)

    def warm_up(self):
        yield Phase(name="warm_up", done=1.0)

    def close(self):
        if marker := self.context.options.get("closed"):
            Path(str(marker)).touch()

    def play(self, requests, cancel):
        yield from getattr(self, "do_" + requests[0].text)(cancel)

    def do_facts(self, cancel):
        facts = {
            "pid": os.getpid(),
            "session": os.getsid(0),
            "environ": dict(os.environ),
            "modules": sorted(sys.modules),
            "path": sys.path,
            "folder": str(Path.cwd()),
            "sites": [each for each in sys.path if "site-packages" in each],
            "hash": hash("the same in every process"),
        }
        yield 0, TextDelta(text=json.dumps(facts))
        yield 0, Done(reason="length")

    def do_garbage(self, cancel):
        yield 0, TextDelta(text="fine so far")
        pipe = next(fd for fd in range(3, 64) if _is_socket(fd))
        os.write(pipe, b"a library prints where it should not\n")
        time.sleep(30)

    def do_child(self, cancel):
        child = subprocess.Popen(["sleep", "60"])
        self.children.append(child)
        yield 0, TextDelta(text=str(child.pid))
        yield 0, Done()

    def do_bad(self, cancel):
        raise BadInput("the probe refuses this", hint="ask for something else")
        yield

    def do_foreign(self, cancel):
        yield 0, TextDelta(text="so far")
        return 1 / 0

    def do_forget(self, cancel):
        yield 0, TextDelta(text="and then?")

    def do_leave(self, cancel):
        sys.exit(3)
        yield

    def do_thing(self, cancel):
        yield 0, "not an event"

    def do_late(self, cancel):
        yield 0, Done()
        yield 0, TextDelta(text="late")

    def do_stranger(self, cancel):
        yield 1, TextDelta(text="whose?")

    def do_missing(self, cancel):
        import a_library_nobody_has  # noqa: F401

        yield

    def do_memory(self, cancel):
        raise MemoryError
        yield

    def do_thread(self, cancel):
        threading.Thread(target=time.sleep, args=(60,)).start()
        yield 0, Done()

    def do_count(self, cancel):
        yield 0, Usage(audio_s=1.0, tokens_in=2)
        yield 0, AudioChunk(start_s=0.0, audio=Audio(np.zeros((1, 4000), np.float32), 8000))
        yield 0, Usage(audio_s=2.0)
        yield 0, Done()

    def do_silent(self, cancel):
        yield 0, AudioChunk(start_s=0.0, audio=Audio(np.zeros((1, 4000), np.float32), 8000))
        yield 0, Done()

    def do_endless(self, cancel):
        while True:
            yield 0, Phase(name="endless", done=time.monotonic() % 1)

    def do_flood(self, cancel):
        for number in range(500):
            yield 0, AudioChunk(start_s=number / 10, audio=Audio(np.zeros((1, 20_000), np.float32), 200_000))
        yield 0, Done()


def _is_socket(fd):
    return Path(f"/proc/self/fd/{fd}").is_socket()
