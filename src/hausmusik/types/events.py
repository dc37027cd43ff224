"""What comes of a play: one union for pipes, clouds, jobs and servers."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from hausmusik.types.audio import Audio
from hausmusik.types.chats import ToolCall
from hausmusik.types.values import FloatArray, Value


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
