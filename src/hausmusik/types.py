"""The values that travel between the parts: audio, requests, events, runs.

Everything here is frozen and carries its units in the names. Requests and events are tagged msgspec structs, so that
`hausmusik.codec` can send each of them over any wire and refuse what does not fit. Knows nothing of engines, hosts,
money or files.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]

Task: TypeAlias = Literal["speak", "music", "sound", "transcribe", "judge", "chat", "embed"]
"""What an instrument does."""

Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1e6)]
Length: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Seed: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class Value(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """Base of everything that may travel: frozen, keyword-only, tagged with its class name."""


class Audio(msgspec.Struct, frozen=True, eq=False):
    """Samples with their rate.

    Args:
        samples: float32, shape `(channels, samples)`, nominal range -1 to 1 (louder is allowed, never clipped here).
        sample_rate_hz: 1,000 to 384,000.

    Raises:
        ValueError: wrong dtype, shape or rate.
    """

    samples: FloatArray
    sample_rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32:
            raise ValueError(f"audio samples must be float32, not {self.samples.dtype}")
        if self.samples.ndim != 2 or not 1 <= self.samples.shape[0] <= 8:
            raise ValueError(f"audio must have the shape (channels, samples), not {self.samples.shape}")
        if not 1_000 <= self.sample_rate_hz <= 384_000:
            raise ValueError(f"a sample rate of {self.sample_rate_hz} Hz is out of range")

    @classmethod
    def mono(cls, samples: npt.ArrayLike, sample_rate_hz: int) -> Audio:
        """Wrap a one-dimensional signal of any real dtype as one channel of float32."""
        return cls(np.asarray(samples, dtype=np.float32).reshape(1, -1), sample_rate_hz)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Number of samples per channel."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate_hz


def concatenate(parts: list[Audio]) -> Audio:
    """Join chunks of one rate and channel count end to end; raises ValueError when they differ or none is given."""
    if not parts:
        raise ValueError("nothing to join")
    if len({(part.sample_rate_hz, part.channels) for part in parts}) > 1:
        raise ValueError("chunks differ in sample rate or channels")
    return Audio(np.concatenate([part.samples for part in parts], axis=1), parts[0].sample_rate_hz)


# -- requests: one per task -------------------------------------------------------------------------------------------


class SpeakRequest(Value, frozen=True):
    """Say a text.

    Args:
        text: Plain text; marks such as `[laughs]`, `…`, CAPITALS are passed on and handled by the engine.
        voice: Names and weights, e.g. `{"af_heart": 1.0}`; more than one is a blend, weights are normalised.
        speed: 0.5 to 2.0; 1.0 is the voice's own pace.
        language: BCP 47, e.g. `en-US`, `en-GB`; empty: the voice's own.
        lexicon: Word -> how to say it, either `/phonemes/` between slashes or a respelling in plain letters.
        seed: Engines without randomness ignore it.
    """

    text: str
    voice: dict[str, Positive] = msgspec.field(default_factory=dict[str, float])
    speed: Annotated[float, msgspec.Meta(ge=0.5, le=2.0)] = 1.0
    language: str = ""
    lexicon: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    seed: Seed = 0


class MusicRequest(Value, frozen=True):
    """Make a piece of music that begins and ends properly.

    Args:
        prompt: Mood, tempo, instruments, key in words: `calm piano and strings, 70 bpm, D minor`.
        duration_s: Exact length of the result in seconds, above 0.
        seed: Same request and seed give the same bytes within one numeric class.
        tempo_bpm: Overrides what the prompt says; 0 leaves it to the prompt.
    """

    prompt: str
    duration_s: Length
    seed: Seed = 0
    tempo_bpm: Annotated[float, msgspec.Meta(ge=0, le=300)] = 0.0


class SoundRequest(Value, frozen=True):
    """Make or find a sound that is neither speech nor music.

    Args:
        prompt: What is heard: `steady rain on leaves`, or the name of a recorded clip.
        duration_s: Exact length in seconds; 0 leaves it to the instrument (a recorded clip's own length).
        seed: Same request and seed give the same bytes within one numeric class.
        loop: Whether the end must join the beginning without a seam.
    """

    prompt: str
    duration_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    seed: Seed = 0
    loop: bool = False


class TranscribeRequest(Value, frozen=True):
    """Write down what is said.

    Args:
        audio: Any rate and channel count.
        language: ISO 639-1, e.g. `en`; empty: detected.
        prompt: Names and terms to expect, in plain text.
    """

    audio: Audio
    language: str = ""
    prompt: str = ""


class JudgeRequest(Value, frozen=True):
    """Measure a recording.

    Args:
        audio: Any rate and channel count.
        aspect: `speaker`: a vector in which cosine says how alike two voices are.
    """

    audio: Audio
    aspect: Literal["speaker"] = "speaker"


class ToolCall(Value, frozen=True):
    """A model asks for a tool; `arguments` is a JSON document."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One turn of a conversation, in the words of OpenAI's chat API.

    Args:
        role: Who speaks; `tool` answers a call.
        content: What is said; may be empty where a model only calls tools.
        tool_calls: What the model asked for in this turn.
        tool_call_id: Which call a `tool` turn answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


class ChatRequest(Value, frozen=True):
    """Go on with a conversation.

    Args:
        messages: All of it so far, oldest first.
        temperature: 0 takes the likeliest token each time; None: what the instrument's makers advise.
        top_p: Only the likeliest tokens that together have this probability; None: as advised.
        max_tokens: Most that may be generated, thinking included; 0: what the context has room for.
        stop: Texts at which it ends; they are not part of the result.
        seed: Same request and seed give the same answer within one numeric class.
        schema: A JSON Schema, as JSON; the answer then is a document that fits it, unless it ends for want of tokens.
        grammar: A GBNF grammar for the answer, instead of a schema.
        tools: What may be called, as a JSON array in the form of OpenAI's chat API; empty: nothing.
        top_logprobs: For each token also the log-probabilities of so many alternatives; 0: none are told.
        think: Whether a model that can think aloud does.
    """

    messages: Annotated[tuple[Message, ...], msgspec.Meta(min_length=1)]
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    stop: tuple[str, ...] = ()
    seed: Seed = 0
    schema: str = ""
    grammar: str = ""
    tools: str = ""
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    think: bool = True


class EmbedRequest(Value, frozen=True):
    """Turn texts into vectors in which cosine says how near their meanings are.

    Args:
        texts: 1 to 4,096; what is longer than the model can read counts with its beginning alone.
        purpose: Some models want to know whether a text is looked for or looked up.
    """

    texts: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=4096)]
    purpose: Literal["passage", "query"] = "passage"


