"""Makes a piece from a score: takes, mix, master, files. The whole journey, in rounds that survive being killed.

First the takes that are missing are played, see `rounds`. Then one pass mixes and masters, and the files are written.
Knows the Player, never an engine or a host.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec

from hausmusik.audio.activity import activity_intervals
from hausmusik.audio.files import probe
from hausmusik.audio.formats import AudioFormat
from hausmusik.errors import Cancelled, NotFoundError
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.stop import Stop
from hausmusik.score.check import OpenedScore, resolve_file
from hausmusik.score.history import load_history, save_history
from hausmusik.score.mixdown import mix_of, needs_activity
from hausmusik.score.ownership import check_free
from hausmusik.score.plan import Plan, PlannedCue, Planner
from hausmusik.score.progress import Finished, Progress, Stage
from hausmusik.score.render import render_piece, render_preview
from hausmusik.score.rounds import Rounds
from hausmusik.score.schema import FileCue, Score
from hausmusik.score.targets import targets_for
from hausmusik.score.timeline import cue_name
from hausmusik.seams import Clock, Player
from hausmusik.takes.record import import_take
from hausmusik.takes.store import Take, TakeStore
from hausmusik.types import Run, Task


class ComposeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to compose.

    Args:
        out: File, folder or None; see `targets_for`.
        formats: Instead of the score's; empty: the score's.
        only: Cues (`segment/cue`), segments or layers whose takes may be made; empty: all.
        force: Make takes anew even if they are kept.
        overwrite: Whether files of the targets' names that no render wrote may be replaced.
        preview: Render only this stretch, seconds of the piece.
    """

    out: Path | str | None = None
    formats: tuple[AudioFormat, ...] = ()
    only: tuple[str, ...] = ()
    force: bool = False
    overwrite: bool = False
    preview: tuple[float, float] | None = None


class Composer:
    """Composes scores with one house's parts.

    Args:
        player: Who plays.
        takes: Where takes are kept.
        journal: Where jobs are kept.
        clock: For records.
        renders: Folder of render histories.
        defaults: The settings' instrument for each task.
        capacity: Most takes at once that the host of a run makes, of these instruments together.
    """

    def __init__(
        self,
        player: Player,
        takes: TakeStore,
        journal: Journal,
        *,
        clock: Clock,
        renders: Path,
        defaults: Mapping[Task, str],
        capacity: Callable[[Run, Collection[str]], int],
    ) -> None:
        self._player = player
        self._takes = takes
        self._journal = journal
        self._clock = clock
        self._renders = renders
        self._defaults = defaults
        self._capacity = capacity

    def planner(self, opened: OpenedScore, *, run: Run) -> Planner:
        """Return a planner of the score, with this house's takes and the last render's history."""
        return Planner(
            opened,
            self._player,
            self._takes,
            run=run,
            defaults=self._defaults,
            file_length_s=functools.cache(_file_length_s),
            history=load_history(self._renders, opened.path),
        )

    def plan(self, opened: OpenedScore, options: ComposeOptions, *, run: Run) -> Plan:
        """Return what `compose` would do with these options.

        Raises:
            NotFoundError: `only` names no cue, segment or layer.
        """
        wanted = _chooser(opened, options.only)
        plan = self.planner(opened, run=run).plan()
        return msgspec.structs.replace(
            plan, cues=tuple(_as_chosen(cue, wanted(cue), force=options.force) for cue in plan.cues)
        )

    async def compose(
        self,
        opened: OpenedScore,
        options: ComposeOptions,
        *,
        run: Run,
        stop: Stop,
        on_progress: Callable[[Progress], None],
    ) -> Finished:
        """Make the piece and return what was written.

        Raises:
            ScoreError: the plan has problems; takes made before they showed are kept.
            PartialFailure, EngineError, HostError: takes could not be made; those that could are kept.
            Cancelled: stopped; finished takes are kept.
            OutputError: a file cannot be written.
        """
        targets = targets_for(
            opened.path,
            None if options.out is None else Path(options.out),
            options.formats or opened.score.master.formats,
        )
        written = (targets.preview,) if options.preview else targets.written(_stems(opened.score))
        check_free(targets, written, _inputs(opened), overwrite=options.overwrite or options.preview is not None)
        planner = self.planner(opened, run=run)
        wanted = _chooser(opened, options.only)
        rounds = Rounds(
            opened,
            planner,
            self._player,
            self._takes,
            self._journal,
            clock=self._clock,
            capacity=self._capacity,
            wanted=wanted,
            force=options.force,
            preview=options.preview,
            run=run,
            stop=stop,
            on_progress=on_progress,
        )
        plan, made = await rounds.play()
        takes = await self._gather(plan, stop, on_progress, preview=options.preview is not None)
        activity = {
            cue.name: await asyncio.to_thread(activity_intervals, takes[cue.name].audio_path)
            for cue in needs_activity(plan)
            if cue.name in takes
        }
        spec = mix_of(plan, takes, activity)
        if stop.level != "go":
            raise Cancelled("stopped before the mix; every finished take is kept", hint="run it again to go on")
        render = functools.partial(render_piece, plan, takes, spec, targets, tell=on_progress, stop=stop)
        if options.preview:
            render = functools.partial(
                render_preview, plan, takes, spec, targets, stretch=options.preview, tell=on_progress, stop=stop
            )
        finished = await _in_thread(render, stop)
        self._remember(opened.path, {name: take.record.key for name, take in takes.items()}, options)
        used = len({take.record.key for take in takes.values()})  # cues that ask for the same thing share a take
        return msgspec.structs.replace(finished, made=made, kept=max(0, used - made))

    def _remember(self, score: Path, keys: dict[str, str], options: ComposeOptions) -> None:
        """Keep the takes' keys; a preview has not seen every cue, so what is known of the others stays."""
        known = load_history(self._renders, score) if options.preview else {}
        with contextlib.suppress(OSError):  # the files are there; only the next plan's explanations would be lost
            save_history(self._renders, score, known | keys)

    async def _gather(
        self, plan: Plan, stop: Stop, on_progress: Callable[[Progress], None], *, preview: bool
    ) -> dict[str, Take]:
        """Return the take of every cue; the stretches that are used of the user's own files are brought in now."""
        takes: dict[str, Take] = {}
        for cue in plan.cues:
            if cue.take is not None:
                # A locked take may share its key with one in the store, and only the locked one was chosen.
                kept = self._takes.use(cue.key) if cue.status == "kept" else None
                takes[cue.name] = kept or cue.take
            elif cue.file is not None:
                takes[cue.name] = await asyncio.to_thread(self._imported, cue, cue.file, stop, on_progress)
            elif not preview:
                raise NotFoundError(f"the take of {cue.name} is gone", hint="run it again")
        return takes

    def _imported(self, cue: PlannedCue, file: Path, stop: Stop, on_progress: Callable[[Progress], None]) -> Take:
        start_s = cue.cue.source_at_s if isinstance(cue.cue, FileCue) else 0.0
        whole = cue.cue.fit in ("loop", "stretch")
        wanted_s = None if whole else cue.place.duration_s
        left_s = max(0.01, _file_length_s(file) - start_s) if whole else cue.place.duration_s

        def on_block(done_s: float) -> None:
            if stop.level != "go":
                raise Cancelled("stopped; every finished take is kept", hint="run it again to go on")
            label = f"{cue.name}: read {min(1.0, done_s / left_s):.0%}"
            on_progress(Progress(stage=Stage.TAKES, label=label))

        return import_take(
            self._takes, file, clock=self._clock, start_s=start_s, duration_s=wanted_s, on_block=on_block
        )


