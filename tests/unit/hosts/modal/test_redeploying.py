"""A house that stays open while others deploy, take away and cool what it plays."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest

pytest.importorskip("modal")

from hausmusik.codec import encode
from hausmusik.errors import NotFoundError
from hausmusik.hosts.modal import leaving
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.declaration import ENGINES
from hausmusik.hosts.modal.deploying import Deployer
from hausmusik.hosts.modal.messages import Ping
from hausmusik.hosts.modal.plane import Faults, PlaneOptions
from hausmusik.hosts.modal.workers import Workers
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.types import AudioChunk, SpeakRequest, Stay
from hausmusik.weights.store import WeightsStore
from tests.unit.hosts.modal.metered import RUN, declared, stage, tones
from tests.unit.hosts.modal.plane.deploying import until

pytestmark = pytest.mark.slow


async def test_what_was_deployed_anew_is_found_again(tmp_path: Path) -> None:
    order = tones()
    declaration = declared(order)
    async with stage(tmp_path, declaration, PlaneOptions()) as books:
        others = Deployer(Account(client=await asyncio.to_thread(books.plane.client)), WeightsStore(tmp_path / "none"))
        await books.play(order, "One.")
        await others.undeploy("tones")
        with pytest.raises(NotFoundError, match="tones is not deployed"):
            await books.play(order, "Two.")
        _ = [phase async for phase in others.deploy(declaration)]
        await books.play(order, "Three.")
        await others.undeploy("tones")
        _ = [phase async for phase in others.deploy(declaration)]
        await books.play(order, "Four.")
    assert [row.outcome for row in books.ledger.rows() if row.kind == "play"] == ["done", "failed", "done", "done"]


async def test_what_was_deployed_anew_is_kept_warm(tmp_path: Path) -> None:
    declaration = declared(tones())
    async with stage(tmp_path, declaration, PlaneOptions()) as books:
        others = Deployer(Account(client=await asyncio.to_thread(books.plane.client)), WeightsStore(tmp_path / "none"))
        (first,) = await books.host.beat("tones")
        await others.undeploy("tones")
        with pytest.raises(NotFoundError, match="tones is not deployed"):
            await books.host.beat("tones")
        _ = [phase async for phase in others.deploy(declaration)]
        (second,) = await books.host.beat("tones")
        await others.undeploy("tones")
        _ = [phase async for phase in others.deploy(declaration)]
        (third,) = await books.host.beat("tones")
    assert len({each.stay.machine for each in (first, second, third)}) == 3


async def test_what_was_deployed_anew_is_started_and_cooled(tmp_path: Path) -> None:
    order = tones()
    declaration = declared(order)
    async with stage(tmp_path, declaration, PlaneOptions()) as books:
        others = Deployer(Account(client=await asyncio.to_thread(books.plane.client)), WeightsStore(tmp_path / "none"))

        async def deploy_anew() -> None:
            await others.undeploy("tones")
            _ = [phase async for phase in others.deploy(declaration)]

        await books.start(order)
        await deploy_anew()
        assert await books.host.cool("tones") == ()  # and the host knows that none is up
        await books.start(order)
        await deploy_anew()
        (beaten,) = await books.host.beat("tones")
        (cooled,) = await books.host.cool("tones")
        assert cooled.stay.machine == beaten.stay.machine
        assert books.host.state(order).state == "cold"
        assert len(books.plane.lives()) == 3


async def test_a_play_goes_on_when_its_instrument_is_deployed_anew_in_the_middle(tmp_path: Path) -> None:
    order, request = tones(sleep_s=0.3), SpeakRequest(text="One. Two. Three. Four.")
    declaration = declared(order)
    async with stage(tmp_path, declaration, PlaneOptions()) as books:
        others = Deployer(Account(client=await asyncio.to_thread(books.plane.client)), WeightsStore(tmp_path / "none"))
        heard: list[AudioChunk] = []
        async with aclosing(books.host.play(order, request, RUN)) as events:
            async for event in events:
                if isinstance(event, AudioChunk):
                    heard.append(event)
                    if len(heard) == 1:
                        await others.undeploy("tones")
                        _ = [phase async for phase in others.deploy(declaration)]
        async with aclosing(books.host.play(order, request, RUN)) as events:
            again = [event async for event in events if isinstance(event, AudioChunk)]
        assert [encode(each) for each in heard] == [encode(each) for each in again]
        assert len(books.plane.lives()) == 2


async def test_what_an_engine_does_not_find_is_not_played_again(tmp_path: Path) -> None:
    order = EngineOrder(instrument="tones", engine=f"{ENGINES}/seeker.py:Seeker", context=EngineContext())
    declaration = declared(order, engine_file=str(Path(__file__).with_name("seeker.py")))
    async with stage(tmp_path, declaration, PlaneOptions()) as books:
        stays: list[Stay] = []

        async def play() -> None:
            async with aclosing(books.host.play(order, SpeakRequest(text="One."), RUN)) as events:
                async for event in events:
                    stays.extend([event] if isinstance(event, Stay) else [])

        with pytest.raises(NotFoundError, match="no voice of that name"):
            await play()
        assert len(stays) == 1


async def test_cooling_ends_idle_containers_and_starts_none(tmp_path: Path) -> None:
    order = tones(sleep_s=0.3)
    async with stage(tmp_path, declared(order), PlaneOptions()) as books:
        playing = asyncio.ensure_future(books.play(order, "One two. Three four."))
        await asyncio.to_thread(until, lambda: any(life.ready_at for life in books.plane.lives()))
        await asyncio.sleep(0.3)
        assert await books.host.cool("tones", keeps=False) == ()
        await playing
        (told,) = await books.host.cool("tones", keeps=False)
        assert told.kept_s == 0
        assert len(books.plane.lives()) == 1


async def test_a_call_that_no_idle_container_takes_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "TAKEN_S", 0.5)
    order = tones()
    declaration = declared(order)
    async with stage(tmp_path, declaration, PlaneOptions(faults=Faults(boot_delay_s=(2.0, 2.0)))) as books:
        await books.start(order)
        worker = await Workers(Account(client=await asyncio.to_thread(books.plane.client))).of(declaration)
        stats = SimpleNamespace(backlog=0, num_total_runners=2, num_running_inputs=0)  # one has ended since
        counted = SimpleNamespace(aio=AsyncMock(return_value=stats))
        miscounted = SimpleNamespace(leave=SimpleNamespace(get_current_stats=counted, spawn=worker.leave.spawn))
        assert len(await leaving.send_away(miscounted, encode(Ping()), "tones", 1)) == 1


async def test_an_account_that_cannot_be_asked_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path, declared(tones()), PlaneOptions()) as books:
        await asyncio.to_thread(books.plane.close)
        with pytest.raises(Exception, match="Modal") as caught:
            await books.host.release("tones")
        assert caught.type.__module__ == "hausmusik.errors"
        await books.host.release()
