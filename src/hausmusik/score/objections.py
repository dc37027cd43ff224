"""What stands in the way of a render, or would surprise its author, once the times of a piece are known.

Each is told only where it rests on no estimate. Plays nothing; knows nothing of instruments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from hausmusik.score.reading import Problem
from hausmusik.score.schema import MAX_PIECE_S, AnyCue, Score
from hausmusik.score.timeline import Moment, Timeline, cue_name, fills_segment, has_slot

CUT_S: Final = 0.1  # less is a tail that nobody misses
ROUNDING_S: Final = 0.005


def objections(score: Score, timeline: Timeline, length: Callable[[str, AnyCue], Moment]) -> list[Problem]:
    """Return the problems of a piece's times.

    Args:
        score: With defaults filled in.
        timeline: Solved; cues that could not be placed are missing from it.
        length: Length of a cue's own take in seconds, exact or estimated.
    """
    whole_s = timeline.duration_s
    if whole_s > MAX_PIECE_S:
        reason = f"the piece is {whole_s / 3600:.1f} h long; {MAX_PIECE_S / 3600:g} h is the most"
        return [Problem(path="segments", line=0, reason=reason, fix="split it into several scores")]
    overlaps = [*_long_transitions(score, timeline), *_crossing_transitions(score, timeline)]
    found = [*_overruns(score, timeline), *overlaps, *_cuts(score, timeline, length)]
    if not overlaps and not timeline.problems:  # else the times are not what they seem
        found += [*_unheard_cues(score, timeline), *_lost_markers(score, timeline)]
    return found


def _cue_path(number: int, index: int) -> str:
    return f"segments[{number}].cues[{index}]"


def _overruns(score: Score, timeline: Timeline) -> Iterator[Problem]:
    """Yield the lines that do not fit an explicit segment length."""
    for number, (segment, slot) in enumerate(zip(score.segments, timeline.segments, strict=False)):
        for index, cue in enumerate(segment.cues):
            place = timeline.cues.get(cue_name(segment, index))
            if place is None or segment.duration_s is None or not place.end.exact or has_slot(cue):
                continue
            over = place.end.s - slot.end.s
            if over > ROUNDING_S and cue.layer == "voice":
                reason = f"the line is still speaking {over:.2f} s after its segment has ended"
                fix = f"raise the segment's duration_s to {place.end.s - slot.start.s + 0.1:.1f}, or leave it out"
                yield Problem(path=_cue_path(number, index), line=0, reason=reason, fix=fix)


def _long_transitions(score: Score, timeline: Timeline) -> Iterator[Problem]:
    """Yield the transitions that are longer than a segment beside them."""
    for number, segment in enumerate(score.segments[: len(timeline.segments)]):
        for beside in (number - 1, number) if number else ():
            slot = timeline.segments[beside]
            if slot.start.exact and slot.end.exact and slot.duration_s < segment.transition.seconds - ROUNDING_S:
                name, path = score.segments[beside].id, f"segments[{number}].transition.seconds"
                reason = f"the transition is longer than segment {name!r} ({slot.duration_s:.2f} s)"
                yield Problem(path=path, line=0, reason=reason, fix="make it shorter")


def _crossing_transitions(score: Score, timeline: Timeline) -> Iterator[Problem]:
    """Yield the segments in which the transition out begins before the one in is over."""
    both = zip(score.segments[1:], score.segments[2:], timeline.segments[1:], strict=False)
    for number, (segment, after, slot) in enumerate(both, start=1):
        into, out = segment.transition.seconds, after.transition.seconds
        if not (slot.start.exact and slot.end.exact) or max(into, out) > slot.duration_s + ROUNDING_S:
            continue
        if into + out > slot.duration_s + ROUNDING_S:
            reason = f"the transitions into and out of segment {segment.id!r} overlap ({slot.duration_s:.2f} s long)"
            yield Problem(path=f"segments[{number}]", line=0, reason=reason, fix="make one of them shorter")


def _unheard_cues(score: Score, timeline: Timeline) -> Iterator[Problem]:
    """Yield the cues that lie outside the piece."""
    whole = timeline.segments[-1].end
    for number, segment in enumerate(score.segments):
        for index in range(len(segment.cues)):
            place = timeline.cues[cue_name(segment, index)]
            if whole.exact and place.start.exact and place.start.s >= whole.s:
                reason = f"the cue starts at {place.start.s:.2f} s, but the piece is over at {whole.s:.2f} s"
                fix = "move it, or make the piece longer"
                yield Problem(path=_cue_path(number, index), line=0, reason=reason, fix=fix)
            elif place.end.exact and place.end.s <= 0:
                reason = f"the cue is over {-place.end.s:.2f} s before the piece begins"
                yield Problem(path=_cue_path(number, index), line=0, reason=reason, fix="move it")


def _lost_markers(score: Score, timeline: Timeline) -> Iterator[Problem]:
    """Yield the markers that lie outside the piece."""
    whole = timeline.segments[-1].end
    for number, (segment, slot) in enumerate(zip(score.segments, timeline.segments, strict=True)):
        for index, marker in enumerate(segment.markers):
            if marker.at_s is None or not (whole.exact and slot.start.exact):
                continue
            at_s = slot.start.s + marker.at_s
            if at_s >= whole.s:
                reason = f"the marker lies at {at_s:.2f} s, but the piece is over at {whole.s:.2f} s"
                path = f"segments[{number}].markers[{index}].at_s"
                yield Problem(path=path, line=0, reason=reason, fix="move it")


def _cuts(score: Score, timeline: Timeline, length: Callable[[str, AnyCue], Moment]) -> Iterator[Problem]:
    """Warn of sounds that are cut off because their segment is over, which the author may not have meant."""
    for number, segment in enumerate(score.segments[: len(timeline.segments)]):
        for index, cue in enumerate(segment.cues):
            name = cue_name(segment, index)
            place = timeline.cues.get(name)
            if place is None or not place.end.exact or cue.until is not None or fills_segment(cue):
                continue
            own = Moment(cue.duration_s) if cue.duration_s is not None else length(name, cue)
            cut_s = place.start.s + own.s - place.end.s
            if segment.duration_s is not None and own.exact and cut_s > CUT_S:
                reason = f"the cue is cut off {cut_s:.1f} s before its end, where its segment is over"
                fix = "make the segment longer, or shorten the cue; `until` can carry it on"
                yield Problem(path=_cue_path(number, index), line=0, reason=reason, fix=fix, severity="warning")
