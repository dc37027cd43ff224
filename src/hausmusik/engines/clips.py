"""Plays recorded clips: found by words, decoded, brought to one level, fitted to the asked length.

A recording is trimmed with a fade, repeated with equal-power crossfades where it is even enough, or followed by silence
where repeating one event would be a lie; a loop is always a loop. What was chosen, who recorded it and under which
licence is reported with every play. Knows nothing of how clips are found: that is `instruments.clip_search`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from hausmusik.audio.fades import crossfade, fade_factors
from hausmusik.audio.files import decode
from hausmusik.audio.loudness import measure
from hausmusik.errors import BadInput
from hausmusik.instruments.clip_search import Found, recordings_of
from hausmusik.instruments.sound_left_out import left_out_of_clip
from hausmusik.instruments.sound_routing import CROSSFADE_S
from hausmusik.instruments.sound_vocabulary import Clip, clip_words
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import (
    RECORDINGS_NAME,
    Artifact,
    Audio,
    AudioChunk,
    Done,
    Event,
    FloatArray,
    Phase,
    Recording,
    Remark,
    Request,
    SoundRequest,
    Usage,
)

REVISION: Final = "2"
LOUDEST_LUFS: Final = -18.0
"""Loudest 400 ms of every clip."""

PEAK: Final = 0.89  # -1 dBFS
LONGEST_S: Final = 24 * 3600.0
SHORTEST_LOOP_S: Final = 0.05

_FADE_S: Final = 0.25
_CHUNK_S: Final = 1.0


class ClipsEngine:
    """The `sound` engine for recordings; its weight files are the recordings, its options are ignored."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="clips", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Read the captions."""
        clip_words()
        return iter(())

    def load(self, device: str) -> Iterator[Phase]:
        """Nothing to load: a clip is decoded when it is played."""
        if device != "cpu":
            raise BadInput(f"clips are decoded on a processor, not on {device}")
        return iter(())

    def warm_up(self) -> Iterator[Phase]:
        """Decode the shortest clip that is here, so that FFmpeg's libraries are up."""
        yield Phase(name="warm_up", done=0.0)
        here = [clip for clip in clip_words().clip if clip.file in self._context.files]
        if here:
            decode(self._context.path(min(here, key=lambda clip: clip.duration_s).file))
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield what was chosen and whose it is, then `AudioChunk`s of 1 s at the recording's rate, `Usage`, `Done`.

        The choice is `clip.json`: the clip, how it fits, what else would have. Its author, licence and page are
        `recordings.json`, from where they reach the credits of a piece.

        Raises:
            BadInput: another task, no recording of what the prompt says (the hint names near ones), a length that is
                no length.
            WeightsError: the recording is not here.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, SoundRequest):
                raise BadInput(f"recorded clips cannot play a {type(request).__name__}")
            _check_length(request)
            found = recordings_of(request.prompt)
            yield index, Artifact(name="clip.json", media_type="application/json", data=_report(found))
            yield index, Artifact(name=RECORDINGS_NAME, media_type="application/json", data=_recording(found[0].clip))
            if cancel.is_set():
                return
            sound = decode(self._context.path(found[0].clip.file))
            frames = 0
            for block in _fitted(_evened(sound), request, repeats=found[0].clip.loops):
                if cancel.is_set():
                    return
                yield index, AudioChunk(start_s=frames / sound.sample_rate_hz, audio=block)
                frames += block.frames
            told = left_out_of_clip(request.prompt, found[0])
            if told:
                yield index, Remark(text=told)
            yield index, Usage(audio_s=frames / sound.sample_rate_hz, characters=len(request.prompt))
            yield index, Done()

    def close(self) -> None:
        """Nothing to give back."""


def _check_length(request: SoundRequest) -> None:
    if not math.isfinite(request.duration_s) or request.duration_s > LONGEST_S:
        raise BadInput(
            f"a sound of {request.duration_s} s is too long", hint="at most 24 hours; a loop can be repeated"
        )
    if request.loop and 0 < request.duration_s < SHORTEST_LOOP_S:
        raise BadInput(f"a loop of {request.duration_s} s is too short", hint=f"at least {SHORTEST_LOOP_S} s")


def _report(found: Sequence[Found]) -> bytes:
    """Return the choice as JSON: the clip, how it fits, and what else would have."""
    best = found[0]
    chosen: dict[str, Any] = {
        "clip": best.clip.id,
        "caption": best.clip.caption,
        "file": best.clip.file,
        "fit": round(best.fit, 3),
        "matched": best.matched,
        "others": [each.clip.id for each in found[1:] if each.matches],
    }
    return msgspec.json.encode(chosen)


