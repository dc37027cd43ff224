"""What the ledger says of containers is what happened in them, by the books of the control plane that ran them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("modal")

from hausmusik.hosts.modal.plane import Faults, PlaneOptions, Refusal
from tests.unit.hosts.modal.metered import declared, stage, tones

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("models", "charged"),
    [
        ({}, "L4"),
        ({"L4": "NVIDIA L4 of next year"}, "L4"),
        ({"L4": "something new"}, "the dearest"),
        ({"L4": "NVIDIA H200"}, "H100"),
    ],
)
async def test_the_row_has_the_price_of_the_gpu_that_was_given(
    tmp_path: Path, models: dict[str, str], charged: str
) -> None:
    """The first of the list is not to be had; what the second calls itself decides."""
    order = tones()
    options = PlaneOptions(faults=Faults(refusals=(Refusal(0.0, 3600.0, ("A10",)),)), gpu_models=models)
    async with stage(tmp_path, declared(order, gpu=("A10", "L4", "H100")), options) as books:
        await books.play(order, "One.")
        (life,) = books.plane.lives()
        rows = await books.rows()
    assert life.gpu == "L4"
    assert {row.price.name for row in rows} == {charged}
    assert {row.kind for row in rows} == {"play", "idle"}
