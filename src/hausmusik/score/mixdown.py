"""Turns a finished plan into the description of a mix: one clip per cue, one fade per segment.

Here the words of a score (fit, ducking by voices, matched levels, transitions) become gains and times. Knows nothing of
samples: mixing is `audio.mixing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hausmusik.audio.ducking import Ducking as AudioDucking
from hausmusik.audio.ducking import Interval
from hausmusik.audio.mix import Clip, Duck, Layer, MixSpec, SegmentFade
from hausmusik.errors import ScoreError
from hausmusik.score.effective import REFERENCE_LUFS, ducking_of, voice_of
from hausmusik.score.plan import Plan, PlannedCue
from hausmusik.score.schema import FileCue, VoiceCue
from hausmusik.takes.store import Take

MATCH_LIMIT_DB: Final = 24.0  # a take further off than this is not quiet, it is broken or nearly silent
MIN_STRETCH: Final = 0.5
MAX_STRETCH: Final = 2.0
LOOP_CROSSFADE_S: Final = 0.25


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
    speech = _speech(plan, takes, activity)
    clips = [
        _clip(plan, cue, takes[cue.name], segments, speech)
        for cue in plan.cues
        if cue.name in takes and _sounds(cue, plan)
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


def _sounds(cue: PlannedCue, plan: Plan) -> bool:
    return cue.place.start.s < plan.timeline.duration_s and cue.place.end.s > 0


def _speech(
    plan: Plan, takes: Mapping[str, Take], activity: Mapping[str, tuple[Interval, ...]]
) -> dict[str, tuple[Interval, ...]]:
    """Return when each cue that others may duck by sounds, in seconds of the piece."""
    spans: dict[str, tuple[Interval, ...]] = {}
    for cue in plan.cues:
        start, end = cue.place.start.s, cue.place.end.s
        if isinstance(cue.cue, FileCue):
            offset = start - cue.cue.source_at_s
            inside = [(max(start, a + offset), min(end, b + offset)) for a, b in activity.get(cue.name, ())]
            spans[cue.name] = tuple((a, b) for a, b in inside if b > a)
        elif cue.name in takes:
            spans[cue.name] = ((start, min(end, start + takes[cue.name].record.duration_s)),)
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
        off = REFERENCE_LUFS[cue.layer] - loudness
        level += max(-MATCH_LIMIT_DB, min(MATCH_LIMIT_DB, off))
    return level


def _pan(plan: Plan, planned: PlannedCue) -> float:
    cue = planned.cue
    own = cue.pan or 0.0
    if isinstance(cue, VoiceCue) and own == 0.0:
        return voice_of(plan.score, cue).pan
    return own


def _clip(
    plan: Plan,
    planned: PlannedCue,
    take: Take,
    segments: list[str],
    speech: Mapping[str, tuple[Interval, ...]],
) -> Clip:
    cue, slot_s = planned.cue, planned.place.duration_s
    offset_s = cue.source_at_s if isinstance(cue, FileCue) else 0.0
    take_s = take.record.duration_s - offset_s
    stretch, duration_s = 1.0, min(slot_s, take_s)
    loop = cue.fit == "loop" and slot_s > take_s
    if loop:
        duration_s = slot_s
    elif cue.fit == "stretch":
        stretch = slot_s / take_s
        if not MIN_STRETCH <= stretch <= MAX_STRETCH:
            raise ScoreError(
                f"{planned.name} is {take_s:.1f} s long and cannot be stretched to {slot_s:.1f} s",
                hint=f"stay within {MIN_STRETCH:g} to {MAX_STRETCH:g} times its length, or use another fit",
            )
        duration_s = slot_s
    segment = planned.name.split("/")[0]
    slot = plan.timeline.segments[segments.index(segment)]
    inside = slot.start.s - 0.001 <= planned.place.start.s and planned.place.end.s <= slot.end.s + 0.001
    start_s, cut_s = max(0.0, planned.place.start.s), max(0.0, -planned.place.start.s)
    return Clip(
        source=take.audio_path,
        layer=layer_of(planned),
        start_s=start_s,
        duration_s=max(0.001, duration_s - cut_s),
        source_offset_s=offset_s + cut_s,
        loop=loop,
        loop_crossfade_s=min(LOOP_CROSSFADE_S, take_s / 4),
        stretch=stretch,
        gain_db=_level_db(plan, planned, take),
        gain_points=tuple((point.at_s, point.gain_db) for point in cue.gain_points),
        fade_in_s=min(cue.fade_in_s or 0.0, duration_s),
        fade_out_s=min(cue.fade_out_s or 0.0, duration_s),
        fade_curve=cue.fade_curve or "equal-power",
        pan=_pan(plan, planned),
        duck=_duck(plan, planned, speech),
        segment=segments.index(segment) if inside else None,  # a cue that leaves its segment does not fade with it
    )


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
                curve=segment.transition.curve,
            )
        )
    return tuple(fades)
