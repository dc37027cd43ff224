"""The first program in a container: sees to it that the container ends with the plane, then becomes the SDK's own.

    python launcher.py LIFELINE

LIFELINE is the descriptor of a pipe that nobody writes to and whose other end only the plane holds. Imports the
standard library alone, because it runs in the container's interpreter, where our package may be missing.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def end_with_plane(lifeline: int) -> None:
    """Wait for the end of the pipe, then end this process and all that it has started."""
    os.read(lifeline, 1)
    os.killpg(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Run the SDK's container entry point."""
    lifeline = int(arguments[0])
    os.set_inheritable(lifeline, False)
    threading.Thread(target=end_with_plane, args=(lifeline,), name="lifeline", daemon=True).start()
    runpy.run_module("modal._container_entrypoint", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
