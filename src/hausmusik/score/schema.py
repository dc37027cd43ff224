"""The score: a versioned JSON document, written by people and by agents.

These models are the format; `haus schema` prints the JSON Schema that pydantic derives from them, so each field's
description below is what an author reads. Unknown keys are errors. Knows nothing of files, lines or instruments:
reading with line numbers is `reading`, what one field cannot say alone is `check`.

Units: seconds (`_s`), decibels (`_db`), LUFS (EBU R128) and dBTP (ITU-R BS.1770-4).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hausmusik.audio.formats import AudioFormat

SCHEMA_VERSION = 1
MAX_PIECE_S = 6 * 3600.0
MAX_TEXT_CHARACTERS = 20_000

Id: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Reference: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(/[A-Za-z0-9][A-Za-z0-9_-]{0,63})?$")
]
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=MAX_PIECE_S, allow_inf_nan=False)]
Length: TypeAlias = Annotated[float, Field(ge=0.01, le=MAX_PIECE_S, allow_inf_nan=False)]
Offset: TypeAlias = Annotated[float, Field(ge=-MAX_PIECE_S, le=MAX_PIECE_S, allow_inf_nan=False)]
Gain: TypeAlias = Annotated[float, Field(ge=-96, le=24, allow_inf_nan=False)]
Pan: TypeAlias = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Seed: TypeAlias = Annotated[int, Field(ge=0, le=2**32 - 1)]
Curve: TypeAlias = Literal["equal-power", "linear", "s-curve"]
Layer: TypeAlias = Literal["voice", "music", "sound", "file"]
Fit: TypeAlias = Literal["loop", "trim", "stretch", "extend"]


class Part(BaseModel):
    """Base of every object in a score: unknown keys are errors, values are never coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Transition(Part):
    """How a segment follows the one before it."""

    seconds: Seconds = Field(default=0.0, description="Overlap with the segment before; 0 is a cut.")
    curve: Curve = Field(default="equal-power", description="Equal-power keeps the level of unlike material steady.")


class Ducking(Part):
    """Lower this cue while somebody speaks."""

    by: Literal["voice"] | Annotated[tuple[Reference, ...], Field(min_length=1)] = Field(
        default="voice", description='`"voice"`: every voice cue; or a list of cue ids (a file cue by its level).'
    )
    depth_db: Annotated[float, Field(gt=0, le=60)] = Field(default=12.0, description="How far down, in dB.")
    attack_s: Annotated[float, Field(ge=0.005, le=5)] = Field(default=0.15, description="Time to get down.")
    release_s: Annotated[float, Field(ge=0.005, le=10)] = Field(default=0.6, description="Time to come back.")
    look_ahead_s: Annotated[float, Field(ge=0, le=5)] = Field(
        default=0.2, description="Down so long before the speech."
    )


class GainPoint(Part):
    """One point of a gain curve; between points the gain moves linearly in dB."""

    at_s: Seconds = Field(description="From the start of the cue.")
    gain_db: Gain = Field(description="Level there.")


class Shape(Part):
    """What every cue may say about its sound; also what `defaults` may hold for a layer."""

    instrument: str | None = Field(
        default=None, description="Catalogue id or router; empty: the settings' default for the task."
    )
    host: str | None = Field(
        default=None, description="Where it plays: `local`, `modal` …; empty: as asked on the command line."
    )
    gain_db: Gain | None = Field(default=None, description="Level. Default: voice 0, music -4, sound -4, file 0.")
    match_level: bool | None = Field(
        default=None,
        description="Bring the take to its layer's reference loudness before gain_db. Default: true, for files false.",
    )
    pan: Pan | None = Field(default=None, description="-1 left, 0 centre, 1 right.")
    fade_in_s: Seconds | None = Field(default=None, description="At least 5 ms are always faded.")
    fade_out_s: Seconds | None = Field(default=None, description="At least 5 ms are always faded.")
    fade_curve: Curve | None = Field(default=None, description="How the fades go. Default: equal-power.")
    duck: Ducking | bool | None = Field(default=None, description="true: the default ducking; false: none.")
    fit: Fit | None = Field(
        default=None,
        description="When the take's length differs from the slot: loop it, trim it, stretch it (pitch kept), "
        "or extend: have it generated at exactly the slot's length (music, sounds). Default: sounds that last are "
        "looped, recorded events and all else are trimmed.",
    )
    gap_s: Offset | None = Field(
        default=None,
        description="Pause after the cue named in `after`, or the line before; may be negative. Default: 0.4.",
    )


