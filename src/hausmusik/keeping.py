"""Looking after the house: weights, environments, instruments of one's own, costs, health.

Knows the parts it looks after; how they are wired stands in `parts`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hausmusik.cloud import MODAL
from hausmusik.cloud_reports import Cooled, Rehearsal, Standing, WindowAdvice
from hausmusik.doctor import Finding, examine
from hausmusik.errors import UsageError
from hausmusik.gpu_choice import GpuChoice, Use, choose_gpu
from hausmusik.hosts.modal.host import ModalHost
from hausmusik.instruments.additions import add, remove
from hausmusik.money.account_rates import AccountRates, save_account
from hausmusik.money.apis import Comparison, compared
from hausmusik.money.keepwarm.keeper import Keeper, WarmPlan, WarmState
from hausmusik.money.keepwarm.spells import Spell
from hausmusik.money.reconcile import LATE, Reconciliation, hour_of
from hausmusik.money.rows import KEEP_WARM, Grouping, Total
from hausmusik.parts import Parts
from hausmusik.placement import Placement, place
from hausmusik.threads import in_thread
from hausmusik.types import Phase, Run
from hausmusik.upkeep import InstrumentRow, instrument_rows
from hausmusik.weights.progress import PullProgress

RECONCILED: Final = timedelta(days=7)
"""How far back the ledger is held against the bill, unless somebody says: what Modal answers in one go."""

ADVICE_DAYS: Final = 28
"""How far back advice looks."""


class Keeping(Parts):
    """What one does for the house itself."""

    async def pull(self, names: Sequence[str] = (), *, embedded: bool = False) -> AsyncGenerator[PullProgress]:
        """Bring weights here: of instruments, routers or weight sets by name, or the embedded tier."""
        sets = {each.id: each for name in names for each in self.catalogue.pullable(name)}
        if embedded:
            sets |= {each.id: each for each in self.catalogue.embedded()}
        if not names and not embedded:
            raise UsageError("nothing to pull was named", hint="name instruments, or say --embedded")
        try:
            async with aclosing(in_thread(self.weights.pull(list(sets.values())))) as steps:
                async for progress in steps:
                    yield progress
        finally:
            self._look_again()

    def remove_weights(self, names: Sequence[str]) -> int:
        """Remove weights by the names that `pull` takes; returns the bytes freed."""
        try:
            return self.weights.remove([each for name in names for each in self.catalogue.pullable(name)])
        finally:
            self._look_again()

    async def install(self, name: str) -> AsyncGenerator[Phase]:
        """Make the environment of an instrument, or of that name, with the user's own pip."""
        try:
            async with aclosing(in_thread(self.environments.install(self.catalogue.installable(name)))) as phases:
                async for phase in phases:
                    yield phase
        finally:
            self._look_again()

    def uninstall(self, name: str) -> bool:
        """Remove the environment of an instrument, or of that name; returns whether there was one."""
        try:
            return self.environments.remove(self.catalogue.installable(name))
        finally:
            self._look_again()

    def instruments(self, task: str = "") -> tuple[InstrumentRow, ...]:
        """Return what instruments there are and whether they are ready."""
        return instrument_rows(self.catalogue, self.weights, self.environments, task)

    def choose_gpu(self, instrument: str, *, use: Use = "sporadic") -> GpuChoice:
        """Return on which GPU an instrument plays cheapest, and what was said of every other."""
        return choose_gpu(self.catalogue.instrument(instrument), self.rates, use)

    def placement(self, instrument: str) -> Placement:
        """Return where an instrument plays on Modal, and why there; what can be placed nowhere says so in it."""
        entry = self.catalogue.instrument(instrument)
        window_s = self.settings.modal.windows.get(instrument, entry.serving.scaledown_window_s)
        return place(entry, self.rates, window_s)

    def add_instrument(self, file: Path | str) -> tuple[str, ...]:
        """Add instruments from a TOML file with its engine file beside it; returns their names."""
        added = add(Path(file), self.folders.instruments)
        self._forget()
        return added.names

    def remove_instrument(self, name: str) -> tuple[str, ...]:
        """Remove an added instrument; returns the files that went."""
        removed = remove(name, self.folders.instruments)
        self._forget()
        return removed

    def _forget(self) -> None:
        """Have the catalogue, and what was made from it, read again at the next use."""
        for part in ("catalogue", "player", "_composer", "_batcher", "_adder"):
            self.__dict__.pop(part, None)

    def _look_again(self) -> None:
        """Tell the player, if there is one yet, that weights or environments came or went."""
        if "player" in self.__dict__:
            self.player.forget()

    async def deploy(self, name: str, *, always_up: bool = False) -> AsyncGenerator[Phase]:
        """Put an instrument onto the user's Modal account; playing it there is what costs.

        One whose entry keeps containers up always (`min_containers`) is refused unless that is wanted (`always_up`).
        """
        async with aclosing(self.cloud.deploy(name, always_up=always_up)) as phases:
            async for phase in phases:
                yield phase

    async def check_account(self) -> None:
        """Ask the Modal account who it is; raises AuthError, MissingExtra, ConfigError, HostUnavailable."""
        await self._account.client()

    def check_deploy(self, names: Sequence[str], *, always_up: bool = False) -> None:
        """Raise what deploying one of these instruments would, so that none is deployed before another is refused."""
        for name in names:
            self.cloud.deployable(name, always_up=always_up)

    async def rehearse_deploy(self, names: Sequence[str]) -> tuple[Rehearsal, ...]:
        """Return what deploying would declare and cost, from a control plane on this machine; needs no account."""
        return await self.cloud.rehearse(names)

    async def undeploy(self, name: str) -> None:
        """Take an instrument off the account."""
        await self.cloud.undeploy(name)

    async def deployments(self) -> tuple[Standing, ...]:
        """Return what is deployed, whether it is what the catalogue says, and what is up now."""
        found = await self.cloud.standing()
        await self.settle_idle()
        return found

    def plan_warm(self, name: str, for_s: float, *, containers: int = 1) -> WarmPlan:
        """Return what keeping an instrument on Modal warm for a time would cost; calls nobody."""
        return self.cloud.warm_plan(name, for_s, containers)

    async def warm(self, plan: WarmPlan, *, run: Run | None = None) -> AsyncGenerator[WarmState]:
        """Keep an instrument warm until its time is over, `cool` is called or the iteration is closed; see `Keeper`."""
        host = self.hosts.get(plan.host)
        if not isinstance(host, ModalHost):
            raise UsageError(
                "only instruments on Modal are kept warm", hint="workers of your own machine stay by themselves"
            )
        keeper = Keeper(
            host.beat,
            host.cool,
            spells=self.spells,
            budget=self.budget,
            prices=self.prices,
            clock=self.clock,
            session=self.ids.new(),
        )
        async with aclosing(keeper.keep(plan, run or self.new_run(KEEP_WARM, on=plan.host))) as states:
            async for state in states:
                yield state

    async def cool(self, name: str) -> Cooled:
        """Let an instrument on Modal go cold now, whoever keeps it warm.

        Raises:
            NotFoundError: there is none of that name, it cannot be on Modal, or it is not deployed.
            AuthError, MissingExtra, HostUnavailable: Modal cannot be asked; who kept it warm has stopped all the same.
        """
        self.cloud.declare(name)  # a name that is none is an error
        kept = await asyncio.to_thread(self.spells.end, name)
        host = self.hosts.get(MODAL)
        ended = await host.cool(name, keeps=False) if isinstance(host, ModalHost) else ()
        return Cooled(was_kept_warm=kept, containers=len(ended))

    def kept_warm(self) -> tuple[Spell, ...]:
        """Return what is being kept warm by processes of this house, and until when."""
        return self.spells.current()

    def advise_window(self, name: str) -> WindowAdvice:
        """Return how long idle containers of an instrument should stay on Modal, by its last weeks in the ledger."""
        since = self.clock.now() - timedelta(days=ADVICE_DAYS)
        return self.cloud.window_advice(name, self.ledger.rows(since=since))

    def costs(self, by: Grouping = "run", *, since: datetime | None = None) -> tuple[Total, ...]:
        """Return what was played and what it cost, in sums by run, session, instrument, host, day, document or cue.

        Days are those of this machine's clock; a play belongs to the one on which it ended.
        """
        self.budget.charge_due()
        return self.ledger.totals(by, since=since)

    async def settle_idle(self) -> None:
        """Ask Modal which containers have ended, so that those are charged for what they idled and not for windows.

        Batches do it at their end, and so do `deployments` and `reconcile`. Asks nobody where nothing is left to ask.
        """
        host = self.hosts.get(MODAL)
        if isinstance(host, ModalHost) and (idling := self.budget.idling(MODAL)) and (ends := await host.ends(idling)):
            self.budget.ended(MODAL, ends)

    async def read_rates(self) -> AccountRates:
        """Ask the Modal account what it pays, and keep that: houses opened from now on count with it.

        Raises:
            MissingExtra, AuthError, HostUnavailable: it cannot be asked, or may not say; what was kept stays.
        """
        rates = await self.cloud.read_rates(self.clock.now().date())
        save_account(self.folders.account_rates, rates)
        return rates

    async def reconcile(self, *, since: datetime | None = None) -> Reconciliation:
        """Make the ledger agree with what the Modal account was billed, hour by hour; see `money.reconcile`.

        Args:
            since: From the hour that this is in; None: a week back.

        Raises:
            MissingExtra, AuthError, HostUnavailable: the account cannot be asked, or may not say.
            StoreError: the ledger cannot be written.
        """
        await self.settle_idle()
        self.budget.charge_due()
        now = self.clock.now()
        start, end = hour_of(since or now - RECONCILED), hour_of(now - LATE)
        workspace, report = await self.cloud.read_report(start, end)
        until = min(end, report.until or start)
        waiting = self.budget.under_way(MODAL)
        instruments = {each.instrument for each in report.bills} | {
            each.key for each in self.ledger.totals("instrument", since=start)
        }
        told = self.ledger.reconcile(
            report.bills,
            host=MODAL,
            workspace=workspace,
            since=start,
            until={name: min(until, hour_of(waiting.get(name, until))) for name in instruments},
        )
        return Reconciliation(
            workspace=workspace,
            since=start,
            until=until,
            hours=told,
            waiting=tuple(sorted(name for name, began in waiting.items() if began < until)),
        )

    def compare_costs(self, *, since: datetime | None = None) -> tuple[Comparison, ...]:
        """Return what language models have cost, against what hosted ones would have asked for the same tokens."""
        totals = [
            each for each in self.costs("instrument", since=since) if each.usage.tokens_in + each.usage.tokens_out
        ]
        # Speech models count tokens too, and no hosted language model would have spoken.
        own = {each.id for each in self.catalogue.instruments("chat")} if totals else set[str]()
        return tuple(compared(each.key, each.usage, each.cost_usd) for each in totals if each.key in own)

    def doctor(self, *, weights: bool = False) -> tuple[Finding, ...]:
        """Look at the whole house; `weights` hashes them all again."""
        return tuple(
            examine(
                self.folders,
                self.catalogue,
                self.weights,
                self.environments,
                self.journal,
                self.budget,
                self._account,
                self.memories,
                hash_weights=weights,
            )
        )
