"""The house's Player: turns an instrument's name into a metered play on some host.

Routing, weights, environments, budget and ledger meet here and nowhere else. Workflows see only the `Player` protocol.
Knows nothing of scores or files.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.asking import checked
from hausmusik.early import Group, before_later_s
from hausmusik.engines.loading import load_engine
from hausmusik.errors import ConfigError, HausmusikError, MissingExtra, NotFoundError, UsageError, WeightsError
from hausmusik.hosts.local.environments import Environments
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Instrument, weights_digest
from hausmusik.instruments.problems import nearest
from hausmusik.instruments.routing import Facts
from hausmusik.instruments.sound_routing import natural_duration_s, refuse_unknown
from hausmusik.money.meter import Meter
from hausmusik.money.quote import Learning, expected_s, expected_start_s, units_of
from hausmusik.seams import Coming, EngineContext, EngineOrder, Host, Machines, Nature, TakeIdentity
from hausmusik.threads import in_thread
from hausmusik.types import (
    Audio,
    ChatRequest,
    EmbedRequest,
    Event,
    MusicRequest,
    Phase,
    Request,
    Run,
    SoundRequest,
    SpeakRequest,
)
from hausmusik.unheard import Unheard
from hausmusik.warmups import Start, Telling, WarmUps
from hausmusik.weights.obtainable import Obtainable
from hausmusik.weights.progress import PullProgress
from hausmusik.weights.store import WeightsStore

CHARACTERS_PER_S: Final = 16.5
"""Of English at speed 1, spaces and pauses included: the median of Kokoro's longer takes of the example (15 to 19).

