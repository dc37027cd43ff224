"""What is deployed on an account and what it costs: rows that cannot be told of, containers beside those that play."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock

import msgspec
import pytest

modal = pytest.importorskip("modal")
pytest.importorskip("modal.experimental")

from hausmusik.cloud import Cloud
from hausmusik.errors import BudgetError, ConfigError, NotFoundError
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.app import WEIGHTS_VOLUME
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.deploying import Deployer
from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.money.rates import Rates
from hausmusik.money.tiers import our_table
from hausmusik.weights.store import WeightsStore

ENTRIES = """
[[instrument]]
id = "ours"
task = "sound"
one_shot = true
title = "An engine file of the user's own"
engine = "ours.py:Ours"
places = ["modal"]
memory_mib = 100
sample_rate_hz = 44100
licence = { code = "MIT", weights = "MIT", commercial = true, credit = "us" }
measured = { unit = "audio_s", cpu_s_per_unit = 0.01, cold_start_s = 0.5, on = "a test" }

[[instrument]]
id = "rare"
task = "sound"
one_shot = true
title = "On a GPU whose price nobody knows"
engine = "hausmusik.engines.clips:ClipsEngine"
places = ["modal"]
memory_mib = 100
sample_rate_hz = 44100
licence = { code = "MIT", weights = "MIT", commercial = true, credit = "us" }
measured = { unit = "audio_s", cpu_s_per_unit = 0.01, cold_start_s = 0.5, on = "a test" }
serving = { gpu = "H200" }

[[instrument]]
id = "far"
task = "sound"
one_shot = true
title = "With weights in a Volume"
engine = "hausmusik.engines.clips:ClipsEngine"
weights = ["sonic-pi-samples"]
places = ["modal"]
memory_mib = 100
sample_rate_hz = 44100
licence = { code = "MIT", weights = "MIT", commercial = true, credit = "us" }
measured = { unit = "audio_s", cpu_s_per_unit = 0.01, cold_start_s = 0.5, on = "a test" }
serving = { weights_in = "volume" }

[[instrument]]
id = "gated"
task = "sound"
one_shot = true
title = "With a secret"
engine = "hausmusik.engines.clips:ClipsEngine"
places = ["modal"]
memory_mib = 100
sample_rate_hz = 44100
licence = { code = "MIT", weights = "MIT", commercial = true, credit = "us" }
measured = { unit = "audio_s", cpu_s_per_unit = 0.01, cold_start_s = 0.5, on = "a test" }
serving = { secrets = ["huggingface"] }

[[instrument]]
id = "ready"
task = "sound"
one_shot = true
title = "With containers that stay up always, and idle ones beside those that play"
engine = "hausmusik.engines.clips:ClipsEngine"
places = ["modal"]
memory_mib = 100
sample_rate_hz = 44100
licence = { code = "MIT", weights = "MIT", commercial = true, credit = "us" }
measured = { unit = "audio_s", cpu_s_per_unit = 0.01, cold_start_s = 0.5, on = "a test" }
serving = { min_containers = 2, buffer_containers = 7, max_containers = 4 }
"""


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    with Plane(tmp_path / "plane", PlaneOptions(containers="none", builds="record")) as plane:
        yield plane


@pytest.fixture
def instruments(tmp_path: Path) -> Path:
    """The folder of the user's own."""
    folder = tmp_path / "instruments.d"
    folder.mkdir()
    (folder / "two.toml").write_text(ENTRIES, "utf-8")
    (folder / "ours.py").write_text("class Ours: ...", "utf-8")
    return folder


def cloud_of(plane: Plane, instruments: Path, *, unpriced: str = "") -> Cloud:
    table = our_table()
    prices = {name: each for name, each in table.price.items() if name != unpriced}
    return Cloud(
        lambda: Catalogue.load(instruments),
        Rates(table.gpu, prices, table.factor),
        WeightsStore(instruments.parent / "weights", offline=True),
        Account(client=plane.client()),
        learnt=lambda *_: None,
        scratch=instruments.parent,
    )


async def deploy(plane: Plane, cloud: Cloud, *names: str) -> None:
    for name in names:
        await deployed(plane, cloud.declare(name))


async def deployed(plane: Plane, declaration: Declaration) -> None:
    deployer = Deployer(Account(client=plane.client()), WeightsStore(plane.folder / "none", offline=True))
    async with aclosing(deployer.deploy(declaration, send=False)) as phases:
        async for _ in phases:
            pass


@pytest.mark.slow
def test_a_row_of_which_nothing_can_be_said_spoils_no_other(plane: Plane, instruments: Path) -> None:
    cloud = cloud_of(plane, instruments)
    asyncio.run(deploy(plane, cloud, "procedural", "ours", "rare"))
    assert {each.instrument: each.version for each in asyncio.run(cloud.standing())} == dict.fromkeys(
        ("ours", "procedural", "rare"), "current"
    )
    (instruments / "ours.py").unlink()
    rows = {each.instrument: each for each in asyncio.run(cloud_of(plane, instruments, unpriced="H200").standing())}
    assert (rows["procedural"].version, rows["procedural"].usd_per_h, rows["procedural"].problem) == ("current", 0, "")
    assert rows["rare"].version == "current"
    assert rows["rare"].usd_per_h is None
    assert "H200" in rows["rare"].problem
    assert rows["ours"].version == "unknown"
    assert rows["ours"].usd_per_h is None


