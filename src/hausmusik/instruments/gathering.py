"""Puts catalogue files together: who defined a name first, what refers to what, engines and licence texts beside files.

Works entry by entry: a clash or a dangling reference costs that entry and what needs it, never the rest of its file. A
file that does not even parse is left out whole. Knows nothing of where files come from, nor of how entries are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.instruments.discovery import TomlFile
from hausmusik.instruments.licences import has_licence_text
from hausmusik.instruments.model import Environment, Instrument, Router, Weights
from hausmusik.instruments.problems import Problem, nearest, parse


class Gathered:
    """The entries by id, who defined them, and what was left out."""

    def __init__(self) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.routers: dict[str, Router] = {}
        self.weights: dict[str, Weights] = {}
        self.checkpoints: dict[str, Checkpoint] = {}
        self.environments: dict[str, Environment] = {}
        self.owners: dict[tuple[str, str], str] = {}
        self.problems: list[Problem] = []

    def add(self, file: TomlFile) -> None:
        """Take over what a file defines, as far as its names are free and the files it names are there."""
        content, problems = parse(file.text, file.name)
        self.problems += problems
        for weights in content.weights:
            if self._claim("weights", weights.id, file) and (own := self._with_licence(weights, file)):
                self.weights[own.id] = own
        for checkpoint in content.checkpoint:
            if self._claim("checkpoint", checkpoint.id, file):
                self.checkpoints[checkpoint.id] = checkpoint
        for environment in content.environment:
            if self._claim("environment", environment.id, file):
                self.environments[environment.id] = environment
        for instrument in content.instrument:
            if self._claim("instrument", instrument.id, file) and (own := self._with_engine(instrument, file)):
                self.instruments[own.id] = own
        for router in content.router:
            if self._claim("instrument", router.id, file) and self._rule_is_importable(router, file):
                self.routers[router.id] = router

    def connect(self) -> None:
        """Leave out instruments that need something absent, absent candidates, and routers left without any."""
        for instrument in list(self.instruments.values()):
            missing = [
                ("weights", name, tuple(self.weights)) for name in instrument.weights if name not in self.weights
            ]
            missing += [
                ("checkpoint", name, tuple(self.checkpoints))
                for name in instrument.checkpoints
                if name not in self.checkpoints
            ]
            if instrument.environment and instrument.environment not in self.environments:
                missing.append(("environment", instrument.environment, tuple(self.environments)))
            for noun, name, known in missing:
                self._dangling("instrument", instrument.id, noun, name, known)
                self.instruments.pop(instrument.id, None)
            if not missing and not self._is_pinned(instrument):
                del self.instruments[instrument.id]
        for router in list(self.routers.values()):
            fitting = tuple(name for name in router.candidates if self._fits(router, name))
            if fitting:
                self.routers[router.id] = router.model_copy(update={"candidates": fitting})
            else:
                del self.routers[router.id]

    def _is_pinned(self, instrument: Instrument) -> bool:
        """Return whether what it loads will be the same tomorrow; only what is not played yet may be without that."""
        loose = [name for name in instrument.checkpoints if not self.checkpoints[name].revision]
        if instrument.planned or not loose:
            return True
        reason = f"instrument {instrument.id!r} uses the checkpoint {loose[0]!r}, which names no revision"
        self._problem(self.owners["instrument", instrument.id], reason, "give the full commit of the repository")
        return False

    def _fits(self, router: Router, name: str) -> bool:
        candidate = self.instruments.get(name)
        if candidate is None:
            self._dangling("router", router.id, "instrument", name, tuple(self.instruments))
        elif candidate.task != router.task:
            reason = f"router {router.id!r} does `{router.task}`, its candidate {name!r} `{candidate.task}`"
            self._problem(self.owners["instrument", router.id], reason, "name instruments of one task only")
        return candidate is not None and candidate.task == router.task

    def _claim(self, noun: str, name: str, file: TomlFile) -> bool:
        """Take a name unless it is taken; instruments and routers share theirs."""
        owner = self.owners.get((noun, name))
        if owner is None:
            self.owners[noun, name] = file.name
            return True
        where = f"also by {owner}" if owner != file.name else "twice in this file"
        self._problem(file.name, f"{noun} {name!r} is defined {where}", "rename one of the two, or remove it")
        return False

    def _with_licence(self, weights: Weights, file: TomlFile) -> Weights | None:
        if has_licence_text(weights.licence_text):
            return weights
        beside = file.folder / weights.licence_text if file.folder else None
        if beside is not None and beside.is_file():
            return weights.model_copy(update={"licence_text": str(beside.resolve())})
        reason = f"weights {weights.id!r} name the licence text {weights.licence_text!r}, which is not there"
        self._problem(file.name, reason, "put that file beside this one, or name one of ours, e.g. Apache-2.0.txt")
        return None

    def _with_engine(self, instrument: Instrument, file: TomlFile) -> Instrument | None:
        """Return the entry with a `file.py:Class` engine as an absolute path; None when that file is not there."""
        name, _, cls = instrument.engine.rpartition(":")
        if not name.endswith(".py"):
            return instrument
        beside = file.folder / name if file.folder and Path(name).name == name else None
        if beside is None or not beside.is_file():
            reason = f"instrument {instrument.id!r} names the engine file {name!r}, which is not beside it"
            self._problem(file.name, reason, "put the engine's file into the same folder")
            return None
        return instrument.model_copy(update={"engine": f"{beside.resolve()}:{cls}"})

    def _rule_is_importable(self, router: Router, file: TomlFile) -> bool:
        if router.rule.rpartition(":")[0].endswith(".py"):
            reason = f"router {router.id!r} names the file {router.rule!r} as its rule"
            self._problem(file.name, reason, "a rule runs inside haus itself and must be in an installed package")
            return False
        return True

    def _dangling(self, noun: str, name: str, of: str, missing: str, known: Sequence[str]) -> None:
        self._problem(
            self.owners["instrument", name],
            f"{noun} {name!r} refers to the {of} {missing!r}, which nobody defines",
            nearest(missing, known) or f"add a [[{of}]] table for it",
        )

    def _problem(self, file: str, reason: str, fix: str) -> None:
        self.problems.append(Problem(file=file, reason=reason, fix=fix))


def gather(files: Iterable[TomlFile | Problem]) -> Gathered:
    """Return everything that the files define, checked against each other."""
    gathered = Gathered()
    for file in files:
        if isinstance(file, Problem):
            gathered.problems.append(file)
        else:
            gathered.add(file)
    gathered.connect()
    return gathered
