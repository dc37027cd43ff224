"""What a Modal host says of an instrument before anything is played, without an account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hausmusik.clock import SystemClock
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.host import ModalHost
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.types import Run

ORDER = EngineOrder(instrument="tones", engine="hausmusik.engines.tone:ToneEngine", context=EngineContext())


def host(folder: Path, **fields: Any) -> ModalHost:
    declaration = Declaration(instrument="tones", python="3.11", requirements=(), order=ORDER, **fields)
    return ModalHost(Account(), declare=lambda _: declaration, clock=SystemClock(), learnt=folder / "learnt.json")


@pytest.mark.parametrize(
    ("gpu", "numeric_class"),
    [((), "cpu-1t"), (("A10",), "cuda-a10"), (("A10", "L4"), "cuda-a10|l4"), (("H100:2", "H200"), "cuda-h100:2|h200")],
)
def test_takes_are_kept_under_all_gpus_that_may_be_given(
    tmp_path: Path, gpu: tuple[str, ...], numeric_class: str
) -> None:
    assert host(tmp_path, gpu=gpu).numeric_class(ORDER) == numeric_class


def test_each_try_may_cost_a_second_container(tmp_path: Path) -> None:
    modal = host(tmp_path, startup_timeout_s=300, timeout_s=600, scaledown_window_s=60)
    assert modal.worst_s(ORDER, Run(id="r")) == 3 * (2 * (300 + 600) + 60)
    assert modal.machines(ORDER).start_worst_s == 2 * (300 + 600) + 60