Not learnt from the ledger: its rows know characters and seconds, but not at which speed a line was asked for.
"""

SHORTEST_LINE_S: Final = 0.4


class HousePlayer:
    """Plays instruments of one catalogue on the house's hosts.

    Args:
        catalogue: Which instruments there are.
        weights: Where their files are.
        environments: Where their interpreters are.
        hosts: By name.
        meter: Writes the ledger and holds the budget.
        learnt: How fast an instrument has been on a host lately: `Ledger.learnt`.
        capacity: How many plays of some instruments together the host of a run takes at once.
        default_host: Where instruments play when neither run nor cue says so.
        offline: Whether nothing may be pulled.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        weights: WeightsStore,
        environments: Environments,
        hosts: Mapping[str, Host],
        meter: Meter,
        *,
        learnt: Learning,
        capacity: Callable[[Run, Collection[str]], int],
        default_host: str = "local",
        offline: bool = False,
    ) -> None:
        self._catalogue = catalogue
        self._weights = weights
        self._environments = environments
        self._hosts = hosts
        self._meter = meter
        self._learnt = learnt
        self._capacity = capacity
        self._warm_ups = WarmUps()
        self._unheard = Unheard()
        self._default_host = default_host
        self._offline = offline
        self._facts: Facts | None = None
        self._revisions: dict[str, str] = {}
        self._pulling = asyncio.Lock()

    async def play(self, instrument: str, request: Request, *, run: Run) -> AsyncGenerator[Event]:
        """Play; weights that are missing are pulled first, told as `Phase("pull")` events.

        Raises:
            UsageError: a field of the request is out of its range; nothing was pulled, reserved or started.
        """
        request = checked(request)
        chosen = self.resolve(instrument, request, run=run)
        host = self.host_of(run)
        if host.needs_weights_here:
            async with aclosing(self._pull_missing(chosen)) as pulling:
                async for progress in pulling:
                    yield Phase(name="pull", done=progress.fraction)
        async with aclosing(self._warm_ups.join(chosen.id, host.name)) as starting:
            async for phase in starting:
                yield phase
        expected_s = self._expected_s(chosen, host, request)
        order = msgspec.structs.replace(self.order(chosen, files=host.needs_weights_here), expected_s=expected_s)
        start_s = expected_start_s(chosen.id, host.name, chosen.measured, self._learnt)
        with self._unheard.play(host, order, start_s) as unheard_s:
            metered = self._meter.play(
                lambda: host.play(order, request, run),
                run=run,
                instrument=chosen.id,
                host=host.name,
                workspace=lambda: host.workspace,
                worst_case_s=host.worst_s(order, run),
                unheard_s=unheard_s,
                machines=host.machines(order),
            )
            async with aclosing(metered) as stream:
                async for event in stream:
                    yield event

    @asynccontextmanager
    async def warm(self, coming: Sequence[Coming], *, on_phase: Telling) -> AsyncGenerator[Callable[[], None]]:
        """See `Player.warm`; which and when stands in `early`.

        Nothing is started for which the limits leave no room beside all plays that may be in flight with it, so that no
        play is ever refused because of a start.
        """
        async with self._warm_ups.under_way(self._starts(coming), on_phase) as leave:
            yield leave

    def check_room(self, plays: Collection[tuple[str, Request]], *, run: Run) -> None:
        """Refuse plays that the limits do not hold side by side; raises BudgetError, and as `identify`."""
        host = self.host_of(run)
        orders = [self.order(self.resolve(*play, run=run), files=False) for play in plays]
        self._meter.check_room(run, [(order.instrument, host.name, host.worst_s(order, run)) for order in orders])

    def identify(self, instrument: str, request: Request, *, run: Run) -> TakeIdentity:
        """See `Player.identify`."""
        chosen = self.resolve(instrument, request, run=run)
        host = self.host_of(run)
        return TakeIdentity(
            instrument=chosen.id,
            engine_revision=self._revision(chosen),
            weights=weights_digest(self._catalogue.weights_of(chosen)),
            setup=self._setup(chosen),
            numeric_class=host.numeric_class(self.order(chosen, files=False)),
            licence=chosen.licence.weights,
            commercial=chosen.licence.commercial,
            credit=chosen.licence.credit,
            host=host.name,
        )

    def estimate_s(self, instrument: str, request: Request) -> float:
        """See `Player.estimate_s`."""
        if isinstance(request, SpeakRequest):
            return max(SHORTEST_LINE_S, len(request.text) / CHARACTERS_PER_S / request.speed)
        if isinstance(request, MusicRequest):
            return request.duration_s
        if isinstance(request, SoundRequest):
            if request.duration_s:
                return request.duration_s
            chosen = self.resolve(instrument, request, run=Run(id=""))  # a router is asked as for the default host
            return natural_duration_s(request.prompt, str(chosen.options.get("vocabulary", "")), loop=request.loop)
        if isinstance(request, ChatRequest | EmbedRequest):
            return 0.0
        raise UsageError(f"a {type(request).__name__} makes no sound")

    def nature(self, instrument: str, request: Request) -> Nature:
        """See `Player.nature`."""
        chosen = self._catalogue.resolve(instrument, request, self.facts(Run(id="")))
        names = set(getattr(request, "voice", ())) or {chosen.default_voice}
        spoken = [voice.language for voice in chosen.voices if voice.id in names]
        return Nature(languages=tuple(dict.fromkeys(spoken)), one_shot=chosen.one_shot)

    def resolve(self, instrument: str, request: Request, *, run: Run) -> Instrument:
        """Return the catalogue entry that will play, after routing; checks the voices and whether a sound is known.

        Raises:
            BadInput: a sound that the instrument's vocabulary does not have.
            NotFoundError: no such instrument or voice.
            UsageError: the instrument does something else, or only plays elsewhere.
        """
        chosen = self._catalogue.resolve(instrument, request, self.facts(run))
        if (run.host or self._default_host) == "local":
            self._catalogue.playing_here(chosen)
        if isinstance(request, SpeakRequest) and chosen.voices:
            known = {voice.id for voice in chosen.voices}
            for name in request.voice:
                if name not in known:
                    inside = sorted(each for each in known if name.lower() in each.lower())
                    close = f"did you mean {' or '.join(inside[:3])}?" if inside and name else nearest(name, known)
                    hint = close or f"`haus instruments show {chosen.id}` lists its voices"
                    raise NotFoundError(f"{chosen.id} has no voice {name!r}", hint=hint)
        if isinstance(request, SoundRequest):
            refuse_unknown(request.prompt, str(chosen.options.get("vocabulary", "")))
        return chosen

    def order(self, instrument: Instrument, *, files: bool = True) -> EngineOrder:
        """Return all that a host needs to play; with `files`, the weights must be here.

        Raises:
            WeightsError: they are not.
        """
        located = self._weights.located(self._catalogue.weights_of(instrument)) if files else {}
        context = EngineContext(files=located, options=dict(instrument.options))
        return EngineOrder(
            instrument=instrument.id,
            engine=instrument.engine,
            context=context,
            environment=instrument.environment,
            workers=instrument.workers,
            memory_mib=instrument.memory_mib,
        )

    def _expected_s(self, instrument: Instrument, host: Host, request: Request) -> float:
        """Return how long a play will probably take on a warm worker, by what a quote would be reckoned with."""
        audio: Audio | None = getattr(request, "audio", None)
        audio_s = audio.duration_s if audio is not None else self.estimate_s(instrument.id, request)
        units = units_of(request, instrument.measured.unit, audio_s)
        return round(expected_s(instrument.id, host.name, units, instrument.measured, self._learnt), 3)

    def _starts(self, coming: Sequence[Coming]) -> list[Start]:
        """Return what is worth starting ahead and may be paid."""
        groups: dict[tuple[str, str], Group] = {}
        plays: list[tuple[Group, Coming]] = []
        for each in coming:
            with suppress(HausmusikError):  # its play will say what is wrong
                host = self.host_of(each.run)
                key = (each.instrument, host.name)
                if key not in groups:
                    groups[key] = self._group(self._catalogue.instrument(each.instrument), host, each.run)
                plays.append((groups[key], each))
        if all(each.machines.start_worst_s is None for each in groups.values()):
            return []  # most often: all is at home
        for group, each in plays:
            instrument = self._catalogue.instrument(each.instrument)
            group.work_s[each.when].append(self._expected_s(instrument, group.host, each.request))
        before_s = max(self._before_later_s(groups.values(), name) for _, name in groups)
        held = [(*key, each.worst_s) for key, each in groups.items()]
        starts: list[Start] = []
        for key, each in groups.items():
            start = (*key, each.machines.start_worst_s)
            for _ in range(each.starts):
                if self._meter.has_room(each.run, [*held, start]):
                    held.append(start)
                    starts.append(self._start(each, each.delay_s(before_s)))
        return starts

    def _group(self, instrument: Instrument, host: Host, run: Run) -> Group:
        order = self.order(instrument, files=host.needs_weights_here)
        return Group(
            host=host,
            order=order,
            run=msgspec.structs.replace(run, cue=""),
            machines=host.machines(order),
            start_s=expected_start_s(instrument.id, host.name, instrument.measured, self._learnt),
            is_up=host.state(order).state in {"warm", "warming"},
        )

    def _before_later_s(self, groups: Collection[Group], host: str) -> float:
        there = [each for each in groups if each.host.name == host]
        return before_later_s(there, self._capacity(there[0].run, {each.order.instrument for each in there}))

    def _start(self, group: Group, delay_s: float) -> Start:
        host, order, machines = group.host, group.order, group.machines
        return Start(
            instrument=order.instrument,
            host=host.name,
            plays=machines.plays_each,
            delay_s=delay_s,
            begin=lambda: self._meter.play(
                lambda: host.warm(order, together=group.starts > 1),
                run=group.run,
                instrument=order.instrument,
                host=host.name,
                worst_case_s=machines.start_worst_s,
                kind="warm",
                unheard_s=group.start_s + machines.idle_s,
                machines=machines,
            ),
        )

    def facts(self, run: Run) -> Facts:
        """Return what routers may know; gathered once, and again after `forget`."""
        if self._facts is None:
            sets = self._catalogue.weight_sets()
            self._facts = Facts(
                places=(),
                weights_here=frozenset(each.id for each in sets if not self._weights.missing([each])),
                weights_obtainable=Obtainable(self._weights, sets),
                environments_here=frozenset(
                    each.id for each in self._catalogue.environments() if self._environments.is_installed(each)
                ),
                offline=self._offline,
            )
        return msgspec.structs.replace(self._facts, places=(run.host or self._default_host,))

    def forget(self) -> None:
        """Look again at which weights and environments are here: after anything was pulled, installed or removed."""
        self._facts = None

    def host_of(self, run: Run) -> Host:
        """Return the host that a run plays on; raises NotFoundError when there is none of that name."""
        name = run.host or self._default_host
        if name not in self._hosts:
            raise NotFoundError(f"there is no host {name!r}", hint=f"use one of: {', '.join(sorted(self._hosts))}")
        return self._hosts[name]

    def machines(self, instrument: str, host: str) -> Machines:
        """Return what a host, by its own name, has for an instrument."""
        found = next(each for each in self._hosts.values() if each.name == host)
        return found.machines(self.order(self._catalogue.instrument(instrument), files=False))

    async def _pull_missing(self, instrument: Instrument) -> AsyncGenerator[PullProgress]:
        sets = self._catalogue.weights_of(instrument)
        if not self._weights.missing(sets):
            return
        try:
            # One pull at a time; the next play finds the weights here.
            async with self._pulling, aclosing(in_thread(self._weights.pull(sets))) as steps:
                async for progress in steps:
                    yield progress
        except WeightsError as error:
            raise type(error)(error.message, hint=self._way_out(instrument, error.hint)) from error
        finally:
            self.forget()  # also after a failed pull: the router may now choose somebody else

    def _way_out(self, instrument: Instrument, hint: str) -> str:
        """Return the hint of a failed pull, with who else could play after an install that the user must ask for."""
        others = [
            each.environment
            for each in self._catalogue.instruments(instrument.task)
            if each.environment
            and not each.planned
            and "local" in each.places
            and each.environment != instrument.environment
            and not self._environments.is_installed(self._catalogue.environment(each.environment))
            and all(self._weights.obtainable(one) for one in self._catalogue.weights_of(each))
        ]
        return "; ".join([hint, *(f"or `haus install {each}` and let that play" for each in others)])

    def _setup(self, instrument: Instrument) -> str:
        """Return a digest of what else shapes the sound: options, and the versions of a foreign environment."""
        pins = self._catalogue.environment(instrument.environment).requirements if instrument.environment else ()
        if not instrument.options and not pins:
            return ""
        what = msgspec.json.encode([dict(instrument.options), sorted(pins)], order="sorted")
        return hashlib.sha256(what).hexdigest()[:16]

    def _revision(self, instrument: Instrument) -> str:
        """Return the engine's revision: of our own engines from their spec, of others a hash of their file.

        Foreign code is not imported here: it runs in the worker only, so that it cannot take the caller down. Its file
        is read each time, because the host plays an edited one at once.
        """
        entry_point = instrument.engine
        if not entry_point.startswith("hausmusik."):
            return _revision_of_file(entry_point)
        if entry_point not in self._revisions:
            spec = load_engine(entry_point, EngineContext()).spec
            self._revisions[entry_point] = f"{spec.name}/{spec.revision}"
        return self._revisions[entry_point]


def _revision_of_file(entry_point: str) -> str:
    where = entry_point.rpartition(":")[0]
    path = Path(where) if where.endswith(".py") else _module_file(where)
    try:
        return f"file/{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    except OSError as error:
        raise ConfigError(
            f"the engine {entry_point} cannot be read: {error.strerror}", hint="see `haus doctor`"
        ) from error


def _module_file(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise MissingExtra(f"the engine module {module} is not installed", hint="install its package")
    return Path(spec.origin)
