"""The `speak` engine Piper: one American voice, fast, for drafts and where Kokoro's voices cannot be had.

`piper-tts` is GPL-3.0-or-later and brings espeak-ng: it is imported only in `load()`, in an interpreter of its own
(environment `piper`). Text is read by the same front end as Kokoro's, so that a draft says the same words; how they
sound is espeak's affair. Played without the model's noise, because its random numbers cannot be seeded: the same
request gives the same bytes. Knows nothing of money, hosts or files beyond the weights it is handed.
"""

from __future__ import annotations

import importlib
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hausmusik.engines.english.pronunciation import Sound
from hausmusik.engines.english.reading import read
from hausmusik.engines.english.respelling import SYLLABLE, spoken_forms
from hausmusik.engines.english.sentences import paragraphs, sentences
from hausmusik.engines.english.stress import PRIMARY, SECONDARY
from hausmusik.engines.english.tokens import Token, Word
from hausmusik.engines.speech.chunks import Chunk, Piece, pieces, plan
from hausmusik.engines.speech.outputs import with_output
from hausmusik.engines.speech.shaping import Shaped, shape, with_silence
from hausmusik.engines.speech.timing import Spoken, word_timings
from hausmusik.errors import BadInput, EngineError, GenerationFailed, MissingExtra, WeightsError
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import Audio, AudioChunk, Done, Event, Phase, Request, SpeakRequest, Usage

REVISION: Final = "2"
VOICE: Final = "joe"
MODEL: Final = "piper-joe/en_US-joe-medium.onnx"
DURATIONS: Final = "/Ceil_output_0"
"""The graph's inner value that holds the length of every symbol in units of 256 samples."""
LEAD_S: Final = 0.02
_IPA: Final = {
    "A": "eɪ",
    "I": "aɪ",
    "O": "oʊ",
    "Q": "əʊ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "ʤ": "dʒ",
    "ʧ": "tʃ",
    "T": "ɾ",
    "ᵊ": "ə",
}

_UNSPOKEN: Final = re.compile(f"[{SYLLABLE}{PRIMARY}{SECONDARY}]")


class PiperEngine:
    """Speaks American English with the voice `joe`, 22,050 Hz.

    Options: none.

    Args:
        context: Hands over `piper-joe`.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._voice: Any = None
        self._synthesis: Any = None

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="piper", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Check that the files were handed over; raises WeightsError."""
        yield Phase(name="prepare", done=0.0)
        self._context.path(MODEL)
        self._context.path(f"{MODEL}.json")
        yield Phase(name="prepare", done=1.0)

    def load(self, device: str) -> Iterator[Phase]:
        """Load the model (63 MB).

        Raises:
            BadInput: another device than the CPU.
            MissingExtra: piper-tts is not installed in this interpreter.
            WeightsError: a file cannot be read.
        """
        if device != "cpu":
            raise BadInput(f"Piper plays on a CPU here, not on {device}")
        yield Phase(name="load", done=0.0)
        try:
            runtime: Any = importlib.import_module("onnxruntime")
            piper: Any = importlib.import_module("piper")
            settings: Any = importlib.import_module("piper.config")
            importlib.import_module("num2words")
        except ImportError as error:
            raise MissingExtra(
                f"Piper needs {error.name or 'piper-tts'}, which is not installed", hint="haus install piper"
            ) from error
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = max(1, self._context.threads)
        options.log_severity_level = 3
        try:
            described = json.loads(self._context.path(f"{MODEL}.json").read_text(encoding="utf-8"))
            config = settings.PiperConfig.from_dict(described)
            model = with_output(self._context.path(MODEL), DURATIONS)
            session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise WeightsError(f"Piper's weights cannot be read: {error}", hint="pull them again") from error
        self._voice = piper.PiperVoice(session=session, config=config)
        self._synthesis = settings.SynthesisConfig
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Say a short sentence to nobody."""
        yield Phase(name="warm_up", done=0.0)
        chunk = next(self._chunks(SpeakRequest(text="All is ready now.")))
        self._shaped(chunk, 1.0)
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield for each request `AudioChunk`s, each followed by its `WordTiming`s, then `Usage` and `Done`.

        Chunks are contiguous, mono, 22,050 Hz, at most about 10 s, made in about 1 s each. Ends without `Done` when
        cancelled, between chunks. Times of words are the model's own where espeak says one word for each of ours,
        else shared out by length within the chunk.

        Raises:
            BadInput: another task, no words in the text, another voice or language, a bad lexicon entry.
            GenerationFailed: the model gave nothing usable.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, SpeakRequest):
                raise BadInput(f"Piper speaks, it cannot play a {type(request).__name__}")
            spoken_s: list[float] = []
            for event in self._speak(request, cancel, spoken_s):
                yield index, event
            if cancel.is_set():
                return
            yield index, Usage(audio_s=sum(spoken_s), characters=len(request.text))
            yield index, Done()

    def close(self) -> None:
        """Give the model's memory back."""
        self._voice = None

    @property
    def _rate_hz(self) -> int:
        return int(self._voice.config.sample_rate)

    def _speak(self, request: SpeakRequest, cancel: Cancel, spoken_s: list[float]) -> Iterator[Event]:
        _check(request)
        if self._voice is None:
            raise EngineError("Piper was asked to play before it was loaded")
        chunks = self._chunks(request)
        chunk = next(chunks, None)
        if chunk is None:
            raise BadInput("there is nothing to say in this text", hint="write at least one word in Latin letters")
        position = 0
        while chunk is not None:
            if cancel.is_set():
                return
            shaped, words = self._shaped(chunk, request.speed)
            following = next(chunks, None)
            pause_s = max(chunk.pause_s / request.speed, chunk.silence_s) if following else 0.0
            samples = with_silence(shaped.samples, pause_s, self._rate_hz)
            start_s = position / self._rate_hz
            yield AudioChunk(start_s=start_s, audio=Audio.mono(samples, self._rate_hz))
            yield from word_timings(words, shaped, start_s, LEAD_S)
            spoken_s.append(samples.size / self._rate_hz)
            position += samples.size
            chunk = following

    def _chunks(self, request: SpeakRequest) -> Iterator[Chunk]:
        own = spoken_forms(request.lexicon, "us")
        portions = paragraphs(unicodedata.normalize("NFC", request.text))
        return plan(
            ((_pieces(sentences(read(portion, "us", own)), portion), ends) for _, portion, ends in portions),
            request.speed,
        )

    def _shaped(self, chunk: Chunk, speed: float) -> tuple[Shaped, tuple[Spoken, ...]]:
        """Return a chunk's sound and its words as spans of groups of phonemes."""
        phonemes = [each for sentence in self._voice.phonemize(chunk.symbols) for each in sentence]
        if not phonemes:
            raise GenerationFailed("Piper found nothing to say in a part of the text", hint="say it in other words")
        numbers = self._voice.phonemes_to_ids(phonemes)
        settings = self._synthesis(length_scale=1.0 / speed, noise_scale=0.0, noise_w_scale=0.0)
        try:
            samples, lengths = self._voice.phoneme_ids_to_audio(numbers, settings, include_alignments=True)
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise GenerationFailed(f"Piper failed on a part of the text: {error}") from error
        samples = np.asarray(samples, dtype=np.float32).reshape(-1)
        if not samples.size or not np.isfinite(samples).all():
            raise GenerationFailed("Piper gave no usable samples", hint="say it in other words")
        edges = _by_phoneme(np.asarray(lengths, dtype=np.int64), len(phonemes), len(numbers))
        spans = _spans(chunk, phonemes)
        rests = tuple((_rest_place(at, chunk, phonemes), seconds) for at, seconds in chunk.rests)
        return shape(samples, edges, rests, self._rate_hz), spans


