"""Names of GPUs: what is understood, what is refused, and that our own spelling is a fixed point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import UsageError
from hausmusik.gpu_names import GPU_NAMES, MOST_GPUS, Gpu, given_gpu, parse_gpu, parse_gpus


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("A10G", "A10"),
        ("a100", "A100-40GB"),
        ("A100-80", "A100-80GB"),
        (" h100:8 ", "H100:8"),
        ("H100!", "H100!"),
        ("h100!:2", "H100!:2"),
        ("B200+:4", "B200+:4"),
        ("rtx-pro-6000", "RTX-PRO-6000"),
        ("L4:1", "L4"),
    ],
)
def test_what_people_write(written: str, canonical: str) -> None:
    assert str(parse_gpu(written)) == canonical


@pytest.mark.parametrize(
    ("nonsense", "hint"),
    [
        ("A11", "A10"),
        ("H1OO", "H100"),
        ("nonsense:2", "use one of: T4"),
        ("H100:9", "H100:8 at most"),
        ("H100:0", "H100:8 at most"),
        ("H100:-1", "H100"),
        ("H100:٣", "H100"),
        ("T4!", "only H100! is known"),
        ("A10+", "only B200+ is known"),
        ("", "use one of"),
        (":2", "use one of"),
        ("L4:", "L4"),
        ("A100-40GB-80GB", "A100"),
    ],
)
def test_nonsense_is_refused_with_what_to_write(nonsense: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_gpu(nonsense)
    assert hint in caught.value.hint


def test_lists_keep_their_order_and_name_each_once() -> None:
    assert parse_gpus("L4, A10G,L40S") == (Gpu("L4"), Gpu("A10"), Gpu("L40S"))
    assert parse_gpus(["H100:2", "A100-80GB:4"]) == (Gpu("H100", 2), Gpu("A100-80GB", 4))
    assert parse_gpus("") == parse_gpus([]) == parse_gpus(" ") == ()
    for wrong in ("A10, A10G", "L4,", ["L4", ""]):
        with pytest.raises(UsageError):
            parse_gpus(wrong)


gpus = st.builds(
    lambda name, count, marked: Gpu(name, count, {"H100": "!", "B200": "+"}.get(name, "") if marked else ""),
    st.sampled_from(GPU_NAMES),
    st.integers(1, MOST_GPUS),
    st.booleans(),
)


@given(gpus)
def test_every_gpu_is_read_back_from_its_own_spelling_in_any_case(gpu: Gpu) -> None:
    assert parse_gpu(str(gpu)) == gpu
    assert parse_gpu(f" {str(gpu).lower()} ") == gpu


@given(st.text(max_size=20) | st.text(alphabet="AHLBT0142:!+-GgB", max_size=12))
def test_any_text_is_a_gpu_of_ours_or_refused(text: str) -> None:
    try:
        gpu = parse_gpu(text)
    except UsageError:
        return
    assert gpu.name in GPU_NAMES
    assert parse_gpu(str(gpu)) == gpu


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("Tesla T4", "T4"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA A10G", "A10"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA A100-SXM4-40GB", "A100-40GB"),
        ("NVIDIA A100-PCIE-40GB", "A100-40GB"),
        ("NVIDIA A100-SXM4-80GB", "A100-80GB"),
        ("NVIDIA A100 80GB PCIe", "A100-80GB"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX-PRO-6000"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA B200", "B200"),
        ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", ""),
        ("NVIDIA GeForce RTX 4090", ""),
        ("NVIDIA RTX 6000 Ada Generation", ""),
        ("NVIDIA L40", ""),
        ("NVIDIA GH200 480GB", ""),
        ("", ""),
    ],
)
def test_what_gpus_call_themselves(model: str, name: str) -> None:
    assert given_gpu(GPU_NAMES, [model]) == name


@pytest.mark.parametrize(
    ("asked", "models", "given_one"),
    [
        (["L4", "A10G"], ["NVIDIA A10G"], "A10G"),
        (["L4:2", "L4"], ["NVIDIA L4"], "L4"),
        (["L4", "L4:2"], ["NVIDIA L4", "NVIDIA L4"], "L4:2"),
        (["L4", "A10"], ["NVIDIA L4", "NVIDIA L4"], ""),
        (["L4", "A10"], ["NVIDIA L4", "NVIDIA A10"], ""),
        (["L4", "A10"], [], ""),
        (["L4", "A10"], ["NVIDIA L40S"], ""),
        (["L40S", "H100"], ["NVIDIA H200"], "H100"),
        (["L40S", "H100!"], ["NVIDIA H200"], ""),
        (["H100", "H200"], ["NVIDIA H200"], "H200"),
        (["L40S", "A100"], ["NVIDIA A100-SXM4-80GB"], "A100"),
        (["A100-80GB", "A100"], ["NVIDIA A100-SXM4-80GB"], "A100-80GB"),
        (["H200", "B200+"], ["NVIDIA B300 SXM6 AC"], "B200+"),
        (["H200", "B200"], ["NVIDIA B300 SXM6 AC"], ""),
        (["H100"], ["NVIDIA H200"], "H100"),
        (["H100"], ["something else"], "H100"),
        (["H100"], [], "H100"),
    ],
)
def test_which_of_several_was_given_and_an_upgrade_is_what_was_asked_for(
    asked: list[str], models: list[str], given_one: str
) -> None:
    assert given_gpu(asked, models) == given_one
