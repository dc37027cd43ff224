"""Where a name that came over the wire may lie: below its root, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from grpclib import GRPCError, Status


def inside(root: Path, name: str) -> Path:
    """Return the path of a name (with or without a leading slash) below a folder.

    Raises:
        GRPCError: INVALID_ARGUMENT, the name leads out of it, also through a link.
    """
    path = root / name.lstrip("/")
    if not path.resolve().is_relative_to(root.resolve()):
        raise GRPCError(Status.INVALID_ARGUMENT, f"the path {name!r} leads out of its folder")
    return path
