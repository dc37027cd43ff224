"""Real weights for the tests that need them, as a pytest plugin.

`HAUSMUSIK_TEST_WEIGHTS` names a folder in the layout of the weights store (`haus pull` fills one). Without it, or where a
set is missing, such a test is skipped and counted in the summary; with `HAUSMUSIK_REQUIRE_WEIGHTS=1` it fails instead.
Nothing is ever downloaded here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hausmusik.errors import WeightsError
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.weights.store import WeightsStore

_MARK = "weights are not here: "


@pytest.fixture(scope="session")
def weights() -> Callable[..., dict[str, str]]:
    """A function of weight set ids that returns the paths of all their files by `set id/file name`."""
    catalogue = Catalogue.load()

    def located(*set_ids: str) -> dict[str, str]:
        folder = os.environ.get("HAUSMUSIK_TEST_WEIGHTS", "")
        sets = [catalogue.weight_set(set_id) for set_id in set_ids]
        try:
            if not folder:
                raise WeightsError("HAUSMUSIK_TEST_WEIGHTS is not set")
            return WeightsStore(Path(folder), offline=True).located(sets)
        except WeightsError as error:
            if os.environ.get("HAUSMUSIK_REQUIRE_WEIGHTS", "") == "1":
                pytest.fail(f"{error.message} (HAUSMUSIK_REQUIRE_WEIGHTS=1)", pytrace=False)
            pytest.skip(f"{_MARK}{error.message}")

    return located


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests did not run for want of weights."""
    reports = terminalreporter.stats.get("skipped", [])
    count = sum(_MARK in str(getattr(report, "longrepr", "")) for report in reports)
    if count:
        terminalreporter.write_line(
            f"{count} test{'s' if count > 1 else ''} skipped for want of weights (HAUSMUSIK_TEST_WEIGHTS names their folder)"
        )
