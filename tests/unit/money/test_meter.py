from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from decimal import Decimal
from typing import Any

import pytest

from hausmusik.clock import TimeIds
from hausmusik.config.database import Database
from hausmusik.errors import (
    AuthError,
    BudgetError,
    Cancelled,
    EngineError,
    HausmusikError,
    NotFoundError,
    StoreError,
    UsageError,
    WorkerLost,
)
from hausmusik.money import Budget, Ledger, Limits, Meter
from hausmusik.money.tables import MIGRATIONS
from hausmusik.types import Done, Event, Phase, Run, Stay, TextDelta, Usage
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import GPU, CloudPrices
from tests.unit.money.metered import RUN, USED, Play, listen, only_row


async def test_a_play_passes_through_and_leaves_one_row(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    events = (Phase(name="load"), TextDelta(text="a"), USED, Done())
    played = play(*events)
    assert await listen(meter, played, workspace=lambda: "w") == list(events)
    row = only_row(ledger)
    assert (row.run, row.label, row.cue, row.document, row.session) == ("r1", "Loops", "c1", "d1", "s1")
    assert (row.instrument, row.host, row.workspace) == ("kokoro", "local", "w")
    assert (row.outcome, row.basis, row.usage, row.cost_usd) == ("done", "measured", USED, 0)
    assert row.price.source == "your own machine"
    assert (played.started, played.closed) == (1, 1)


async def test_done_says_what_the_row_will_say_whatever_the_engine_says_and_the_listener_does(
    meter: Meter, ledger: Ledger, clock: ManualClock, play: Callable[..., Play]
) -> None:
    stream = meter.play(
        play(3.0, Done(cost_usd="0.000001")), run=RUN, instrument="bark", host="cloud", worst_case_s=1000
    )
    async with aclosing(stream):
        async for event in stream:
            assert event == Done(cost_usd=f"{GPU.for_seconds(3.0).normalize():f}")
            clock.advance(60.0)
    row = only_row(ledger)
    assert (row.outcome, row.usage.busy_s, row.cost_usd) == ("done", 3.0, GPU.for_seconds(3.0))


async def test_what_goes_wrong_after_done_changes_no_price(
    meter: Meter, ledger: Ledger, clock: ManualClock, play: Callable[..., Play]
) -> None:
    played = play(3.0, USED, Done(), 50.0, EngineError("late"))
    costs: list[str] = []
    with suppress(EngineError):
        async for event in meter.play(played, run=RUN, instrument="bark", host="cloud", worst_case_s=1000):
            costs += [event.cost_usd] if isinstance(event, Done) else []
    assert only_row(ledger).outcome == "failed"
    assert [Decimal(each) for each in costs] == [only_row(ledger).cost_usd]


async def test_usage_comes_in_parts_and_is_added_up(meter: Meter, ledger: Ledger, play: Callable[..., Play]) -> None:
    await listen(meter, play(Usage(queue_s=1), USED, Usage(audio_s=1), Done()))
    assert only_row(ledger).usage == USED + Usage(queue_s=1, audio_s=1)


@pytest.mark.parametrize(("tries", "basis"), [(1, "measured"), (2, "estimated")])
async def test_what_lost_machines_took_is_estimated(
    meter: Meter, ledger: Ledger, play: Callable[..., Play], tries: int, basis: str
) -> None:
    stays = [Stay(machine=f"m{each}", gap_s=None, window_s=0, tries=each) for each in range(1, tries + 1)]
    await listen(meter, play(*stays, USED, Done()))
    row = only_row(ledger)
    assert (row.outcome, row.basis, row.usage) == ("done", basis, USED)


async def test_a_paid_play_is_reserved_first_and_settled_to_what_it_took(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    seen: list[Decimal] = []

    async def stream() -> AsyncIterator[Event]:
        seen.append(house.states(RUN)[0].reserved_usd)
        yield USED
        yield Done()

    stream_ = meter.play(stream, run=RUN, instrument="bark", host="cloud", worst_case_s=1000)
    *_, done = [event async for event in stream_]
    assert seen == [GPU.usd_per_s * 1000]
    row = only_row(ledger)
    assert done == Done(cost_usd=f"{row.cost_usd.normalize():f}")
    assert row.cost_usd == GPU.usd_per_s * 10  # boot, load and busy
    assert row.price == GPU
    (state,) = house.states(RUN)
    assert (state.spent_usd, state.reserved_usd) == (row.cost_usd, 0)


async def test_nothing_is_started_that_may_cost_too_much_or_has_no_price(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    played = play(Done())
    with pytest.raises(BudgetError, match="may cost up to"):
        await listen(meter, played, "cloud", worst_case_s=100_000)
    with pytest.raises(BudgetError, match="no time limit"):
        await listen(meter, played, "cloud")
    with pytest.raises(BudgetError, match="not known"):
        await listen(meter, played, "elsewhere", worst_case_s=1)
    with pytest.raises(BudgetError, match="no time limit"):  # a deadline says nothing of starts and restarts
        await listen(meter, played, "cloud", Run(id="r", deadline_s=60))
    assert played.started == 0
    assert list(ledger.rows()) == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (EngineError("broke"), "failed"),
        (WorkerLost("died"), "failed"),
        (ValueError("bug"), "failed"),
        (Cancelled("stopped"), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
async def test_a_play_that_ends_badly_is_charged_too(
    meter: Meter, ledger: Ledger, house: Budget, play: Callable[..., Play], error: BaseException, outcome: str
) -> None:
    with pytest.raises(type(error)):
        await listen(meter, play(TextDelta(text="a"), 8.0, Usage(boot_s=3), 4.0, error), "cloud", worst_case_s=60)
    row = only_row(ledger)
    assert (row.outcome, row.basis) == (outcome, "estimated")
    assert row.usage == Usage(boot_s=3, busy_s=9)  # twelve seconds have passed, three of them starting
    assert row.cost_usd == GPU.usd_per_s * 12
    assert house.states(RUN)[0].reserved_usd == 0


async def test_a_start_that_fails_is_a_play_that_failed(meter: Meter, ledger: Ledger) -> None:
    def start() -> AsyncIterator[Event]:
        raise WorkerLost("no")

    with pytest.raises(WorkerLost):
        await anext(meter.play(start, run=RUN, instrument="kokoro", host="local"))
    assert only_row(ledger).outcome == "failed"


async def test_a_stream_without_an_end_has_failed(meter: Meter, ledger: Ledger, play: Callable[..., Play]) -> None:
    await listen(meter, play(TextDelta(text="a"), 2.0))
    row = only_row(ledger)
    assert (row.outcome, row.basis, row.usage.busy_s) == ("failed", "estimated", 2)


async def test_closing_early_cancels_the_play_inside_and_is_charged_once(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    played = play(TextDelta(text="a"), 5.0, TextDelta(text="b"), Done())
    stream = meter.play(played, run=RUN, instrument="kokoro", host="local")
    assert await anext(stream) == TextDelta(text="a")
    await stream.aclose()
    await stream.aclose()
    assert (played.started, played.closed) == (1, 1)
    row = only_row(ledger)
    assert (row.outcome, row.basis) == ("cancelled", "estimated")


@pytest.mark.parametrize(
    ("begun", "worst_s", "seconds"),
    [
        ((Phase(name="boot"), 5.0), 100.0, 70),  # the machine comes up, and idles
        ((Phase(name="boot"), 5.0), 50.0, 50),
        ((Phase(name="boot"), 85.0), 100.0, 85),  # longer than a start usually takes
        ((Phase(name="queue"), 85.0, Phase(name="boot"), 5.0), 100.0, 70),
        ((Stay(machine="m", gap_s=None, window_s=0.0), Usage(boot_s=4), 5.0), 100.0, 5),  # what it costs is known
    ],
)
async def test_leaving_before_a_machine_was_heard_of_is_charged_as_a_start_for_nobody(
    meter: Meter, ledger: Ledger, play: Callable[..., Play], begun: tuple[Any, ...], worst_s: float, seconds: float
) -> None:
    played = play(*begun, TextDelta(text="a"), Done())
    stream = meter.play(played, run=RUN, instrument="kokoro", host="cloud", worst_case_s=worst_s, unheard_s=70.0)
    async for event in stream:
        if isinstance(event, TextDelta):
            break
    await stream.aclose()
    row = only_row(ledger)
    assert (row.outcome, row.cost_usd / GPU.usd_per_s) == ("cancelled", seconds)


@pytest.mark.parametrize("error", [AuthError("no token"), NotFoundError("not deployed"), UsageError("too long")])
@pytest.mark.parametrize(
    ("begun", "costs"),
    [
        ((), False),
        ((Phase(name="queue"), 5.0), False),
        ((Phase(name="load"), 5.0), True),
        ((Stay(machine="m", gap_s=None, window_s=0.0), 5.0), True),
        ((Usage(busy_s=2), 5.0), True),
    ],
)
async def test_what_was_refused_before_a_machine_was_heard_of_costs_nothing(
    meter: Meter, ledger: Ledger, play: Callable[..., Play], begun: tuple[Any, ...], costs: bool, error: HausmusikError
) -> None:
    with pytest.raises(type(error)):
        await listen(meter, play(0.5, *begun, error), host="cloud", worst_case_s=100.0)
    row = only_row(ledger)
    assert (row.outcome, row.cost_usd > 0) == ("failed", costs)


async def test_leaving_after_the_end_was_seen_is_no_cancelling(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    async with aclosing(meter.play(play(USED, Done()), run=RUN, instrument="kokoro", host="local")) as stream:
        async for event in stream:
            if isinstance(event, Done):
                break
    row = only_row(ledger)
    assert (row.outcome, row.basis, row.usage) == ("done", "measured", USED)


async def test_a_task_that_is_cancelled_while_waiting_is_charged(meter: Meter, ledger: Ledger) -> None:
    async def forever() -> AsyncIterator[Event]:
        yield Phase(name="queue")
        await asyncio.sleep(60)

    async def listen_on() -> None:
        async for _ in meter.play(forever, run=RUN, instrument="kokoro", host="local"):
            pass

    task = asyncio.create_task(listen_on())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert only_row(ledger).outcome == "cancelled"


async def test_a_stream_that_is_just_dropped_is_charged_when_it_is_collected(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    stream = meter.play(play(TextDelta(text="a"), Done()), run=RUN, instrument="kokoro", host="local")
    await anext(stream)
    del stream
    gc.collect()
    await asyncio.sleep(0.01)
    assert only_row(ledger).outcome == "cancelled"


async def test_a_stream_that_was_never_asked_for_anything_is_no_play(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    played = play(Done())
    await meter.play(played, run=RUN, instrument="kokoro", host="local").aclose()
    assert played.started == 0
    assert list(ledger.rows()) == []


@pytest.mark.parametrize("usage", [Usage(busy_s=float("nan")), Usage(audio_s=-1), Usage(tokens_out=10**400)])
async def test_figures_that_cannot_be_do_not_cost_the_row(
    meter: Meter, ledger: Ledger, play: Callable[..., Play], usage: Usage
) -> None:
    await listen(meter, play(3.0, usage, Done()))
    row = only_row(ledger)
    assert (row.outcome, row.basis, row.usage) == ("done", "estimated", Usage(busy_s=3))


async def test_a_ledger_that_cannot_be_used_stops_the_play_before_it_begins(
    meter: Meter, database: Database, play: Callable[..., Play]
) -> None:
    database.path.parent.mkdir(exist_ok=True)
    database.path.write_bytes(b"garbage " * 1000)
    played = play(Done())
    with pytest.raises(StoreError, match="damaged"):
        await listen(meter, played)
    assert played.started == 0


@pytest.mark.parametrize("error", [None, EngineError("the model broke")])
async def test_a_row_that_cannot_be_written_is_not_kept_quiet(
    meter: Meter, database: Database, play: Callable[..., Play], error: EngineError | None
) -> None:
    database.open()
    with database.write() as connection:
        connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=r"took 7.0 s is not in the ledger|failed") as caught:
        await listen(meter, play(USED, error or Done()))
    if error:
        assert "the model broke" in caught.value.message
        assert caught.value.__cause__ is error


async def test_a_hundred_plays_at_once_have_a_hundred_rows(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    plays = [play(TextDelta(text="a"), USED, *([EngineError("x")] if n % 3 == 0 else [Done()])) for n in range(100)]
    results = await asyncio.gather(*(listen(meter, each) for each in plays), return_exceptions=True)
    assert sum(isinstance(each, EngineError) for each in results) == 34
    (total,) = ledger.totals("run")
    assert (total.plays, total.failed) == (100, 34)


async def test_a_ledger_that_is_locked_is_told_before_anything_is_started(
    meter: Meter, database: Database, clock: ManualClock, ids: TimeIds, play: Callable[..., Play]
) -> None:
    impatient = Database(database.path, title="ledger", migrations=MIGRATIONS, busy_timeout_s=0.05)
    budget = Budget(impatient, Limits(house_usd=Decimal(1)), clock=clock, ids=ids)
    ledger = Ledger(impatient, clock=clock, ids=ids)
    waiting = Meter(ledger=ledger, budget=budget, prices=CloudPrices(), clock=clock)
    played = play(USED, Done())
    await listen(meter, play(USED, Done()))
    with database.write():
        with pytest.raises(StoreError, match="has been locked by another process") as caught:
            await listen(waiting, played, host="cloud", worst_case_s=100)
        assert caught.value.hint
    assert played.started == 0
    await listen(waiting, played, host="cloud", worst_case_s=100)
    assert played.started == 1
    impatient.close()