@pytest.mark.slow
def test_what_is_undeployed_while_the_account_is_looked_at_has_no_row(
    plane: Plane, instruments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = cloud_of(plane, instruments)
    asyncio.run(deploy(plane, cloud, "procedural", "ours"))
    listed = modal.experimental.list_deployed_apps(client=plane.client())
    asyncio.run(cloud.undeploy("ours"))
    monkeypatch.setattr(modal.experimental, "list_deployed_apps", SimpleNamespace(aio=AsyncMock(return_value=listed)))
    assert [each.instrument for each in asyncio.run(cloud.standing())] == ["procedural"]
    gone = modal.exception.NotFoundError("Environment 'dev' not found")
    monkeypatch.setattr(modal.experimental, "list_deployed_apps", SimpleNamespace(aio=AsyncMock(side_effect=gone)))
    with pytest.raises(NotFoundError, match="Environment 'dev' not found"):
        asyncio.run(cloud.standing())


@pytest.mark.slow
def test_weights_that_the_build_fetches_are_fetched_again_into_a_new_volume(plane: Plane, instruments: Path) -> None:
    cloud = cloud_of(plane, instruments)

    async def remove_volume() -> None:
        await modal.Volume.objects.delete.aio(WEIGHTS_VOLUME, client=plane.client())

    asyncio.run(deploy(plane, cloud, "far"))
    asyncio.run(deploy(plane, cloud, "far"))
    (first,) = plane.builds()
    assert first.function == "fetch"
    asyncio.run(remove_volume())
    asyncio.run(deploy(plane, cloud, "far"))
    _, second = plane.builds()
    assert second.image != first.image


@pytest.mark.slow
def test_containers_that_stay_up_always_are_deployed_only_where_that_is_wanted(plane: Plane, instruments: Path) -> None:
    cloud = cloud_of(plane, instruments)

    async def deploy(*, always_up: bool) -> None:
        async with aclosing(cloud.deploy("ready", always_up=always_up)) as phases:
            async for _ in phases:
                pass

    with pytest.raises(BudgetError, match=r"ready keeps 2 containers up always: \$2\.46 a day") as refused:
        asyncio.run(deploy(always_up=False))
    assert "--always-up" in refused.value.hint
    assert plane.declared() == ()
    asyncio.run(deploy(always_up=True))
    assert [each.min_containers for each in plane.declared()] == [2]
    (rehearsed,) = asyncio.run(cloud.rehearse(["ready"]))
    assert rehearsed.usd_per_day_idle == pytest.approx(Decimal("2.46"), abs=Decimal("0.01"))


def test_each_second_pays_for_the_containers_that_are_kept_idle_beside_it(plane: Plane, instruments: Path) -> None:
    cloud = cloud_of(plane, instruments)
    one, beside = cloud.price("ours"), cloud.price("ready")
    assert beside.usd_per_s == one.usd_per_s * 4  # of 7 that are asked for no more than 3 can be
    assert beside.name == f"{one.name}, and 3 more of it kept idle beside it"
    assert cloud.warm_plan("ready", 60).price == beside


@pytest.mark.parametrize("name", ["../x", "", "Speak", "a b"])
def test_what_no_instrument_is_called_is_not_looked_for(plane: Plane, instruments: Path, name: str) -> None:
    cloud = cloud_of(plane, instruments)
    with pytest.raises(NotFoundError, match="there is no instrument"):
        asyncio.run(cloud.undeploy(name))


@pytest.mark.slow
def test_a_secret_that_is_missing(tmp_path: Path, instruments: Path) -> None:
    with Plane(tmp_path / "building", PlaneOptions()) as plane:
        cloud = cloud_of(plane, instruments)
        with pytest.raises(NotFoundError, match="no secret named 'huggingface'") as failed:
            asyncio.run(deploy(plane, cloud, "gated"))
        assert "modal secret create huggingface HF_TOKEN=..." in failed.value.hint
        assert asyncio.run(cloud.standing()) == ()


@pytest.mark.slow
def test_a_step_of_the_image_that_fails(tmp_path: Path, instruments: Path) -> None:
    loose = Checkpoint(
        id="any",
        title="Of no revision, which the build refuses",
        repo="some/body",
        files=("*.bin",),
        size_bytes=1,
        size_source="a guess",
        licence="MIT",
        origin="nowhere",
    )
    with Plane(tmp_path / "building", PlaneOptions()) as plane:
        cloud = cloud_of(plane, instruments)
        broken = msgspec.structs.replace(cloud.declare("procedural"), checkpoints=(loose,))
        with pytest.raises(ConfigError, match=r"(?s)the image of procedural could not be built: .*no pinned revision"):
            asyncio.run(deployed(plane, broken))
        assert asyncio.run(cloud.standing()) == ()
