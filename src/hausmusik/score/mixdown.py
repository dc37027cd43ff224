"""Turns a finished plan into the description of a mix: one clip per cue, one fade per segment.

Here the words of a score (fit, ducking by voices, matched levels, transitions) become gains and times. Knows nothing of
samples: mixing is `audio.mixing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hausmusik.audio.ducking import Ducking as AudioDucking
from hausmusik.audio.ducking import Interval, merge_intervals
from hausmusik.audio.mix import Clip, Duck, Layer, MixSpec, SegmentFade
from hausmusik.score.effective import REFERENCE_LUFS, ducking_of, voice_of
from hausmusik.score.fitting import Fitted, fitted
from hausmusik.score.plan import Plan, PlannedCue
from hausmusik.score.schema import FileCue, VoiceCue
from hausmusik.takes.store import Take

MATCH_LIMIT_DB: Final = 24.0  # a take further off than this is not quiet, it is broken or nearly silent
LOOP_CROSSFADE_S: Final = 0.25
MONO_DB: Final = 3.01  # one channel is played on both sides, which sums to twice the power that was measured
PAUSE_S: Final = 1.2  # a shorter pause within a line is no reason for the music to come back


def mix_of(plan: Plan, takes: Mapping[str, Take], activity: Mapping[str, tuple[Interval, ...]]) -> MixSpec:
    """Return the mix of a plan.

    Args:
        plan: With every cue placed.
        takes: By `segment/cue`; a cue without one is left out (a preview).
        activity: When a file cue that others duck by is loud, in seconds of the file, by `segment/cue`.

    Raises:
        ScoreError: a cue cannot be stretched as far as its slot asks.
    """
    segments = [segment.id for segment in plan.score.segments]
    fits = {cue.name: fitted(cue, takes[cue.name]) for cue in plan.cues if cue.name in takes}
    speech = _speech(plan, fits, takes, activity)
    clips = [
        _clip(plan, cue, takes[cue.name], fits[cue.name], segments, speech)
        for cue in plan.cues
        if cue.name in takes and fits[cue.name].start_s < plan.timeline.duration_s and fits[cue.name].end_s > 0.001
    ]
    return MixSpec(
        duration_s=plan.timeline.duration_s,
        sample_rate_hz=plan.score.master.sample_rate_hz,
        clips=tuple(clips),
        segments=_fades(plan),
    )


def needs_activity(plan: Plan) -> tuple[PlannedCue, ...]:
    """Return the file cues whose loud stretches must be known because something ducks by them."""
    wanted: set[str] = set()
    voices = False
    for cue in plan.cues:
        ducking = ducking_of(cue.cue)
        if ducking is None:
            continue
        if ducking.by == "voice":
            voices = True
        else:
            wanted |= {_full(reference, cue) for reference in ducking.by}
    return tuple(
        cue
        for cue in plan.cues
        if isinstance(cue.cue, FileCue) and (cue.name in wanted or (voices and cue.cue.bus == "voice"))
    )


def layer_of(planned: PlannedCue) -> Layer:
    """Return the stem a cue is mixed into."""
    return planned.cue.bus if isinstance(planned.cue, FileCue) else planned.cue.layer


def _full(reference: str, cue: PlannedCue) -> str:
    return reference if "/" in reference else f"{cue.name.split('/')[0]}/{reference}"


def _speech(
    plan: Plan,
    fits: Mapping[str, Fitted],
    takes: Mapping[str, Take],
    activity: Mapping[str, tuple[Interval, ...]],
) -> dict[str, tuple[Interval, ...]]:
    """Return when each cue that others may duck by sounds, in seconds of the piece; by its words where it has any."""
    spans: dict[str, tuple[Interval, ...]] = {}
    for cue in plan.cues:
        fit = fits.get(cue.name)
        if fit is None:
            continue
        words = [(word.start_s, word.end_s) for word in takes[cue.name].record.words]
        if not words and not isinstance(cue.cue, FileCue):
            spans[cue.name] = ((fit.start_s, fit.end_s),)
            continue
        heard = activity.get(cue.name, ()) or merge_intervals(words, PAUSE_S)
        inside = [(max(fit.start_s, fit.at(a)), min(fit.end_s, fit.at(b))) for a, b in heard]
        spans[cue.name] = tuple((a, b) for a, b in inside if b > a)
    return spans


def _duck(plan: Plan, cue: PlannedCue, speech: Mapping[str, tuple[Interval, ...]]) -> Duck | None:
    ducking = ducking_of(cue.cue)
    if ducking is None:
        return None
    if ducking.by == "voice":
        names = [each.name for each in plan.cues if layer_of(each) == "voice" and each.name != cue.name]
    else:
        names = [_full(reference, cue) for reference in ducking.by]
    intervals = tuple(interval for name in names for interval in speech.get(name, ()))
    return Duck(
        intervals=intervals,
        ducking=AudioDucking(
            depth_db=ducking.depth_db,
            attack_s=ducking.attack_s,
            release_s=ducking.release_s,
            look_ahead_s=ducking.look_ahead_s,
        ),
    )


def _level_db(plan: Plan, planned: PlannedCue, take: Take) -> float:
    cue = planned.cue
    level = cue.gain_db or 0.0
    if isinstance(cue, VoiceCue):
        level += voice_of(plan.score, cue).gain_db
    loudness = take.record.loudness_lufs
    if cue.match_level and loudness is not None:
        heard = loudness + (MONO_DB if take.record.channels == 1 else 0.0)
        off = REFERENCE_LUFS[cue.layer] - heard
        level += max(-MATCH_LIMIT_DB, min(MATCH_LIMIT_DB, off))
    return level


def _clip(
    plan: Plan,
    planned: PlannedCue,
    take: Take,
    fit: Fitted,
    segments: list[str],
    speech: Mapping[str, tuple[Interval, ...]],
) -> Clip:
    cue = planned.cue
    duration_s = min(fit.end_s, plan.timeline.duration_s) - max(0.0, fit.start_s)  # its fade-out ends where it does
    segment = planned.name.split("/")[0]
    slot = plan.timeline.segments[segments.index(segment)]
    inside = slot.start.s - 0.001 <= planned.place.start.s and planned.place.end.s <= slot.end.s + 0.001
    return Clip(
        source=take.audio_path,
        layer=layer_of(planned),
        start_s=max(0.0, fit.start_s),
        duration_s=duration_s,
        # A loop is repeated from its offset, so it is not cut into: it has no beginning that one would miss.
        source_offset_s=0.0 if fit.loop else fit.cut_s / fit.stretch,
        loop=fit.loop,
        # A take that was made as a loop joins by itself; a crossfade would only raise its seam.
        loop_crossfade_s=0.0 if take.record.request.get("loop") else min(LOOP_CROSSFADE_S, take.record.duration_s / 4),
        stretch=fit.stretch,
        gain_db=_level_db(plan, planned, take),
        gain_points=_points_after(tuple((point.at_s, point.gain_db) for point in cue.gain_points), fit.cut_s),
        fade_in_s=min(cue.fade_in_s or 0.0, duration_s),
        fade_out_s=min(cue.fade_out_s or 0.0, duration_s),
        fade_curve=cue.fade_curve or "equal-power",
        pan=cue.pan or 0.0,
        duck=_duck(plan, planned, speech),
        segment=segments.index(segment) if inside else None,  # a cue that leaves its segment does not fade with it
    )


def _points_after(points: tuple[tuple[float, float], ...], cut_s: float) -> tuple[tuple[float, float], ...]:
    """Return a gain curve without its first seconds, its times counted from there."""
    before = [point for point in points if point[0] <= cut_s]
    after = [(at_s - cut_s, gain_db) for at_s, gain_db in points if at_s > cut_s]
    if not before or cut_s == 0.0:
        return points if cut_s == 0.0 else tuple(after)
    (from_s, level_db), rest_s = before[-1], cut_s - before[-1][0]
    if after:
        to_s, to_db = after[0][0] + cut_s, after[0][1]
        level_db += (to_db - level_db) * rest_s / (to_s - from_s)
    return ((0.0, level_db), *after)


def _fades(plan: Plan) -> tuple[SegmentFade, ...]:
    fades: list[SegmentFade] = []
    for number, (segment, slot) in enumerate(zip(plan.score.segments, plan.timeline.segments, strict=True)):
        after = plan.score.segments[number + 1].transition if number + 1 < len(plan.score.segments) else None
        length_s = slot.duration_s
        fades.append(
            SegmentFade(
                start_s=max(0.0, slot.start.s),
                end_s=slot.end.s,
                fade_in_s=min(segment.transition.seconds if number else 0.0, length_s),
                fade_out_s=min(after.seconds, length_s) if after else 0.0,
                fade_in_curve=segment.transition.curve,
                fade_out_curve=after.curve if after else "equal-power",
            )
        )
    return tuple(fades)
