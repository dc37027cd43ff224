"""Who gets which worker, decided on workers that are only pretended."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from hausmusik.errors import Cancelled, HostUnavailable, WeightsError
from hausmusik.hosts.learnt import Learnt
from hausmusik.hosts.local import frames
from hausmusik.hosts.local.pool import Limits, Pool
from hausmusik.hosts.local.process import WorkerDied
from hausmusik.hosts.local.slots import Slot, Waiter, Wanted
from hausmusik.testing import FakeClock
from hausmusik.types import Phase, Usage
from tests.unit.hosts.playing import tone


class PretendedProcess:
    """A worker that obeys at once."""

    def __init__(self) -> None:
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.sent: list[object] = []
        self.deaf = False

    @property
    def alive(self) -> bool:
        return not self.exited.done()

    def kill(self) -> None:
        if self.alive:
            self.exited.set_result(-9)

    async def stop(self, grace_s: float) -> None:
        await asyncio.sleep(0)
        self.kill()

    async def send(self, packed: tuple[bytes, bytes], timeout_s: float | None = None) -> None:
        self.sent.append(frames.to_worker(packed[1]))

    async def receive(self, timeout_s: float | None = None) -> frames.FromWorker:
        if self.deaf:
            await asyncio.sleep(60)
        halt = self.sent[-1]
        assert isinstance(halt, frames.Halt)
        return frames.Finished(play=halt.play, reason="complete", usage=Usage())


class PretendedStarter:
    """Starts workers when the test says so, or at once."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.learnt = Learnt(path)
        self.started: list[str] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self, slot: Slot, tell: Callable[[Phase], None]) -> None:
        self.started.append(slot.instrument)
        tell(Phase(name="load", done=0.5))
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        slot.process = cast("Any", PretendedProcess())
        slot.ready_s = self.clock.monotonic()


class Trial:
    """A pool over pretended workers."""

    def __init__(self, path: Path, **limits: Any) -> None:
        self.starter = PretendedStarter(path)
        defaults = {"max_workers": 2, "idle_unload_s": math.inf, "cancel_grace_s": 0.05}
        self.pool = Pool(cast("Any", self.starter), Limits(**(defaults | limits)))

    def ask(self, name: str, workers: int = 1, memory_mib: int = 0, expected_s: float | None = None) -> Waiter:
        order = msgspec.structs.replace(tone(name, workers), memory_mib=memory_mib, expected_s=expected_s)
        return self.pool.ask(Wanted(order, ["python"], kind=name))

    async def got(self, waiter: Waiter) -> Slot:
        async with asyncio.timeout(1):
            while not isinstance(note := await waiter.next(), Slot):
                pass
        return note

    async def slot(self, name: str, workers: int = 1, memory_mib: int = 0) -> Slot:
        return await self.got(self.ask(name, workers, memory_mib))

    def names(self) -> list[str]:
        return sorted(slot.instrument for slot in self.pool._slots)


@pytest.fixture
def trial(tmp_path: Path) -> Callable[..., Trial]:
    return lambda **limits: Trial(tmp_path / "learnt.json", **limits)


async def settle_down() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_least_recently_used_idle_worker_makes_room(trial: Callable[..., Trial]) -> None:
    it = trial()
    for name in ("a", "b", "a"):
        it.pool.give_back(await it.slot(name))
    it.pool.give_back(await it.slot("c"))
    assert it.names() == ["a", "c"]
    assert it.starter.started == ["a", "b", "c"]


async def test_as_many_workers_as_the_order_allows_and_only_when_needed(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=8)
    it.pool.give_back(await it.slot("a", workers=3))
    first = await it.slot("a", workers=3)
    assert it.starter.started == ["a"]
    waiters = [it.ask("a", workers=3) for _ in range(4)]
    await settle_down()
    assert it.starter.started == ["a"] * 3
    assert [waiter.granted is not None for waiter in waiters] == [True, True, False, False]
    it.pool.give_back(first)
    assert waiters[2].granted is first
    assert it.starter.started == ["a"] * 3


async def test_no_more_starts_than_waiters(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=8)
    it.starter.gate.clear()
    it.ask("a", workers=5)
    it.ask("a", workers=5)
    await settle_down()
    it.ask("a", workers=5)
    await settle_down()
    assert it.starter.started == ["a"] * 3