def _check(request: SpeakRequest) -> None:
    strangers = set(request.voice) - {VOICE}
    if strangers:
        raise BadInput(f"Piper has no voice {min(strangers)!r}", hint=f"its only voice is {VOICE}")
    language = request.language.replace("_", "-").lower()
    if language not in {"", "en"} and not language.startswith("en-"):
        raise BadInput(f"Piper speaks English here, not {request.language!r}", hint="leave `language` out")


def _pieces(groups: Iterator[list[Token]], text: str) -> Iterator[list[Piece]]:
    for tokens in groups:
        yield pieces([Sound(_letters(token) if isinstance(token, Word) else "", token) for token in tokens], text)


def _letters(word: Word) -> str:
    """Return a word as espeak reads it: letters, or IPA in double brackets."""
    said: list[str] = []
    for each in word.spoken:
        if each.startswith("/"):
            said.append(f"[[{''.join(_IPA.get(sound, sound) for sound in each.strip('/'))}]]")
        else:
            said.append(_UNSPOKEN.sub("", each.replace(".", " ")).strip())
    return " ".join(said)


def _by_phoneme(lengths: npt.NDArray[np.int64], phonemes: int, numbers: int) -> npt.NDArray[np.int64]:
    """Add up the samples of each phoneme and the padding behind it; the begin and end symbols stay apart.

    Piper writes: begin, padding, then every phoneme followed by padding, then end.
    """
    if lengths.size != numbers or numbers != 2 * phonemes + 3:
        share = max(1, int(lengths.sum()) // (phonemes + 2))
        return np.full(phonemes + 2, share, dtype=np.int64)
    pairs = lengths[:-1].reshape(-1, 2).sum(axis=1)
    return np.concatenate([pairs, lengths[-1:]])


def _groups(phonemes: Sequence[str]) -> list[tuple[int, int]]:
    """Return where each run of phonemes between spaces begins and ends."""
    found: list[tuple[int, int]] = []
    begin = 0
    for index, phoneme in enumerate([*phonemes, " "]):
        if phoneme == " ":
            if index > begin:
                found.append((begin, index))
            begin = index + 1
    return found


def _spans(chunk: Chunk, phonemes: Sequence[str]) -> tuple[Spoken, ...]:
    """Say which phonemes each written word has: by counting spoken words, else in proportion to letters."""
    groups = _groups(phonemes)
    counts = [len(chunk.symbols[word.first : word.last].split()) for word in chunk.words]
    if sum(counts) == len(groups):
        ends = list(accumulate(counts))
        return tuple(
            Spoken(word.text, groups[end - count][0], groups[end - 1][1])
            for word, count, end in zip(chunk.words, counts, ends, strict=True)
        )
    scale = len(phonemes) / max(1, len(chunk.symbols))
    return tuple(
        Spoken(word.text, round(word.first * scale), min(len(phonemes), round(word.last * scale)))
        for word in chunk.words
    )


def _rest_place(at: int, chunk: Chunk, phonemes: Sequence[str]) -> int:
    """Return the phoneme at which a rest falls: behind the last word before it."""
    before = [index for index, word in enumerate(chunk.words) if word.last <= at]
    spans = _spans(chunk, phonemes)
    return min(spans[before[-1]].last, len(phonemes) - 1) if before else 0
