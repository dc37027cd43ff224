"""What a render would do: where each cue sounds, which take it uses, which are kept, which must be made and why.

The plan is worked out again after each round of takes, because lengths that were estimated become exact; a request
that depends on an estimated length waits for the next round. Plays nothing and writes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from hausmusik.errors import HausmusikError, ScoreError
from hausmusik.score.check import OpenedScore, resolve_file
from hausmusik.score.effective import TASK_OF_LAYER, instrument_of, needs_slot, request_of
from hausmusik.score.history import what_changed
from hausmusik.score.objections import objections
from hausmusik.score.reading import Problem, with_lines
from hausmusik.score.schema import AnyCue, FileCue, Score, SoundCue, VoiceCue
from hausmusik.score.timeline import Moment, Place, Timeline, cue_name, solve
from hausmusik.seams import Player, TakeIdentity
from hausmusik.takes.key import canonical_request, take_key
from hausmusik.takes.store import Take, TakeStore, read_take
from hausmusik.types import Request, Run, SpeakRequest, Task

Status: TypeAlias = Literal["kept", "locked", "file", "make", "wait", "skip"]


class PlannedCue(msgspec.Struct, frozen=True, kw_only=True):
    """One cue of a plan.

    Args:
        name: `segment/cue`.
        cue: As it is in the score, defaults filled in.
        place: Its slot; `exact` says whether it rests on no estimate.
        status: `kept`: the take is there. `locked`: a take beside the score. `file`: the user's own recording. `make`:
            must be played. `wait`: must be played, but its length is known only after others were. `skip`: would have
            to be made, but `--only` leaves it out.
        reason: Why it must be made; or what a locked take no longer agrees with.
        request: What will be asked; None for files.
        identity: What would shape the bytes; None for files and locked takes.
        key: The take's key; empty for `wait` and files.
        take: For `kept` and `locked`.
        file: For `file`.
    """

    name: str
    cue: AnyCue
    place: Place
    status: Status
    reason: str = ""
    request: Request | None = None
    identity: TakeIdentity | None = None
    key: str = ""
    take: Take | None = None
    file: Path | None = None

    @property
    def instrument(self) -> str:
        """The instrument that plays or played, after routing; empty for files."""
        if self.identity:
            return self.identity.instrument
        return self.take.record.instrument if self.take else ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole plan.

    Args:
        score: With defaults filled in.
        timeline: Solved with what is known now.
        cues: In the order of the score.
        problems: What stands in the way of a render, and warnings that do not.
    """

    score: Score
    timeline: Timeline
    cues: tuple[PlannedCue, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def to_make(self) -> tuple[PlannedCue, ...]:
        """Cues whose takes can be played now."""
        return tuple(cue for cue in self.cues if cue.status == "make")

    @property
    def waiting(self) -> tuple[PlannedCue, ...]:
        """Cues whose takes can be played only after others."""
        return tuple(cue for cue in self.cues if cue.status == "wait")

    @property
    def plays(self) -> int:
        """How many takes must be played at most; cues that ask for the same thing share one."""
        return len({cue.key for cue in self.to_make}) + len(self.waiting)

    @property
    def finished(self) -> bool:
        """Whether every take is there."""
        return not self.errors and not self.to_make and not self.waiting

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stand in the way of a render."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


class Planner:
    """Makes plans of one score.

    Args:
        opened: The score.
        player: Says who plays and how long it will be; plays nothing.
        store: Where takes are kept.
        run: The run the takes would belong to.
        defaults: The settings' instrument for each task.
        file_length_s: Returns the length of a file of the user's own in seconds.
        history: Take keys of the last render, by cue.
    """

    def __init__(
        self,
        opened: OpenedScore,
        player: Player,
        store: TakeStore,
        *,
        run: Run,
        defaults: Mapping[Task, str],
        file_length_s: Callable[[Path], float],
        history: Mapping[str, str] | None = None,
    ) -> None:
        self._opened = opened
        self._player = player
        self._store = store
        self._run = run
        self._defaults = defaults
        self._file_length_s = file_length_s
        self._history = history or {}
        self._paths = opened.cue_paths()
        self._problems: dict[tuple[str, str], Problem] = {}
        self._score = self._settled(opened.score)

    def _settled(self, score: Score) -> Score:
        """Return the score in which every sound has a fit: what lasts is looped, an event is played once."""

        def settled(cue: AnyCue) -> AnyCue:
            if not isinstance(cue, SoundCue) or cue.fit is not None:
                return cue
            with contextlib.suppress(HausmusikError):  # told where the cue is planned
                if self._player.nature(self._asked_in(score, cue), request_of(score, cue, 1.0)).one_shot:
                    return cue.model_copy(update={"fit": "trim"})
            return cue.model_copy(update={"fit": "loop"})

        segments = tuple(
            segment.model_copy(update={"cues": tuple(settled(cue) for cue in segment.cues)})
            for segment in score.segments
        )
        return score.model_copy(update={"segments": segments})

    def plan(self) -> Plan:
        """Return the plan as things stand now."""
        self._problems = {}
        timeline = solve(self._score, self._length)
        problems = [*timeline.problems]
        cues: list[PlannedCue] = []
        for segment in self._score.segments:
            for index, cue in enumerate(segment.cues):
                name = cue_name(segment, index)
                if name in timeline.cues:
                    try:
                        cues.append(self._planned(name, cue, timeline.cues[name]))
                    except HausmusikError as error:
                        self._note(name, error)
        problems += self._problems.values()
        problems += objections(self._score, timeline, self._length)
        problems += self._strangers(cues)
        problems = with_lines(problems, self._opened.document)
        return Plan(score=self._score, timeline=timeline, cues=tuple(cues), problems=tuple(problems))

    def _note(self, name: str, error: HausmusikError) -> None:
        path = self._paths[name]
        self._problems[(name, error.message)] = Problem(path=path, line=0, reason=error.message, fix=error.hint)

    def _length(self, name: str, cue: AnyCue) -> Moment:
        """Return how long the cue's own take is: exactly where it is known, else estimated."""
        try:
            if isinstance(cue, FileCue):
                file = resolve_file(self._opened.folder, cue.path, allow_outside=self._opened.allow_outside)
                return Moment(max(0.01, self._file_length_s(file) - cue.source_at_s))
            locked = self._locked(name)
            if locked is not None:
                return Moment(locked.record.duration_s)
            request = request_of(self._score, cue, 0.0)
            run = self._run_for(name, cue)
            identity = self._player.identify(self._asked(cue), request, run=run)
            take = self._store.get(take_key(request, identity))
            if take is not None:
                return Moment(take.record.duration_s)
            return Moment(self._player.estimate_s(identity.instrument, request), exact=False)
        except HausmusikError as error:
            self._note(name, error)
            return Moment(1.0, exact=False)

    def _asked(self, cue: AnyCue) -> str:
        return self._asked_in(self._score, cue)

    def _asked_in(self, score: Score, cue: AnyCue) -> str:
        return instrument_of(score, cue) or self._defaults[TASK_OF_LAYER[cue.layer]]

    def _run_for(self, name: str, cue: AnyCue) -> Run:
        return msgspec.structs.replace(self._run, cue=name, host=cue.host or self._run.host)

    def run_for(self, planned: PlannedCue) -> Run:
        """Return the run under which a cue is played: its own host, its own name in the ledger."""
        return self._run_for(planned.name, planned.cue)

    def asked_instrument(self, planned: PlannedCue) -> str:
        """Return the instrument or router that the cue asks for, before routing."""
        return self._asked(planned.cue)

    def _locked(self, name: str) -> Take | None:
        return read_take(self._opened.takes_folder / locked_name(name))

    def _planned(self, name: str, cue: AnyCue, place: Place) -> PlannedCue:
        if isinstance(cue, FileCue):
            file = resolve_file(self._opened.folder, cue.path, allow_outside=self._opened.allow_outside)
            length_s = self._file_length_s(file)
            if cue.source_at_s >= length_s:
                raise ScoreError(
                    f"{cue.path} is over after {length_s:.2f} s, so it cannot begin {cue.source_at_s:g} s in",
                    hint="choose an earlier source_at_s",
                )
            return PlannedCue(name=name, cue=cue, place=place, status="file", file=file)
        slot_known = place.start.exact and place.end.exact
        request = request_of(self._score, cue, place.duration_s)
        locked = self._locked(name)
        if locked is not None:  # it travels with the score, also to machines without its instrument
            reason = self._why(locked.record.request, request)
            reason = f"{reason} since" if reason else ""
            return PlannedCue(
                name=name, cue=cue, place=place, status="locked", reason=reason, request=request,
                key=locked.record.key, take=locked,
            )  # fmt: skip
        identity = self._player.identify(self._asked(cue), request, run=self._run_for(name, cue))
        if needs_slot(cue) and not slot_known:
            return PlannedCue(
                name=name, cue=cue, place=place, status="wait", reason="its length follows others'", request=request,
                identity=identity,
            )  # fmt: skip
        key = take_key(request, identity)
        take = self._store.get(key)
        if take is not None:
            return PlannedCue(
                name=name, cue=cue, place=place, status="kept", request=request, identity=identity, key=key, take=take
            )
        reason = self._stale(name, request, identity)
        return PlannedCue(
            name=name, cue=cue, place=place, status="make", reason=reason, request=request, identity=identity, key=key
        )

    def _stale(self, name: str, request: Request, identity: TakeIdentity) -> str:
        before = self._known(self._history.get(name, ""))
        if before is None:
            return "new"
        changed = self._why(before.record.request, request)
        if changed:
            return changed
        for what, was, now in (
            ("instrument", before.record.instrument, identity.instrument),
            ("engine", before.record.engine_revision, identity.engine_revision),
            ("weights", before.record.weights, identity.weights),
            ("options", before.record.setup, identity.setup),
            ("numeric class", before.record.numeric_class, identity.numeric_class),
        ):
            if was != now:
                return f"{what} changed"
        return "its take is gone"

    def _known(self, key: str) -> Take | None:
        with contextlib.suppress(HausmusikError):  # a damaged history loses only explanations
            return self._store.get(key)
        return None

    @staticmethod
    def _why(before: dict[str, Any], request: Request) -> str:
        changed = what_changed(before, msgspec.json.decode(canonical_request(request), type=dict[str, Any]))
        return f"{changed} changed" if changed else ""

    def _strangers(self, cues: list[PlannedCue]) -> list[Problem]:
        """Warn of lines whose voice speaks another language than the score is in; each voice is told once."""
        problems: dict[str, Problem] = {}
        ours = _primary(self._score.language)
        for cue in cues:
            if not isinstance(cue.cue, VoiceCue) or not isinstance(cue.request, SpeakRequest) or cue.identity is None:
                continue
            asked = self._asked(cue.cue)
            spoken = () if cue.request.language else self._player.nature(asked, cue.request).languages
            if spoken and ours not in {_primary(each) for each in spoken}:
                who = cue.cue.voice or next(iter(self._score.voices), "")
                reason = (
                    f"{cue.instrument} reads this as {' or '.join(spoken)}, but the score is in {self._score.language}"
                )
                fix = "say the voice's language, choose another instrument, or correct the score's language"
                path = self._paths[cue.name]
                problems.setdefault(who, Problem(path=path, line=0, reason=reason, fix=fix, severity="warning"))
        return list(problems.values())


def _primary(language: str) -> str:
    """Return the language of a BCP 47 tag without its region: `en` of `en-GB`."""
    return language.replace("_", "-").split("-")[0].lower()


def locked_name(name: str) -> str:
    """Return the folder name of a cue's locked take beside the score: `segment.cue`."""
    return name.replace("/", ".")