async def test_together_they_take_no_more_memory_than_they_may(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=8, memory_mib=500)
    for name, memory_mib in (("a", 100), ("b", 100), ("c", 200)):
        it.pool.give_back(await it.slot(name, memory_mib=memory_mib))
    busy = await it.slot("d", memory_mib=250)
    assert it.names() == ["c", "d"], "both a and b had to go"
    waiter = it.ask("e", memory_mib=300)
    await settle_down()
    assert (waiter.granted, it.names()) == (None, ["c", "d"]), "unloading c alone would not have made enough room"
    it.pool.give_back(busy)
    await it.got(waiter)
    assert it.names() == ["e"], "the least recently used goes first, c before d"


async def test_one_worker_runs_however_large_it_is(trial: Callable[..., Trial]) -> None:
    it = trial(memory_mib=500)
    it.pool.give_back(await it.slot("large", memory_mib=9_000))
    await it.slot("small", memory_mib=10)
    assert it.names() == ["small"]


async def test_nobody_who_plays_is_disturbed(trial: Callable[..., Trial]) -> None:
    it = trial()
    playing = [await it.slot("a"), await it.slot("b")]
    waiter = it.ask("c")
    await settle_down()
    assert waiter.granted is None
    assert it.starter.started == ["a", "b"]
    it.pool.give_back(playing[1])
    assert (await it.got(waiter)).instrument == "c"
    assert it.names() == ["a", "c"]


async def test_a_warm_worker_goes_on_with_its_own_queue_until_patience_ends(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=1, patience_s=10.0)
    slot = await it.slot("a")
    other, own = it.ask("b"), [it.ask("a"), it.ask("a")]
    it.pool.give_back(slot)
    assert own[0].granted is slot, "loading b now and a again later would cost two starts"
    it.starter.clock.advance(11)
    it.pool.give_back(slot)
    assert (await it.got(other)).instrument == "b"
    assert own[1].granted is None
    more = it.ask("b")
    it.pool.give_back(cast("Slot", other.granted))
    assert more.granted is other.granted, "a has had its time; the next change is ten seconds away"
    it.pool.give_back(cast("Slot", other.granted))
    assert (await it.got(own[1])).instrument == "a"
    assert it.starter.started == ["a", "b", "a"]


async def test_two_starving_kinds_do_not_push_each_other_out_before_they_have_played(
    trial: Callable[..., Trial],
) -> None:
    it = trial(max_workers=1, patience_s=10.0)
    slot = await it.slot("x")
    a, b = it.ask("a"), it.ask("b")
    it.starter.clock.advance(11)
    it.starter.gate.clear()
    it.pool.give_back(slot)
    await settle_down()
    it.starter.clock.advance(60)  # a slow start: b has starved meanwhile
    it.starter.gate.set()
    slot = await it.got(a)
    it.pool.give_back(slot)
    assert (await it.got(b)).instrument == "b"
    assert it.starter.started == ["x", "a", "b"]


async def test_the_queue_knows_how_long(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=1)
    await it.slot("a")
    waiters = [it.ask("a", expected_s=expected_s) for expected_s in (4.0, 10.0, 1.0)]  # a short, a long, a short play
    assert [waiter.notes.get_nowait() for waiter in waiters] == [
        Phase(name="queue", eta_s=eta) for eta in (4.0, 14.0, 15.0)
    ]
    stranger = it.ask("b")
    assert stranger.notes.get_nowait() == Phase(name="queue")
    it.pool.withdraw(waiters[0])
    it.ask("b")
    assert waiters[1].notes.get_nowait() == Phase(name="queue", eta_s=10.0)


async def test_all_who_wait_for_a_start_see_its_phases(trial: Callable[..., Trial]) -> None:
    it = trial()
    it.starter.gate.clear()
    first = it.ask("a")
    await settle_down()
    second = it.ask("a")
    seen = [[waiter.notes.get_nowait().name for _ in range(waiter.notes.qsize())] for waiter in (first, second)]  # type: ignore[union-attr]
    assert seen[0] == ["boot", "load"]
    assert seen[1] == ["boot"]


async def test_one_who_left_the_queue_gets_nothing_and_a_granted_slot_comes_back(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=1)
    slot = await it.slot("a")
    gone, there = it.ask("a"), it.ask("a")
    it.pool.withdraw(gone)
    it.pool.give_back(slot)
    assert (gone.granted, there.granted) == (None, slot)
    it.pool.withdraw(there)
    assert slot.state == "idle"


