"""Which of the plays that are left early had a machine started for nobody."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from hausmusik.seams import EngineContext, EngineOrder, Machines
from hausmusik.testing import FakeHost
from hausmusik.types import Run, SpeakRequest
from hausmusik.unheard import Unheard

START_S = 20.0
FAR = Machines(most=2, idle_s=60.0, start_worst_s=900.0)


def order(instrument: str = "tones") -> EngineOrder:
    engine = "hausmusik.engines.tone:ToneEngine"
    return EngineOrder(instrument=instrument, engine=engine, context=EngineContext(), expected_s=5.0)


@pytest.mark.parametrize(
    ("machines", "each"),
    [
        (Machines(), [0.0, 0.0]),  # at home
        (FAR, [80.0, 80.0, 0.0]),
        (Machines(most=2, plays_each=2, idle_s=60.0, start_worst_s=900.0), [80.0, 0.0, 80.0, 0.0, 0.0]),
    ],
)
def test_each_machine_is_somebodys_as_long_as_there_are_any(machines: Machines, each: list[float]) -> None:
    unheard, host = Unheard(), FakeHost(machines=machines)
    for _ in range(2):  # those that are over count no more
        with ExitStack() as stack:
            assert [stack.enter_context(unheard.play(host, order(), START_S)) for _ in each] == each
            if machines is FAR:
                assert stack.enter_context(unheard.play(host, order("others"), START_S)) == 80.0


async def test_a_warm_machine_takes_the_first_play_and_another_is_started_beside_it() -> None:
    unheard, host = Unheard(), FakeHost(machines=FAR)
    async for _ in host.play(order(), SpeakRequest(text="One."), Run(id="r")):
        pass
    assert host.state(order()).state == "warm"
    with unheard.play(host, order(), START_S) as first_s, unheard.play(host, order(), START_S) as second_s:
        assert (first_s, second_s) == (0.0, 85.0)
