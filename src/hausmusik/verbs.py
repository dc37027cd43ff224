"""The verbs that play one instrument and fold its stream into a result: speak, music, chat, embed …

Streaming is the primitive (`play`), so the plain form cannot drift from it. Knows only `play`; the house brings it.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import msgspec

from hausmusik.asking import playable
from hausmusik.audio.files import decode
from hausmusik.conversation import Reply, chat_request, reply_of
from hausmusik.errors import GenerationFailed
from hausmusik.types import (
    REQUEST_OF_TASK,
    Audio,
    AudioChunk,
    Embeddings,
    EmbedRequest,
    Event,
    FloatArray,
    JudgeRequest,
    Message,
    MusicRequest,
    Request,
    Run,
    SoundRequest,
    SpeakRequest,
    Task,
    TextDelta,
    TranscribeRequest,
    WordTiming,
    concatenate,
)
from hausmusik.voice_names import parse_voice


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A spoken text.

    Args:
        audio: The sound.
        words: When each word is spoken; empty where the instrument does not tell.
    """

    audio: Audio
    words: tuple[WordTiming, ...] = ()


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """A written-down recording."""

    text: str
    words: tuple[WordTiming, ...] = ()


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """Texts as vectors.

    Args:
        vectors: float32, shape `(texts, dim)`, rows of length 1 in the order of the texts: their products are cosines.
        model: Whose they are; vectors of two models say nothing of each other.
    """

    vectors: FloatArray
    model: str


