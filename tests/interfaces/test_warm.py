"""haus warm and haus cool: what they refuse, and, on a control plane with real containers, that warmth always ends."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from hausmusik.errors import UsageError
from tests.interfaces import tones
from tests.interfaces.conftest import Haus, process
from tests.unit.hosts.modal.plane.deploying import until

WINDOW_S = 4
EXTRA = """places = ["local", "modal"]
[instrument.serving]
scaledown_window_s = 4
max_containers = 2
"""


@pytest.fixture
def cloudy(haus: Haus, home: Path) -> Haus:
    """With `air`, tones that may play on Modal, and `gold`, on a GPU whose price nobody knows."""
    text = tones.instrument("air", "sound", extra=EXTRA)
    text += tones.instrument("gold", "sound", extra='places = ["modal"]\nserving = { gpu = ["RTX-PRO-6000"] }')
    (home / "instruments.d" / "air.toml").write_text(text, "utf-8")
    return haus


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("20m", 1200), ("2h", 7200), ("1.5H", 5400), ("12h", 43200)]
)
def test_spans(text: str, seconds: float) -> None:
    from hausmusik.cli.warm import read_span

    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "20", "0m", "-5m", "13h", "43201s", "1d", "nan", "1e9h", "m", "20 m"])
def test_what_is_no_span(text: str) -> None:
    from hausmusik.cli.warm import read_span

    with pytest.raises(UsageError, match="for"):
        read_span(text)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("warm", "air"), 2, "for how long was not said"),
        (("warm", "air", "--for", "13h"), 2, "is no time to keep something warm"),
        (("warm", "air", "--for", "1m", "--containers", "3"), 2, "air may have 2 containers, not 3"),
        (("warm", "air", "--for", "1m"), 4, "there is no Modal token here"),
        (("warm", "gold", "--for", "1m", "--yes"), 6, "the price of RTX-PRO-6000 is not known"),
        (("warm", "tone-sound", "--for", "1m"), 5, "tone-sound does not play on Modal"),
        (("warm", "flute", "--for", "1m"), 5, "there is no instrument 'flute'"),
        (("cool", "flute"), 5, "there is no instrument 'flute'"),
    ],
)
def test_bad_input(cloudy: Haus, words: tuple[str, ...], code: int, told: str) -> None:
    done = cloudy(*words)
    assert told in done.err
    assert done.code == code


def test_a_play_whose_price_is_not_known_is_refused_before_anything_is_reached(cloudy: Haus, here: Path) -> None:
    """There is no account here: were Modal asked first, that would be the error."""
    done = cloudy("sound", "rain", "--seconds", "1", "-i", "gold", "--on", "modal", "-o", "a.wav")
    assert (done.code, list(here.iterdir())) == (6, [])
    assert "the price of RTX-PRO-6000 is not known" in done.err
    assert "prices.toml" in done.err


def test_the_price_is_told_before_the_question(cloudy: Haus) -> None:
    told = cloudy("warm", "air", "--for", "2h", "--containers", "2")
    found = re.fullmatch(r"air: 2 containers of 1 core \+ 0\.5 GiB for 2h: \$(\d+\.\d\d)\n", told.out)
    assert found is not None, told.out
    assert Decimal(found[1]) == round(Decimal("0.04716") * 4 + Decimal("0.007992") * 2, 2)
    assert "reserved: $" in told.err


def test_without_a_history_there_is_no_advice(cloudy: Haus) -> None:
    done = cloudy("warm", "air", "--advise")
    assert done.out == ""
    assert done.err == "air was not played on Modal yet, so nothing is known of when it is: 4 s stay\n"
    assert cloudy("warm", "air", "--advise", "--json").json["advice"]["basis"] == "break-even"


def test_a_window_of_the_settings_is_what_would_be_declared(cloudy: Haus, home: Path) -> None:
    pytest.importorskip("modal")
    (home / "config.toml").write_text('[modal]\nwindows = { "air" = 300 }\n')
    (found,) = cloudy("deploy", "air", "--dry-run", "--json").json["deployments"]
    assert found["declared"]["scaledown_window_s"] == 300
    (home / "config.toml").write_text('[modal]\nwindows = { "air" = 1 }\n')
    assert "config.toml:2: modal.windows: must be greater than or equal to 2" in cloudy("status").err


# -- on a control plane ---------------------------------------------------------------------------------------------


@pytest.fixture
def up(cloudy: Haus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """A control plane to which `air` is deployed; how many of its containers live."""
    from hausmusik.hosts.modal.plane import Plane, PlaneOptions

    for name in [each for each in os.environ if each.startswith("MODAL_")]:
        monkeypatch.delenv(name)
    with Plane(tmp_path / "plane", PlaneOptions()) as plane:
        for name, value in plane.variables().items():
            monkeypatch.setenv(name, value)
        told = answer("deploy", "air", "--yes", "--json")
        assert told["dry_run"] is False, told
        yield lambda: sum(each.ended_at is None for each in plane.lives())


def answer(*words: str) -> dict[str, object]:
    running = process(*words)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    return json.loads(out) if "--json" in words else {"err": err}


def spent() -> list[dict[str, object]]:
    return answer("costs", "--by", "instrument", "--json")["rows"]  # type: ignore[return-value]


def is_kept() -> list[str]:
    return [each["instrument"] for each in answer("status", "--json")["kept_warm"]]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_it_stays_warm_beyond_its_window_is_seen_and_ends_with_its_time(up: Callable[[], int]) -> None:
    running = process("warm", "air", "--for", "14s", "--yes", "--json")
    until(lambda: up() == 1)
    time.sleep(WINDOW_S + 2)
    assert up() == 1
    assert is_kept() == ["air"]
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    told = json.loads(out)
    assert Decimal(told["cost_usd"]) <= Decimal(told["plan"]["price"]["usd_per_s"]) * 14
    assert 10 <= told["kept_s"] <= 15
    until(lambda: up() == 0, within_s=3.0)
    assert is_kept() == []
    (row,) = spent()
    assert Decimal(str(row["cost_usd"])) == Decimal(told["cost_usd"])


@pytest.mark.slow
@pytest.mark.parametrize("words", [("warm", "air", "--for", "1m"), ("deploy", "air"), ("undeploy", "air")])
def test_nothing_that_costs_or_goes_is_done_without_being_asked(
    up: Callable[[], int], haus: Haus, words: tuple[str, ...]
) -> None:
    running = process(*words)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, up()) == (2, 0)
    assert "not without being asked" in err


@pytest.mark.slow
def test_several_containers_are_kept_warm(up: Callable[[], int]) -> None:
    running = process("warm", "air", "--for", "5m", "--containers", "2", "--yes")
    until(lambda: up() == 2)
    time.sleep(WINDOW_S + 3)
    assert up() == 2
    assert "let go cold" in str(answer("cool", "air")["err"])
    assert running.wait(20) == 0
    running.communicate()
    until(lambda: up() == 0, within_s=WINDOW_S + 3.0)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGHUP], ids=lambda each: each.name)
def test_whatever_ends_the_client_nothing_stays_warm_after_the_window(
    up: Callable[[], int], sent: signal.Signals
) -> None:
    running = process("warm", "air", "--for", "12h", "--yes", start_new_session=True)
    until(lambda: up() == 1)
    time.sleep(WINDOW_S + 1)
    assert up() == 1
    os.killpg(running.pid, sent)
    running.communicate(timeout=20)
    assert running.returncode == (-9 if sent == signal.SIGKILL else 130)
    until(lambda: up() == 0, within_s=WINDOW_S + 3.0)
    assert is_kept() == []
    (row,) = spent()
    assert row["label"] == "keep warm"
    assert Decimal(str(row["cost_usd"])) > 0


@pytest.mark.slow
def test_plays_meet_the_warm_container_and_no_second_one_is_started(up: Callable[[], int], here: Path) -> None:
    running = process("warm", "air", "--for", "5m", "--yes")
    until(lambda: up() == 1)
    time.sleep(2)
    for number in range(3):
        answer("sound", "rain", "--seconds", "1", "-i", "air", "--on", "modal", "-o", str(here / f"{number}.wav"))
        assert up() == 1
    answer("cool", "air")
    assert running.wait(20) == 0
    running.communicate()
