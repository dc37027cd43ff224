"""The table of GPUs and prices: whole, dated, and what a user's prices.toml may say."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hausmusik.errors import ConfigError
from hausmusik.gpu_names import GPU_NAMES
from hausmusik.money.tiers import FACTORS, PARTS, our_table, user_prices


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prices.toml"


def test_our_table_has_every_gpu_and_only_what_is_known() -> None:
    table = our_table()
    assert tuple(table.gpu) == GPU_NAMES
    assert set(table.price) == {*GPU_NAMES, *PARTS} - {"RTX-PRO-6000"}
    assert set(table.factor) == set(FACTORS)
    assert table.gpu["A10"].most == 4
    assert all(each.source for each in (*table.price.values(), *table.factor.values()))
    undated = {name for name, price in table.price.items() if not price.dated}
    assert undated == {"A100-40GB", "H200", "B200", "memory_gib"}


def test_prices_are_exact_and_those_of_the_published_seconds() -> None:
    price = our_table().price
    per_s = {
        "T4": "0.000164",
        "L4": "0.000222",
        "A10": "0.000306",
        "L40S": "0.000542",
        "A100-40GB": "0.000583",
        "A100-80GB": "0.000694",
        "H100": "0.001097",
        "H200": "0.001261",
        "B200": "0.001736",
        "cpu_core": "0.0000131",
        "memory_gib": "0.00000222",
    }
    assert {name: price[name].usd_per_h for name in per_s} == {
        name: Decimal(each) * 3600 for name, each in per_s.items()
    }


def test_a_users_file_is_partial_and_speaks_of_an_a10g(file: Path) -> None:
    file.write_text(
        '[price.A10G]\nusd_per_h = 0.9\ndate = 2026-11-20\n\n[price.cpu_core]\nusd_per_h = "0.05"\ndate = 2026-11-21\n'
    )
    found = user_prices(file)
    assert found.price["A10"].usd_per_h == Decimal("0.9")
    assert found.price["A10"].source == "your prices.toml"
    assert found.price["cpu_core"].usd_per_h == Decimal("0.05")
    assert found.factor == {}


def test_no_file_says_nothing(file: Path) -> None:
    assert user_prices(file).price == {}


DATED = "date = 2026-11-20\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"\n[price.H100]\nusd_per_h = -1\n{DATED}", ":2: price.H100.usd_per_h: must be greater than or equal to 0"),
        (f"[price.H100]\nusd_per_h = nan\n{DATED}", "price.H100.usd_per_h"),
        (f"[price.H100]\nusd_per_h = inf\n{DATED}", "price.H100.usd_per_h"),
        (f'[price.H100]\nusd_per_h = "cheap"\n{DATED}', "must be an amount in dollars"),
        (f"[price.H100]\nusd_per_h = true\n{DATED}", "must be an amount in dollars"),
        ("[price.H100]\nusd_per_h = 1\n", "price.H100.date: is missing"),
        (f"[price.H100]\n{DATED}", "price.H100.usd_per_h: is missing"),
        (f"[price.H100]\nusd_per_hour = 1\nusd_per_h = 1\n{DATED}", "price.H100.usd_per_hour: unknown key"),
        (f"[price.H10]\nusd_per_h = 1\n{DATED}", ":1: price.H10: is not known; did you mean H100?"),
        (
            f"[price.A10]\nusd_per_h = 1\n{DATED}\n[price.A10G]\nusd_per_h = 2\n{DATED}",
            "price.A10G: is a second price of A10",
        ),
        (f'[price."A10:4"]\nusd_per_h = 1\n{DATED}', "price.A10:4: is not known; did you mean A10?"),
        (f'[price."H100!"]\nusd_per_h = 1\n{DATED}', "price.H100!: is not known; did you mean H100?"),
        (f"[factor.nonpreemptable]\ntimes = 3\n{DATED}", "did you mean nonpreemptible?"),
        (
            f"[factor.nonpreemptible]\ntimes = 0.5\n{DATED}",
            "factor.nonpreemptible.times: must be greater than or equal to 1",
        ),
        ("[price.H100]\nusd_per_h = 1\ndate = 'yesterday'\n", "price.H100.date"),
        ("[gpu.H100]\nmemory_gib = 1\n", "gpu: unknown key"),
        ("price = 3\n", "price"),
        ("[price.H100\n", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        user_prices(file)
    assert str(file) in caught.value.message
    assert told in caught.value.message
    assert caught.value.hint


def test_every_problem_is_told_at_once(file: Path) -> None:
    file.write_text(f"[price.T4]\nusd_per_h = -1\n{DATED}\n[price.L4]\nusd_per_h = -2\n{DATED}")
    with pytest.raises(ConfigError, match=r"(?s)price\.T4.*price\.L4"):
        user_prices(file)
