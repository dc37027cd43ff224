"""What is wrong in a house and what to do about it.

Reads only; knows nothing of how anything is played or mended.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import msgspec

from hausmusik.config.folders import Folders
from hausmusik.counted import counted
from hausmusik.errors import HausmusikError
from hausmusik.hosts.local.environments import Environments
from hausmusik.hosts.modal.account import Account
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.jobs.journal import Journal
from hausmusik.memory.memories import Memories
from hausmusik.money.budget import Budget
from hausmusik.money.dollars import shown
from hausmusik.takes.store import TakeStore
from hausmusik.temporary import abandoned
from hausmusik.upkeep import readiness
from hausmusik.weights.store import WeightsStore, readable

LOW_DISK_BYTES: Final = 2 << 30
REQUIREMENT: Final = re.compile(r"[\w.-]+")
EXTRA: Final = re.compile(r"extra == ['\"](\w+)['\"]")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `haus doctor`: `good`, `note` (nothing to worry about) or `bad`."""

    what: str
    state: Literal["good", "note", "bad"]
    how: str
    fix: str = ""


def examine(
    folders: Folders,
    catalogue: Catalogue,
    weights: WeightsStore,
    environments: Environments,
    journal: Journal,
    budget: Budget,
    account: Account,
    memories: Memories,
    *,
    hash_weights: bool,
) -> Iterator[Finding]:
    """Yield what there is to say about every part of the house."""
    yield Finding(what="python", state="good", how=f"{platform.python_version()} at {sys.executable}")
    yield from _libraries()
    yield from _folders({**_paths_of(folders), "weights": weights.folder})
    for problem in catalogue.problems:
        yield Finding(what=f"catalogue {problem.file}", state="bad", how=problem.reason, fix=problem.fix)
    for each in catalogue.instruments():
        if each.planned or "local" not in each.places:
            continue  # nothing is wrong with it, and nothing can be done here
        ready = readiness(each, catalogue, weights, environments)
        yield Finding(what=f"instrument {each.id}", state="good" if ready == "yes" else "note", how=_ready_words(ready))
    if hash_weights:
        yield from _hashes(catalogue, weights)
    yield from _left_over(folders, weights, environments)
    yield from _tools()
    yield from _account(account)
    yield from _jobs(journal)
    yield from _money(folders, budget)
    yield from _memories(memories)


def _ready_words(ready: str) -> str:
    return "ready" if ready == "yes" else f"not ready: {ready}"


def _libraries() -> Iterator[Finding]:
    """Look for what the package itself asks for; without the account's library nothing plays on Modal, and no more."""
    for requirement in metadata.requires("hausmusik") or ():
        name, extra = REQUIREMENT.match(requirement), EXTRA.search(requirement)
        if name is None or (extra and extra[1] == "all"):
            continue
        try:
            yield Finding(what=f"library {name[0]}", state="good", how=metadata.version(name[0]))
        except metadata.PackageNotFoundError:
            bracket = f"[{extra[1]}]" if extra else ""
            missed = "note" if extra and extra[1] == "modal" else "bad"
            fix = f"pip install 'hausmusik{bracket}'"
            yield Finding(what=f"library {name[0]}", state=missed, how="not installed", fix=fix)


def _paths_of(folders: Folders) -> dict[str, Path]:
    return {"config": folders.config, "data": folders.data, "cache": folders.cache, "state": folders.state}


def _folders(paths: Mapping[str, Path]) -> Iterator[Finding]:
    for name, path in paths.items():
        there = path
        while not there.exists():
            there = there.parent
        if not os.access(there, os.W_OK):
            # A folder of weights that somebody else keeps is enough to play from.
            fix = "set weights.folder to pull anything" if name == "weights" else "set HAUSMUSIK_HOME"
            state = "note" if name == "weights" else "bad"
            yield Finding(what=f"folder {name}", state=state, how=f"{path} cannot be written", fix=fix)
            continue
        free = shutil.disk_usage(there).free
        low = free < LOW_DISK_BYTES
        fix = "`haus takes gc` and `haus pull --remove` make room" if low else ""
        how = f"{path}, {readable(free)} free"
        yield Finding(what=f"folder {name}", state="bad" if low else "good", how=how, fix=fix)


