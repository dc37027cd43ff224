"""haus costs: language models against hosted ones, and days of the clock on the wall."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.config.folders import find_folders
from hausmusik.money import Ledger, LedgerRow, Price, money_file
from hausmusik.types import Usage
from tests.interfaces.conftest import Haus

L4 = Price(name="L4", usd_per_s=Decimal("0.0003"), date=date(2026, 10, 4), source="a price page")


def wrote(*rows: tuple[str, Usage], at: datetime | None = None) -> None:
    """Put rows into this home's ledger, as plays on Modal would have."""
    clock = SystemClock()
    database, ids = money_file(find_folders().ledger), TimeIds(clock)
    ledger = Ledger(database, clock=clock, ids=ids)
    for instrument, usage in rows:
        ledger.append(
            LedgerRow(
                id=ids.new(),
                at=at or clock.now(),
                kind="idle" if usage.idle_s else "play",
                instrument=instrument,
                host="modal",
                usage=usage,
                cost_usd=L4.for_usage(usage),
                price=L4,
            )
        )
    database.close()


CHAT = Usage(boot_s=20, load_s=76, busy_s=300, tokens_in=1_000_000, tokens_out=400_000)
TAIL = Usage(idle_s=60)


def test_a_language_model_is_compared_and_a_cheaper_api_is_said_to_be(haus: Haus) -> None:
    wrote(("qwen2.5-7b", CHAT), ("qwen2.5-7b", TAIL), ("orpheus", CHAT), ("gone", CHAT))
    done = haus("costs", "--by", "host")
    cheapest = "Llama-3.1-8B Turbo at DeepInfra would have been cheaper: $0.036 instead of $0.14 (price of 2026-11-05)"
    assert done.err == f"qwen2.5-7b: 1,000,000 tokens in, 400,000 out; {cheapest}\n"
    assert len(done.out.splitlines()) == 2, "the table stays one"


def test_idle_and_starting_seconds_count_on_our_side(haus: Haus) -> None:
    wrote(("qwen2.5-7b", CHAT), ("qwen2.5-7b", TAIL))
    (found,) = haus("costs", "--json").json["comparisons"]
    assert found["own_usd"] == "0.136800000"
    assert Decimal(found["own_usd"]) == L4.for_seconds(20 + 76 + 300 + 60)
    assert Decimal(found["own_usd_per_m"]) == (Decimal("0.1368") / Decimal("1.4")).quantize(Decimal("1e-9"))
    assert found["usage"]["idle_s"] == 60
    prices = [each["price"] for each in found["apis"]]
    assert {"usd_per_m_in", "usd_per_m_out", "date", "source", "dated", "note"} <= prices[0].keys()
    usd = [Decimal(each["usd"]) for each in found["apis"]]
    assert usd == sorted(usd)
    assert len(usd) > 10


def test_the_prices_are_shown_when_asked_for(haus: Haus) -> None:
    wrote(("qwen2.5-7b", CHAT), ("qwen2.5-7b", TAIL))
    done = haus("costs", "--compare")
    rows = done.out.splitlines()
    own = next(row for row in rows if row.startswith("qwen2.5-7b "))
    assert own.split()[-2:] == ["the", "ledger"]
    sol = next(row for row in rows if row.startswith("GPT-6 Sol"))
    assert sol.split()[:8] == ["GPT-6", "Sol", "OpenAI", "2", "10", "$6.00", "2026-09-03", "TheKrush/PromptFuel"]
    assert "2026-11-23 (undated source)" in next(row for row in rows if row.startswith("o1 "))
    assert "your own: $0.098 per million tokens, of 96 s starting, 300 s playing and 60 s idle" in done.err


def test_only_what_was_played_since_then_is_compared(haus: Haus) -> None:
    wrote(("qwen2.5-7b", CHAT), at=datetime.now(UTC) - timedelta(days=9))
    assert haus("costs", "--since", "7d", "--json").json["comparisons"] == []
    assert len(haus("costs", "--since", "10d", "--json").json["comparisons"]) == 1


def test_without_language_models_there_is_nothing_to_compare(haus: Haus) -> None:
    wrote(("kokoro", Usage(busy_s=1, audio_s=2)))
    assert haus("costs").err == ""
    assert haus("costs", "--compare").err == "no language model was played, so there is nothing to compare\n"
    refused = haus("costs", "--compare", "--csv")
    assert (refused.code, "both --csv and --compare" in refused.err) == (2, True)


def test_a_day_is_the_one_of_the_users_clock(haus: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote(("kokoro", TAIL), at=datetime(2026, 10, 24, 22, 30, tzinfo=UTC))
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        (row,) = haus("costs", "--by", "day", "--json").json["rows"]
        assert haus("costs", "--by", "day", "--csv").out.splitlines()[1].startswith("2026-10-25,")
    time.tzset()
    assert row["key"] == "2026-10-25"
    assert row["begins_at"] == "2026-10-25T00:00:00+02:00"
    assert row["ends_at"] == "2026-10-26T00:00:00+01:00"
    assert "begins_at" not in haus("costs", "--by", "host", "--json").json["rows"][0]
