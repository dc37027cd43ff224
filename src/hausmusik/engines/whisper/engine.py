"""Writes down what is said: Whisper in int8 on a processor, words with times, segment by segment.

Beam search with five beams at temperature 0, no sampling, so that the same recording gives the same text. Where the
model loops, the window is decoded once more with repetition forbidden. Silence and noise are kept from it by the voice
detector that faster-whisper ships. Never reaches for the network: it is given files. Knows nothing of captions.

Sources: Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision (2022); Silero VAD.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from hausmusik.engines.listening import SAMPLE_RATE_HZ, mono_blocks_16k
from hausmusik.engines.whisper.windows import WINDOW_S, Window, sections, windows
from hausmusik.errors import BadInput, EngineError, MissingExtra, WeightsError
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import (
    Artifact,
    Audio,
    Done,
    Event,
    FloatArray,
    Phase,
    Request,
    TextDelta,
    TranscribeRequest,
    Usage,
    WordTiming,
)

REVISION: Final = "2"
FILES: Final = ("model.bin", "config.json", "tokenizer.json")
MAX_PROMPT_CHARACTERS: Final = 600  # about 200 tokens; the model takes 223

_BEAMS: Final = 5
_LOOPING: Final = 2.4  # gzip ratio of a text above which it repeats itself (Whisper's own threshold)
# Animal cries and noises that pass the detector came with no-speech probabilities of 0.65 to 0.83 and mean
# log-probabilities of -0.9 and below, spoken sentences with at most 0.03 and at least -0.3.
_NO_SPEECH: Final = 0.6
_UNSURE: Final = -0.5
_QUIET_PEAK: Final = 0.25
_MOST_GAIN: Final = 30.0


class WhisperEngine:
    """The `transcribe` engine; reads one weight set with a CTranslate2 Whisper model.

    Options: none. Languages: those of the model; an empty `language` is detected from the first speech.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._model: Any = None
        self._detector: Any = None

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="whisper", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Check that all files were handed over, before anything heavy is loaded."""
        self._files()
        return iter(())

    def load(self, device: str) -> Iterator[Phase]:
        """Read the weights (145 MB) and the voice detector.

        Raises:
            MissingExtra: faster-whisper is not installed.
            WeightsError: the files are not a model it can read.
        """
        if device != "cpu":
            raise BadInput(f"this engine runs Whisper on a processor, not on {device}")
        yield Phase(name="load", done=0.0)
        try:
            from faster_whisper import WhisperModel, vad
        except ImportError as error:
            raise MissingExtra(
                f"speech cannot be transcribed here: {error.name or error} is not installed",
                hint="pip install 'hausmusik[embedded]'",
            ) from error
        yield Phase(name="load", done=0.3)
        folder, in_memory = self._place()
        threads = self._context.threads
        try:
            self._model = WhisperModel(
                folder, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True, **in_memory
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsError(f"the Whisper weights cannot be read: {error}", hint="pull them again") from error
        options = vad.VadOptions(min_silence_duration_ms=500, speech_pad_ms=250, max_speech_duration_s=WINDOW_S)
        self._detector = partial(cast("Any", vad).get_speech_timestamps, vad_options=options)
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Decode half a second of noise, past the voice detector."""
        yield Phase(name="warm_up", done=0.0)
        noise = (0.05 * np.random.Generator(np.random.PCG64(1)).standard_normal(SAMPLE_RATE_HZ)).astype(np.float32)
        self._spoken(noise)
        self._decoded(noise, TranscribeRequest(audio=Audio.mono(noise, SAMPLE_RATE_HZ)), "en")
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield `TextDelta` and `WordTiming` per segment, the language as an `Artifact`, `Usage` and `Done`.

        The deltas joined are the transcript; it is empty when nobody speaks. Words keep their punctuation. Times never
        go back and stay inside the recording. `cancel` is asked between windows (28 s of speech) and between segments.

        Raises:
            BadInput: another task, an unknown language, an empty recording, a prompt of more than 600 characters.
            EngineError: the library failed.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, TranscribeRequest):
                raise BadInput(f"Whisper transcribes recordings, it cannot play a {type(request).__name__}")
            for event in self._transcribe(request, cancel):
                yield index, event
            if cancel.is_set():
                return
            yield index, Usage(audio_s=request.audio.duration_s)
            yield index, Done()

    def close(self) -> None:
        """Give the model's memory back."""
        self._model = self._detector = None

    def _files(self) -> dict[str, Path]:
        """Return the handed files by their own names; raises WeightsError when one is missing."""
        found = {name.partition("/")[2]: Path(path) for name, path in self._context.files.items()}
        for name in FILES:
            if name not in found:
                raise WeightsError(f"the weight file {name} was not handed to Whisper", hint="see `haus doctor`")
        return found

    def _place(self) -> tuple[str, dict[str, Any]]:
        """Return the folder of the files, and their bytes where they do not lie together under their own names."""
        files = self._files()
        folders = {path.parent for path in files.values()}
        if len(folders) == 1 and all(path.name == name for name, path in files.items()):
            return str(folders.pop()), {}
        return "whisper", {"files": {name: path.read_bytes() for name, path in files.items()}}

    def _transcribe(self, request: TranscribeRequest, cancel: Cancel) -> Iterator[Event]:
        if self._model is None:
            raise RuntimeError("Whisper was asked to play before it was loaded")
        language, gain = self._checked(request), _gain(request.audio)
        begun, at_s = False, 0.0
        for start, section in sections(mono_blocks_16k(request.audio)):
            for window in windows(start, section * np.float32(gain), self._spoken):
                if cancel.is_set():
                    return
                segments, detected = self._decoded(window.samples, request, language)
                if not language:
                    language = detected["language"]
                    yield Artifact(
                        name="language.json", media_type="application/json", data=json.dumps(detected).encode()
                    )
                for segment in segments:
                    if cancel.is_set():
                        return
                    text = str(segment.text)
                    yield TextDelta(text=text if begun else text.lstrip())
                    begun = True
                    for word in _words(segment, window, at_s, request.audio.duration_s):
                        at_s = word.end_s
                        yield word

    def _checked(self, request: TranscribeRequest) -> str:
        """Return the language code for the model, empty when it has to be detected."""
        language = request.language.strip().lower().replace("_", "-").partition("-")[0]
        known = self._model.supported_languages
        if language and language not in known:
            raise BadInput(
                f"Whisper does not know the language {request.language!r}", hint=f"one of {', '.join(sorted(known))}"
            )
        if len(request.prompt) > MAX_PROMPT_CHARACTERS:
            raise BadInput(
                f"the prompt has {len(request.prompt)} characters, Whisper takes {MAX_PROMPT_CHARACTERS}",
                hint="give names and terms only",
            )
        return language or ("" if self._model.model.is_multilingual else "en")

    def _spoken(self, samples: FloatArray) -> list[tuple[int, int]]:
        return [(int(each["start"]), int(each["end"])) for each in self._detector(samples)]

    def _decoded(
        self, samples: FloatArray, request: TranscribeRequest, language: str
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the segments of one window and the language; a text that repeats itself is decoded once more."""
        segments, detected = self._decode_once(samples, request, language)
        looping = [segment for segment in segments if segment.compression_ratio > _LOOPING]
        if any(segment.no_speech_prob > _NO_SPEECH for segment in looping):
            return [segment for segment in segments if segment not in looping], detected
        if looping:
            segments, _ = self._decode_once(samples, request, detected["language"], no_repeat_ngram_size=3)
        return segments, detected

    def _decode_once(
        self, samples: FloatArray, request: TranscribeRequest, language: str, *, no_repeat_ngram_size: int = 0
    ) -> tuple[list[Any], dict[str, Any]]:
        try:
            segments, info = self._model.transcribe(
                samples,
                language=language or None,
                beam_size=_BEAMS,
                temperature=0.0,
                no_speech_threshold=_NO_SPEECH,
                log_prob_threshold=_UNSURE,
                condition_on_previous_text=False,
                hotwords=request.prompt.strip() or None,
                word_timestamps=True,
                no_repeat_ngram_size=no_repeat_ngram_size,
                vad_filter=False,
            )
            kept = [segment for segment in segments if any(letter.isalnum() for letter in segment.text)]
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"Whisper failed on this recording: {error}") from error
        return kept, {"language": info.language, "probability": round(float(info.language_probability), 3)}


def _gain(audio: Audio) -> float:
    """Return what brings a quiet recording's peak to 0.25, at most 30: the voice detector expects speech level."""
    block = 1 << 20
    peak = max(
        (float(np.abs(audio.samples[:, at : at + block]).max()) for at in range(0, audio.frames, block)), default=0.0
    )
    return min(_QUIET_PEAK / peak, _MOST_GAIN) if 0 < peak < _QUIET_PEAK else 1.0


def _words(segment: Any, window: Window, at_s: float, duration_s: float) -> Iterator[WordTiming]:
    """Yield a segment's words with times in the recording, never before `at_s`, never after its end."""
    for word in segment.words or ():
        text = str(word.word).strip()
        if not text:
            continue
        first_s, last_s = window.original_span_s(float(word.start), float(word.end))
        start_s = min(max(first_s, at_s), duration_s)
        end_s = min(max(last_s, start_s), duration_s)
        at_s = end_s
        yield WordTiming(text=text, start_s=start_s, end_s=end_s, confidence=float(word.probability))