Request: TypeAlias = (
    SpeakRequest | MusicRequest | SoundRequest | TranscribeRequest | JudgeRequest | ChatRequest | EmbedRequest
)

REQUEST_OF_TASK: Final[Mapping[Task, type[Request]]] = MappingProxyType(
    {
        "speak": SpeakRequest,
        "music": MusicRequest,
        "sound": SoundRequest,
        "transcribe": TranscribeRequest,
        "judge": JudgeRequest,
        "chat": ChatRequest,
        "embed": EmbedRequest,
    }
)


# -- events: one union for pipes, clouds, jobs and servers ----------------------------------------------------------


class Phase(Value, frozen=True):
    """What is going on before or between results: `connect`, `queue`, `boot`, `pull`, `load`, `warm_up`, `play` …

    Args:
        name: Snake case, stable.
        done: Fraction 0 to 1, or None where it is unknown.
        eta_s: Seconds until this phase is over, learnt or estimated; None where unknown.
    """

    name: str
    done: float | None = None
    eta_s: float | None = None


WAITING: Final = frozenset({"connect", "queue"})
"""Phases in which no machine is at work for a play yet."""


class AudioChunk(Value, frozen=True):
    """A piece of the result; chunks are contiguous and `start_s` is the position of its first sample."""

    start_s: float
    audio: Audio


class TextDelta(Value, frozen=True):
    """More of the written result."""

    text: str


class ThinkingDelta(Value, frozen=True):
    """More of the model's visible reasoning."""

    text: str


class TokenScore(Value, frozen=True):
    """How likely a generated token was; it follows the `TextDelta` or `ThinkingDelta` that it is part of.

    Args:
        text: The token.
        logprob: Its natural logarithm of probability, 0 or below.
        alternatives: The likeliest tokens at its place, best first.
    """

    text: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()


