"""What goes on in a container, seen from a control plane: calls that are cancelled, and those beside them."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("modal")

from hausmusik.hosts.modal.declaration import ENGINES
from hausmusik.hosts.modal.plane import PlaneOptions
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.types import AudioChunk, Done, SpeakRequest, Stay, TextDelta, Usage
from tests.unit.hosts.modal.metered import RUN, Stage, declared, stage, tones
from tests.unit.hosts.modal.plane.deploying import until
from tests.unit.hosts.playing import sound_of

pytestmark = pytest.mark.slow

TEXT = "One two three four. Five six seven eight. Nine ten."


async def test_one_of_several_plays_in_a_container_is_cancelled_alone(tmp_path: Path) -> None:
    order = tones(sleep_s=0.1)
    async with stage(tmp_path, declared(order, max_inputs=4), PlaneOptions()) as books:
        whole = sound_of([event async for event in books.host.play(order, SpeakRequest(text=TEXT), RUN)])
        heard = asyncio.Event()

        async def left() -> None:
            async with aclosing(books.host.play(order, SpeakRequest(text=TEXT * 20), RUN)) as events:
                async for event in events:
                    if isinstance(event, AudioChunk):
                        heard.set()
                        return

        async def played() -> bytes:
            events = [event async for event in books.host.play(order, SpeakRequest(text=TEXT), RUN)]
            assert isinstance(events[-1], Done)
            return sound_of(events)

        first, _, second = await asyncio.gather(played(), left(), played())
        assert heard.is_set()
        assert (first, second) == (whole, whole)
        assert await played() == whole
        await asyncio.to_thread(until, lambda: _outcomes(books) == ["success"] * 4 + ["terminated"])
        (life,) = books.plane.lives()
        assert life.why is None
        await asyncio.to_thread(until, lambda: "Successfully canceled" in books.plane.logs("hausmusik-tones"))


async def test_a_start_that_is_given_up_harms_no_play_in_its_container(tmp_path: Path) -> None:
    order = tones(sleep_s=0.1)
    async with stage(tmp_path, declared(order, max_inputs=4), PlaneOptions()) as books:
        playing = asyncio.create_task(books.play(order, TEXT))
        await asyncio.sleep(0.1)  # in which both calls wait for the same container
        ahead = asyncio.create_task(books.start(order, together=True))
        await asyncio.to_thread(until, lambda: any(life.ready_at for life in books.plane.lives()))
        await asyncio.sleep(0.2)  # of the half second for which it holds its place
        ahead.cancel()
        await asyncio.wait([ahead, playing])
        assert ahead.cancelled()
        assert playing.exception() is None
        assert [life.why for life in books.plane.lives()] == [None]


SLEEPER = Path(__file__).with_name("sleeper.py")


@pytest.mark.parametrize(
    ("engine", "serving", "fails", "called", "start"),
    [
        ("Waker", {}, False, "prepare load warm_up", {"boot", "prepare", "load", "warm_up"}),
        ("Waker", {"snapshot": True}, False, "prepare load warm_up", {"boot", "load", "warm_up"}),
        ("Waker", {"snapshot": True}, True, "prepare load warm_up", {"boot", "prepare", "load", "warm_up"}),
        ("Waker", {"snapshot": True, "gpu_snapshot": True}, False, "prepare load warm_up", {"boot"}),
        (
            "Sleeper",
            {"snapshot": True, "gpu_snapshot": True},
            False,
            "prepare load warm_up sleep wake_up",
            {"boot", "load"},
        ),
        (
            "Sleeper",
            {"snapshot": True, "gpu_snapshot": True},
            True,
            "prepare load warm_up",
            {"boot", "prepare", "load", "warm_up"},
        ),
    ],
)
async def test_what_is_done_before_a_snapshot_is_in_no_later_containers_account(
    tmp_path: Path, engine: str, serving: dict[str, Any], *, fails: bool, called: str, start: set[str]
) -> None:
    options = {"fails_once": str(tmp_path / "once")} if fails else {}
    order = EngineOrder(
        instrument="tones", engine=f"{ENGINES}/sleeper.py:{engine}", context=EngineContext(options=options)
    )
    declaration = declared(order, engine_file=str(SLEEPER), gpu=("T4",), **serving)
    async with stage(tmp_path, declaration, PlaneOptions(snapshots=True)) as books:
        events = [event async for event in books.host.play(order, SpeakRequest(text="Hello."), RUN)]
        assert [event.text for event in events if isinstance(event, TextDelta)] == [called]
        (life,) = books.plane.lives()
        assert [event.machine for event in events if isinstance(event, Stay)] == [life.id]
        assert bool(books.plane.snapshots()) == bool(serving)
        (usage,) = [event for event in events if isinstance(event, Usage)]
        await books.host.close()
        learnt = json.loads((tmp_path / "learnt.json").read_text("utf-8"))
        assert set(learnt["instruments"]["tones"]) == start
        lived_s = books.plane.now() - life.spawned_at
        told_s = usage.boot_s + usage.load_s + usage.busy_s
        assert told_s <= lived_s
        assert usage.boot_s + usage.load_s >= 0.3 * len(called.split())


def _outcomes(books: Stage) -> list[str]:
    return sorted(outcome for call in books.plane.calls() if call.method == "play" for outcome in call.outcomes)
