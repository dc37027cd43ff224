"""When a container began: its process did then, unless it goes on from the memory snapshot of another one.

Of a restored process the kernel may still tell when the first one began. Modal's worker writes a file for each restore,
which is then the nearest thing to a beginning; what came before that is time in the queue to the caller. What real
restores say of both is not proven. Imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

TASK: Final = "MODAL_TASK_ID"
"""Modal's id of the container; the SDK sets it anew after a restore."""

RESTORED: Final = "MODAL_RESTORE_STATE_PATH"
RESTORED_DEFAULT: Final = "/__modal/restore-state.json"
"""What the SDK waits for to know that it was restored. Source: `memory_restore` and config of modal 1.5.4 and 1.6.4."""


class Birth:
    """The birth of the container in which this is asked; made in the process before it may be snapshotted."""

    def __init__(self) -> None:
        self._task = os.environ.get(TASK, "")
        self._made_at = time.time()

    def age_s(self) -> float:
        """Return for how long this container has been up; 0 where nothing tells."""
        born_at = _process_born_at()
        if os.environ.get(TASK, "") != self._task and born_at <= self._made_at:
            born_at = _restored_at()
        return max(0.0, time.time() - born_at)


def _process_born_at() -> float:
    """Return when this process began, seconds since 1970; where the kernel does not tell, now.

    Source: proc(5): `starttime` is the 22nd field of /proc/self/stat, in clock ticks since the boot.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        uptime_s = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        return time.time() - uptime_s + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time()


def _restored_at() -> float:
    with contextlib.suppress(OSError):
        return Path(os.environ.get(RESTORED, RESTORED_DEFAULT)).stat().st_mtime
    return time.time()
