"""Real weights for engine tests: from the folder `HAUSMUSIK_TEST_WEIGHTS`, laid out as `<set>/<file>`.

Where they are missing the test skips, unless `HAUSMUSIK_REQUIRE_WEIGHTS=1` turns that into a failure.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hausmusik.seams import EngineContext, Scalar


def context_of(*sets: str, options: dict[str, Scalar] | None = None) -> EngineContext:
    """Return a context with every file of these weight sets; skips or fails when one is not here."""
    root = os.environ.get("HAUSMUSIK_TEST_WEIGHTS", "")
    missing = [name for name in sets if not root or not (Path(root) / name).is_dir()]
    if missing:
        message = f"weights not here: {', '.join(missing)} (HAUSMUSIK_TEST_WEIGHTS={root!r})"
        if os.environ.get("HAUSMUSIK_REQUIRE_WEIGHTS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    files = {
        path.relative_to(root).as_posix(): str(path)
        for name in sets
        for path in sorted((Path(root) / name).rglob("*"))
        if path.is_file()
    }
    return EngineContext(files=files, options=options or {})