class Cue(Shape):
    """One placed sound; times are relative to its segment unless they say otherwise. At most one placement."""

    id: Id | None = Field(default=None, description="Unique in its segment; needed to be referred to.")
    at_s: Seconds | None = Field(default=None, description="Starts so long after its segment does.")
    piece_at_s: Seconds | None = Field(default=None, description="Starts so long after the piece does.")
    after: Reference | None = Field(
        default=None, description="Starts when that cue ends (plus `gap_s`): `cue` or `segment/cue`."
    )
    with_: Reference | None = Field(default=None, alias="with", description="Starts with that cue (plus `offset_s`).")
    offset_s: Offset | None = Field(default=None, description="With `with`: later (or, negative, earlier) by so much.")
    before_end_s: Seconds | None = Field(default=None, description="Starts so long before its segment ends.")
    until: Reference | None = Field(
        default=None, description='Ends when that cue ends; `"segment"` and `"piece"` stand for those.'
    )
    duration_s: Length | None = Field(default=None, description="Length of its slot in the piece.")
    gain_points: tuple[GainPoint, ...] = Field(default=(), description="A curve on top of `gain_db`, times ascending.")
    seed: Seed | None = Field(default=None, description="Another seed, another take. Default: the score's seed.")

    @model_validator(mode="after")
    def _one_placement(self) -> Cue:
        given = [
            name
            for name, value in (
                ("at_s", self.at_s),
                ("piece_at_s", self.piece_at_s),
                ("after", self.after),
                ("with", self.with_),
                ("before_end_s", self.before_end_s),
            )
            if value is not None
        ]
        if len(given) > 1:
            raise ValueError(f"a cue has one place, but this one says {' and '.join(given)}; keep one of them")
        if self.offset_s is not None and self.with_ is None:
            raise ValueError("offset_s goes with `with`; use at_s or gap_s here")
        if self.gap_s is not None and self.after is None and (given or not isinstance(self, VoiceCue)):
            raise ValueError("gap_s goes with `after`; use at_s here")
        if self.fit == "extend" and isinstance(self, VoiceCue | FileCue):
            raise ValueError("only music and sounds can be generated longer; use another fit here")
        if self.until is not None and self.duration_s is not None:
            raise ValueError("a cue's length is either duration_s or until; keep one of them")
        times = [point.at_s for point in self.gain_points]
        if times != sorted(set(times)):
            raise ValueError("the times of gain_points must ascend")
        return self


MARKS: Final = re.compile(r"\[[^\]]*\]|♪")
"""What in a text is not spoken by instruments that do not know it, and not written in captions: `[laughs]`, `♪`."""


class VoiceCue(Cue):
    """A line somebody says."""

    layer: Literal["voice"]
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)] = Field(
        description="What is said. Marks such as [laughs], …, CAPITALS and ♪ go to instruments that know them."
    )
    voice: str = Field(default="", description="A name from `voices`; empty: the first of them.")
    caption: str | bool = Field(default=True, description="false: no caption; a text: that instead of `text`.")


class MusicCue(Cue):
    """A piece of music made from a prompt."""

    layer: Literal["music"]
    prompt: Annotated[str, Field(min_length=1, max_length=2_000)] = Field(description="Mood, instruments, tempo, key.")
    length_s: Length | None = Field(
        default=None,
        description="How much is generated. Default: the slot's length rounded down to 2 s, so that it ends properly "
        "and a small change elsewhere does not make a new take.",
    )
    tempo_bpm: Annotated[float, Field(gt=0, le=300)] | None = Field(
        default=None, description="Beats a minute, whatever the prompt says."
    )


class SoundCue(Cue):
    """A sound that is neither speech nor music, made or found from a prompt."""

    layer: Literal["sound"]
    prompt: Annotated[str, Field(min_length=1, max_length=2_000)] = Field(description="What is heard.")
    length_s: Length | None = Field(
        default=None,
        description="How much is generated. Default: the slot's length rounded up to 5 s; of what loops, 60 s at most.",
    )


class FileCue(Cue):
    """A recording of your own."""

    layer: Literal["file"]
    path: Annotated[str, Field(min_length=1)] = Field(description="Relative to the score's folder.")
    source_at_s: Seconds = Field(default=0.0, description="Where in the file to begin.")
    bus: Literal["voice", "music", "sound"] = Field(default="sound", description="The stem it is mixed into.")
    credit: str = Field(default="", description="Who made it; goes into the credits.")
    licence: str = Field(default="", description="Under which licence; goes into the credits.")
    commercial: bool = Field(default=True, description="false: the credits say that the piece is non-commercial.")


