"""The tone engine: plays every task on sines and noise, in about a thousandth of real time, with numpy alone.

It follows the engine contract to the letter and is the reference for it; its options make it break the contract on
purpose. Knows nothing of models: it has no weights and is deterministic in everything.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from hausmusik.engines.tone import faults, hearing, sounds
from hausmusik.engines.tone.words import document_for, word_vectors, words_said
from hausmusik.errors import BadInput
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import (
    Artifact,
    Audio,
    AudioChunk,
    ChatRequest,
    Done,
    Embeddings,
    EmbedRequest,
    Event,
    FloatArray,
    JudgeRequest,
    MusicRequest,
    Phase,
    Remark,
    Request,
    SoundRequest,
    SpeakRequest,
    TextDelta,
    ThinkingDelta,
    TokenScore,
    TranscribeRequest,
    Usage,
    WordTiming,
)

LONGEST_S: Final = 600.0
_CHUNK_S: Final = 1.0
_SOUND_S: Final = 2.0


class ToneEngine:
    """Plays every task without a model: chat repeats what was said, embed counts words.

    Args:
        context: Its options are those of `hausmusik.engines.tone.faults.ToneOptions`; files are ignored.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._options = faults.ToneOptions()
        self._ready = False
        self._held: FloatArray | None = None

    @property
    def spec(self) -> EngineSpec:
        """Four requests at once; CPU only."""
        return EngineSpec(name="tone", revision="1", max_batch=4)

    def prepare(self) -> Iterator[Phase]:
        """Check the options; raises ConfigError."""
        self._options = faults.options_of(self._context.options)
        yield Phase(name="prepare", done=1.0)

    def load(self, device: str) -> Iterator[Phase]:
        """Take as long as told and be ready."""
        if device != "cpu":
            raise BadInput(f"the tone engine plays on the cpu, not on {device}")
        faults.before_load(self._options)
        for step in range(10 if self._options.slow_load_s else 0):
            yield Phase(name="load", done=step / 10)
            time.sleep(self._options.slow_load_s / 10)
        self._ready = True
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Play one word to nobody."""
        for _ in self._speak(SpeakRequest(text="one")):
            pass
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield the events of each request, one request after the other; stops silently once cancelled.

        Raises:
            BadInput: nothing speakable, nothing to hear, longer than 600 s.
        """
        if not self._ready:
            raise RuntimeError("the tone engine was asked to play before it was loaded")
        faults.make_noise(self._options)
        if self._options.memory_mib:
            self._held = np.ones(self._options.memory_mib << 18, np.float32)
        for index, request in enumerate(requests):
            for count, event in enumerate(self._events(request)):
                faults.before_event(self._options, count, cancel)
                if cancel.is_set():
                    return
                yield index, event
            if self._options.remark:
                yield index, Remark(text=self._options.remark)
            if self._options.fail != "no_done":
                yield index, Done(reason=_reason(request))

    def close(self) -> None:
        """Let go of everything."""
        self._ready = False
        self._held = None

    def _events(self, request: Request) -> Iterator[Event]:
        match request:
            case SpeakRequest():
                return self._speak(request)
            case MusicRequest():
                return self._music(request)
            case SoundRequest():
                return self._sound(request)
            case TranscribeRequest():
                return self._transcribe(request)
            case JudgeRequest():
                return self._judge(request)
            case ChatRequest():
                return self._chat(request)
            case EmbedRequest():
                return self._embed(request)

    def _speak(self, request: SpeakRequest) -> Iterator[Event]:
        """Times of a sentence's words first, then its sound, so that a player can show the word it is about to say."""
        rate = self._options.sample_rate_hz
        at = 0
        seed = request.seed + (os.getpid() if self._options.drift else 0)
        for sentence in sounds.speech(
            request.text,
            voice=request.voice,
            speed=request.speed,
            lexicon=request.lexicon,
            seed=seed,
            rate_hz=rate,
        ):
            for word in sentence.words:
                yield WordTiming(text=word.text, start_s=(at + word.start) / rate, end_s=(at + word.end) / rate)
            yield AudioChunk(start_s=at / rate, audio=Audio.mono(sentence.samples, rate))
            at += sentence.samples.size
        if not at:
            raise BadInput("there is no word to say in this text", hint="write at least one word")
        yield Usage(audio_s=at / rate, characters=len(request.text))

    def _music(self, request: MusicRequest) -> Iterator[Event]:
        _check_prompt(request.prompt, request.duration_s)
        rate = self._options.sample_rate_hz
        chord = sounds.chord_hz(request.prompt, request.seed)
        samples = sounds.music(
            request.prompt,
            duration_s=request.duration_s,
            seed=request.seed,
            tempo_bpm=request.tempo_bpm,
            rate_hz=rate,
        )
        yield from _chunks(samples, rate)
        document = json.dumps({"chord_hz": [round(each, 3) for each in chord]}).encode()
        yield Artifact(name="chord.json", media_type="application/json", data=document)
        yield Usage(audio_s=samples.shape[1] / rate, characters=len(request.prompt))

    def _sound(self, request: SoundRequest) -> Iterator[Event]:
        _check_prompt(request.prompt, request.duration_s)
        rate = self._options.sample_rate_hz
        samples = sounds.noise(
            request.prompt,
            duration_s=request.duration_s or _SOUND_S,
            seed=request.seed,
            loop=request.loop,
            rate_hz=rate,
        )
        yield from _chunks(samples.reshape(1, -1), rate)
        yield Usage(audio_s=samples.size / rate, characters=len(request.prompt))

    def _transcribe(self, request: TranscribeRequest) -> Iterator[Event]:
        _check_audio(request.audio)
        for place, (start_s, end_s) in enumerate(hearing.bursts(request.audio)):
            yield TextDelta(text="la" if place == 0 else " la")
            yield WordTiming(text="la", start_s=start_s, end_s=min(end_s, request.audio.duration_s), confidence=1.0)
        yield Usage(audio_s=request.audio.duration_s)

    def _judge(self, request: JudgeRequest) -> Iterator[Event]:
        _check_audio(request.audio)
        yield Embeddings(values=hearing.speaker_vector(request.audio), model=f"tone@{self.spec.revision}")
        yield Usage(audio_s=request.audio.duration_s)

    def _chat(self, request: ChatRequest) -> Iterator[Event]:
        """Repeat the last thing that was said, as far as tokens are allowed; each word is one."""
        words = _words_of(request)
        if not words:
            raise BadInput("nothing was said", hint="write a message")
        if request.think:
            yield ThinkingDelta(text=f"I was told {len(words)} words.")
        allowed = words[: request.max_tokens or None]
        for word in allowed:
            yield TextDelta(text=word)
            if request.top_logprobs:
                yield TokenScore(text=word, logprob=-0.5, alternatives=((word, -0.5),))
        read = sum(len(words_said(message.content)) for message in request.messages)
        yield Usage(tokens_in=read, tokens_out=len(allowed))

    def _embed(self, request: EmbedRequest) -> Iterator[Event]:
        yield Embeddings(values=word_vectors(request.texts), model=f"tone@{self.spec.revision}")
        read = sum(len(text.split()) for text in request.texts)
        yield Usage(tokens_in=read, characters=sum(map(len, request.texts)))