def _recording(clip: Clip) -> bytes:
    """Return whose recording a clip is, as JSON."""
    one = Recording(title=clip.caption, author=clip.author, licence=clip.licence, link=clip.link)
    return msgspec.json.encode((one,))


def _evened(sound: Audio) -> Audio:
    """Bring a clip's loudest 400 ms to -18 LUFS, its peak to at most -1 dBFS; silence stays."""
    loudest, peak = measure(sound).momentary_max_lufs, float(np.abs(sound.samples).max(initial=0.0))
    if not math.isfinite(loudest) or peak <= 0:
        return sound
    gain = min(10 ** ((LOUDEST_LUFS - loudest) / 20), PEAK / peak)
    return Audio(sound.samples * np.float32(gain), sound.sample_rate_hz)


def _fitted(sound: Audio, request: SoundRequest, *, repeats: bool) -> Iterator[Audio]:
    """Yield exactly the asked length in chunks of 1 s; the clip's own length when none is asked for."""
    rate = sound.sample_rate_hz
    wanted = round(request.duration_s * rate)
    if request.duration_s and wanted < 1:
        raise BadInput(f"a sound of {request.duration_s} s is shorter than one sample", hint="ask for a longer one")
    if request.loop:
        pieces = _loop(sound.samples, wanted or sound.frames - _overlap(sound, sound.frames), rate)
    elif wanted in {0, sound.frames}:
        pieces = iter([sound.samples])
    elif wanted < sound.frames:
        pieces = iter([_faded(sound.samples, wanted, rate)])
    elif repeats:
        pieces = _repeated(sound, wanted)
    else:
        pieces = _followed_by_silence(sound.samples, wanted)
    yield from _chunks(pieces, rate)


def _overlap(sound: Audio, frames: int) -> int:
    """Return the crossfade of a repetition: 0.4 s, less for short clips."""
    return min(round(CROSSFADE_S * sound.sample_rate_hz), frames // 4)


def _faded(samples: FloatArray, wanted: int, rate: int) -> FloatArray:
    """Return the beginning of a sound, its end fading over 0.25 s or a quarter of it."""
    cut = samples[:, :wanted].copy()
    fade = max(1, min(round(_FADE_S * rate), wanted // 4))
    cut[:, -fade:] *= fade_factors("s-curve", fade)[::-1]
    return cut


def _loop(samples: FloatArray, wanted: int, rate: int) -> Iterator[FloatArray]:
    """Yield passes whose ends fade into the beginning at equal power; the last one joins the first."""
    frames = samples.shape[1]
    shortest_fade = max(1, min(round(0.02 * rate), frames // 4))
    passes = -(-wanted // (frames - shortest_fade))
    for number in range(passes):
        length = (number + 1) * wanted // passes - number * wanted // passes
        fade = max(1, min(round(CROSSFADE_S * rate), frames - length, length // 2))
        one = samples[:, :length].copy()
        tail = samples[:, length : length + fade]
        one[:, :fade] = crossfade(tail, one[:, :fade], fade_factors("equal-power", fade))
        yield one


def _repeated(sound: Audio, wanted: int) -> Iterator[FloatArray]:
    """Yield a clip again and again, crossfaded; it begins as it does, and its end fades."""
    samples, overlap = sound.samples, _overlap(sound, sound.frames)
    rise = fade_factors("equal-power", overlap)
    left, joined = wanted, samples[:, : sound.frames - overlap]
    again = joined.copy()
    again[:, :overlap] = crossfade(samples[:, sound.frames - overlap :], again[:, :overlap], rise)
    while left > joined.shape[1]:
        yield joined
        left -= joined.shape[1]
        joined = again
    yield _faded(joined, left, sound.sample_rate_hz)


def _followed_by_silence(samples: FloatArray, wanted: int) -> Iterator[FloatArray]:
    yield samples
    left = wanted - samples.shape[1]
    while left > 0:
        frames = min(left, 1 << 20)
        yield np.zeros((samples.shape[0], frames), dtype=np.float32)
        left -= frames


def _chunks(pieces: Iterator[FloatArray], rate: int) -> Iterator[Audio]:
    """Yield pieces of any length as chunks of 1 s."""
    size = round(_CHUNK_S * rate)
    for piece in pieces:
        for start in range(0, piece.shape[1], size):
            yield Audio(np.ascontiguousarray(piece[:, start : start + size]), rate)
