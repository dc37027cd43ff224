"""Real instruments in a real house: weights from the kept folder, everything else temporary."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hausmusik
from hausmusik.facade import House

SETS = (
    "kokoro-v1-int8",
    "kokoro-voices-en",
    "misaki-en",
    "cmudict",
    "g2p-en",
    "musescore-general-lite",
    "whisper-base",
    "resemblyzer",
)


@pytest.fixture(scope="session")
def house(weights: Callable[..., dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all end-to-end tests, so that workers start once."""
    weights(*SETS)
    home = tmp_path_factory.mktemp("e2e-home")
    folder = Path(os.environ["HAUSMUSIK_TEST_WEIGHTS"])
    settings = {"weights.folder": folder, "weights.offline": True}
    with hausmusik.open(home=home, settings=settings) as opened:
        yield opened