AnyCue: TypeAlias = Annotated[VoiceCue | MusicCue | SoundCue | FileCue, Field(discriminator="layer")]


class Marker(Part):
    """A named point; becomes a chapter."""

    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="Of the chapter.")
    at_s: Seconds | None = Field(default=None, description="After the start of its segment.")
    with_: Reference | None = Field(default=None, alias="with", description="Where that cue starts.")


class Segment(Part):
    """A stretch of the piece; segments follow one another."""

    id: Id = Field(description="Unique in the piece.")
    title: str = Field(default="", description="Becomes a chapter; empty: no chapter.")
    duration_s: Length | None = Field(
        default=None, description="Exact length. Default: until its last cue ends, plus `tail_s`."
    )
    tail_s: Seconds = Field(default=0.0, description="Added after the last cue; ignored with `duration_s`.")
    transition: Transition = Field(Transition(), description="Into this segment from the one before.")
    markers: tuple[Marker, ...] = Field(default=(), description="More chapters.")
    cues: Annotated[tuple[AnyCue, ...], Field(min_length=1)] = Field(description="What is heard, in any order of time.")


class VoiceDefinition(Part):
    """Somebody who speaks in this piece."""

    instrument: str = Field(default="", description="Catalogue id; empty: the settings' default for speech.")
    voice: str = Field(
        default="",
        description="One of the instrument's voices, or a blend: `af_heart(2)+am_michael(1)`; empty: its default.",
    )
    blend: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(
        default_factory=dict, description='A new voice between others: {"af_heart": 0.5, "am_michael": 0.5}.'
    )
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = Field(default=1.0, description="1 is the voice's own pace.")
    language: str = Field(default="", description="BCP 47; empty: the voice's own.")
    lexicon: dict[str, str] = Field(default_factory=dict, description="Word -> /phonemes/ or a respelling.")
    title: str = Field(default="", description="The speaker's name in captions.")
    gain_db: Gain = Field(default=0.0, description="On top of each cue's own.")
    pan: Pan | None = Field(default=None, description="Where a cue says nothing itself.")

    @model_validator(mode="after")
    def _voice_or_blend(self) -> VoiceDefinition:
        if self.voice and self.blend:
            raise ValueError("a voice is either `voice` or `blend`; keep one of them")
        return self


class Defaults(Part):
    """What cues of a layer say when they say nothing themselves."""

    voice: Shape = Field(default=Shape(), description="Lines of speech.")
    music: Shape = Field(default=Shape(), description="Music.")
    sound: Shape = Field(default=Shape(), description="Sounds.")
    file: Shape = Field(default=Shape(), description="Recordings of your own.")


class Master(Part):
    """What the finished piece must measure."""

    loudness_lufs: Annotated[float, Field(ge=-40, le=-5)] = Field(default=-16.0, description="Integrated, EBU R128.")
    true_peak_dbtp: Annotated[float, Field(ge=-12, le=0)] = Field(default=-1.0, description="Also when encoded.")
    formats: Annotated[tuple[AudioFormat, ...], Field(min_length=1)] = Field(
        default=("flac",), description="Besides the one named by -o."
    )
    sample_rate_hz: Literal[44_100, 48_000] = Field(default=48_000, description="Of the finished piece.")
    stems: bool = Field(default=True, description="Write each layer as a file of its own.")


class Score(Part):
    """An audio piece."""

    hausmusik: Literal[1] = Field(description="Version of this format.")
    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="In the tags and on the cover.")
    author: str = Field(default="", description="In the tags, the picture and the credits.")
    description: str = Field(default="", description="For the tags.")
    date: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None = Field(
        default=None, description="For the tags; none is made up."
    )
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        default="en", description="Of the piece, BCP 47; of its speech where no voice is named."
    )
    licence: str = Field(default="", description="Under which the finished piece is given away; for the tags.")
    variables: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description='Used anywhere as "${name}"; can be set with --set name=value.'
    )
    defaults: Defaults = Field(default=Defaults(), description="What cues say when they say nothing themselves.")
    voices: dict[Id, VoiceDefinition] = Field(
        default_factory=dict, description="Who speaks; the first speaks the lines that name nobody."
    )
    seed: Seed = Field(default=0, description="Of every cue that has none of its own.")
    segments: Annotated[tuple[Segment, ...], Field(min_length=1)] = Field(description="One after another.")
    master: Master = Field(default=Master(), description="What the finished piece must measure.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a score, as `haus schema` prints it."""
    schema = Score.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:hausmusik:score:1", **schema}
