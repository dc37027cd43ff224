"""Hosted models: the published comparison, cheapest first, and an honest sentence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hausmusik.money.apis import api_prices, compare, verdict

CORPUS = (6_620_000, 3_310_000)
"""Tokens in and out of the corpus in the performance reference."""


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("o1", 298),
        ("GPT-6 Sol", 46.3),
        ("DeepSeek R1", 10.9),
        ("DeepSeek V4 Flash", 7.3),
        ("GPT-5.6 Luna", 5.3),
        ("GPT-6 Luna", 2.3),
        ("Qwen3-8B", 2.0),
        ("Llama-3.1-8B Turbo", 0.26),
    ],
)
def test_the_corpus_costs_what_was_published(model: str, usd: float) -> None:
    found = next(each for each in compare(*CORPUS) if each.price.model == model)
    assert float(found.usd) == pytest.approx(usd, rel=0.02)


def test_rows_are_sorted_exact_and_complete() -> None:
    costs = compare(1_000_000, 0)
    assert [each.usd for each in costs] == sorted(each.price.usd_per_m_in for each in costs)
    assert len(costs) == len(api_prices())
    assert {each.usd for each in compare(0, 0)} == {Decimal(0)}


def test_names_are_unique_and_every_price_has_a_source() -> None:
    names = [(each.model, each.provider) for each in api_prices()]
    assert len(set(names)) == len(names)
    assert all(each.source and each.usd_per_m_out >= each.usd_per_m_in for each in api_prices())


def test_the_verdict_says_so_when_the_api_is_cheaper() -> None:
    costs = compare(*CORPUS)
    dearer = verdict(Decimal("0.41"), costs)
    assert (
        dearer
        == "Llama-3.1-8B Turbo at DeepInfra would have been cheaper: $0.26 instead of $0.41 (price of 2026-11-05)"
    )
    assert verdict(Decimal("0.20"), costs).startswith("your own cost $0.20; the cheapest hosted model")
