"""Reads the lines of a batch: which are items, what is wrong with the others, what is still to be played.

An item is known by its content key, the hash of all that shapes its result, so that lines that ask for the same thing
are one item, here and across batches. Nothing is played; of each line only its place is kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import get_args

import msgspec

from hausmusik.audio.files import probe
from hausmusik.batch.asking import Asked, asked, identified
from hausmusik.batch.lines import Line, iter_lines, object_of
from hausmusik.batch.values import BatchOptions, LineProblem
from hausmusik.codec import Failure, failure_of
from hausmusik.errors import BadInput, EngineError, NotFoundError, UsageError
from hausmusik.money.learnt import Unit
from hausmusik.money.quote import units_of
from hausmusik.seams import Player, TakeIdentity
from hausmusik.takes.key import content_key
from hausmusik.types import Request, Run


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line.

    Args:
        line: 1-based.
        id: Given, or made from the fields; None where the line could not be read.
        offset: Its first byte in the file.
        size_bytes: Of the line.
        key: Content key; empty for a line that cannot be played.
        audio_s: Estimated length of the sound that it makes or hears, in seconds.
        error: Why it cannot.
    """

    line: int
    id: str | None
    offset: int
    size_bytes: int
    key: str = ""
    audio_s: float = 0.0
    error: Failure | None = None


class Load(msgspec.Struct, kw_only=True):
    """What is to be played by one instrument on one host, for a quote."""

    instrument: str
    host: str
    units: dict[Unit, float]
    plays: int = 0


class BatchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What playing a batch would do.

    Args:
        options: As given.
        kind: The request that each line is.
        run: To which the plays would belong.
        entries: The lines, in order.
        place: Names the file of the results.
        key: Names exactly these items with this place for their results; begins with `place`.
        items: How many different items there are.
        kept: How many of them have been played before.
        concurrency: Most plays at once.
        loads: The others, by instrument and host.
    """

    options: BatchOptions
    kind: type[Request]
    run: Run
    entries: tuple[Entry, ...]
    place: str
    key: str
    items: int
    kept: int
    concurrency: int
    loads: tuple[Load, ...]

    @property
    def problems(self) -> tuple[LineProblem, ...]:
        """The lines that cannot be played."""
        return tuple(
            LineProblem(line=each.line, id=each.id, error=each.error) for each in self.entries if each.error is not None
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The items by their content keys, the longest first: a long one begun last would be waited for alone."""
        lengths = {entry.key: entry.audio_s for entry in self.entries if entry.key}
        return tuple(sorted(lengths, key=lambda key: lengths[key], reverse=True))


def plan_batch(
    options: BatchOptions,
    kind: type[Request],
    player: Player,
    *,
    run: Run,
    capacity: int,
    is_kept: Callable[[str, Asked], bool],
    on_line: Callable[[int], None],
) -> BatchPlan:
    """Read a batch; about a tenth of a millisecond for each line, and reading for each recording.

    Args:
        options: The batch.
        kind: The request that its instrument takes.
        player: Says what would shape each result.
        run: To which the plays would belong.
        capacity: Plays at once that its host takes.
        is_kept: Whether the result of a key is there already.
        on_line: Told of each line's number before it is read; what it raises ends it.

    Raises:
        UsageError: the file is no file, or the results would be written over it.
        NotFoundError: there is no such file.
    """
    source = options.source
    if source.is_dir():
        raise UsageError(f"{source} is a folder", hint="name a file of JSON Lines")
    if not source.is_file():
        raise NotFoundError(f"there is no file {source}", hint="name a file of JSON Lines")
    if options.out.exists() and options.out.samefile(source):
        raise UsageError("the results would be written over the requests", hint="choose another place with -o")
    reader = _Reader(options, kind, player, run, is_kept)
    try:
        with source.open("rb") as file:
            for line in iter_lines(file):
                on_line(line.number)
                reader.read(line)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}", hint="make it readable for you") from error
    return reader.plan(capacity)


class _Reader:
    def __init__(
        self,
        options: BatchOptions,
        kind: type[Request],
        player: Player,
        run: Run,
        is_kept: Callable[[str, Asked], bool],
    ) -> None:
        self._options = options
        self._kind = kind
        self._player = player
        self._run = run
        self._is_kept = is_kept
        self._entries: list[Entry] = []
        self._contents: dict[str, bytes] = {}
        self._items: dict[bytes, tuple[str, float]] = {}
        self._kept: dict[str, bool] = {}
        self._loads: dict[tuple[str, str], Load] = {}

    def read(self, line: Line) -> None:
        name: str | None = None
        key, audio_s, error = "", 0.0, None
        try:
            name, fields, content = identified(object_of(line.data))
            if self._contents.setdefault(name, content) != content:
                raise BadInput(f"the id {name!r} stands for something else already", hint="give it an id of its own")
            if content not in self._items:
                self._items[content] = self._item(asked(fields, self._kind, self._options.source.parent))
            key, audio_s = self._items[content]
        except (UsageError, EngineError, NotFoundError) as refusal:
            error = failure_of(refusal)
        self._entries.append(
            Entry(
                line=line.number,
                id=name,
                offset=line.offset,
                size_bytes=len(line.data),
                key=key,
                audio_s=audio_s,
                error=error,
            )
        )

    def plan(self, capacity: int) -> BatchPlan:
        place = hashlib.sha256(os.fsencode(self._options.out.resolve())).hexdigest()[:32]
        items = hashlib.sha256("".join(self._kept).encode()).hexdigest()[:32]
        return BatchPlan(
            options=self._options,
            kind=self._kind,
            run=self._run,
            entries=tuple(self._entries),
            place=place,
            key=f"{place}/{items}",
            items=len(self._kept),
            kept=sum(self._kept.values()),
            concurrency=self._options.concurrency or capacity,
            loads=tuple(self._loads.values()),
        )

    def _item(self, ask: Asked) -> tuple[str, float]:
        """Return the content key of an item and its estimated length in seconds."""
        identity = self._player.identify(self._options.instrument, ask.request, run=self._run)
        if ask.recording is not None:
            audio_s = probe(ask.recording).duration_s
        else:
            audio_s = self._player.estimate_s(identity.instrument, ask.request)
        key = content_key(ask.content, identity)
        if key not in self._kept:
            self._kept[key] = self._is_kept(key, ask)
            if not self._kept[key]:
                self._add(identity, ask.request, audio_s)
        return key, audio_s

    def _add(self, identity: TakeIdentity, request: Request, audio_s: float) -> None:
        """Count an item into what is to be played."""
        where = (identity.instrument, identity.host)
        load = self._loads.setdefault(
            where, Load(instrument=where[0], host=where[1], units=dict.fromkeys(get_args(Unit), 0.0))
        )
        load.plays += 1
        for unit in load.units:
            load.units[unit] += units_of(request, unit, audio_s)
