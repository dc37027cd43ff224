"""What instruments are asked for: one request for each task."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from hausmusik.types.audio import Audio
from hausmusik.types.chats import ChatRequest
from hausmusik.types.values import Length, Positive, Seed, Value

Task: TypeAlias = Literal["speak", "music", "sound", "transcribe", "judge", "chat", "embed"]
"""What an instrument does."""


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