async def test_a_failed_start_fails_those_who_have_no_other_worker(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=4)
    it.starter.errors = [WeightsError("gone")]
    waiters = [it.ask("a"), it.ask("a")]
    for waiter in waiters:
        with pytest.raises(WeightsError):
            await it.got(waiter)
    playing = await it.slot("a", workers=2)
    it.starter.errors = [WorkerDied("it ended", "tail")]
    patient = it.ask("a", workers=2)
    await settle_down()
    assert patient.granted is None
    assert it.starter.started == ["a"] * 3
    more = it.ask("a", workers=2)
    await settle_down()
    assert it.starter.started == ["a"] * 3, "a second worker is not tried again at once"
    it.pool.give_back(playing)
    assert patient.granted is playing
    it.starter.clock.advance(31)
    it.ask("a", workers=2)
    await settle_down()
    assert it.starter.started == ["a"] * 4
    assert more.granted is not None


async def test_news_of_a_death_keeps_its_words_when_several_hear_it(trial: Callable[..., Trial]) -> None:
    it = trial()
    it.starter.errors = [WorkerDied("it ended", "tail", again=False)]
    errors = [pytest.raises(WorkerDied), pytest.raises(WorkerDied)]
    waiters = [it.ask("a"), it.ask("a")]
    caught = []
    for waiter, expected in zip(waiters, errors, strict=True):
        with expected as error:
            await it.got(waiter)
        caught.append(error.value)
    assert [(each.sentence, each.tail, each.again) for each in caught] == [("it ended", "tail", False)] * 2
    assert caught[0] is not caught[1]


async def test_a_settled_worker_is_reused_and_a_deaf_one_killed(trial: Callable[..., Trial]) -> None:
    it = trial()
    slot = await it.slot("a")
    waiter = it.ask("a")
    it.pool.settle(slot, 7)
    assert it.pool.state_of("a", "a").state == "warm"
    assert await it.got(waiter) is slot
    cast("Any", slot.process).deaf = True
    it.pool.settle(slot, 8)
    waiter = it.ask("a")
    fresh = await it.got(waiter)
    assert fresh is not slot
    assert not slot.running.alive


async def test_a_worker_found_dead_is_not_kept(trial: Callable[..., Trial]) -> None:
    it = trial()
    slot = await it.slot("a")
    slot.running.kill()
    it.pool.give_back(slot)
    assert it.names() == []
    slot = await it.slot("a")
    it.pool.give_back(slot)
    slot.running.kill()
    await settle_down()
    assert it.names() == []


async def test_release_and_close(trial: Callable[..., Trial]) -> None:
    it = trial(max_workers=3)
    playing, resting = await it.slot("a"), await it.slot("b")
    it.pool.give_back(resting)
    await it.pool.release("b")
    assert it.names() == ["a"]
    await it.pool.release("")
    assert it.names() == ["a"]
    it.pool.give_back(playing)
    assert it.names() == []
    it.starter.gate.clear()
    waiter = it.ask("c")
    await settle_down()
    closing = asyncio.ensure_future(it.pool.close())
    await settle_down()
    it.starter.gate.set()
    await closing
    with pytest.raises(Cancelled):
        await it.got(waiter)
    assert it.names() == []


async def test_released_while_starting_it_serves_who_waits_and_goes(trial: Callable[..., Trial]) -> None:
    it = trial()
    it.starter.gate.clear()
    waiter = it.ask("a")
    await settle_down()
    await it.pool.release("a")
    it.starter.gate.set()
    slot = await it.got(waiter)
    it.pool.give_back(slot)
    assert it.names() == []
    it.starter.gate.clear()
    waiter = it.ask("a")
    await settle_down()
    it.pool.withdraw(waiter)
    await it.pool.release("a")
    it.starter.gate.set()
    await settle_down()
    assert it.names() == []


async def test_time_spent_on_the_own_start_is_not_queueing(trial: Callable[..., Trial]) -> None:
    it = trial()
    it.starter.gate.clear()
    waiter = it.ask("a")
    await settle_down()
    it.starter.clock.advance(5)
    it.starter.gate.set()
    await it.got(waiter)
    assert waiter.waited(it.starter.clock.monotonic()) == pytest.approx(0.0)
    late = it.ask("a")
    it.starter.clock.advance(3)
    it.pool.give_back(cast("Slot", waiter.granted))
    await it.got(late)
    assert late.waited(it.starter.clock.monotonic()) == pytest.approx(3.0)


async def test_an_unexpected_error_in_a_start_reaches_the_waiter(trial: Callable[..., Trial]) -> None:
    it = trial()
    it.starter.errors = [KeyError("a mistake of ours"), HostUnavailable("no")]
    with pytest.raises(KeyError):
        await it.slot("a")
    with pytest.raises(HostUnavailable):
        await it.slot("a")
