"""Where instruments of the catalogue play on Modal, and what is said of why."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hausmusik.gpu_choice import choose_gpu
from hausmusik.gpu_names import parse_gpu
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Instrument
from hausmusik.money.rates import Rates
from hausmusik.placement import Placement, place
from tests.unit.instruments.entries import as_instrument, instrument

RATES = Rates.load()


def placed(name: str, window_s: int = 60) -> Placement:
    return place(entry(name), RATES, window_s)


def entry(name: str) -> Instrument:
    found = Catalogue.load().instrument(name)
    assert "modal" in found.places
    return found


def test_a_processor_is_told_with_its_cores_memory_and_price() -> None:
    (told,) = placed("kokoro", 90).reasons
    assert told == "kokoro plays on a processor: 1 core, 0.81 GiB, $0.054 an hour, idle containers stay 90 s"
    assert placed("kokoro").gpu == ""
    assert placed("kokoro").habit is None


def test_a_gpu_is_told_with_what_fits_what_else_there_is_a_batch_and_the_habit() -> None:
    where = placed("qwen2.5-7b")
    first = "qwen2.5-7b plays on L4, else A10: needs 17.9 of 19.8 GiB, $0.99 an hour"
    assert where.reasons == (
        f"{first}, idle containers stay 60 s",
        "  the cheapest on which it fits, for a play now and then: $0.051 with start and window",
        "  a full batch is cheapest on B200: $0.000029 a play, $0.00027 on L4",
        "  the habit for its size, A10: fits as A10, but costs $0.061 instead of $0.051 a play",
    )
    choice = choose_gpu(entry("qwen2.5-7b"), RATES)
    assert (where.gpu, where.fallbacks, where.price) == (choice.best.gpu, choice.fallbacks, choice.best.price)
    assert where.usd_per_play == choice.best.usd_per_play


@pytest.mark.parametrize(
    ("name", "gpu", "habit", "agrees", "why"),
    [
        ("bark", "T4", "T4", True, ""),
        ("musicgen-small", "T4", "T4", True, ""),
        ("orpheus", "L4", "T4", False, "bf16 needs compute capability 8.0"),
        ("qwen2.5-14b", "L40S", "A10", False, "needs 35.51 GiB, can hold 19.83"),
        ("qwen2.5-coder-32b", "A100-80GB", "A100-40GB", False, "needs 71.03 GiB, can hold 35.45"),
        ("deepseek-v3.2", "H200:8", "H100", False, "needs 93.83 GiB on each, can hold 71.19"),
        ("llama-4-scout", "H200:2", "H100", False, "fits as H100:4, but costs"),
    ],
)
def test_the_choice_agrees_with_the_habit_or_says_why_not(
    name: str, gpu: str, habit: str, agrees: bool, why: str
) -> None:
    where = placed(name)
    assert where.gpu == gpu
    assert where.habit is not None
    assert (where.habit.gpu, where.habit.agrees) == (habit, agrees)
    assert where.habit.why.startswith(why)
    assert bool(where.habit.why) != agrees


def test_every_model_of_the_catalogue_has_a_place_and_its_need_fits_there() -> None:
    everyone = [each for each in Catalogue.load().instruments() if "modal" in each.places]
    for where in (place(each, RATES, each.serving.scaledown_window_s) for each in everyone):
        assert where.price is not None
        assert where.why_not == ""
        if where.need_gib is not None:
            assert where.have_gib is not None
            assert where.need_gib <= where.have_gib
            assert where.batch_gpu


SHAPE = '{ parameters = 1_000_000_000, dtype = "fp16", answer_tokens = 100, prompt_tokens = 10 }'


def test_an_entry_that_names_its_gpus_has_them() -> None:
    named = as_instrument(instrument("big", places='["modal"]', shape=SHAPE, serving='{ gpu = ["L40S", "A10"] }'))
    where = place(named, RATES, 60)
    assert (where.gpu, where.fallbacks, where.named) == ("L40S", ("A10",), True)
    assert where.reasons[1].startswith("  its entry names it: $")
    assert where.reasons[-1] == "  the habit for its size, T4: its entry names others"


def test_a_gpu_without_a_shape_has_no_need_and_no_habit() -> None:
    named = as_instrument(instrument("odd", places='["modal"]', serving='{ gpu = ["T4"], cpu_cores = 2 }'))
    where = place(named, RATES, 60)
    assert where.reasons[0].startswith("odd plays on T4: 2 cores, 0.5 GiB, $")
    assert (where.need_gib, where.habit, where.batch_gpu) == (None, None, "")


def test_what_fits_nowhere_or_has_no_price_says_so() -> None:
    huge = as_instrument(instrument("huge", places='["modal"]', shape=SHAPE.replace("1_000", "900_000")))
    told = place(huge, RATES, 60)
    assert told.price is None
    assert told.reasons[0].startswith("huge can play nowhere on Modal: huge fits on no GPU: ")
    odd = as_instrument(instrument("odd", places='["modal"]', serving='{ gpu = ["RTX-PRO-6000"] }'))
    (reason,) = place(odd, RATES, 60).reasons
    assert reason == "odd can play nowhere on Modal: the price of RTX-PRO-6000 is not known"


def test_the_window_is_no_part_of_what_an_hour_costs() -> None:
    short, long = placed("bark", 60), placed("bark", 600)
    assert short.price == long.price
    assert short.usd_per_play == long.usd_per_play != Decimal(0)
    assert parse_gpu(short.gpu).name == "T4"