def _reason(request: Request) -> str:
    """Return why a play ends: all that was to be said is said, unless it had too few tokens."""
    cut = isinstance(request, ChatRequest) and 0 < request.max_tokens < len(_words_of(request))
    return "length" if cut else "complete"


def _words_of(request: ChatRequest) -> list[str]:
    """Return the words of an answer: those of the last message, or the simplest document that fits the schema."""
    said = request.messages[-1].content
    if said.strip() and request.schema:
        said = json.dumps(document_for(json.loads(request.schema)))
    return words_said(said) if said.strip() else []


def _chunks(samples: FloatArray, rate_hz: int) -> Iterator[AudioChunk]:
    """Yield `(channels, samples)` in contiguous chunks of at most one second."""
    step = round(_CHUNK_S * rate_hz)
    for start in range(0, samples.shape[1], step):
        part = np.ascontiguousarray(samples[:, start : start + step])
        yield AudioChunk(start_s=start / rate_hz, audio=Audio(part, rate_hz))


def _check_prompt(prompt: str, duration_s: float) -> None:
    if not prompt.strip():
        raise BadInput("the prompt is empty", hint="say in words what is to be heard")
    if not 0 <= duration_s <= LONGEST_S:
        raise BadInput(f"{duration_s:g} s is outside the tone engine's range", hint=f"ask for 0 to {LONGEST_S:g} s")


def _check_audio(audio: Audio) -> None:
    if not audio.frames:
        raise BadInput("the recording is empty", hint="check the file it came from")
    if not np.isfinite(audio.samples).all():
        raise BadInput("the recording has samples that are not numbers", hint="decode it again")