class Verbs:
    """What one asks of a single instrument."""

    @abstractmethod
    def play(self, instrument: str, request: Request, *, on: str = "", run: Run | None = None) -> AsyncGenerator[Event]:
        """Play an instrument and yield its events as they come."""
        ...

    async def speak(
        self,
        text: str,
        *,
        voice: str | Mapping[str, float] = "",
        speed: float = 1.0,
        language: str = "",
        lexicon: Mapping[str, str] | None = None,
        instrument: str = "",
        seed: int = 0,
        on: str = "",
        run: Run | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Spoken:
        """Say a text and return the sound with its word times.

        Args:
            text: What to say.
            voice: A name, `a(2)+b(1)` for a blend, or weights by name; empty: the instrument's default.
            speed: 0.5 to 2.0.
            language: BCP 47; empty: the voice's own.
            lexicon: Word -> /phonemes/ or a respelling.
            instrument: Empty: the settings' default.
            seed: For engines with randomness.
            on: Host; empty: the run's, or the settings' default.
            run: To which it belongs.
            on_event: Told of every event as it comes.

        Raises:
            UsageError: nothing to say, a number out of range.
            NotFoundError: unknown voice.
        """
        request = speak_request(text, voice=voice, speed=speed, language=language, lexicon=lexicon, seed=seed)
        chunks: list[Audio] = []
        words: list[WordTiming] = []
        async for event in self._told(instrument, request, on, run, on_event):
            if isinstance(event, AudioChunk):
                chunks.append(event.audio)
            elif isinstance(event, WordTiming):
                words.append(event)
        return Spoken(audio=_joined(chunks, "speech"), words=tuple(words))

    async def music(
        self,
        prompt: str,
        *,
        duration_s: float,
        seed: int = 0,
        tempo_bpm: float = 0.0,
        instrument: str = "",
        on: str = "",
        run: Run | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Audio:
        """Make a piece of music of exactly that length."""
        request = music_request(prompt, duration_s=duration_s, seed=seed, tempo_bpm=tempo_bpm)
        return await self._sounding(instrument, request, on, run, on_event, "music")

    async def sound(
        self,
        prompt: str,
        *,
        duration_s: float = 0.0,
        loop: bool = False,
        seed: int = 0,
        instrument: str = "",
        on: str = "",
        run: Run | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Audio:
        """Make or find a sound; 0 s leaves its length to the instrument."""
        request = sound_request(prompt, duration_s=duration_s, loop=loop, seed=seed)
        return await self._sounding(instrument, request, on, run, on_event, "sound")

    async def transcribe(
        self,
        audio: Audio | Path | str,
        *,
        language: str = "",
        prompt: str = "",
        instrument: str = "",
        on: str = "",
        run: Run | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Transcript:
        """Write down what is said in a file or a sound; files up to 30 minutes."""
        request = TranscribeRequest(audio=await _heard(audio), language=language, prompt=prompt)
        text: list[str] = []
        words: list[WordTiming] = []
        async for event in self._told(instrument, request, on, run, on_event):
            if isinstance(event, TextDelta):
                text.append(event.text)
            elif isinstance(event, WordTiming):
                words.append(event)
        return Transcript(text="".join(text).strip(), words=tuple(words))

    async def judge(
        self, audio: Audio | Path | str, *, instrument: str = "", on: str = "", run: Run | None = None
    ) -> FloatArray:
        """Return the speaker vector of a recording: float32 `(dim,)`, L2-normalised."""
        request = JudgeRequest(audio=await _heard(audio))
        events = self._told(instrument, request, on, run, None)  # heard to the end: leaving early cancels the play
        found = [event.values[0] async for event in events if isinstance(event, Embeddings)]
        if not found:
            raise GenerationFailed("the judge gave no vector")
        return found[0]

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Literal["passage", "query"] = "passage",
        instrument: str = "",
        on: str = "",
        run: Run | None = None,
    ) -> Embedded:
        """Turn texts into vectors in which cosine says how near their meanings are.

        Args:
            texts: 1 to 4,096; one text alone counts as one. What is longer than the model can read counts with its
                beginning alone.
            purpose: `query` for what is looked for, `passage` for what it is looked for in; some models care.
            instrument: Empty: the settings' default.
            on: Host; empty: the run's, or the settings' default.
            run: To which it belongs.

        Raises:
            UsageError: no texts, or too many, or neither letters nor digits in them.
            BadInput: a text with nothing in it; says which.
        """
        request = embed_request(texts, purpose=purpose)
        events = self._told(instrument, request, on, run, None)
        found = [event async for event in events if isinstance(event, Embeddings)]
        if len(found) != 1 or len(found[0].values) != len(request.texts):
            raise GenerationFailed(f"there were {len(request.texts)} texts, and not as many vectors came")
        return Embedded(vectors=found[0].values, model=found[0].model)

    async def chat(
        self,
        messages: str | Sequence[Message],
        *,
        system: str = "",
        history: Sequence[Message] = (),
        temperature: float | None = None,
        max_tokens: int = 0,
        seed: int = 0,
        stop: Sequence[str] = (),
        schema: str | Mapping[str, Any] | None = None,
        tools: str | Sequence[Mapping[str, Any]] | None = None,
        think: bool = True,
        instrument: str = "",
        on: str = "",
        run: Run | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Reply:
        """Go on with a conversation and return the reply; see `hausmusik.conversation.chat_request`."""
        request = chat_request(
            messages,
            system=system,
            history=history,
            temperature=temperature,
            max_tokens=max_tokens,
            seed=seed,
            stop=stop,
            schema=schema,
            tools=tools,
            think=think,
        )
        return reply_of([event async for event in self._told(instrument, request, on, run, on_event)])

    async def _told(
        self, instrument: str, request: Request, on: str, run: Run | None, on_event: Callable[[Event], None] | None
    ) -> AsyncGenerator[Event]:
        async with aclosing(self.play(instrument, request, on=on, run=run)) as events:
            async for event in events:
                if on_event is not None:
                    on_event(event)
                yield event

    async def _sounding(
        self,
        instrument: str,
        request: Request,
        on: str,
        run: Run | None,
        on_event: Callable[[Event], None] | None,
        what: str,
    ) -> Audio:
        events = self._told(instrument, request, on, run, on_event)
        return _joined([event.audio async for event in events if isinstance(event, AudioChunk)], what)


def speak_request(
    text: str,
    *,
    voice: str | Mapping[str, float] = "",
    speed: float = 1.0,
    language: str = "",
    lexicon: Mapping[str, str] | None = None,
    seed: int = 0,
) -> SpeakRequest:
    """Return the request for a line; `voice` may be a name, `a(2)+b(1)`, or weights by name.

    Raises:
        UsageError: a number is out of range, or the blend is misspelt.
    """
    weights = parse_voice(voice) if isinstance(voice, str) else dict(voice)
    request = SpeakRequest(
        text=text, voice=weights, speed=speed, language=language, lexicon=dict(lexicon or {}), seed=seed
    )
    return playable(request)


def music_request(prompt: str, *, duration_s: float, seed: int = 0, tempo_bpm: float = 0.0) -> MusicRequest:
    """Return the request for a piece of music; UsageError when a number is out of range."""
    return playable(MusicRequest(prompt=prompt, duration_s=duration_s, seed=seed, tempo_bpm=tempo_bpm))


def sound_request(prompt: str, *, duration_s: float = 0.0, loop: bool = False, seed: int = 0) -> SoundRequest:
    """Return the request for a sound; UsageError when a number is out of range."""
    return playable(SoundRequest(prompt=prompt, duration_s=duration_s, loop=loop, seed=seed))


def embed_request(texts: Sequence[str], *, purpose: Literal["passage", "query"] = "passage") -> EmbedRequest:
    """Return the request for vectors of texts, or of a single one; UsageError when there are none or too many."""
    return playable(EmbedRequest(texts=(texts,) if isinstance(texts, str) else tuple(texts), purpose=purpose))


def task_of(request: Request) -> Task:
    """Return the task that a request belongs to."""
    return next(task for task, kind in REQUEST_OF_TASK.items() if isinstance(request, kind))


def _joined(chunks: list[Audio], what: str) -> Audio:
    if not chunks:
        raise GenerationFailed(f"the instrument ended without any {what}")
    return concatenate(chunks)


async def _heard(audio: Audio | Path | str) -> Audio:
    return audio if isinstance(audio, Audio) else await asyncio.to_thread(decode, audio)
