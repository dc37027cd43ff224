"""What a cue finally says, once its layer's defaults and ours have been filled in, and the request it makes.

Order: the cue itself, the pan of its voice, the score's `defaults` for its layer, the built-in shape of the layer.
Knows nothing of takes and time; the slot's length is handed in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel

from hausmusik.score.schema import (
    AnyCue,
    Ducking,
    FileCue,
    Layer,
    MusicCue,
    Score,
    Segment,
    Shape,
    SoundCue,
    VoiceCue,
    VoiceDefinition,
)
from hausmusik.score.timeline import has_slot, length_to_generate
from hausmusik.types import MusicRequest, Request, SoundRequest, SpeakRequest, Task
from hausmusik.voice_names import parse_voice

REFERENCE_LUFS: Final[dict[Layer, float]] = {"voice": -17.0, "music": -20.0, "sound": -26.0, "file": -20.0}
"""Loudness in the mix to which `match_level` brings takes before `gain_db`.

With the built-in gains, music by itself is 7 LU below speech, 19 LU while somebody speaks, and ambiences are 13 LU
below.
"""

TASK_OF_LAYER: Final[dict[Layer, Task]] = {"voice": "speak", "music": "music", "sound": "sound"}

_BUILT_IN: Final[dict[Layer, Shape]] = {
    "voice": Shape(
        gain_db=0, pan=0, fade_in_s=0.005, fade_out_s=0.02, fade_curve="equal-power", duck=False, fit="trim",
        match_level=True,
    ),
    "music": Shape(
        gain_db=-4, pan=0, fade_in_s=0.5, fade_out_s=2.0, fade_curve="equal-power", duck=True, fit="trim",
        match_level=True,
    ),
    "sound": Shape(
        gain_db=-4, pan=0, fade_in_s=0.3, fade_out_s=0.6, fade_curve="equal-power", duck=False, fit=None,
        match_level=True,
    ),
    "file": Shape(
        gain_db=0, pan=0, fade_in_s=0.005, fade_out_s=0.02, fade_curve="equal-power", duck=False, fit="trim",
        match_level=False,
    ),
}  # fmt: skip


def with_defaults(score: Score) -> Score:
    """Return the score with every cue's shape filled in completely."""
    segments = tuple(_fill_segment(segment, score) for segment in score.segments)
    return score.model_copy(update={"segments": segments})


def _fill_segment(segment: Segment, score: Score) -> Segment:
    return segment.model_copy(update={"cues": tuple(_fill_cue(cue, score) for cue in segment.cues)})


def _fill_cue(cue: AnyCue, score: Score) -> AnyCue:
    of_score = {"voice": score.defaults.voice, "music": score.defaults.music, "sound": score.defaults.sound}.get(
        cue.layer, score.defaults.file
    )
    parts: list[BaseModel] = [cue, of_score, _BUILT_IN[cue.layer]]
    if isinstance(cue, VoiceCue) and cue.voice in {"", *score.voices}:
        parts.insert(1, Shape(pan=voice_of(score, cue).pan))
    values: dict[str, object] = {}
    for name in Shape.model_fields:
        values[name] = next((value for value in (getattr(part, name) for part in parts) if value is not None), None)
    return cue.model_copy(update=values)


def ducking_of(cue: AnyCue) -> Ducking | None:
    """Return how the cue is ducked, or None."""
    if isinstance(cue.duck, Ducking):
        return cue.duck
    return Ducking() if cue.duck else None


def voice_of(score: Score, cue: VoiceCue) -> VoiceDefinition:
    """Return who says the cue: its voice, else the score's first, else the instrument's default voice."""
    if cue.voice:
        return score.voices[cue.voice]
    return next(iter(score.voices.values()), VoiceDefinition())


def instrument_of(score: Score, cue: AnyCue) -> str:
    """Return the instrument a cue asks for; empty: the settings' default for its task."""
    if cue.instrument:
        return cue.instrument
    return voice_of(score, cue).instrument if isinstance(cue, VoiceCue) else ""


def asked_in(score: Score, defaults: Mapping[Task, str]) -> Iterator[tuple[str, str]]:
    """Yield of each cue that is played the instrument or router it asks for, and the host it names, if it does."""
    for cue in (cue for segment in score.segments for cue in segment.cues):
        if not isinstance(cue, FileCue):
            yield instrument_of(score, cue) or defaults[TASK_OF_LAYER[cue.layer]], cue.host or ""


def request_of(score: Score, cue: AnyCue, slot_s: float) -> Request:
    """Return what to ask the instrument for.

    Args:
        score: With defaults filled in.
        cue: A voice, music or sound cue of it.
        slot_s: Length of the cue's slot in seconds; matters only to music and sound.

    Raises:
        UsageError: a blend of voices is misspelt.
        ValueError: a file cue, which asks nobody.
    """
    seed = score.seed if cue.seed is None else cue.seed
    if isinstance(cue, VoiceCue):
        who = voice_of(score, cue)
        voice = dict(who.blend) or parse_voice(who.voice)
        language = who.language or ("" if voice else score.language)
        # Only what the line needs: a new word in the lexicon makes no take anew in which it is not said.
        lexicon = {word: how for word, how in who.lexicon.items() if _letters(word) in _letters(cue.text)}
        return SpeakRequest(text=cue.text, voice=voice, speed=who.speed, language=language, lexicon=lexicon, seed=seed)
    if isinstance(cue, MusicCue):
        length_s = length_to_generate(cue, slot_s)
        return MusicRequest(prompt=cue.prompt, duration_s=length_s, seed=seed, tempo_bpm=cue.tempo_bpm or 0.0)
    if isinstance(cue, SoundCue):
        loop = cue.fit == "loop"
        length_s = length_to_generate(cue, slot_s) if has_slot(cue) else 0.0  # 0: as long as the sound itself is
        return SoundRequest(prompt=cue.prompt, duration_s=length_s, seed=seed, loop=loop)
    raise ValueError(f"a {type(cue).__name__} makes no request")


def _letters(text: str) -> str:
    """Return what two spellings of a word share: its letters and digits, whatever the case, accents' form and marks."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def needs_slot(cue: AnyCue) -> bool:
    """Return whether the request depends on where the cue ends (so that it must wait until that is exact)."""
    return isinstance(cue, MusicCue | SoundCue) and cue.length_s is None and cue.duration_s is None and has_slot(cue)


def is_made(cue: AnyCue) -> bool:
    """Return whether an instrument makes this cue; a file cue is brought along."""
    return not isinstance(cue, FileCue)
