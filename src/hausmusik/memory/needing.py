"""Libraries of the extra [memory], asked for where they are used, with a clear word where they are not installed."""

from __future__ import annotations

import importlib
from typing import Any

from hausmusik.errors import MissingExtra


def needed(module: str) -> Any:
    """Return a module of a library that memories need; raises MissingExtra where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"memories need the Python package {module.partition('.')[0]}, which is not installed",
            hint="pip install 'hausmusik[memory]'",
        ) from error
