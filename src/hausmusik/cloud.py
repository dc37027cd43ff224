"""The user's cloud: what each instrument is and costs there, deploying and rehearsing it, what is deployed.

Here the catalogue, the price table and the Modal host's parts meet. A rehearsal runs the same code as a deployment,
with a control plane on this machine for an account, so what it shows is what Modal would be told. Knows nothing of
plays.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from hausmusik.atomic import private_folder
from hausmusik.cloud_reports import Rehearsal, Standing, WindowAdvice
from hausmusik.errors import BudgetError, HausmusikError, NotFoundError, UsageError
from hausmusik.gpu_choice import choose_gpu, container
from hausmusik.gpu_names import parse_gpu
from hausmusik.hosts.modal.account import Account, check_modal
from hausmusik.hosts.modal.billing import Report, read_rates, read_report
from hausmusik.hosts.modal.declaration import Declaration, declare
from hausmusik.hosts.modal.deploying import Deployed, Deployer, logs
from hausmusik.hosts.modal.plane.declared import Declared
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Instrument
from hausmusik.money.account_rates import AccountRates
from hausmusik.money.dollars import shown
from hausmusik.money.keepwarm.advice import advise
from hausmusik.money.keepwarm.keeper import WarmPlan
from hausmusik.money.keepwarm.simulator import Pool
from hausmusik.money.prices import LocalPrices, Price
from hausmusik.money.quote import Learning, QuoteItem, quote_line
from hausmusik.money.quoted import QuoteLine
from hausmusik.money.rates import Rates
from hausmusik.money.rows import LedgerRow
from hausmusik.temporary import temporary_folder
from hausmusik.types import Phase
from hausmusik.weights.store import WeightsStore

MODAL = "modal"


class Cloud:
    """Instruments on Modal.

    Args:
        catalogue: Which there are; asked anew each time, for it may be read again.
        rates: What a second of a container costs.
        weights: Where weights are on this machine.
        account: Whose account.
        learnt: How long starts have taken.
        scratch: Where rehearsals may write.
        windows: Seconds that idle containers stay, where not as the catalogue says, by instrument.
    """

    def __init__(
        self,
        catalogue: Callable[[], Catalogue],
        rates: Rates,
        weights: WeightsStore,
        account: Account,
        *,
        learnt: Learning,
        scratch: Path,
        windows: Mapping[str, int] | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._rates = rates
        self._weights = weights
        self._account = account
        self._learnt = learnt
        self._scratch = scratch
        self._windows = dict(windows or {})

    def gpus(self, instrument: Instrument) -> tuple[str, ...]:
        """Return the GPUs of an instrument, best first; none for what plays on a processor."""
        if instrument.shape is None:
            return instrument.serving.gpu
        choice = choose_gpu(instrument, self._rates)
        return (choice.best.gpu, *choice.fallbacks)

    def declare(self, name: str) -> Declaration:
        """Return what an instrument is on Modal.

        Raises:
            NotFoundError: there is none of that name, or it cannot be there.
        """
        catalogue = self._catalogue()
        instrument = catalogue.instrument(name)
        if MODAL not in instrument.places:
            raise NotFoundError(f"{name} does not play on Modal", hint=f"it plays on: {', '.join(instrument.places)}")
        declared = declare(
            instrument,
            weights=catalogue.weights_of(instrument),
            checkpoints=catalogue.checkpoints_of(instrument),
            environment=catalogue.environment(instrument.environment) if instrument.environment else None,
            gpu=self.gpus(instrument),
        )
        if name in self._windows:
            declared = msgspec.structs.replace(declared, scaledown_window_s=self._windows[name])
        return declared

    def capacity(self, name: str) -> int:
        """Return how many plays of an instrument, or of any candidate of a router, its containers take at once."""
        catalogue = self._catalogue()
        named = [each for each in catalogue.instruments() if each.id == name]
        candidates = named or [catalogue.instrument(each) for each in catalogue.router(name).candidates]
        return max(each.serving.max_containers * each.serving.max_inputs for each in candidates)

    def price(self, name: str, gpu: str | None = None) -> Price:
        """Return the price of a second of an instrument's container, with those that are kept idle beside it.

        Nobody is told what those (`buffer_containers`) are up to, so each second of a container that plays, starts or
        idles pays for them too: more than they take where several plays share them, which the bill corrects.

        Args:
            name: Catalogue id.
            gpu: Which of its GPUs the container was given. Empty, where there are several: it is not known, the dearest
                is charged, and the name of the price says so. None: the dearest that it may be given.

        Raises:
            BudgetError: it is not known.
        """
        price, serving = self._container_price(name, gpu), self._catalogue().instrument(name).serving
        if not (beside := min(serving.buffer_containers, serving.max_containers - 1)):
            return price
        told = f"{price.name}, and {beside} more of it kept idle beside it"
        return msgspec.structs.replace(price, name=told, usd_per_s=price.usd_per_s * (1 + beside))

    def _container_price(self, name: str, gpu: str | None = None) -> Price:
        """Return the price of a second of one container, see `price`."""
        instrument = self._catalogue().instrument(name)
        choices = [parse_gpu(each) for each in self.gpus(instrument)]
        if gpu:
            return self._rates.price(container(instrument, parse_gpu(gpu)))
        prices = [self._rates.price(container(instrument, each)) for each in choices or [None]]
        dearest = max(prices, key=lambda each: each.usd_per_s)
        if gpu is None or len(choices) < 2:
            return dearest
        told = f"{dearest.name} (which of {', '.join(map(str, choices))} was given is not known)"
        return msgspec.structs.replace(dearest, name=told)

    def warm_plan(self, name: str, for_s: float, containers: int = 1) -> WarmPlan:
        """Return what keeping an instrument warm for a time would be and cost.

        Raises:
            NotFoundError: there is none of that name, or it cannot be on Modal.
            UsageError: a number out of its range, or more containers than it may have.
            BudgetError: the price is not known.
        """
        declaration = self.declare(name)
        if containers > (most := declaration.max_containers):
            raise UsageError(
                f"{name} may have {most} containers, not {containers}", hint="raise serving.max_containers"
            )
        return WarmPlan(
            instrument=name,
            host=MODAL,
            containers=containers,
            for_s=for_s,
            price=self.price(name),
            window_s=declaration.scaledown_window_s,
            startup_timeout_s=declaration.startup_timeout_s,
        )

    def window_advice(self, name: str, rows: Iterable[LedgerRow]) -> WindowAdvice:
        """Return how long idle containers of an instrument should stay, by what the ledger knows of it.

        Raises:
            NotFoundError, BudgetError: as `warm_plan`.
        """
        declaration, price = self.declare(name), self.price(name)
        advice = advise(
            rows,
            instrument=name,
            host=MODAL,
            cold_s=self._one_container(declaration, price).start.mid,
            price=price,
            pool=Pool(max_containers=declaration.max_containers, max_inputs=declaration.max_inputs),
        )
        return WindowAdvice(instrument=name, window_s=declaration.scaledown_window_s, advice=advice)

    async def rehearse(self, names: Sequence[str]) -> tuple[Rehearsal, ...]:
        """Deploy to a control plane on this machine and return what was declared; nothing is built, sent or started.

        Raises:
            NotFoundError, UsageError, BudgetError: a name, a model that fits on no GPU, a price that is not known.
            MissingExtra: modal is not installed.
        """
        declarations = [self.declare(name) for name in names]
        prices = [self.price(name) for name in names]
        check_modal()
        from hausmusik.hosts.modal.plane import Plane, PlaneOptions  # noqa: PLC0415 - needs modal

        private_folder(self._scratch)
        folder, held = temporary_folder(self._scratch / "plane")
        plane = Plane(folder, PlaneOptions(containers="none", builds="record"))
        try:
            await asyncio.to_thread(plane.__enter__)
            deployer = Deployer(Account(client=await asyncio.to_thread(plane.client)), self._weights)
            for declaration in declarations:
                async with aclosing(deployer.deploy(declaration, send=False)) as phases:
                    async for _ in phases:
                        pass
            told = {each.app: each for each in plane.declared()}
        finally:
            await asyncio.to_thread(plane.close)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)
        return tuple(
            self._rehearsal(declaration, price, told[declaration.app])
            for declaration, price in zip(declarations, prices, strict=True)
        )

    def _one_container(self, declaration: Declaration, price: Price) -> QuoteLine:
        """Return the quote of a container that starts, is given nothing to play and stays for its window."""
        item = QuoteItem(
            instrument=declaration.instrument,
            host=MODAL,
            units=0.0,
            measured=self._catalogue().instrument(declaration.instrument).measured,
            plays=0,
            idle_s=declaration.scaledown_window_s,
        )
        return quote_line(item, price, self._learnt)

    def _rehearsal(self, declaration: Declaration, price: Price, declared: Declared) -> Rehearsal:
        container, name = self._one_container(declaration, price), declaration.instrument
        prices = [self.price(name, gpu) for gpu in declaration.gpu] or [price]
        return Rehearsal(
            instrument=name,
            planned=self._catalogue().instrument(name).planned,
            least_usd_per_h=min(each.for_seconds(3600) for each in prices),
            learnt=container.basis == "learnt",
            digest=declaration.digest,
            declared=declared,
            price=price,
            usd_per_h=price.for_seconds(3600),
            cold_start_s=container.start.mid,
            usd_per_cold_start=container.part_usd("start")[1],
            usd_per_idle_window=container.part_usd("idle")[1],
            usd_per_day_idle=self._usd_per_day_idle(declaration),
        )

    def _usd_per_day_idle(self, declaration: Declaration) -> Decimal:
        return self._container_price(declaration.instrument).for_seconds(86_400 * declaration.min_containers)

    def deployable(self, name: str, *, always_up: bool = False) -> Declaration:
        """Return what deploying an instrument would put onto the account; asks nobody.

        Args:
            name: Catalogue id.
            always_up: Whether it may keep containers up always, if its entry says so (`min_containers`): they cost day
                and night, whatever the budgets say.

        Raises:
            NotFoundError: there is none of that name, or it cannot be on Modal.
            BudgetError: it would keep containers up, and may not.
            MissingExtra: it is not played in this version.
        """
        catalogue = self._catalogue()
        catalogue.in_this_version(catalogue.instrument(name))
        declaration = self.declare(name)
        if (kept := declaration.min_containers) and not always_up:
            usd = shown(self._usd_per_day_idle(declaration))
            raise BudgetError(
                f"{name} keeps {kept} container{'s' if kept > 1 else ''} up always: {usd} a day that no budget limits",
                hint=f"`haus deploy {name} --always-up`, or set serving.min_containers = 0 and use `haus warm`",
            )
        return declaration

    async def deploy(self, name: str, *, always_up: bool = False) -> AsyncGenerator[Phase]:
        """Deploy an instrument to the account, in place of what was there; playing it is what costs.

        Raises:
            MissingExtra: modal is not installed.
            AuthError, NotFoundError, HostError, ConfigError: see `Deployer.deploy`.
            HausmusikError: as `deployable`, before anything is done.
        """
        declaration = self.deployable(name, always_up=always_up)
        async with aclosing(Deployer(self._account, self._weights).deploy(declaration)) as phases:
            async for phase in phases:
                yield phase

    async def undeploy(self, name: str) -> None:
        """Take an instrument away; its weights stay in their Volume."""
        await Deployer(self._account, self._weights).undeploy(name)

    async def standing(self) -> tuple[Standing, ...]:
        """Return what is deployed, whether it is what the catalogue says, and what it costs now."""
        found = await Deployer(self._account, self._weights).deployed()
        return tuple(map(self._standing, found))

    def _standing(self, deployed: Deployed) -> Standing:
        """Return one row of the standing; what cannot be told of it is said in it, and spoils no other row."""
        version, usd_per_h, problem = "unknown", None, ""
        try:
            version = "current" if self.declare(deployed.instrument).digest == deployed.digest else "other"
            usd_per_h = self._container_price(deployed.instrument).for_seconds(3600 * deployed.containers)
        except NotFoundError:
            pass
        except HausmusikError as error:
            problem = error.message
        return Standing(
            instrument=deployed.instrument,
            app=deployed.app,
            version=version,
            containers=deployed.containers,
            usd_per_h=usd_per_h,
            problem=problem,
        )

    async def read_rates(self, today: date) -> AccountRates:
        """Ask the account what it pays; raises MissingExtra, AuthError, HostUnavailable."""
        usd_per_h = await read_rates(self._account)
        return AccountRates(
            profile=self._account.profile,
            workspace=self._account.workspace,
            read=today,
            usd_per_h=usd_per_h,
        )

    async def read_report(self, since: datetime, until: datetime) -> tuple[str, Report]:
        """Ask the account what it was billed, in whole hours (UTC); returns its name too; raises as `read_rates`."""
        report = await read_report(self._account, since, until)
        return self._account.workspace, report

    def logs(self, name: str) -> AsyncGenerator[str]:
        """Yield what an instrument's containers have printed."""
        return logs(name, self._account)


class HousePrices:
    """What a second costs on every host of a house.

    Args:
        own: Of the hosts that are one's own machine.
        cloud: Of Modal.
    """

    def __init__(self, own: LocalPrices, cloud: Cloud) -> None:
        self._own = own
        self._cloud = cloud

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        """See `PriceSource.price`; raises BudgetError where it is not known."""
        return self._cloud.price(instrument, gpu) if host == MODAL else self._own.price(instrument, host)
