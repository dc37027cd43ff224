"""What the journal keeps of an item that was played: of a sound which take it is, of anything else the result itself.

Folds the events of one play, or keeps them as a take. Knows nothing of lines and files.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, Final, cast

import msgspec

from hausmusik.errors import GenerationFailed
from hausmusik.jobs.journal import MAX_BYTES
from hausmusik.seams import Clock, Player
from hausmusik.takes.record import record_take
from hausmusik.takes.store import Take, TakeStore
from hausmusik.types import (
    ChatRequest,
    Done,
    Embeddings,
    EmbedRequest,
    JudgeRequest,
    Remark,
    Request,
    Run,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    TranscribeRequest,
    Usage,
    WordTiming,
)

WRITTEN: Final = (TranscribeRequest, JudgeRequest, ChatRequest, EmbedRequest)
"""Requests whose results are written, not heard."""


class Played(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of one item.

    Args:
        take: Key of the take, for sounds.
        result: Everything else, as JSON can carry it.
        cost_usd: What its play has cost, a decimal number.
        seconds: Seconds of playing.
    """

    take: str = ""
    result: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    cost_usd: str = "0"
    seconds: float = 0.0

    def encoded(self) -> bytes:
        """Return its form in the journal.

        Raises:
            GenerationFailed: it is too long for that.
        """
        data = msgspec.json.encode(self)
        if len(data) > MAX_BYTES:
            raise GenerationFailed(
                f"the result is longer than {MAX_BYTES >> 20} MiB", hint="split the recording into shorter ones"
            )
        return data


def played_of(data: bytes) -> Played:
    """Return what `encoded` made."""
    return msgspec.json.decode(data, type=Played)


async def played(
    player: Player, takes: TakeStore, instrument: str, request: Request, *, run: Run, clock: Clock
) -> Played:
    """Play a request, unless its take is kept already.

    Raises:
        GenerationFailed: nothing came, or too much to be kept.
        HausmusikError: what the player raises.
    """
    if isinstance(request, WRITTEN):
        return await _written(player, instrument, request, run)
    return kept(await record_take(player, takes, instrument, request, run=run, clock=clock))


def kept(take: Take) -> Played:
    """Return the result that a take is."""
    return Played(take=take.record.key, cost_usd=take.record.cost_usd, seconds=take.record.busy_s)


def told_of(take: Take) -> dict[str, Any]:
    """Return what a line of results says of a take besides where its file is."""
    record = take.record
    told: dict[str, Any] = {
        "duration_s": round(record.duration_s, 3),
        "sample_rate_hz": record.sample_rate_hz,
        "channels": record.channels,
    }
    return told | _words_and_remarks(record.words, record.remarks)


async def _written(player: Player, instrument: str, request: Request, run: Run) -> Played:
    text: list[str] = []
    words: list[WordTiming] = []
    remarks: list[str] = []
    thinking: list[str] = []
    calls: list[dict[str, str]] = []
    vector: dict[str, Any] = {}
    usage, cost_usd = Usage(), "0"
    async with aclosing(cast("Any", player.play(instrument, request, run=run))) as events:
        async for event in events:
            match event:
                case TextDelta():
                    text.append(event.text)
                case WordTiming():
                    words.append(event)
                case Remark():
                    remarks.append(event.text)
                case ThinkingDelta():
                    thinking.append(event.text)
                case ToolCall():
                    calls.append({"id": event.id, "name": event.name, "arguments": event.arguments})
                case Embeddings():
                    rows = event.values.tolist()
                    several = isinstance(request, EmbedRequest)
                    vector = {"vectors": rows} if several else {"vector": rows[0]}
                    vector["model"] = event.model
                case Usage():
                    usage += event
                case Done():
                    cost_usd = event.cost_usd
                case _:
                    pass
    if isinstance(request, JudgeRequest | EmbedRequest) and not vector:
        raise GenerationFailed(f"{instrument} gave no vector")
    written = vector or {"text": "".join(text).strip()}
    if thinking:
        written["thinking"] = "".join(thinking).strip()
    if calls:
        written["tool_calls"] = calls
    result = written | _words_and_remarks(words, remarks)
    return Played(result=result, cost_usd=cost_usd, seconds=usage.busy_s)


def _words_and_remarks(words: Any, remarks: Any) -> dict[str, Any]:
    """Return both where there are any; times in milliseconds, which is finer than any instrument is."""
    told: dict[str, Any] = {}
    if words:
        told["words"] = [_word(word) for word in words]
    if remarks:
        told["remarks"] = list(remarks)
    return told


def _word(word: WordTiming) -> dict[str, Any]:
    told: dict[str, Any] = {"text": word.text, "start_s": round(word.start_s, 3), "end_s": round(word.end_s, 3)}
    return told if word.confidence is None else told | {"confidence": round(word.confidence, 3)}
