"""The parts of a house and how they are wired: the only place that knows them all.

Everything is made when it is first needed, so that `haus instruments` starts no worker and opens no database. What is
done with the parts stands in `house` and `keeping`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import cached_property
from typing import Final

from hausmusik.batch.batcher import Batcher
from hausmusik.clock import SystemClock, TimeIds
from hausmusik.cloud import MODAL, Cloud, HousePrices
from hausmusik.config.database import Database
from hausmusik.config.folders import Folders
from hausmusik.config.loading import LoadedSettings
from hausmusik.config.model import Settings
from hausmusik.hosts.local.environments import Environments
from hausmusik.hosts.local.host import LocalHost, usable_cores
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.host import ModalHost
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.jobs.journal import Journal
from hausmusik.memory.adding import Adder
from hausmusik.memory.memories import Memories
from hausmusik.money.account_rates import load_account
from hausmusik.money.budget import Budget, Limits
from hausmusik.money.keepwarm.spells import Spells
from hausmusik.money.ledger import Ledger
from hausmusik.money.meter import Meter
from hausmusik.money.prices import LocalPrices, PriceSource
from hausmusik.money.rates import Rates
from hausmusik.money.tables import money_file
from hausmusik.player import HousePlayer
from hausmusik.quoting import Quoter
from hausmusik.score.compose import Composer
from hausmusik.seams import Clock, Host, Ids
from hausmusik.takes.store import TakeStore
from hausmusik.types import Run, Task
from hausmusik.weights.hub import Hub
from hausmusik.weights.store import WeightsStore

LOCAL: Final = "local"


class Parts:
    """What a house is made of.

    Args:
        loaded: The settings, and where things are.
        hosts: Instead of the hosts of the settings, by name; for tests and for hosts of your own.
        clock: For tests.
        ids: For tests.
    """

    def __init__(
        self,
        loaded: LoadedSettings,
        *,
        hosts: Mapping[str, Host] | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> None:
        self.loaded = loaded
        self._given_hosts = hosts
        self.clock: Clock = clock or SystemClock()
        self.ids: Ids = ids or TimeIds(self.clock)

    @property
    def settings(self) -> Settings:
        """What the house was told; see `hausmusik.config`."""
        return self.loaded.settings

    @property
    def folders(self) -> Folders:
        """Where the house keeps what it has."""
        return self.loaded.folders

    # -- the parts, made when first needed --------------------------------------------------------------------------

    @cached_property
    def catalogue(self) -> Catalogue:
        """Which instruments there are."""
        return Catalogue.load(self.folders.instruments)

    @cached_property
    def weights(self) -> WeightsStore:
        """Where their files are."""
        settings = self.settings.weights
        given = self.settings.hub
        token = given.token.get_secret_value() if given.token else ""
        return WeightsStore(
            self.loaded.weights_folder,
            folders=settings.folders,
            offline=settings.offline,
            hub=Hub(given.endpoint, token) if given.endpoint else Hub(token=token),
        )

    @cached_property
    def environments(self) -> Environments:
        """Where the engines' interpreters are."""
        return Environments(self.folders.data / "environments", self.settings.environments)

    @cached_property
    def hosts(self) -> Mapping[str, Host]:
        """Where instruments play."""
        if self._given_hosts is not None:
            return self._given_hosts
        local = self.settings.local
        return {
            LOCAL: LocalHost(
                interpreters=self._interpreter,
                logs=self.folders.state / "workers",
                clock=self.clock,
                max_workers=local.workers,
                memory_mib=local.memory_mib,
                idle_unload_s=local.idle_unload_s,
                start_timeout_s=local.start_timeout_s,
                stall_timeout_s=local.stall_timeout_s,
            ),
            MODAL: ModalHost(
                self._account, declare=self.cloud.declare, clock=self.clock, learnt=self.folders.state / "modal.json"
            ),
        }

    @cached_property
    def _account(self) -> Account:
        return Account(self.settings.modal.profile, self.settings.modal.environment)

    @cached_property
    def cloud(self) -> Cloud:
        """Instruments on the user's Modal account."""
        return Cloud(
            lambda: self.catalogue,
            self.rates,
            self.weights,
            self._account,
            learnt=self.ledger.learnt,
            scratch=self.folders.cache,
            windows=self.settings.modal.windows,
        )

    def _interpreter(self, environment: str) -> Sequence[str]:
        found = self.catalogue.environment(environment) if environment else None
        return [str(self.environments.interpreter(found))]

    @cached_property
    def _money(self) -> Database:
        return money_file(self.folders.ledger)

    @cached_property
    def ledger(self) -> Ledger:
        """What was played and what it cost."""
        return Ledger(self._money, clock=self.clock, ids=self.ids)

    @cached_property
    def budget(self) -> Budget:
        """What may still be spent."""
        given = self.settings.money
        limits = Limits(run_usd=given.run_usd, day_usd=given.day_usd, house_usd=given.house_usd)
        return Budget(self._money, limits, clock=self.clock, ids=self.ids)

    @cached_property
    def prices(self) -> PriceSource:
        """What a second costs, by host."""
        own = LocalPrices(self.clock, tuple(name for name in self.hosts if name != MODAL))
        return HousePrices(own, self.cloud)

    @cached_property
    def spells(self) -> Spells:
        """What is kept warm, by any process of this house."""
        return Spells(self.folders.state / "warm", self.budget, self.clock)

    @cached_property
    def rates(self) -> Rates:
        """What clouds ask for a second of a container; as the account said last, where it did."""
        account = load_account(self.folders.account_rates, self.settings.modal.profile)
        return Rates.load(self.folders.prices, account)

    @cached_property
    def journal(self) -> Journal:
        """Jobs and their steps."""
        return Journal(self.folders.jobs, clock=self.clock, ids=self.ids)

    @cached_property
    def takes(self) -> TakeStore:
        """What was made."""
        return TakeStore(self.folders.takes)

    @cached_property
    def player(self) -> HousePlayer:
        """Plays instruments, metered."""
        return HousePlayer(
            self.catalogue,
            self.weights,
            self.environments,
            self.hosts,
            Meter(
                ledger=self.ledger,
                budget=self.budget,
                prices=self.prices,
                clock=self.clock,
                session=self.ids.new(),
            ),
            learnt=self.ledger.learnt,
            capacity=self._capacity,
            default_host=self.settings.defaults.host,
            offline=self.settings.weights.offline,
        )

    @cached_property
    def _defaults(self) -> dict[Task, str]:
        given = self.settings.defaults
        return {
            "speak": given.speak,
            "music": given.music,
            "sound": given.sound,
            "transcribe": given.transcribe,
            "judge": given.judge,
            "chat": given.chat,
            "embed": given.embed,
        }

    @cached_property
    def _composer(self) -> Composer:
        return Composer(
            self.player,
            self.takes,
            self.journal,
            clock=self.clock,
            renders=self.folders.data / "renders",
            defaults=self._defaults,
            capacity=self._capacity,
        )

    @cached_property
    def _batcher(self) -> Batcher:
        return Batcher(
            self.player,
            self.takes,
            self.journal,
            clock=self.clock,
            defaults=self._defaults,
            task_of=self.catalogue.task_of,
            capacity=self._capacity,
        )

    @cached_property
    def memories(self) -> Memories:
        """What was read and can be asked."""
        return Memories(self.folders.memories, self.clock)

    @cached_property
    def _adder(self) -> Adder:
        return Adder(
            self.player,
            self.journal,
            clock=self.clock,
            defaults=self._defaults,
            capacity=self._capacity,
            asker=self._small_model,
            spent=self.ledger.spent,
        )

    def _small_model(self, run: Run) -> str:
        """Return the language model that a run may ask in passing: one that answers, is pulled, and costs nothing."""
        if self.player.host_of(run).name != LOCAL:
            return ""
        chosen = self.settings.defaults.chat
        routers = {each.id: each.candidates for each in self.catalogue.routers("chat")}
        return self._answering_here(routers.get(chosen, (chosen,)), run)

    def _answering_here(self, names: Sequence[str], run: Run) -> str:
        """Return the first of some language models that answers and whose weights are here; empty: none."""
        here = self.player.facts(run).weights_here
        chat = {each.id: each for each in self.catalogue.instruments("chat")}
        for each in (chat[name] for name in names if name in chat):  # a setting may name one that is not there
            if each.answers and each.weights and set(each.weights) <= here:
                return each.id
        return ""

    @property
    def _quoter(self) -> Quoter:
        return Quoter(
            self.player,
            instrument=self.catalogue.instrument,
            machines=self.player.machines,
            prices=self.prices,
            learnt=self.ledger.learnt,
        )

    def _capacity(self, run: Run, instruments: Collection[str]) -> int:
        """Return how many plays of some instruments together the host of a run takes at once."""
        if self.player.host_of(run).name == MODAL:
            return sum(map(self.cloud.capacity, instruments))
        return self.settings.local.workers or usable_cores()

    def new_run(self, label: str, *, on: str = "", budget_usd: Decimal | None = None) -> Run:
        """Return a new run; everything played under it is told together in the ledger.

        Args:
            label: For people.
            on: Host; empty: the settings' default.
            budget_usd: Most it may cost; None: no limit of its own.
        """
        return Run(id=self.ids.new(), label=label, host=on, budget_usd="" if budget_usd is None else str(budget_usd))

    async def close(self) -> None:
        """Stop the workers and close the databases; the house is not used again."""
        made = self.__dict__  # only what was ever needed exists
        async with AsyncExitStack() as ends:  # each, whatever becomes of the others; the hosts first
            if "_money" in made:
                ends.callback(self._money.close)
            if "memories" in made:
                ends.callback(self.memories.close)
            if "journal" in made:
                ends.callback(self.journal.close)
            if "_account" in made:
                ends.push_async_callback(self._account.disconnect)
            for host in self.hosts.values() if "hosts" in made else ():
                ends.push_async_callback(host.close)
