"""The catalogue: every instrument, router, weight set and environment of this machine, looked up by name.

Files are read in a fixed order (ours, other packages, the user's); the first one to define a name keeps it. Entries
that clash or refer to something that does not exist are left out and listed in `problems`, so that one broken file
never costs the others. No engine is imported here; a router's rule is, when it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeVar, cast

from hausmusik.errors import ConfigError, MissingExtra, NotFoundError, UsageError
from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.instruments.discovery import Plugin, find, plugins
from hausmusik.instruments.gathering import Gathered, gather
from hausmusik.instruments.model import Environment, Instrument, Router, Weights
from hausmusik.instruments.problems import Problem, nearest
from hausmusik.instruments.routing import Facts, Rule
from hausmusik.types import REQUEST_OF_TASK, Request, Task

T = TypeVar("T")


class Catalogue:
    """Everything that was found, checked against each other.

    Args:
        gathered: What `gather` made of the files; `Catalogue.load` is the usual way here.
    """

    def __init__(self, gathered: Gathered) -> None:
        self._all = gathered

    @classmethod
    def load(cls, user_folder: Path | None = None, *, packages: Sequence[Plugin] | None = None) -> Catalogue:
        """Read every catalogue file; never fails, see `problems`.

        Args:
            user_folder: The user's `instruments.d`; None or absent: no files of the user's.
            packages: Packages with instruments; None: those that are installed.
        """
        return cls(gather(find(user_folder, plugins() if packages is None else packages)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what was left out, and why; `haus doctor` shows it."""
        return tuple(self._all.problems)

    def instrument(self, name: str) -> Instrument:
        """Return an instrument by id; raises NotFoundError with the closest names."""
        if name in self._all.routers:
            raise UsageError(
                f"{name} is a router, not an instrument", hint=f"one of {', '.join(self.router(name).candidates)}"
            )
        return _named(name, self._all.instruments, "instrument")

    def router(self, name: str) -> Router:
        """Return a router by id; raises NotFoundError with the closest names."""
        return _named(name, self._all.routers, "router")

    def task_of(self, name: str) -> Task:
        """Return what an instrument or a router does; raises NotFoundError with the closest names."""
        return _named(name, {**self._all.routers, **self._all.instruments}, "instrument").task

    def environment(self, name: str) -> Environment:
        """Return an environment by id; raises NotFoundError with the closest names."""
        return _named(name, self._all.environments, "environment")

    def weight_set(self, name: str) -> Weights:
        """Return a weight set by id; raises NotFoundError with the closest names."""
        return _named(name, self._all.weights, "weight set")

    def instruments(self, task: Task | None = None) -> tuple[Instrument, ...]:
        """Return the instruments, of one task or all, by task and id."""
        found = (each for each in self._all.instruments.values() if task in {None, each.task})
        return tuple(sorted(found, key=lambda each: (each.task, each.id)))

    def routers(self, task: Task | None = None) -> tuple[Router, ...]:
        """Return the routers, of one task or all, by task and id."""
        found = (each for each in self._all.routers.values() if task in {None, each.task})
        return tuple(sorted(found, key=lambda each: (each.task, each.id)))

    def weight_sets(self) -> tuple[Weights, ...]:
        """Return every weight set, by id."""
        return tuple(self._all.weights[name] for name in sorted(self._all.weights))

    def environments(self) -> tuple[Environment, ...]:
        """Return every environment, by id."""
        return tuple(self._all.environments[name] for name in sorted(self._all.environments))

    def weights_of(self, instrument: Instrument) -> tuple[Weights, ...]:
        """Return the weight sets of an instrument, in its order."""
        return tuple(self.weight_set(name) for name in instrument.weights)

    def checkpoints_of(self, instrument: Instrument) -> tuple[Checkpoint, ...]:
        """Return the whole repositories that an instrument loads, in its order."""
        return tuple(self._all.checkpoints[name] for name in instrument.checkpoints)

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Return every whole repository, by id."""
        return tuple(self._all.checkpoints[name] for name in sorted(self._all.checkpoints))

    def size_bytes_of(self, instrument: Instrument) -> int:
        """Return the size of all that an instrument loads."""
        return sum(each.size_bytes for each in (*self.weights_of(instrument), *self.checkpoints_of(instrument)))

    def in_this_version(self, instrument: Instrument) -> Instrument:
        """Return an instrument that can be played, pulled and installed.

        Raises:
            MissingExtra: it is planned: it is not played in this version.
        """
        if not instrument.planned:
            return instrument
        others = [each.id for each in self.instruments(instrument.task) if not each.planned]
        raise MissingExtra(
            f"{instrument.id} is planned: it is not played in this version",
            hint=f"what plays {instrument.task} now: {', '.join(others) or 'nothing'}",
        )

    def pullable(self, name: str) -> tuple[Weights, ...]:
        """Return the weight sets that `haus pull NAME` means: a set, an instrument's, or all of a router's candidates.

        Raises:
            MissingExtra: it is not played in this version.
            NotFoundError: nothing has that name.
        """
        if name in self._all.weights:
            return (self._all.weights[name],)
        if name in self._all.instruments:
            return self.weights_of(self.in_this_version(self._all.instruments[name]))
        if name in self._all.routers:
            of = (self.weights_of(self.instrument(each)) for each in self._all.routers[name].candidates)
            return tuple({weights.id: weights for each in of for weights in each}.values())
        _named(name, {**self._all.weights, **self._all.instruments, **self._all.routers}, "weight set or instrument")
        raise AssertionError

    def installable(self, name: str) -> Environment:
        """Return the environment that `haus install NAME` means: one of that name, or an instrument's.

        Raises:
            MissingExtra: only engines that are not in this version need it.
            NotFoundError: nothing has that name.
            UsageError: the instrument needs none, or nothing that needs it plays here.
        """
        if name in self._all.instruments:
            instrument = self.playing_here(self.in_this_version(self._all.instruments[name]))
            if not instrument.environment:
                raise UsageError(f"{name} needs no environment of its own", hint="it plays as it is")
            return self.environment(instrument.environment)
        users = [each for each in self.instruments() if each.environment == name]
        if users and not any("local" in each.places and not each.planned for each in users):
            ready = [each for each in users if not each.planned] or users
            self.playing_here(self.in_this_version(ready[0]))
        return self.environment(name)

    def playing_here(self, instrument: Instrument) -> Instrument:
        """Return an instrument that can play on this machine; raises UsageError for what only plays elsewhere."""
        if "local" in instrument.places:
            return instrument
        raise UsageError(
            f"{instrument.id} plays on {' and '.join(map(str.capitalize, instrument.places))} alone, not here",
            hint=f"`haus deploy {instrument.id}`, then play it with `--on modal`",
        )

    def embedded(self) -> tuple[Weights, ...]:
        """Return the weight sets of the embedded tier (`haus pull --embedded`).

        These are what the routers' candidates need, as far as they run here without an environment of their own; sets
        that are too large to be had unasked (`on_demand`) are left out.
        """
        named = (self.instrument(name) for router in self.routers() for name in router.candidates)
        here = (each for each in named if "local" in each.places and not each.environment)
        sets = {weights.id: weights for each in here for weights in self.weights_of(each)}
        return tuple(weights for weights in sets.values() if not weights.on_demand)

    def file_of(self, name: str) -> str:
        """Return the catalogue file that an instrument or router comes from, as `problems` would name it."""
        _named(name, {**self._all.instruments, **self._all.routers}, "instrument")
        return self._all.owners["instrument", name]

    def resolve(self, name: str, request: Request, facts: Facts) -> Instrument:
        """Return the instrument that plays a request: the named one, or the one that the named router chooses.

        Args:
            name: Id of an instrument or a router.
            request: What is to be played.
            facts: What is known of this machine.

        Raises:
            NotFoundError: no such name; the hint has the closest ones.
            MissingExtra: it is not played in this version.
            UsageError: its task is not the request's.
            ConfigError: a router's rule cannot be loaded or chose something else than a candidate.
        """
        entry = _named(name, {**self._all.instruments, **self._all.routers}, "instrument")
        if not isinstance(request, REQUEST_OF_TASK.get(entry.task, ())):
            task = next(task for task, kind in REQUEST_OF_TASK.items() if isinstance(request, kind))
            everyone = (*self._all.routers.values(), *self._all.instruments.values())
            others = [each.id for each in everyone if each.task == task and not getattr(each, "planned", False)]
            raise UsageError(
                f"{name} does `{entry.task}`, not `{task}`",
                hint=f"instruments for {task}: {', '.join(others) or 'none'}",
            )
        if isinstance(entry, Instrument):
            return self.in_this_version(entry)
        candidates = tuple(self.instrument(each) for each in entry.candidates)
        chosen = _rule(entry)(request, candidates, facts)
        if chosen not in entry.candidates:
            raise ConfigError(
                f"the rule {entry.rule} of the router {name} chose {chosen!r}, which is not a candidate",
                hint="report it to the author of that rule",
            )
        return self.in_this_version(self.instrument(chosen))


def _named(name: str, entries: Mapping[str, T], noun: str) -> T:
    if name in entries:
        return entries[name]
    raise NotFoundError(
        f"there is no {noun} {name!r}", hint=nearest(name, entries) or "`haus instruments` lists what there is"
    )


def _rule(router: Router) -> Rule:
    module, _, function = router.rule.partition(":")
    try:
        rule: object = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"the rule {router.rule} of the router {router.id} cannot be loaded: {error}",
            hint="reinstall the package it comes from, or name one of the candidates instead",
        ) from error
    return cast("Rule", rule)
