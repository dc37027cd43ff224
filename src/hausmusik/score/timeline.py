"""Where everything in a piece begins and ends, solved from what the cues say about one another.

Every cue and segment has a start and an end; each is a small formula over others (after, with, until, before the end
…). The solver evaluates them on demand and remembers for each moment whether it is *exact* or rests on an estimated
length of a take that does not exist yet: a request that depends on an estimate must wait. Circles are reported as the
circle. Knows nothing of takes, instruments or audio.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec

from hausmusik.score.reading import Problem
from hausmusik.score.schema import AnyCue, Cue, FileCue, MusicCue, Score, Segment, SoundCue, VoiceCue

DEFAULT_GAP_S: Final = 0.4
LENGTH_GRID_S: Final = 5.0
MUSIC_GRID_S: Final = 2.0
LOOP_MOST_S: Final = 60.0
_TOO_LONG: Final = "the cues refer to one another in too long a chain"


class Moment(msgspec.Struct, frozen=True):
    """A point on the timeline, in seconds after the start of the piece, and whether it rests on no estimate."""

    s: float
    exact: bool = True

    def plus(self, seconds: float, exact: bool = True) -> Moment:
        """Return the moment so much later."""
        return Moment(self.s + seconds, self.exact and exact)


class Place(msgspec.Struct, frozen=True):
    """A cue's slot."""

    start: Moment
    end: Moment

    @property
    def duration_s(self) -> float:
        """Length of the slot in seconds."""
        return self.end.s - self.start.s


