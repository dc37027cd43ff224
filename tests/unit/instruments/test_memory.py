"""Memory on a GPU: published cases, exact sizes of published checkpoints, and what must grow with what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hausmusik.instruments.memory import GIB, cache_bytes, memory_need, sequences_that_fit, weights_bytes
from hausmusik.instruments.shape import Shape
from hausmusik.money.tiers import our_table

HAVE = {name: tier.memory_gib for name, tier in our_table().gpu.items()}


def shape(**more: Any) -> Shape:
    return Shape.model_validate({"parameters": 1_000_000_000, "dtype": "bf16", **more})


def llama8(**more: Any) -> Shape:
    cache = {"layers": 32, "kv_heads": 8, "head_dim": 128, "context_tokens": 4096}
    return shape(**{"parameters": 8_030_261_248, **cache, **more})


def qwen7(**more: Any) -> Shape:
    cache = {"layers": 28, "kv_heads": 4, "head_dim": 128, "context_tokens": 1500}
    return shape(parameters=7_615_616_512, half_parameters=1_089_994_752, **{**cache, **more})


def qwen32(**more: Any) -> Shape:
    cache = {"layers": 64, "kv_heads": 8, "head_dim": 128, "context_tokens": 4096}
    return shape(parameters=32_763_876_352, **{**cache, **more})


def deepseek(**more: Any) -> Shape:
    cache = {"layers": 61, "kv_heads": 1, "head_dim": 321, "context_tokens": 8192}
    whole = {"parameters": 685_396_921_376, "half_parameters": 3_946_184_704, "dtype": "fp8"}
    return shape(**{**whole, **cache, **more})


def scout(**more: Any) -> Shape:
    cache = {"layers": 48, "kv_heads": 8, "head_dim": 128, "context_tokens": 8192}
    return shape(parameters=108_641_869_360, **{**cache, **more})


def llama70(**more: Any) -> Shape:
    cache = {"layers": 80, "kv_heads": 8, "head_dim": 128, "context_tokens": 4096}
    return shape(parameters=70_553_706_496, **{**cache, **more})


@pytest.mark.parametrize(
    ("model", "gpu", "count", "fits"),
    [
        (llama8(), "A10", 1, True),
        (llama8(), "T4", 1, False),
        (llama8(context_tokens=131_072), "A10", 1, False),
        (llama8(context_tokens=131_072), "A100-40GB", 1, True),
        (llama70(), "A100-80GB", 1, False),
        (llama70(), "A100-80GB", 2, True),
        (llama70(), "H100", 2, True),
        (llama70(), "A100-40GB", 2, False),
        (llama70(), "A100-40GB", 4, True),
        (qwen32(), "A100-80GB", 1, True),
        (qwen32(), "L40S", 1, False),
        (qwen32(), "A100-40GB", 1, False),
        (qwen32(dtype="int4"), "A100-40GB", 1, True),
        (deepseek(), "H100", 8, False),
        (deepseek(), "H200", 8, True),
        (deepseek(), "B200", 4, False),
        (scout(), "H100", 2, False),
        (scout(), "H100", 4, True),
        (scout(dtype="int4"), "H100", 1, True),  # Meta: "fits on a single H100 with int4"
    ],
)
def test_published_cases(model: Shape, gpu: str, count: int, fits: bool) -> None:
    assert memory_need(model, count).fits(HAVE[gpu]) is fits


@pytest.mark.parametrize(
    ("model", "published_bytes"),
    [
        (qwen7(), 15_231_271_888),  # weight files of Qwen2.5-7B-Instruct
        (qwen32(), 65_527_841_856),
        (qwen7(dtype="int4"), 5_570_000_000),  # Qwen2.5-7B-Instruct-AWQ
        (deepseek(), 689_471_107_200),  # the headers of all files of DeepSeek-V3.2
        (scout(), 217_283_738_720),
    ],
)
def test_weights_are_as_large_as_the_published_files(model: Shape, published_bytes: int) -> None:
    assert weights_bytes(model) == pytest.approx(published_bytes, rel=0.002)


def test_the_cache_of_one_token() -> None:
    assert cache_bytes(qwen7(), 1) == 57_344  # performance reference, section 2.2
    assert cache_bytes(llama8(), 1) == 131_072
    assert cache_bytes(llama8(kv_dtype="fp8"), 1) == 65_536
    assert cache_bytes(deepseek(), 1) == 61 * (2 * (512 + 64) + 132)


def test_sequences_that_fit_are_those_of_the_published_reckoning() -> None:
    """`(0.9 x 24 GB - weights - 2 GB) / 86 MB`, there in decimal gigabytes and nominal sizes."""
    model = qwen7(activations_gib=0.0, overhead_gib=2e9 / GIB)
    assert sequences_that_fit(model, 24e9 / GIB, 1, 1500) == pytest.approx(51, abs=1)
    assert sequences_that_fit(model, 14.56, 1, 1500) == 0
    assert sequences_that_fit(shape(batch=3), 80, 1, 1500) == 3  # no cache to reckon with


def test_a_cache_is_split_by_heads_and_no_further() -> None:
    whole, two, eight = (memory_need(qwen7(), gpus) for gpus in (1, 2, 8))
    assert two.cache_gib == pytest.approx(whole.cache_gib / 2)
    assert eight.cache_gib == pytest.approx(whole.cache_gib / 4)  # four heads
    assert memory_need(deepseek(), 8).cache_gib == memory_need(deepseek(), 1).cache_gib
    assert eight.weights_gib == pytest.approx(whole.weights_gib / 8)
    assert eight.overhead_gib == whole.overhead_gib


shapes = st.builds(
    lambda parameters, dtype, context, batch: llama8(
        parameters=parameters, dtype=dtype, context_tokens=context, batch=batch
    ),
    st.integers(10**6, 10**12),
    st.sampled_from(["fp32", "bf16", "fp16", "fp8", "int8", "int4"]),
    st.integers(1, 10**6),
    st.integers(1, 512),
)


@given(shapes, st.sampled_from([1, 2, 4, 8]))
def test_more_of_anything_never_needs_less(model: Shape, gpus: int) -> None:
    need = memory_need(model, gpus).total_gib
    for more in (
        {"parameters": model.parameters * 2},
        {"context_tokens": model.context_tokens + 1},
        {"batch": model.batch + 1},
    ):
        assert memory_need(model.model_copy(update=more), gpus).total_gib > need
    assert memory_need(model.model_copy(update={"dtype": "fp32"}), gpus).total_gib >= need
    assert memory_need(model, gpus * 2).total_gib <= need


@given(shapes, st.floats(1, 200), st.sampled_from([1, 2, 4, 8]))
def test_as_many_sequences_fit_as_were_counted_and_not_one_more(model: Shape, memory_gib: float, gpus: int) -> None:
    count = sequences_that_fit(model, memory_gib, gpus, model.context_tokens)
    if count:
        assert memory_need(model.model_copy(update={"batch": count}), gpus).fits(memory_gib + 1e-6)
    assert not memory_need(model.model_copy(update={"batch": count + 1}), gpus).fits(memory_gib - 1e-6)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"layers": 3}, "together"),
        ({"active_parameters": 2_000_000_000}, "parts of parameters"),
        ({"dtype": "bf8"}, "dtype"),
        ({"parameters": 0}, "greater than 0"),
        ({"most_gpus": 9}, "less than or equal to 8"),
    ],
)
def test_what_is_no_shape(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        shape(**given)
