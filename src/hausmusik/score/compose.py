"""Makes a piece from a score: takes, mix, master, files. The whole journey, in rounds that survive being killed.

Each round plans, plays the takes that are missing (through the journal: leased, resumed, shared between processes) and
plans again with the exact lengths, until nothing waits. Then one pass mixes and masters, and the files are written.
Knows the Player, never an engine or a host.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.audio.activity import activity_intervals
from hausmusik.audio.files import probe
from hausmusik.audio.formats import AudioFormat
from hausmusik.errors import Cancelled, NotFoundError, ScoreError
from hausmusik.jobs.journal import KEPT, Journal
from hausmusik.jobs.model import NewStep, Step
from hausmusik.jobs.model import Progress as StepsDone
from hausmusik.jobs.runner import run_steps
from hausmusik.jobs.stop import Stop
from hausmusik.score.check import OpenedScore, resolve_file
from hausmusik.score.history import load_history, save_history
from hausmusik.score.mixdown import mix_of, needs_activity
from hausmusik.score.ownership import check_free
from hausmusik.score.plan import Plan, PlannedCue, Planner
from hausmusik.score.progress import Finished, Progress, Stage
from hausmusik.score.render import render_piece, render_preview
from hausmusik.score.schema import FileCue, Score
from hausmusik.score.targets import targets_for
from hausmusik.score.timeline import cue_name
from hausmusik.seams import Clock, Player
from hausmusik.takes.record import import_take, record_take
from hausmusik.takes.store import Take, TakeStore
from hausmusik.types import Event, Phase, Run, Task

MAX_ROUNDS: Final = 20  # each round makes at least one length exact; scores chain their lengths a few deep at most


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
        plan, made = await self._make_takes(opened, planner, options, wanted, run, stop, on_progress)
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

    async def _make_takes(
        self,
        opened: OpenedScore,
        planner: Planner,
        options: ComposeOptions,
        wanted: Callable[[PlannedCue], bool],
        run: Run,
        stop: Stop,
        on_progress: Callable[[Progress], None],
    ) -> tuple[Plan, int]:
        """Play what is missing, round by round; returns the final plan and how many takes were made."""
        made: set[str] = set()
        for _ in range(MAX_ROUNDS):
            plan = planner.plan()
            _raise_problems(opened, plan)
            heard = [cue for cue in plan.cues if _is_heard(cue, options.preview)]
            todo = {cue.key: cue for cue in heard if cue.status == "make" and wanted(cue)}
            if options.force:
                todo |= {cue.key: cue for cue in heard if cue.status == "kept" and wanted(cue)}
            todo = {key: cue for key, cue in todo.items() if key not in made}
            if not todo and options.preview:
                todo = _what_is_waited_for(plan, heard)
            if not todo:
                left = [cue.name for cue in heard if cue.status in ("make", "wait")]
                if left:
                    raise NotFoundError(
                        f"these cues have no take yet: {', '.join(left)}", hint="compose without --only to make them"
                    )
                return plan, len(made)
            if not made:
                self._journal.prune(self._clock.now() - KEPT)  # the takes of old jobs stay
            made |= await self._round(opened, planner, todo, options, run, stop, on_progress)
        raise ScoreError("the lengths of the cues do not settle", hint="give some cues an explicit length")

    async def _round(
        self,
        opened: OpenedScore,
        planner: Planner,
        todo: Mapping[str, PlannedCue],
        options: ComposeOptions,
        run: Run,
        stop: Stop,
        on_progress: Callable[[Progress], None],
    ) -> set[str]:
        """Play some takes through the journal; returns the keys of those that were played here."""
        job = self._journal.open_job(
            "compose",
            opened.score.title,
            key=str(opened.path.resolve()),
            run=run.id,
            steps=[NewStep(key=_step_key(cue)) for cue in todo.values()],
        )
        wanted = {_step_key(cue): cue for cue in todo.values()}
        played: set[str] = set()

        def tell_phase(name: str, event: Event) -> None:
            if isinstance(event, Phase) and event.done is not None and event.name != "play":
                label = f"{name}: {event.name.replace('_', ' ')} {event.done:.0%}"
                on_progress(Progress(stage=Stage.TAKES, label=label, eta_s=event.eta_s))

        async def work(step: Step) -> bytes:
            cue = wanted.get(step.key)
            if cue is None or cue.request is None:
                # Left over from an earlier version of the score; or another process with other wishes (--only, --set)
                # wants it. That one finds it missing in its next round and asks again.
                return b""
            await record_take(
                self._player,
                self._takes,
                planner.asked_instrument(cue),
                cue.request,
                run=planner.run_for(cue),
                clock=self._clock,
                on_event=functools.partial(tell_phase, cue.name),
                force=options.force,
            )
            played.add(cue.key)
            on_progress(Progress(stage=Stage.TAKES, label=cue.name))
            return cue.key.encode()

        def tell(progress: StepsDone) -> None:
            share = progress.done / progress.total if progress.total else 1.0
            label = f"{progress.done} of {progress.total} takes"
            on_progress(Progress(stage=Stage.TAKES, done=share, label=label, eta_s=progress.eta_s))

        await run_steps(
            self._journal,
            job,
            work,
            clock=self._clock,
            concurrency=self._at_once(planner, todo.values()),
            stop=stop,
            on_progress=tell,
        )
        return played

    def _at_once(self, planner: Planner, cues: Iterable[PlannedCue]) -> int:
        """Return how many takes are made at once: each host takes as many as it can."""
        instruments: dict[str, set[str]] = {}
        runs: dict[str, Run] = {}
        for cue in cues:
            if cue.identity is not None:
                instruments.setdefault(cue.identity.host, set()).add(cue.identity.instrument)
                runs[cue.identity.host] = planner.run_for(cue)
        return sum(self._capacity(runs[host], names) for host, names in instruments.items()) or 1

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


def _step_key(cue: PlannedCue) -> str:
    """Return the name of the step that makes a cue's take: the cue, for people, and enough of the key to be exact."""
    return f"{cue.name} ({cue.key[:12]})"


def _file_length_s(path: Path) -> float:
    return probe(path).duration_s


def _raise_problems(opened: OpenedScore, plan: Plan) -> None:
    if plan.errors:
        raise ScoreError(
            f"{opened.path.name} cannot be rendered",
            problems=tuple(str(problem) for problem in plan.errors),
            hint=f"`haus plan {opened.path.name}` shows the timeline",
        )


def _is_heard(cue: PlannedCue, preview: tuple[float, float] | None) -> bool:
    return preview is None or (cue.place.start.s < preview[1] and cue.place.end.s > preview[0])


def _what_is_waited_for(plan: Plan, heard: list[PlannedCue]) -> dict[str, PlannedCue]:
    """Return the unheard cues that a preview's waiting cues need: those of their segments, else all that are left."""
    waiting = {cue.name.split("/")[0] for cue in heard if cue.status == "wait"}
    near = {cue.key: cue for cue in plan.to_make if cue.name.split("/")[0] in waiting}
    return near or ({cue.key: cue for cue in plan.to_make} if waiting else {})


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