class Timeline(msgspec.Struct, frozen=True):
    """A solved piece.

    Args:
        segments: Slot of each segment, in order.
        cues: Slot of each cue by `segment/cue`.
        problems: What could not be placed; then the affected cues are missing.
    """

    segments: tuple[Place, ...]
    cues: dict[str, Place]
    problems: tuple[Problem, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the piece in seconds."""
        return self.segments[-1].end.s if self.segments else 0.0

    @property
    def exact(self) -> bool:
        """Whether nothing rests on an estimate."""
        places = (*self.segments, *self.cues.values())
        return all(place.start.exact and place.end.exact for place in places)


def cue_name(segment: Segment, index: int) -> str:
    """Return the name by which a cue is known everywhere: `segment/id`, or `segment/3` when it has no id."""
    return f"{segment.id}/{segment.cues[index].id or index + 1}"


def length_to_generate(cue: AnyCue, slot_s: float) -> float:
    """Return how many seconds to ask an instrument for, given the slot.

    `length_s` wins; `extend` asks for the slot exactly. Otherwise the slot is rounded, so that a line that grew by half
    a second does not make a new take: for music down to 2 s, because its ending must be heard, for sounds up to 5 s,
    and of what is looped a minute is enough.
    """
    asked = getattr(cue, "length_s", None)
    if asked is not None:
        return float(asked)
    if cue.fit == "extend" or cue.duration_s is not None:
        return slot_s
    if isinstance(cue, MusicCue):
        return math.floor(round(slot_s / MUSIC_GRID_S, 6)) * MUSIC_GRID_S or slot_s
    grid = math.ceil(round(slot_s / LENGTH_GRID_S, 6)) * LENGTH_GRID_S
    return min(grid, LOOP_MOST_S) if cue.fit == "loop" else grid


class _Unplaceable(Exception):
    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


def solve(score: Score, take_length: Callable[[str, AnyCue], Moment]) -> Timeline:
    """Place every cue.

    Args:
        score: A score that passed the schema; references may still dangle.
        take_length: Length of a cue's own take in seconds (of a voice line, a file, a cue with no slot of its own),
            exact or estimated.

    Returns:
        The timeline; with problems, cues that could not be placed are missing from it.
    """
    return _Solver(score, take_length).run()


class _Solver:
    def __init__(self, score: Score, take_length: Callable[[str, AnyCue], Moment]) -> None:
        self._score = score
        self._take_length = take_length
        self._memo: dict[tuple[str, str], Moment] = {}
        self._stack: dict[tuple[str, str], None] = {}  # in order, what is being worked out
        self._cues: dict[str, tuple[int, AnyCue]] = {}
        self._paths: dict[str, str] = {}
        self._line_before: dict[str, str] = {}
        for number, segment in enumerate(score.segments):
            line = ""
            for index, cue in enumerate(segment.cues):
                name = cue_name(segment, index)
                self._cues[name] = (number, cue)
                self._paths[name] = f"segments[{number}].cues[{index}]"
                if isinstance(cue, VoiceCue):
                    self._line_before[name], line = line, name

    def run(self) -> Timeline:
        problems: dict[str, Problem] = {}
        segments: list[Place] = []
        for number in range(len(self._score.segments)):  # in order, so that memory, not recursion, links them
            place = self._try(
                f"segments[{number}]",
                lambda number=number: Place(self._segment_start(number), self._segment_end(number)),
                problems,
            )
            if place is None:
                break
            segments.append(place)
        cues: dict[str, Place] = {}
        for name, path in self._paths.items():
            place = self._try(
                path,
                lambda name=name: Place(self._at("start", name), self._at("end", name)),
                problems,
            )
            if place is not None:
                cues[name] = place
        return Timeline(tuple(segments), cues, tuple(problems.values()))

    def _try(self, path: str, solve_one: Callable[[], Place], problems: dict[str, Problem]) -> Place | None:
        """Return the place, or note the problem; the same circle is told once, at the most precise path."""
        if _TOO_LONG in problems:
            return None  # each further try would walk the whole chain again
        try:
            return solve_one()
        except _Unplaceable as error:
            reason, fix = error.reason, error.fix
        except RecursionError:
            reason, fix = _TOO_LONG, "give some of them at_s"
        self._stack.clear()
        problems[reason] = Problem(path=path, line=0, reason=reason, fix=fix)
        return None

    def _at(self, edge: str, name: str) -> Moment:
        key = (edge, name)
        if key in self._memo:
            return self._memo[key]
        if key in self._stack:
            stack = list(self._stack)
            circle = list(dict.fromkeys(each for _, each in stack[stack.index(key) :]))
            first = circle.index(min(circle))  # told the same way wherever the walk came in, so told once
            text = " -> ".join([*circle[first:], *circle[:first], circle[first]])
            raise _Unplaceable(f"these cues wait for one another: {text}", "give one of them at_s or duration_s")
        self._stack[key] = None
        number, cue = self._cues[name]
        moment = self._start(name, number, cue) if edge == "start" else self._end(name, number, cue)
        del self._stack[key]
        self._memo[key] = moment
        return moment

    def _named(self, reference: str, number: int) -> str:
        here = f"{self._score.segments[number].id}/{reference}"
        name = reference if "/" in reference else here
        if name not in self._cues:
            raise _Unplaceable(f"there is no cue {reference!r} to refer to", "give the cue you mean an id")
        return name

    def _start(self, name: str, number: int, cue: AnyCue) -> Moment:
        if cue.at_s is not None:
            return self._segment_start(number).plus(cue.at_s)
        if cue.piece_at_s is not None:
            return Moment(cue.piece_at_s)
        if cue.with_ is not None:
            return self._at("start", self._named(cue.with_, number)).plus(cue.offset_s or 0.0)
        if cue.before_end_s is not None:
            return self._segment_end(number).plus(-cue.before_end_s)
        gap = DEFAULT_GAP_S if cue.gap_s is None else cue.gap_s
        if cue.after is not None:
            return self._at("end", self._named(cue.after, number)).plus(gap)
        if before := self._line_before.get(name):
            return self._at("end", before).plus(gap)
        return self._segment_start(number)

    def _end(self, name: str, number: int, cue: AnyCue) -> Moment:
        start = self._at("start", name)
        if cue.duration_s is not None:
            return self._within(start, start.plus(cue.duration_s), number, cue)
        if cue.until is not None:
            return _ends_at(start, self._until(cue.until, number), "move it, or change `until`")
        asked = getattr(cue, "length_s", None)
        if asked is not None:
            return self._within(start, start.plus(float(asked)), number, cue)
        if fills_segment(cue):
            return _ends_at(start, self._segment_end(number), "start it earlier, or give it a duration_s")
        length = self._take_length(name, cue)
        return self._within(start, start.plus(length.s, length.exact), number, cue)

    def _within(self, start: Moment, end: Moment, number: int, cue: AnyCue) -> Moment:
        """Return where a cue is over: with its segment, where that has a length of its own.

        Lines are never cut (one that does not fit is an error), nor is what is placed by the piece or outside.
        """
        segment = self._score.segments[number]
        if segment.duration_s is None or isinstance(cue, VoiceCue) or cue.piece_at_s is not None:
            return end
        last = self._segment_end(number)
        return last if start.s < last.s < end.s else end

    def _until(self, reference: str, number: int) -> Moment:
        if reference == "segment":
            return self._segment_end(number)
        if reference == "piece":
            return self._segment_end(len(self._score.segments) - 1)
        return self._at("end", self._named(reference, number))

    def _segment_start(self, number: int) -> Moment:
        if number == 0:
            return Moment(0.0)
        overlap = self._score.segments[number].transition.seconds
        return self._segment_end(number - 1).plus(-overlap)

    def _segment_end(self, number: int) -> Moment:
        key = ("end", f"segment {self._score.segments[number].id}")
        if key in self._memo:
            return self._memo[key]
        segment = self._score.segments[number]
        start = self._segment_start(number)
        if segment.duration_s is not None:
            end = start.plus(segment.duration_s)
        else:
            if key in self._stack:
                raise _Unplaceable(
                    f"segment {segment.id!r} ends with its cues, and its cues end with it",
                    "give the segment a duration_s, or one of its cues a length of its own",
                )
            self._stack[key] = None
            names = [cue_name(segment, index) for index, cue in enumerate(segment.cues) if not _leans_on_end(cue)]
            if not names:
                raise _Unplaceable(
                    f"nothing says how long segment {segment.id!r} is", "give it a duration_s, or a cue with a length"
                )
            ends = [self._at("end", name) for name in names]
            end = Moment(max(each.s for each in ends) + segment.tail_s, all(each.exact for each in ends))
            del self._stack[key]
        self._memo[key] = end
        return end


def _ends_at(start: Moment, end: Moment, fix: str) -> Moment:
    """Return the end of a cue whose start and end are placed by themselves; told only once both are exact."""
    exact = start.exact and end.exact
    if exact and end.s <= start.s:
        raise _Unplaceable(f"the cue ends ({end.s:.2f} s) before it starts ({start.s:.2f} s)", fix)
    return Moment(max(end.s, start.s + 0.01), exact)


def fills_segment(cue: Cue) -> bool:
    """Return whether a cue without a length of its own lasts until its segment ends: music, and sounds that loop."""
    if _has_own_length(cue) or isinstance(cue, VoiceCue | FileCue):
        return False
    return not isinstance(cue, SoundCue) or cue.fit in (None, "loop", "extend")


def has_slot(cue: Cue) -> bool:
    """Return whether something besides its own take says how long a cue lasts (a door that slams has no slot)."""
    return _has_own_length(cue) or fills_segment(cue)


def _has_own_length(cue: Cue) -> bool:
    return cue.duration_s is not None or cue.until is not None or getattr(cue, "length_s", None) is not None


def _leans_on_end(cue: Cue) -> bool:
    return cue.before_end_s is not None or cue.until in ("segment", "piece") or fills_segment(cue)
