"""A player over the tone engine: all that a score, a voice report or a memory needs to be tested in milliseconds.

Keeps the Player protocol and remembers every play. Its instruments, voices, licences and revisions are whatever the
test says. Knows nothing of catalogues.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from types import MappingProxyType
from typing import Final

from hausmusik.errors import NotFoundError, UsageError
from hausmusik.seams import Coming, EngineContext, EngineOrder, Nature, Scalar, TakeIdentity
from hausmusik.testing.faults import FaultSchedule
from hausmusik.testing.host import FakeHost, Played, PlayFunction, performed
from hausmusik.types import (
    REQUEST_OF_TASK,
    ChatRequest,
    Done,
    EmbedRequest,
    Event,
    MusicRequest,
    Phase,
    Request,
    Run,
    SoundRequest,
    SpeakRequest,
    Task,
    TextDelta,
    ThinkingDelta,
    Usage,
)

INSTRUMENTS: Final[Mapping[str, Task]] = MappingProxyType(
    {
        "tone-speak": "speak",
        "tone-music": "music",
        "tone-sound": "sound",
        "tone-transcribe": "transcribe",
        "tone-judge": "judge",
        "tone-chat": "chat",
        "tone-embed": "embed",
    }
)
CUT: Final = "\N{HORIZONTAL ELLIPSIS}cut"
"""At the end of a scripted reply: no tokens were left."""

_WORD_S: Final = 0.4


class FakePlayer:
    """Plays everything on the tone engine, in this process.

    Args:
        instruments: Id -> task; by default one `tone-<task>` for each.
        voices: Instrument -> the voices it has; an instrument that is not named takes any.
        faults: What goes wrong, by the number of the play.
        options: For the tone engine, e.g. its sample rate.
        non_commercial: Instruments whose results may not be used commercially.
        replies: What a chat is answered, instead of by the engine; the thoughts stand between `<think>` and `</think>`.
            It may raise. An answer that ends in `CUT` was cut for its length.

    Attributes:
        revisions: Instrument -> engine revision; change one and its takes are stale.
        natures: Instrument -> what is known of its results beforehand.
        coming: What it was asked to start instruments for; it starts none.
    """

    def __init__(
        self,
        instruments: Mapping[str, Task] = INSTRUMENTS,
        *,
        voices: Mapping[str, Collection[str]] | None = None,
        faults: FaultSchedule | None = None,
        options: Mapping[str, Scalar] | None = None,
        non_commercial: Collection[str] = (),
        replies: Callable[[ChatRequest], str] | None = None,
    ) -> None:
        self._instruments = dict(instruments)
        self._voices = voices or {}
        self._context = EngineContext(options=dict(options or {}))
        self._non_commercial = non_commercial
        self.host = FakeHost(_scripted(replies) if replies else None, faults=faults)
        self.revisions: dict[str, str] = {}
        self.natures: dict[str, Nature] = {}
        self.coming: list[Coming] = []

    @property
    def plays(self) -> list[Played]:
        """Every play asked for, in order."""
        return self.host.plays

    @property
    def counts(self) -> Counter[str]:
        """How often each instrument was asked to play."""
        return Counter(each.instrument for each in self.plays)

    async def play(self, instrument: str, request: Request, *, run: Run) -> AsyncGenerator[Event, None]:
        """Play on the tone engine.

        Raises:
            NotFoundError: no such instrument or voice.
            UsageError: the instrument has another task.
            HausmusikError: what the engine or the schedule raises.
        """
        self._check(instrument, request)
        order = EngineOrder(instrument=instrument, engine="hausmusik.engines.tone:ToneEngine", context=self._context)
        async with aclosing(self.host.play(order, request, run)) as events:
            async for event in events:
                yield event

    @asynccontextmanager
    async def warm(
        self, coming: Sequence[Coming], *, on_phase: Callable[[str, Phase | None], None]
    ) -> AsyncGenerator[Callable[[], None]]:
        """Remember what is to come; nothing needs a start here."""
        del on_phase
        self.coming += coming
        yield lambda: None

    def identify(self, instrument: str, request: Request, *, run: Run) -> TakeIdentity:
        """Say what would shape the result; raises NotFoundError and UsageError like `play`."""
        self._check(instrument, request)
        commercial = instrument not in self._non_commercial
        return TakeIdentity(
            instrument=instrument,
            engine_revision=self.revisions.get(instrument, "1"),
            weights=hashlib.sha256(f"no weights of {instrument}".encode()).hexdigest(),
            numeric_class=self.host.numeric_class(
                EngineOrder(instrument=instrument, engine="", context=EngineContext())
            ),
            licence="CC0-1.0" if commercial else "CC-BY-NC-4.0",
            commercial=commercial,
            credit=f"{instrument}: tones made for tests",
            host=run.host or self.host.name,
        )

    def nature(self, instrument: str, request: Request) -> Nature:
        """Return what was set in `natures` for the instrument; else that nothing is known."""
        self._check(instrument, request)
        return self.natures.get(instrument, Nature())

    def estimate_s(self, instrument: str, request: Request) -> float:
        """Return the asked duration, or 0.4 s per word: near the real one, and never equal to it by chance."""
        self._check(instrument, request)
        match request:
            case SpeakRequest():
                return max(1, len(request.text.split())) * _WORD_S / request.speed
            case MusicRequest():
                return request.duration_s
            case SoundRequest():
                return request.duration_s or 2.0
            case ChatRequest() | EmbedRequest():
                return 0.0
            case _:
                return request.audio.duration_s

    def _check(self, instrument: str, request: Request) -> None:
        if instrument not in self._instruments:
            raise NotFoundError(
                f"there is no instrument {instrument}", hint=f"there are {', '.join(sorted(self._instruments))}"
            )
        task = self._instruments[instrument]
        if not isinstance(request, REQUEST_OF_TASK[task]):
            raise UsageError(f"{instrument} is for {task} and cannot play a {type(request).__name__}")
        if isinstance(request, SpeakRequest) and instrument in self._voices:
            for voice in request.voice:
                if voice not in self._voices[instrument]:
                    raise NotFoundError(
                        f"{instrument} has no voice {voice}",
                        hint=f"it has {', '.join(sorted(self._voices[instrument]))}",
                    )


def _scripted(replies: Callable[[ChatRequest], str]) -> PlayFunction:
    """Return a play that answers chats as told, and leaves everything else to the order's engine."""

    def play(order: EngineOrder, request: Request, run: Run) -> Iterable[Event]:
        del run
        return _said(replies(request), request) if isinstance(request, ChatRequest) else performed(order, request)

    return play


def _said(reply: str, request: ChatRequest) -> Iterator[Event]:
    thought, marked, text = reply.rpartition("</think>")
    if marked:
        yield ThinkingDelta(text=thought.removeprefix("<think>"))
    for word in text.removesuffix(CUT).splitlines(keepends=True):
        yield TextDelta(text=word)
    read = sum(len(message.content.split()) for message in request.messages)
    yield Usage(tokens_in=read, tokens_out=len(text.split()))
    yield Done(reason="length" if text.endswith(CUT) else "complete")
