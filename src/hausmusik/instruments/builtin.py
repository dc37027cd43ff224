"""Our own instruments, handed over through the same entry point group as everyone else's."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable


def toml_files() -> Iterator[Traversable]:
    """Yield the TOML files in `hausmusik/instruments/data`, by name."""
    folder = resources.files("hausmusik.instruments") / "data"
    yield from sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
