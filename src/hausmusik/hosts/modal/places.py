"""Where things lie in a container. On Modal its root is `/`; on our own control plane it is a folder.

Imports next to nothing of ours, because containers of every engine use it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import hausmusik
from hausmusik.hosts.modal.plane.variables import VOLUMES

WEIGHTS_MOUNT: Final = "/hausmusik/weights"


def code_folder() -> Path:
    """Return the folder that our package was put into: `/root`."""
    return Path(hausmusik.__file__).parents[1]


def weights_folder() -> Path:
    """Return where the weights lie."""
    mounts: dict[str, str] = json.loads(os.environ.get(VOLUMES, "{}"))
    return Path(mounts[WEIGHTS_MOUNT]) if WEIGHTS_MOUNT in mounts else code_folder().parent / WEIGHTS_MOUNT.lstrip("/")
