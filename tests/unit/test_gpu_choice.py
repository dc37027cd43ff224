"""The choice of a GPU: the user's own notes, the published reckoning, errors, and the two uses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import BudgetError, UsageError
from hausmusik.gpu_choice import choose_gpu, container, seconds_per_play
from hausmusik.gpu_names import GPU_NAMES, Gpu, parse_gpu
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Instrument
from hausmusik.instruments.shape import Shape
from hausmusik.money.rates import Rates
from hausmusik.money.tiers import Tier

RATES = Rates.load()
CATALOGUE = Catalogue.load()
ON_GPUS = [each for each in CATALOGUE.instruments() if each.shape]


def an_instrument(serving: dict[str, Any] | None = None, **shape: Any) -> Instrument:
    entry = CATALOGUE.instrument("qwen2.5-7b")
    assert entry.shape is not None
    changed = Shape.model_validate({**entry.shape.model_dump(), **shape})
    box = type(entry.serving).model_validate({**entry.serving.model_dump(), **(serving or {})})
    return entry.model_copy(update={"shape": changed, "serving": box})


def why(instrument: Instrument, gpu: str) -> str:
    options = choose_gpu(instrument, RATES).options
    return next(each.why_not for each in options if parse_gpu(each.gpu).name == gpu)


@pytest.mark.parametrize(
    ("name", "ours", "notes"),
    [
        ("qwen2.5-7b", "L4", "A10"),  # as large and cheaper per second; the A10 is the first fallback
        ("deepseek-r1-7b", "L4", "A10"),
        ("qwen2.5-14b", "L40S", "A10"),  # in bf16 14B are 27.5 GiB: no A10 holds them
        ("deepseek-r1-14b", "L40S", "A10"),
        ("qwen2.5-32b", "A100-80GB", "A100-40GB"),  # in bf16 32B are 61 GiB
        ("qwen2.5-coder-32b", "A100-80GB", "A100-40GB"),
        ("deepseek-r1-32b", "A100-80GB", "A100-40GB"),
        ("bark-small", "T4", "T4"),
        ("musicgen-small", "T4", "T4"),
        ("deepseek-v3.2", "H200:8", "H100"),  # 642 GiB of fp8 are more than eight H100s hold
        ("llama-4-scout", "H200:2", "H100"),
    ],
)
def test_our_choice_beside_the_users_notes(name: str, ours: str, notes: str) -> None:
    instrument = CATALOGUE.instrument(name)
    choice = choose_gpu(instrument, RATES)
    assert choice.best.gpu == ours
    if ours != notes:
        noted = next(each for each in choice.options if parse_gpu(each.gpu).name == notes)
        assert noted.why_not or choice.best.usd_per_play < noted.usd_per_play


def test_the_notes_are_right_for_32b_in_four_bits() -> None:
    coder = CATALOGUE.instrument("qwen2.5-coder-32b")
    assert coder.shape is not None
    four = coder.model_copy(
        update={"shape": coder.shape.model_copy(update={"dtype": "int4", "half_parameters": 1_557_135_360})}
    )
    assert {"A100-40GB", "L40S"} & {choose_gpu(four, RATES).best.gpu, *choose_gpu(four, RATES).fallbacks}
    assert why(four, "A10") != ""


@pytest.mark.parametrize("instrument", ON_GPUS, ids=lambda each: each.id)
def test_every_instrument_on_a_gpu_has_a_place(instrument: Instrument) -> None:
    for use in ("sporadic", "batch"):
        choice = choose_gpu(instrument, RATES, use)
        assert choice.best.fits
        assert choice.best.need_gib <= choice.best.have_gib
        assert choice.best.gpu not in choice.fallbacks
        assert {parse_gpu(each.gpu).name for each in choice.options} == set(GPU_NAMES)
        assert all(each.why_not for each in choice.options if each.price is None)


def nominal(gb: float, gb_s: float, tflops: float) -> Tier:
    numbers = {"memory_gib": gb * 1e9 / 2**30, "bandwidth_gb_s": gb_s, "half_tflops": tflops}
    return Tier.model_validate({**numbers, "fp8_tflops": 0, "int8_tops": 0, "capability": 9.0, "most": 8})


@pytest.mark.parametrize(
    ("tier", "published_s"),
    [
        (nominal(24, 300, 121), 4960),  # L4
        (nominal(24, 600, 70), 3358),  # A10G
        (nominal(40, 1555, 312), 630),  # A100
        (nominal(80, 2039, 312), 465),
        (nominal(80, 3350, 989), 202),  # H100
    ],
)
def test_seconds_of_the_corpus_are_those_of_the_published_reckoning(tier: Tier, published_s: float) -> None:
    """5,516 calls of 1,200 tokens in and 600 out on a 7B in bf16: performance reference, section 2.2, `serial`."""
    shape = an_instrument(activations_gib=0.0, overhead_gib=2e9 / 2**30).shape
    assert shape is not None
    assert 5516 * seconds_per_play(shape, tier, 1, "batch") == pytest.approx(published_s, rel=0.1)


def test_a_saturated_batch_is_cheapest_on_a_dear_gpu_and_a_single_play_on_a_cheap_one() -> None:
    instrument = an_instrument()
    sporadic, batch = choose_gpu(instrument, RATES), choose_gpu(instrument, RATES, "batch")
    assert sporadic.best.price
    assert batch.best.price
    assert sporadic.best.price.usd_per_s < batch.best.price.usd_per_s / 3
    by_gpu = {each.gpu: each.usd_per_play for each in batch.options}
    assert by_gpu["H100"] < by_gpu["L4"]
    assert batch.best.usd_per_play < sporadic.best.usd_per_play / 100


def test_the_cold_start_and_the_idle_window_are_paid_by_a_sporadic_play() -> None:
    best = choose_gpu(an_instrument({"scaledown_window_s": 300}), RATES).best
    assert best.price is not None
    assert best.play_s is not None
    assert best.usd_per_play == best.price.for_seconds(96 + best.play_s + 300)


def test_the_container_is_priced_with_its_cores_and_memory() -> None:
    instrument = an_instrument({"cpu_cores": 3.0, "memory_mib": 20480, "region": "eu"})
    assert str(container(instrument, Gpu("L4"))) == "L4 + 3 cores + 20 GiB, in eu"
    kokoro = CATALOGUE.instrument("kokoro")
    assert container(kokoro, None).gpu is None
    assert RATES.price(container(kokoro, None)).usd_per_s < Decimal("0.00002")


def test_an_entry_that_names_gpus_has_them_in_its_own_order() -> None:
    choice = choose_gpu(an_instrument({"gpu": ["H100", "A10", "T4"]}), RATES)
    assert [each.gpu for each in choice.options] == ["H100", "A10", "T4"]
    assert choice.fallbacks == ("A10",)
    assert choose_gpu(an_instrument({"gpu": ["A10:2"]}), RATES).best.gpu == "A10:2"


def test_why_a_gpu_cannot_be_had() -> None:
    assert why(an_instrument(), "T4") == "bf16 needs compute capability 8.0, it has 7.5"
    assert "the price of RTX-PRO-6000 is not known" in why(an_instrument(), "RTX-PRO-6000")
    assert "can hold 19.83" in why(CATALOGUE.instrument("qwen2.5-14b"), "A10")
    assert "on each" in why(CATALOGUE.instrument("deepseek-v3.2"), "H100")


def test_too_big_for_any_says_the_need_and_the_largest() -> None:
    with pytest.raises(
        UsageError, match=r"fits on no GPU: B200, the closest: needs 18\d\d\.\d\d GiB, can hold 160"
    ) as caught:
        choose_gpu(an_instrument(parameters=10**12), RATES)
    assert "smaller dtype" in caught.value.hint


def test_what_fits_only_where_the_price_is_unknown_is_not_free() -> None:
    with pytest.raises(BudgetError, match="RTX-PRO-6000 only, and the price of RTX-PRO-6000 is not known"):
        choose_gpu(an_instrument({"gpu": ["RTX-PRO-6000", "T4"]}), RATES)


def test_a_price_of_the_users_changes_the_choice(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("[price.A10G]\nusd_per_h = 0.19\ndate = 2026-11-20\n")
    assert choose_gpu(an_instrument(), Rates.load(file)).best.gpu == "A10"


def test_a_cpu_instrument_needs_no_gpu() -> None:
    with pytest.raises(UsageError, match="kokoro plays on a CPU"):
        choose_gpu(CATALOGUE.instrument("kokoro"), RATES)


@given(
    st.integers(10**8, 4 * 10**11),
    st.sampled_from(["fp16", "bf16", "fp8", "int4"]),
    st.sampled_from([1, 8]),
    st.sampled_from(["sporadic", "batch"]),
)
def test_the_choice_fits_and_nothing_that_fits_is_cheaper(parameters: int, dtype: str, most: int, use: Any) -> None:
    instrument = an_instrument(
        parameters=parameters, active_parameters=0, half_parameters=0, dtype=dtype, most_gpus=most
    )
    try:
        choice = choose_gpu(instrument, RATES, use)
    except UsageError:
        return
    had = [each for each in choice.options if not each.why_not]
    assert choice.best in had
    assert choice.best.need_gib <= choice.best.have_gib
    costs = [each.usd_per_play for each in had if each.usd_per_play is not None]
    assert choice.best.usd_per_play == min(costs)
    assert len(costs) == len(had)
