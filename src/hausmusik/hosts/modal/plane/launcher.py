"""The first program in a container: sees to it that the container ends with the plane, then becomes the SDK's own.

    python launcher.py LIFELINE

LIFELINE is the descriptor of a pipe that nobody writes to and whose other end only the plane holds. Where volumes are
to be bind-mounted (HAUSMUSIK_BIND_VOLUMES=1), it does that too, in a mount namespace of its own. Imports the standard
library alone, because it runs in the container's interpreter, where our package may be missing.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import signal
import sys
import threading
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000


def end_with_plane(lifeline: int) -> None:
    """Wait for the end of the pipe, then end this process and all that it has started."""
    os.read(lifeline, 1)
    os.killpg(os.getpid(), signal.SIGKILL)


def bind(volumes: dict[str, str]) -> None:
    """Mount real folders at mount paths, for this process and its children alone; raises OSError without the right to.

    Source: unshare(2), mount(2).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.unshare(CLONE_NEWNS), "unshare")
    _checked(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "/")
    for mount_path, folder in volumes.items():
        Path(mount_path).mkdir(parents=True, exist_ok=True)
        _checked(libc.mount(folder.encode(), mount_path.encode(), None, MS_BIND, None), mount_path)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"volumes cannot be bind-mounted: {os.strerror(number)}", what)


def main(arguments: list[str]) -> None:
    """Run the SDK's container entry point."""
    lifeline = int(arguments[0])
    os.set_inheritable(lifeline, False)
    threading.Thread(target=end_with_plane, args=(lifeline,), name="lifeline", daemon=True).start()
    if os.environ.get("HAUSMUSIK_BIND_VOLUMES") == "1":
        bind(json.loads(os.environ["HAUSMUSIK_VOLUMES"]))
    runpy.run_module("modal._container_entrypoint", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
