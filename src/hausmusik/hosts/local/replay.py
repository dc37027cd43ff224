"""What of a play has been delivered, and whether a restarted play repeats it exactly.

An engine that plays the same bytes for the same request can die in the middle without its caller noticing: the new
worker plays from the start, what it says is compared with what was delivered, and the rest is passed on. Where one
event differs the stream is broken, honestly. Knows nothing of workers.
"""

from __future__ import annotations

from hausmusik.codec import encode
from hausmusik.types import AudioChunk, Event, JudgeRequest, Phase, Request, TranscribeRequest, Usage


class Departed(Exception):
    """A replay differs from what was delivered."""


class Delivered:
    """The results delivered so far, and how far a replay of them has come.

    Results are all events but `Phase` and `Usage`, which may differ from play to play.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._at = 0
        self._restarted = False

    def restart(self) -> None:
        """Expect everything once more from the beginning."""
        self._at = 0
        self._restarted = True

    def is_news(self, event: Event) -> bool:
        """Return whether an event is to be delivered, and take note of it if it is a result.

        Raises:
            Departed: it is not what was delivered at this place.
        """
        if isinstance(event, Phase | Usage):
            # After a restart the caller has seen the phases of the start already, and would see progress run back.
            return not (self._restarted and self.events) or self._at == len(self.events)
        if self._at < len(self.events):
            if encode(event) != encode(self.events[self._at]):
                raise Departed
            self._at += 1
            return False
        self.events.append(event)
        self._at += 1
        return True

    def check_complete(self) -> None:
        """Raise Departed when a replay ended before it had repeated everything."""
        if self._at < len(self.events):
            raise Departed

    def visible(self, request: Request, counted: Usage) -> Usage:
        """Return what the host can see of a play's size, for fields that the engine left at zero."""
        made_s = sum(event.audio.duration_s for event in self.events if isinstance(event, AudioChunk))
        if isinstance(request, TranscribeRequest | JudgeRequest):
            seen = Usage(audio_s=request.audio.duration_s)
        else:
            text = getattr(request, "text", "") or getattr(request, "prompt", "")
            seen = Usage(audio_s=made_s, characters=len(text))
        return Usage(
            audio_s=0.0 if counted.audio_s else seen.audio_s,
            characters=0 if counted.characters else seen.characters,
        )
