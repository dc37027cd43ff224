"""Whatever two owners, time and death do to a journal: each step ends once, none is lost, none is held by two."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from hausmusik.clock import TimeIds
from hausmusik.codec import Failure
from hausmusik.jobs import Journal, NewStep, Step
from tests.unit.jobs.conftest import ManualClock

OWNERS = st.sampled_from(["a", "b"])
LEASE_S = 10.0


class Lease:
    def __init__(self, step: Step, until: float) -> None:
        self.step = step
        self.until = until
        self.open = True


class JournalMachine(RuleBasedStateMachine):
    leases = Bundle("leases")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.gone: set[str] = set()
        ids = TimeIds(self.clock)
        path = Path(self.folder.name) / "jobs.sqlite"
        # two journals on one file, as in two processes
        self.journals = {
            name: Journal(path, clock=self.clock, ids=ids, lease_s=LEASE_S, gone=self.gone.__contains__)
            for name in "ab"
        }
        self.job = self.journals["a"].open_job("test", key="k").id
        self.added: set[str] = set()
        self.ended: dict[str, str] = {}
        self.held: dict[str, Lease] = {}  # by step: the latest lease

    @rule(owner=OWNERS, keys=st.lists(st.sampled_from("uvwxyz"), max_size=3))
    def add(self, owner: str, keys: list[str]) -> None:
        journal = self.journals[owner]
        job = journal.open_job("test", key="k", steps=[NewStep(key=key) for key in keys])
        self.added |= set(keys)
        assert job.id == self.job
        assert journal.counts(job.id).total == len(self.added)

    @rule(target=leases, owner=OWNERS)
    def claim(self, owner: str) -> Lease | None:
        self.gone.discard(owner)
        step = self.journals[owner].claim(self.job, owner)
        if step is None:
            return None
        assert step.key in self.added
        assert step.key not in self.ended
        before = self.held.get(step.key)
        if before is not None:
            assert not before.open or before.until <= self.clock.now().timestamp()
            before.open = False
        self.held[step.key] = Lease(step, self.clock.now().timestamp() + LEASE_S)
        return self.held[step.key]

    @rule(lease=leases, how=st.sampled_from(["done", "failed", "again"]), wait_s=st.floats(0, 20))
    def end(self, lease: Lease | None, how: str, wait_s: float) -> None:
        if lease is None:
            return
        journal = self.journals[lease.step.owner]
        if how == "done":
            accepted = journal.finish(lease.step, b"r")
        else:
            accepted = journal.fail(lease.step, Failure("x", "y"), retry_in_s=wait_s if how == "again" else None)
        assert accepted == lease.open
        lease.open = False
        if accepted and how != "again":
            assert lease.step.key not in self.ended
            self.ended[lease.step.key] = how

    @rule(owner=OWNERS)
    def renew(self, owner: str) -> None:
        mine = {key: lease for key, lease in self.held.items() if lease.open and lease.step.owner == owner}
        assert self.journals[owner].renew(owner) == set(mine)
        for lease in mine.values():
            lease.until = self.clock.now().timestamp() + LEASE_S

    @rule(owner=OWNERS)
    def give_back(self, owner: str) -> None:
        mine = [lease for lease in self.held.values() if lease.open and lease.step.owner == owner]
        assert self.journals[owner].give_back(owner) == len(mine)
        for lease in mine:
            lease.open = False

    @rule(owner=OWNERS)
    def die_and_be_noticed(self, owner: str) -> None:
        self.gone.add(owner)
        other = "b" if owner == "a" else "a"
        self.gone.discard(other)
        self.journals[other].take_over(self.job)
        for lease in self.held.values():
            if lease.open and lease.step.owner == owner:
                lease.until = 0.0

    @rule(seconds=st.sampled_from([0.1, 5.0, LEASE_S, 30.0, -5.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(owner=OWNERS)
    def reopen_the_file(self, owner: str) -> None:
        self.journals[owner].close()
        assert self.journals[owner].open_job("test", key="k").id == self.job

    @invariant()
    def nothing_is_lost(self) -> None:
        counts = self.journals["a"].counts(self.job)
        assert counts.total == len(self.added)
        assert counts.done == sum(how == "done" for how in self.ended.values())
        assert counts.failed == sum(how == "failed" for how in self.ended.values())
        assert counts.leased == sum(lease.open for lease in self.held.values())

    def teardown(self) -> None:
        journal = self.journals["a"]
        while (left_s := journal.wait_s(self.job)) is not None:
            self.clock.advance(left_s + 0.001)
            step = journal.claim(self.job, "last")
            if step is not None:
                assert journal.finish(step)
                self.ended[step.key] = "done"
        assert set(self.ended) == self.added
        assert journal.settle(self.job).state == ("failed" if "failed" in self.ended.values() else "done")
        for each in self.journals.values():
            each.close()
        self.folder.cleanup()


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
