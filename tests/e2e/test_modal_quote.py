"""What was quoted before and what the ledger has after, on a control plane whose containers start, play and idle."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

pytest.importorskip("modal")

from tests.e2e.cloud import Desk, desk
from tests.interfaces import tones
from tests.unit.hosts.modal.plane.deploying import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WINDOW_S = 2
EXTRA = f"""places = ["local", "modal"]
[instrument.serving]
scaledown_window_s = {WINDOW_S}
max_containers = 2
"""


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """With `air` deployed, whose entry says that it starts and plays much slower than it does, as a busy test may."""
    monkeypatch.setenv("HAUSMUSIK_TEST_WEIGHTS", str(tmp_path / "weights"))
    with desk(tmp_path) as opened:
        text = tones.instrument("air", "sound", extra=EXTRA)
        text = text.replace("cold_start_s = 0.3", "cold_start_s = 20").replace("per_unit = 0.01", "per_unit = 0.1")
        folder = opened.home / "instruments.d"
        folder.mkdir(parents=True)
        (folder / "air.toml").write_text(text, "utf-8")
        opened.haus("deploy", "air", "--yes")
        yield opened


def over(cloud: Desk) -> None:
    """Wait until no container is up, and the windows that the ledger waits for have passed."""
    until(lambda: all(each.ended_at is not None for each in cloud.plane.lives()))
    time.sleep(WINDOW_S)


def test_a_piece_costs_no_less_and_no_more_than_was_quoted(cloud: Desk) -> None:
    cues = [
        {"layer": "sound", "prompt": f"rain {each}", "duration_s": 1 + each, "instrument": "air"} for each in range(6)
    ]
    score = {"hausmusik": 1, "title": "Rain", "segments": [{"id": "one", "cues": cues}]}
    (cloud.folder / "piece.json").write_text(json.dumps(score))
    quote = cloud.haus("plan", "piece.json", "--on", "modal", "--json").json["quote"]
    (line,) = quote["lines"]
    assert (line["plays"], line["cold_starts"]) == (6, 2)
    assert line["parts"]["idle"]["seconds"]["mid"] == 2 * WINDOW_S
    told = cloud.haus("compose", "piece.json", "--on", "modal", "-o", "piece.wav").err
    assert "about $0.00" in told
    assert "idle after $0.00" in told
    over(cloud)
    (total,) = cloud.haus("costs", "--by", "host", "--json").json["rows"]
    assert total["plays"] == 6
    assert total["idle_s"] >= WINDOW_S
    assert Decimal(quote["low_usd"]) <= Decimal(total["cost_usd"]) <= Decimal(quote["high_usd"])


def test_one_play_leaves_one_window(cloud: Desk) -> None:
    told = cloud.haus("sound", "rain", "--seconds", "2", "-i", "air", "--on", "modal", "-o", "a.wav").err
    assert told.startswith("about $0.00")
    over(cloud)
    (total,) = cloud.haus("costs", "--json").json["rows"]
    assert total["plays"] == 1
    # The window, and the moment that a container which was started for the call waits until it has it.
    assert WINDOW_S <= total["idle_s"] < WINDOW_S + 0.5
