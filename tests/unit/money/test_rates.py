"""What a second of a container costs: sums, factors, dates, and what is not known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import BudgetError, UsageError
from hausmusik.gpu_names import GPU_NAMES, Gpu
from hausmusik.money.rates import Rates, Resources
from hausmusik.money.tiers import HourPrice

RATES = Rates.load()
PRICED = [name for name in GPU_NAMES if name != "RTX-PRO-6000"]


def test_the_price_of_a_container_is_the_sum_of_its_parts() -> None:
    price = RATES.price(Resources(gpu=Gpu("A10"), cpu_cores=2, memory_gib=16))
    assert price.name == "A10 + 2 cores + 16 GiB"
    assert price.usd_per_s == Decimal("0.000306") + 2 * Decimal("0.0000131") + 16 * Decimal("0.00000222")
    assert price.date == date(2026, 10, 4)  # the oldest of the three
    assert price.source.count("modal.com/pricing") == 1  # of two parts, told once
    assert "finops" in price.source


def test_a_container_without_a_gpu() -> None:
    price = RATES.price(Resources(cpu_cores=1, memory_gib=0.5))
    assert price.name == "1 core + 0.5 GiB"
    assert price.usd_per_s == Decimal("0.0000131") + Decimal("0.00000111")


@pytest.mark.parametrize(
    ("region", "nonpreemptible", "times"),
    [
        ("", False, 1),
        ("eu", False, 1.5),
        ("us-east", False, 1.75),
        ("nowhere", False, 1.75),
        ("", True, 3),
        ("us", True, 4.5),
    ],
)
def test_choices_multiply_the_whole_price(region: str, nonpreemptible: bool, times: float) -> None:
    plain = Resources(gpu=Gpu("T4"), cpu_cores=1, memory_gib=4)
    chosen = Resources(gpu=Gpu("T4"), cpu_cores=1, memory_gib=4, region=region, nonpreemptible=nonpreemptible)
    assert RATES.price(chosen).usd_per_s == RATES.price(plain).usd_per_s * Decimal(str(times))
    assert region in RATES.price(chosen).name
    assert ("not preemptible" in RATES.price(chosen).name) == nonpreemptible


def test_an_unknown_price_is_an_error_never_zero() -> None:
    with pytest.raises(BudgetError, match="the price of RTX-PRO-6000 is not known") as caught:
        RATES.price(Resources(gpu=Gpu("RTX-PRO-6000"), cpu_cores=1, memory_gib=1))
    assert "[price.RTX-PRO-6000]" in caught.value.hint


def test_a_container_has_no_more_gpus_than_the_tier_allows() -> None:
    assert RATES.price(Resources(gpu=Gpu("A10", 4))).usd_per_s == 4 * Decimal("0.000306")
    with pytest.raises(UsageError, match="at most 4 A10, not 5"):
        RATES.price(Resources(gpu=Gpu("A10", 5)))


@pytest.mark.parametrize("odd", [{"cpu_cores": -1.0}, {"memory_gib": float("nan")}, {"cpu_cores": float("inf")}])
def test_no_container_is_negative_or_endless(odd: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not a container"):
        Resources(**odd)


def test_a_container_of_nothing_has_no_price() -> None:
    with pytest.raises(UsageError, match="without cores"):
        RATES.price(Resources())


def test_the_users_prices_beat_ours_and_the_accounts_beat_both(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(
        "[price.H100]\nusd_per_h = 3.6\ndate = 2026-11-01\n\n[price.RTX-PRO-6000]\nusd_per_h = 2.52\ndate = 2026-11-01\n"
        "\n[factor.nonpreemptible]\ntimes = 2\ndate = 2026-11-01\n"
    )
    mine = Rates.load(file)
    assert mine.price(Resources(gpu=Gpu("H100"))).usd_per_s == Decimal("0.001")
    assert mine.price(Resources(gpu=Gpu("RTX-PRO-6000"), nonpreemptible=True)).usd_per_s == Decimal("0.0014")
    assert mine.price(Resources(gpu=Gpu("L4"))) == RATES.price(Resources(gpu=Gpu("L4")))
    told = HourPrice(usd_per_h=Decimal("1.8"), date=date(2026, 11, 25), source="your account")
    account = Rates.load(file, {"H100": told})
    assert account.price(Resources(gpu=Gpu("H100"))).usd_per_s == Decimal("0.0005")
    assert account.price(Resources(gpu=Gpu("H100"))).source == "your account"


amounts = st.floats(0, 64, allow_nan=False)


@given(st.sampled_from(PRICED), st.integers(1, 4), amounts, amounts, amounts)
def test_more_of_anything_never_costs_less(name: str, count: int, cores: float, gib: float, more: float) -> None:
    small = RATES.price(Resources(gpu=Gpu(name, count), cpu_cores=cores, memory_gib=gib)).usd_per_s
    assert RATES.price(Resources(gpu=Gpu(name, count), cpu_cores=cores + more, memory_gib=gib)).usd_per_s >= small
    assert RATES.price(Resources(gpu=Gpu(name, count), cpu_cores=cores, memory_gib=gib + more)).usd_per_s >= small
    assert RATES.price(Resources(gpu=Gpu(name, count), cpu_cores=cores, memory_gib=gib, region="eu")).usd_per_s > small
