"""The container of an instrument: defaults that suit a small one, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from hausmusik.instruments.problems import parse
from hausmusik.instruments.serving import IMAGE_BYTES, Serving
from tests.unit.instruments.entries import instrument


def test_a_small_instrument_need_say_nothing() -> None:
    plain = Serving()
    assert plain.gpu == ()
    assert (plain.min_containers, plain.scaledown_window_s) == (0, 60)
    assert plain.container_memory_mib(550) == 825
    assert plain.container_memory_mib(100) == 512
    assert Serving(memory_mib=300).container_memory_mib(550) == 300


def test_weights_go_into_the_image_up_to_a_gibibyte() -> None:
    assert Serving().weights_place(IMAGE_BYTES) == "image"
    assert Serving().weights_place(IMAGE_BYTES + 1) == "volume"
    assert Serving(weights_in="volume").weights_place(1) == "volume"
    assert Serving(weights_in="image").weights_place(10**12) == "image"


@pytest.mark.parametrize("given", ["A10G", ("a10g", "L40S"), "a10g, l40s"])
def test_gpus_are_kept_by_their_canonical_names(given: Any) -> None:
    assert Serving.model_validate({"gpu": given}).gpu in {("A10",), ("A10", "L40S")}


@pytest.mark.parametrize("given", ["", "eu", "us-east", "us-east-1", "ap-southeast-2"])
def test_regions_are_broad_or_narrow(given: str) -> None:
    assert Serving(region=given).region == given


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"gpu": "A11"}, "there is no GPU 'A11'"),
        ({"gpu": [1]}, "valid string"),
        ({"gpu": 3}, "valid tuple"),
        ({"scaledown_window_s": 1}, "greater than or equal to 2"),
        ({"scaledown_window_s": 3601}, "less than or equal to 3600"),
        ({"min_containers": 5, "max_containers": 4}, "more than max_containers"),
        ({"target_inputs": 5, "max_inputs": 4}, "more than max_inputs"),
        ({"batch": {"size": 4}}, "batch"),
        ({"proxy_auth": True}, "proxy_auth"),
        ({"region": "us-east-1 "}, "pattern"),
        ({"gpu_snapshot": True}, "needs snapshot"),
        ({"region": "EU west"}, "pattern"),
        ({"secrets": ["no secret!"]}, "pattern"),
        ({"timeout_s": 0}, "greater than or equal to 1"),
        ({"keep_warm": 1}, "Extra inputs"),
    ],
)
def test_what_no_container_can_be(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Serving.model_validate(given)


def test_a_wrong_gpu_in_a_file_is_told_with_what_to_write() -> None:
    _, problems = parse(instrument("x", serving='{ gpu = ["L4", "H1OO"] }'), "f.toml")
    assert [(each.reason, each.fix) for each in problems] == [
        ("instrument \"x\" serving.gpu: there is no GPU 'H1OO'", "did you mean H100?")
    ]
    _, problems = parse(
        instrument("x", serving="{ keepwarm = 1 }", shape='{ parameter = 1, dtype = "bf16" }'), "f.toml"
    )
    assert any("serving.keepwarm: unknown key" in each.reason for each in problems)
    assert any("did you mean parameters " in each.fix for each in problems)