def _hashes(catalogue: Catalogue, weights: WeightsStore) -> Iterator[Finding]:
    for each in weights.verify(catalogue.weight_sets()):
        if each.verdict == "wrong":
            what = f"weights {each.set}/{each.file}"
            yield Finding(what=what, state="bad", how="not the pinned bytes", fix=f"haus pull {each.set}")
        elif each.verdict == "right":
            yield Finding(what=f"weights {each.set}/{each.file}", state="good", how="the pinned bytes")


def _left_over(folders: Folders, weights: WeightsStore, environments: Environments) -> Iterator[Finding]:
    """Tell what killed processes left; nothing of it harms, and most of it goes by itself with the next run."""
    for each in weights.unfinished():
        yield Finding(
            what=f"pull {each.set}",
            state="note",
            how=f"was interrupted; {readable(each.size_bytes)} of it are kept",
            fix=f"`haus pull {each.set}` goes on, `haus pull --remove {each.set}` drops it",
        )
    if half_made := TakeStore(folders.takes).abandoned():
        how = f"{len(half_made)} half-made ones of killed processes"
        yield Finding(what="takes", state="note", how=how, fix="haus takes gc")
    if half_made := environments.abandoned():
        fix = "they go when an environment is next installed or removed"
        yield Finding(what="environments", state="note", how=f"{len(half_made)} half-made ones", fix=fix)
    for folder in (folders.config, folders.instruments, folders.state / "workers", folders.data / "renders"):
        if left := abandoned(folder):
            names = ", ".join(path.name for path in left)
            how = f"killed processes left {names}"
            fix = "they go when those files are next written; nobody needs them"
            yield Finding(what=f"folder {folder}", state="note", how=how, fix=fix)


def _tools() -> Iterator[Finding]:
    for tool, use in (
        ("npm", "English voices of Kokoro, the sound bank"),
        ("apt-get", "recorded sounds, the sound bank"),
    ):
        path = shutil.which(tool)
        if path:
            yield Finding(what=f"tool {tool}", state="good", how=path)
        else:
            how = f"not found; it brings: {use}. Other sources are tried."
            yield Finding(what=f"tool {tool}", state="note", how=how)


def _account(account: Account) -> Iterator[Finding]:
    """Tell whether serverless machines could be used; Modal is not asked."""
    try:
        account.credentials()
    except HausmusikError as error:
        yield Finding(what="modal", state="note", how=f"{error.message}; nothing plays there", fix=error.hint)
    else:
        whose = f" of the profile {account.profile}" if account.profile else ""
        yield Finding(what="modal", state="good", how=f"{metadata.version('modal')}, with a token{whose}")


def _jobs(journal: Journal) -> Iterator[Finding]:
    try:
        left = journal.jobs(state="open")
    except HausmusikError as error:
        yield Finding(what="jobs", state="bad", how=error.message, fix=error.hint)
        return
    for job in left:
        how = "not finished; run the same command to go on"
        yield Finding(
            what=f"job {job.label or job.id}",
            state="note",
            how=how,
            fix=f"or `haus jobs cancel {job.id}` to give it up",
        )
    if not left:
        yield Finding(what="jobs", state="good", how="none left unfinished")


def _money(folders: Folders, budget: Budget) -> Iterator[Finding]:
    """Yield the plays whose process was killed, and which were charged for the most that they can have cost."""
    if not folders.ledger.exists():
        return
    try:
        left = budget.lapsed()
    except HausmusikError as error:
        yield Finding(what="ledger", state="bad", how=error.message, fix=error.hint)
        return
    for each in left:
        yield Finding(
            what=f"play {each.id}",
            state="note",
            how=f"{each.instrument} on {each.host} was cut off; it is charged at most, {shown(each.usd)}",
            fix="`haus costs --reconcile` charges what was billed",
        )


def _memories(memories: Memories) -> Iterator[Finding]:
    """Open every memory; `haus memory check` looks through all of one."""
    for name in memories.names():
        try:
            counts = memories.store(name).counts()
        except HausmusikError as error:
            yield Finding(what=f"memory {name}", state="bad", how=error.message, fix=error.hint)
        else:
            yield Finding(what=f"memory {name}", state="good", how=counted(counts["documents"], "document"))
