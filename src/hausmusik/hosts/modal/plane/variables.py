"""What the plane tells its containers in variables that are not the SDK's. Imports nothing, as containers import it."""

from __future__ import annotations

from typing import Final

VOLUMES: Final = "HAUSMUSIK_VOLUMES"
"""JSON, mount path -> real folder: a mount at the declared path would need root. Nobody else sets it."""
