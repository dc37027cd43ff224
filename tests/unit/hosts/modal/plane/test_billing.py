"""Rates and bills, as the SDK's own `Workspace` and `Environment` read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import modal
import modal.exception
import pytest

from hausmusik.hosts.modal.plane import Billed, Plane
from hausmusik.hosts.modal.plane.options import LISTED_RATES
from tests.unit.hosts.modal.plane.conftest import MakePlane
from tests.unit.hosts.modal.plane.deploying import deploy, function, outside, until

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)


def workspace(plane: Plane) -> modal.Workspace:
    return modal.Workspace.from_context(client=plane.client())


def test_whose_account_it_is_and_what_it_pays(make_plane: MakePlane) -> None:
    plane = make_plane(containers="none", workspace="mine")
    found = workspace(plane)
    assert found.hydrate().name == "mine"
    assert dict(found.billing.rates()) == {name: Decimal(usd) for name, usd in LISTED_RATES.items()}
    assert "cpu_hour_cost 0.0473" in str(found.billing.rates())
    assert dict(workspace(make_plane(containers="none", rates={})).billing.rates()) == {}


def test_a_bill_has_whole_intervals_only(make_plane: MakePlane) -> None:
    day = THIS_HOUR.replace(hour=0) - timedelta(days=2)
    bills = tuple(
        Billed("app", each.timestamp() + 60, usd)
        for each, usd in ((day, "1"), (day + HOUR, "2"), (day + HOUR, "4"), (THIS_HOUR + HOUR, "8"))
    )
    plane = make_plane(containers="none", bills=bills)
    report = workspace(plane).billing.report

    def told(**asked: datetime | str) -> list[tuple[datetime, Decimal]]:
        return [(each.interval_start, each.cost) for each in report(**({"resolution": "h"} | asked))]  # pyright: ignore[reportArgumentType]

    assert told(start=day + HOUR / 2, end=day + 2 * HOUR) == [(day, 1), (day + HOUR, 2), (day + HOUR, 4)]
    assert told(start=day, end=day + HOUR * 1.9) == [(day, 1)]
    assert told(start=day, end=NOW + timedelta(days=1)) == told(start=day, end=day + 2 * HOUR)  # not what is not over
    assert told(start=day, end=day + timedelta(days=1), resolution="d") == [(day, 1), (day, 2), (day, 4)]
    assert told(start=day, end=day + 23 * HOUR, resolution="d") == []
    assert modal.Environment.from_context(client=plane.client()).billing.report(
        start=day, end=day + HOUR, resolution="h"
    )
    (first,) = report(start=day, end=day + HOUR, resolution="h")
    assert (first.description, first.object_id, first.environment_name) == ("app", "ap-0", "main")
    assert first.cost_by_resource == {"CPU": 1}


def test_who_may_not_see_it_is_told(make_plane: MakePlane) -> None:
    plane = make_plane(containers="none", denied=("WorkspaceBillingReport", "WorkspaceBillingRates"))
    with pytest.raises(modal.exception.PermissionDeniedError, match="may not use WorkspaceBillingRates"):
        workspace(plane).billing.rates()
    with pytest.raises(modal.exception.PermissionDeniedError):
        workspace(plane).billing.report(start=NOW - HOUR)


@pytest.mark.slow
def test_containers_are_billed_for_what_they_asked_for_as_long_as_they_were_up(make_plane: MakePlane) -> None:
    plane = make_plane(bill_running=True, time_factor=100.0)
    app = modal.App("dear", tags={"who": "me", "why": "test"})

    def nap() -> int:
        return 1

    asked = {"gpu": "A100:2", "cpu": 2.0, "memory": 2048, "scaledown_window": 100, "startup_timeout": 3600}
    app.function(name="nap", serialized=True, include_source=False, **asked)(nap)
    app.deploy(client=plane.client())
    assert function(plane, "dear", "nap").remote() == 1
    until(lambda: plane.lives() and plane.lives()[0].ended_at is not None)
    (life,) = plane.lives()
    assert life.ended_at is not None
    hours = Decimal(repr(life.ended_at - life.spawned_at)) / 3600
    rows = workspace(plane).billing.report(start=NOW - HOUR, resolution="h", tag_names=["who"])
    parts = {name: sum(each.cost_by_resource[name] for each in rows) for name in ("CPU", "Memory", "A100")}
    wanted = {"CPU": 2 * Decimal("0.0473"), "Memory": 2 * Decimal("0.008"), "A100": 2 * Decimal("2.10")}
    for name, usd_per_h in wanted.items():
        assert parts[name] == pytest.approx(usd_per_h * hours, rel=Decimal("1e-6"))
    assert {each.description for each in rows} == {"dear"}
    assert all(each.tags == {"who": "me"} for each in rows)
    assert plane.costs() == {"dear": pytest.approx(sum(each.cost for each in rows), rel=Decimal("1e-9"))}


@pytest.mark.slow
def test_an_app_that_was_stopped_stays_on_the_bill(make_plane: MakePlane) -> None:
    plane = make_plane(bill_running=True)
    deploy(plane, "small")
    assert function(plane, "small", "square").remote(3) == 9
    assert outside(plane, ["-m", "modal", "app", "stop", "--yes", "small"]).returncode == 0
    until(lambda: all(each.ended_at for each in plane.lives()))
    (billed,) = workspace(plane).billing.report(start=NOW, resolution="d")
    assert billed.description == "small"
    assert billed.cost == sum(billed.cost_by_resource.values()) == plane.costs()["small"] > 0