def _stems(score: Score) -> set[str]:
    """Return the layers that will have a stem of their own."""
    cues = [cue for segment in score.segments for cue in segment.cues]
    return {cue.bus if isinstance(cue, FileCue) else cue.layer for cue in cues} if score.master.stems else set()


def _inputs(opened: OpenedScore) -> list[Path]:
    """Return the files that the piece is made from and that it must never be written over."""
    allow = opened.allow_outside
    cues = [cue for segment in opened.score.segments for cue in segment.cues]
    files = [resolve_file(opened.folder, cue.path, allow_outside=allow) for cue in cues if isinstance(cue, FileCue)]
    return [opened.path, *files]


def _file_length_s(path: Path) -> float:
    return probe(path).duration_s


def _chooser(opened: OpenedScore, only: tuple[str, ...]) -> Callable[[PlannedCue], bool]:
    """Return which cues `--only` names; each name must mean something.

    Raises:
        NotFoundError: a name is no cue, segment or layer of the score.
    """
    if not only:
        return lambda _cue: True
    names = {cue_name(segment, index) for segment in opened.score.segments for index in range(len(segment.cues))}
    segments = {segment.id for segment in opened.score.segments}
    for name in only:
        if name not in names | segments | {"voice", "music", "sound"}:
            raise NotFoundError(f"the score has no cue, segment or layer {name!r}", hint="`haus plan` lists them")
    return lambda cue: bool({cue.name, cue.name.split("/")[0], cue.cue.layer} & set(only))


def _as_chosen(cue: PlannedCue, wanted: bool, *, force: bool) -> PlannedCue:
    if cue.status in ("make", "wait") and not wanted:
        return msgspec.structs.replace(cue, status="skip", reason="not named by --only")
    if cue.status == "kept" and wanted and force:
        return msgspec.structs.replace(cue, status="make", reason="forced")
    return cue


async def _in_thread(work: Callable[[], Finished], stop: Stop) -> Finished:
    """Run the mix beside the event loop; asked to stop now, it is abandoned after its current block."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.now()
        await asyncio.gather(task, return_exceptions=True)
        raise