class WordTiming(Value, frozen=True):
    """When a word is spoken, in seconds from the start of the audio."""

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None


class Embeddings(Value, frozen=True):
    """Vectors that name the model which made them, so that two models' are never compared.

    Args:
        values: float32, shape `(n, dim)`, L2-normalised rows.
        model: Instrument id and revision.
    """

    values: FloatArray
    model: str


class Artifact(Value, frozen=True):
    """A named by-product, e.g. the MIDI file of a composed piece.

    One name is special: `RECORDINGS_NAME` is a JSON array of `Recording`, which the credits of a piece then name.
    """

    name: str
    media_type: str
    data: bytes


class Remark(Value, frozen=True):
    """What the listener should know of a result: words that were not understood, a part that was left out.

    Args:
        text: One sentence or clause, for people; no full stop.
    """

    text: str


RECORDINGS_NAME: Final = "recordings.json"


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's recording that is heard in a result, for the credits.

    Args:
        title: What is heard in it.
        author: Who made it.
        licence: SPDX or short name.
        link: The page it comes from; may be empty.
        commercial: Whether it may be used commercially.
    """

    title: str
    author: str
    licence: str
    link: str = ""
    commercial: bool = True


class Usage(Value, frozen=True):
    """What a play took; hosts and engines each fill in what they can see, and the parts are added up.

    Args:
        queue_s: Waited for a free worker.
        boot_s: Process or container start.
        load_s: Weights into memory, and warming up.
        busy_s: Wall seconds of playing.
        shared_s: Of `busy_s`, what others pay that play on the same machine meanwhile.
        idle_s: Paid for between plays, or after the last one, with nothing to do.
        cpu_s: Processor seconds of playing.
        audio_s: Seconds of audio made or heard.
        characters: Characters of text taken in.
        tokens_in: Prompt tokens.
        tokens_out: Generated tokens.
    """

    queue_s: float = 0.0
    boot_s: float = 0.0
    load_s: float = 0.0
    busy_s: float = 0.0
    shared_s: float = 0.0
    idle_s: float = 0.0
    cpu_s: float = 0.0
    audio_s: float = 0.0
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Add field by field."""
        names = self.__struct_fields__
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Stay(Value, frozen=True):
    """Which machine plays, and that it stays up afterwards, idle and paid for. Hosts tell it and the meter keeps it.

    Args:
        machine: Its id on the host.
        gap_s: How long it was idle before this play, or those that went on when it began; None: this is its first.
        window_s: How long it will stay idle afterwards, unless it is given something to play; 0: others still play on
            it, and what it idles is theirs.
        gpu: Which of the GPUs that were asked for it has, as it is priced; empty: none, or it is not known which.
        tries: Which try of the play this is, from 1; what those before it took was only seen from outside.
    """

    machine: str
    gap_s: float | None
    window_s: float
    gpu: str = ""
    tries: int = 1


class Done(Value, frozen=True):
    """The last event of every complete stream.

    Args:
        reason: `complete`, or why the engine stopped early: `length` (no tokens left), `tools` (it waits for answers).
        cost_usd: What the play has cost, a decimal number; written by the meter, whatever an engine says.
    """

    reason: str = "complete"
    cost_usd: str = "0"


Event: TypeAlias = (
    Phase
    | AudioChunk
    | TextDelta
    | ThinkingDelta
    | ToolCall
    | TokenScore
    | WordTiming
    | Embeddings
    | Artifact
    | Remark
    | Usage
    | Stay
    | Done
)


class Run(Value, frozen=True):
    """One piece of work asked for; every play belongs to one and the ledger groups by it.

    Args:
        id: Unique, sortable by time.
        label: What a person calls it, e.g. `compose strange-loops`.
        host: Where to play (`local`, `modal` …); empty leaves it to the instrument.
        budget_usd: Most this run may cost, as a decimal string; empty: no limit of its own.
        deadline_s: Most seconds one play of it may take; 0: no limit.
        cue: The cue this play is for; empty outside a score.
        document: The document this play is for; empty outside a memory.
    """

    id: str
    label: str = ""
    host: str = ""
    budget_usd: str = ""
    deadline_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    cue: str = ""
    document: str = ""
