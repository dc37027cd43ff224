"""Who holds a lease, and whether that process is gone for certain.

A lease of a process that was killed would otherwise have to run out before its step is taken up again. Where it cannot
be known (another machine, another container, no /proc) the answer is "not known to be gone", and the lease runs out.
Source: proc(5), fields 3 (state) and 22 (start time) of /proc/[pid]/stat.
"""

from __future__ import annotations

import os
from pathlib import Path

from hausmusik.seams import Ids


def new_owner(ids: Ids) -> str:
    """Return a name for the present process, unique each time: `machine/pid/start time/id`."""
    return f"{_machine()}/{os.getpid()}/{_start_time(os.getpid())}/{ids.new()}"


def is_gone(owner: str) -> bool:
    """Return whether the process of that name has surely ended."""
    parts = owner.split("/")
    if len(parts) != 4 or not parts[0] or parts[0] != _machine() or not parts[1].isdecimal():
        return False
    return _start_time(int(parts[1])) != parts[2]


def _machine() -> str:
    """Return a name for this boot and this process namespace, within which a pid means one process; else nothing."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; nothing when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return "" if fields[0] in "ZX" else fields[19]
