"""A house that stays open while others deploy, take away and cool what it plays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("modal")

from hausmusik.errors import NotFoundError
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.deploying import Deployer
from hausmusik.hosts.modal.plane import PlaneOptions
from hausmusik.weights.store import WeightsStore
from tests.unit.hosts.modal.metered import declared, stage, tones
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


async def test_an_account_that_cannot_be_asked_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path, declared(tones()), PlaneOptions()) as books:
        await asyncio.to_thread(books.plane.close)
        with pytest.raises(Exception, match="Modal") as caught:
            await books.host.release("tones")
        assert caught.type.__module__ == "hausmusik.errors"
        await books.host.release()
