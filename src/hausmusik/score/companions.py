"""What goes beside a piece besides sound: chapters, captions, the picture and the cover.

All times come from the plan and the takes' word times, so they are exact, not guessed from the audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hausmusik.audio.caption_files import to_srt, to_vtt
from hausmusik.audio.captions import Spoken, make_captions
from hausmusik.audio.files import iter_audio
from hausmusik.audio.master import MasterReport
from hausmusik.audio.picture import make_pictures
from hausmusik.audio.picture_spec import CueSpan, PictureSpec, SegmentSpan
from hausmusik.audio.tags import Chapter, chapters_from_markers
from hausmusik.errors import NotFoundError
from hausmusik.score.effective import voice_of
from hausmusik.score.encoding import write_bytes, write_text
from hausmusik.score.fitting import fitted
from hausmusik.score.plan import Plan, PlannedCue
from hausmusik.score.schema import MARKS, FileCue, VoiceCue
from hausmusik.score.targets import Targets
from hausmusik.takes.store import Take

LABEL_CHARACTERS: Final = 60


def chapters_of(plan: Plan) -> tuple[Chapter, ...]:
    """Return the chapters: titled segments and markers, each until the next one."""
    points: list[tuple[float, str]] = []
    for segment, slot in zip(plan.score.segments, plan.timeline.segments, strict=True):
        if segment.title:
            points.append((slot.start.s, segment.title))
        for marker in segment.markers:
            if marker.at_s is not None:
                points.append((slot.start.s + marker.at_s, marker.title))
            elif marker.with_ is not None:
                name = marker.with_ if "/" in marker.with_ else f"{segment.id}/{marker.with_}"
                if name not in plan.timeline.cues:
                    raise NotFoundError(f"the marker {marker.title!r} follows {name}, which is not there")
                points.append((plan.timeline.cues[name].start.s, marker.title))
    return chapters_from_markers(points, plan.timeline.duration_s)


def spoken_of(plan: Plan, takes: Mapping[str, Take]) -> tuple[Spoken, ...]:
    """Return what is heard to be said, word by word where the takes know it, in the order of time."""
    found: list[Spoken] = []
    for planned in sorted(plan.cues, key=lambda cue: cue.place.start.s):
        if isinstance(planned.cue, VoiceCue) and planned.name in takes and planned.cue.caption is not False:
            found += _said(plan, planned, planned.cue, takes[planned.name])
    return tuple(found)


def _said(plan: Plan, planned: PlannedCue, cue: VoiceCue, take: Take) -> list[Spoken]:
    fit = fitted(planned, take)
    speaker = voice_of(plan.score, cue).title
    text = cue.caption if isinstance(cue.caption, str) else " ".join(MARKS.sub(" ", _spoken_text(cue, take)).split())
    words = take.record.words
    written = text.split()
    if len(words) == len(written):  # the take's words as the author wrote them, with their punctuation
        pairs = zip(written, words, strict=True)
        said = [(shown, fit.at(word.start_s), fit.at(word.end_s)) for shown, word in pairs]
    elif words:
        said = [(text, fit.at(words[0].start_s), fit.at(words[-1].end_s))]
    else:
        said = [(text, fit.start_s, fit.end_s)]
    return [
        Spoken(text=shown, start_s=max(0.0, start_s), end_s=min(end_s, fit.end_s), speaker=speaker)
        for shown, start_s, end_s in said
        if start_s < fit.end_s and end_s > 0  # the slot may end before the line does
    ]


def _spoken_text(cue: VoiceCue, take: Take) -> str:
    """Return what the take says: a locked one may say something else than the score does by now."""
    said = take.record.request.get("text")
    return said if isinstance(said, str) else cue.text


def write_captions(plan: Plan, takes: Mapping[str, Take], targets: Targets) -> tuple[Path, ...]:
    """Write SRT and WebVTT; returns their paths, none when nothing is said."""
    captions = make_captions(spoken_of(plan, takes), duration_s=plan.timeline.duration_s)
    if not captions:
        return ()
    write_text(targets.srt, to_srt(captions))
    write_text(targets.vtt, to_vtt(captions, title=plan.score.title))
    return (targets.srt, targets.vtt)


def write_picture(plan: Plan, mastered: Path, figures: MasterReport, targets: Targets) -> bytes:
    """Draw the picture and the cover, write both, and return the cover's bytes for the files' tags."""
    after = figures.after
    shown = [] if after.silent else [("Loudness", f"{after.integrated_lufs:.1f} LUFS")]
    if not after.silent:
        shown += [("True peak", f"{after.true_peak_dbtp:.1f} dBTP"), ("Range", f"{after.range_lu:.1f} LU")]
    spec = PictureSpec(
        title=plan.score.title,
        subtitle=plan.score.author,
        duration_s=plan.timeline.duration_s,
        segments=tuple(
            SegmentSpan(title=segment.title or segment.id, start_s=slot.start.s, end_s=slot.end.s)
            for segment, slot in zip(plan.score.segments, plan.timeline.segments, strict=True)
        ),
        cues=tuple(
            CueSpan(
                layer=cue.cue.layer,
                start_s=max(0.0, cue.place.start.s),
                end_s=min(plan.timeline.duration_s, cue.place.end.s),
                label=_label(cue),
            )
            for cue in plan.cues
        ),
        figures=tuple(shown),
    )
    pictures = make_pictures(spec, iter_audio(mastered))
    write_bytes(targets.picture, pictures.picture_png)
    write_bytes(targets.cover, pictures.cover_jpeg)
    return pictures.cover_jpeg


def _label(planned: PlannedCue) -> str:
    cue = planned.cue
    text = cue.path if isinstance(cue, FileCue) else cue.text if isinstance(cue, VoiceCue) else cue.prompt
    return text[:LABEL_CHARACTERS]
