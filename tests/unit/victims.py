"""Processes that stop in the middle of making something, to be killed there.

Reads lines `case folder`; for each one a child begins, stops half-way and says `pid`. One program for all of them,
because importing the package takes longer than the children live.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hausmusik.atomic import write_whole
from hausmusik.audio.loudness import LoudnessMeter
from hausmusik.audio.master import master
from hausmusik.audio.mix import MixSpec
from hausmusik.audio.mixing import iter_mix
from hausmusik.audio.output_file import output_file
from hausmusik.audio.wav import WavWriter
from hausmusik.cli.destinations import into_file
from hausmusik.config.editing import set_value
from hausmusik.hosts.local import environments as environments_module
from hausmusik.hosts.local.environments import Environments
from hausmusik.hosts.local.isolation import import_folder
from hausmusik.instruments.model import Environment
from hausmusik.takes.store import TakeRecord, TakeStore, copy_take
from hausmusik.types import Audio
from hausmusik.weights.store import WeightsStore
from tests.unit.weights.shelf import a_file, a_set

KEY = "1" * 64
SET = a_set("whole", a_file("model.bin", b"weights"))
PROBE = Environment(id="probe", requirements=("tiny-probe==1.0",))
QUIET = np.zeros((1, 800), np.float32)


def small_file(folder: Path) -> None:
    write_whole(folder / "small.json", b"{}")


def settings(folder: Path) -> None:
    set_value(folder / "config.toml", "local.workers", 2)


def audio_file(folder: Path) -> None:
    with output_file(folder / "piece.flac") as file:
        file.write(b"fLaC")


def wav(folder: Path) -> None:
    with WavWriter.create(folder / "scratch.wav", 8_000, 1) as writer:
        writer.write(QUIET)


def master_of_a_piece(folder: Path) -> None:
    spec = MixSpec(duration_s=0.2, clips=())
    master(iter_mix(spec), folder / "master.wav", sample_rate_hz=spec.sample_rate_hz, channels=spec.channels)


def spool(folder: Path) -> None:
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        with into_file(str(folder / "line.wav"), "wav") as push:
            push(Audio(QUIET, 8_000))
    finally:
        tempfile.tempdir = before


def take(folder: Path) -> None:
    draft = TakeStore(folder / "takes").draft(KEY)
    draft.append(Audio(QUIET, 8_000))
    draft.close_audio()
    draft.finish(TakeRecord(key=KEY, instrument="x", request={}, duration_s=0.1, sample_rate_hz=8_000, channels=1))


def take_beside_a_score(folder: Path) -> None:
    store = TakeStore(folder / "takes")
    if store.get(KEY) is None:
        take(folder)
    kept = store.get(KEY)
    assert kept
    copy_take(kept, folder / "piece.takes" / "one.a")


def imports(folder: Path) -> None:
    import_folder(folder / "import")


def weights_removed(folder: Path) -> None:
    (folder / "whole").mkdir(exist_ok=True)
    (folder / "whole" / "model.bin").write_bytes(b"weights")
    WeightsStore(folder).remove([SET])


def environment(folder: Path) -> None:
    list(Environments(folder, {}, needs=()).install(PROBE))


def environment_removed(folder: Path) -> None:
    environments = Environments(folder, {}, needs=())
    environments.place(PROBE).mkdir(exist_ok=True)
    environments.remove(PROBE)


CASES: dict[str, tuple[Callable[[Path], None], Any, str]] = {
    # what is done, and the step at which a victim stops
    "small_file": (small_file, os, "fsync"),
    "settings": (settings, os, "fsync"),
    "audio_file": (audio_file, os, "fsync"),
    "wav": (wav, os, "fsync"),
    "master_of_a_piece": (master_of_a_piece, LoudnessMeter, "finish"),
    "spool": (spool, os, "fsync"),
    "take": (take, os, "fsync"),
    "take_beside_a_score": (take_beside_a_score, shutil, "copytree"),
    "imports": (imports, Path, "symlink_to"),
    "weights_removed": (weights_removed, shutil, "rmtree"),
    "environment": (environment, environments_module, "_run"),
    "environment_removed": (environment_removed, shutil, "rmtree"),
}
ONE_AT_A_TIME = {"settings", "weights_removed", "environment", "environment_removed"}
"""A second process waits for the first one."""


def stop(*_: object, **__: object) -> None:
    print(os.getpid(), flush=True)
    time.sleep(60)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the children are reaped by the system
    for line in sys.stdin:
        case, folder = line.split(maxsplit=1)
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work, owner, name = CASES[case]
            setattr(owner, name, stop)
            try:
                work(Path(folder.strip()))
            finally:
                print(0, flush=True)  # it should never have come here
                os._exit(1)


if __name__ == "__main__":
    main()
