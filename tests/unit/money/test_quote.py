from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import BudgetError
from hausmusik.instruments.model import Measured
from hausmusik.money import Learnt, LocalPrices, Quote, QuoteItem, Spread, quote
from hausmusik.money.quote import expected_s, units_of
from hausmusik.types import MusicRequest, SpeakRequest
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import CloudPrices

KOKORO = Measured(unit="audio_s", cpu_s_per_unit=0.5, cold_start_s=4.0, on="a laptop, 2026-11-20")
LEARNT = Learnt(
    unit="audio_s", cpu_s=Spread(0.9, 1, 1.1), busy_s=Spread(1.0, 1.2, 1.5), cold_start_s=Spread(2, 3, 5), plays=9
)


def item(
    instrument: str = "kokoro", host: str = "local", units: float = 100.0, cold_starts: int = 1, **more: Any
) -> QuoteItem:
    return QuoteItem(
        instrument=instrument, host=host, units=units, measured=KOKORO, cold_starts=cold_starts, plays=4, **more
    )


def test_the_catalogues_figures_get_a_wide_range_and_cold_starts_are_counted() -> None:
    found = quote([item(cold_starts=2)], prices=CloudPrices())
    assert found.seconds == Spread(25, 58, 145)
    assert (found.low_usd, found.expected_usd, found.high_usd) == (0, 0, 0)
    assert (found.cold_starts, found.basis, found.lines[0].plays) == (2, "catalogue", 4)


def test_what_was_learnt_beats_the_catalogue() -> None:
    found = quote([item(host="cloud")], prices=CloudPrices(), learnt=lambda *_: LEARNT)
    assert found.seconds == Spread(100, 123, 155)
    assert found.basis == "learnt"
    assert found.expected_usd == Decimal("0.000306") * 123
    assert found.low_usd < found.expected_usd < found.high_usd
    mixed = quote(
        [item(), item("piper")], prices=CloudPrices(), learnt=lambda name, *_: LEARNT if name == "piper" else None
    )
    assert mixed.basis == "mixed"


def test_without_a_known_cold_start_the_catalogues_stands() -> None:
    import msgspec

    known = msgspec.structs.replace(LEARNT, cold_start_s=None)
    assert quote([item()], prices=CloudPrices(), learnt=lambda *_: known).seconds == Spread(100, 124, 160)


def test_machines_idle_after_their_last_plays_and_that_is_paid_for() -> None:
    found = quote([item(host="cloud", cold_starts=2, most_starts=3, idle_s=60.0)], prices=CloudPrices())
    (line,) = found.lines
    assert (line.start, line.play, line.idle) == (Spread(0, 8, 30), Spread(25, 50, 125), Spread(0, 120, 180))
    assert found.seconds == Spread(25, 178, 335)
    rate = Decimal("0.000306")
    assert found.part_usd("idle") == (0, 120 * rate, 180 * rate)
    assert (found.low_usd, found.expected_usd, found.high_usd) == (25 * rate, 178 * rate, 335 * rate)
    assert found.in_short == "about $0.054 ($0.0076 to $0.10): starting $0.0024, playing $0.015, idle after $0.037"
    assert (found + found).part_usd("idle")[1] == 240 * rate


def test_plays_that_go_on_at_once_in_a_machine_share_its_seconds() -> None:
    (line,) = quote([item(host="cloud", together=16.0, least_together=8.0)], prices=CloudPrices()).lines
    assert line.play == Spread(25 / 16, 50 / 16, 125 / 8)
    (same,) = quote([item(host="cloud", together=4.0)], prices=CloudPrices(), learnt=lambda *_: LEARNT).lines
    assert same.play == Spread(25, 30, 37.5)


def test_what_is_expected_of_one_play_is_the_middle_of_its_quote() -> None:
    for learnt in (lambda *_: LEARNT, lambda *_: None):
        found = quote([item(cold_starts=0)], prices=CloudPrices(), learnt=learnt)
        assert expected_s("kokoro", "local", 100.0, KOKORO, learnt) == found.seconds.mid


def test_units_are_counted_as_usage_counts_them() -> None:
    assert units_of(SpeakRequest(text="hello"), "characters", 2.0) == 5
    assert units_of(MusicRequest(prompt="calm", duration_s=9), "characters", 9.0) == 4
    assert units_of(MusicRequest(prompt="calm", duration_s=9), "audio_s", 9.0) == 9


def test_an_unknown_price_is_an_error(clock: ManualClock) -> None:
    with pytest.raises(BudgetError):
        quote([item(host="elsewhere")], prices=CloudPrices())
    with pytest.raises(BudgetError):
        quote([item(host="cloud")], prices=LocalPrices(clock))


ITEMS = st.lists(
    st.builds(
        item,
        st.sampled_from(["kokoro", "bark", "whisper"]),
        st.sampled_from(["local", "cloud"]),
        st.integers(0, 1000).map(float),
        st.integers(0, 3),
    ),
    max_size=6,
)


@given(ITEMS, ITEMS)
def test_quotes_add_up(one: list[QuoteItem], two: list[QuoteItem]) -> None:
    first, second = quote(one, prices=CloudPrices()), quote(two, prices=CloudPrices())
    for both in (first + second, second + first, quote([*one, *two], prices=CloudPrices())):
        assert both.seconds.mid == pytest.approx(first.seconds.mid + second.seconds.mid)
        assert both.seconds.low <= both.seconds.mid <= both.seconds.high
        assert both.low_usd <= both.expected_usd <= both.high_usd
        assert float(both.high_usd) == pytest.approx(float(first.high_usd + second.high_usd), abs=1e-6)
        assert both.cold_starts == first.cold_starts + second.cold_starts
        assert len({(line.instrument, line.host) for line in both.lines}) == len(both.lines)
    assert first + Quote() == Quote() + first == first


def test_a_quote_reads_well() -> None:
    both = quote([item(), item("bark", "cloud", 3600.0)], prices=CloudPrices())
    wanted = """\
together                             30 min 58 s (15 min 25 s to 1 h 17 min)  $0.55 ($0.28 to $1.38)      catalogue
kokoro      local  100 s of audio    54 s (25 s to 2 min 15 s)                $0.00                       catalogue
bark        cloud  3,600 s of audio  30 min 04 s (15 min 00 s to 1 h 15 min)  $0.55 ($0.28 to $1.38)      catalogue
  starting         1 machine         4.0 s (0.0 s to 10 s)                    $0.0012 ($0.00 to $0.0031)
  playing          4 plays           30 min 00 s (15 min 00 s to 1 h 15 min)  $0.55 ($0.28 to $1.38)"""
    assert str(both) == wanted
    assert str(Quote()) == "nothing to do, $0.00"
    assert "9.8 s" in str(quote([item(units=11.6)], prices=CloudPrices()))
