"""Which process holds something, and whether it is alive or gone for certain.

The lease of a process that was killed would otherwise have to run out before its step is taken up again, and money
reserved by one that only sleeps would be given to others. Where it cannot be known (another machine, another container,
no /proc) neither is certain, and time decides. Source: proc(5), fields 3 (state) and 22 (start time) of
/proc/[pid]/stat.
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
    known = _known(owner)
    return known is not None and _start_time(known[0]) != known[1]


def is_alive(owner: str) -> bool:
    """Return whether the process of that name surely lives, be it asleep or stopped."""
    known = _known(owner)
    return known is not None and bool(known[1]) and _start_time(known[0]) == known[1]


def _known(owner: str) -> tuple[int, str] | None:
    """Return pid and start time of an owner on this machine, None where neither means anything here."""
    parts = owner.split("/")
    if len(parts) != 4 or not parts[0] or parts[0] != _machine() or not parts[1].isdecimal():
        return None
    return int(parts[1]), parts[2]


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
