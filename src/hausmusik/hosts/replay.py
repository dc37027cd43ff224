"""What of a play has been delivered, and whether a restarted play repeats it exactly.

An engine that plays the same bytes for the same request can die in the middle without its caller noticing: the new
worker plays from the start, what it says is compared with what was delivered, and the rest is passed on. Where one
event differs the stream is broken, honestly.

Of each result only a digest is kept, so an hour of sound takes no more memory than a minute; the results themselves,
for `StreamBroken.partial`, up to `KEPT_BYTES` from the beginning. Knows nothing of workers.
"""

from __future__ import annotations

import hashlib
from typing import Final

from hausmusik.asking import words_in
from hausmusik.codec import encode
from hausmusik.types import AudioChunk, Event, JudgeRequest, Phase, Request, Stay, TranscribeRequest, Usage

KEPT_BYTES: Final = 8 << 20
"""Of the results of one play; its listener has had them all, and keeps what it wants."""

_DIGEST_BYTES: Final = 16


class Departed(Exception):
    """A replay differs from what was delivered."""


class Delivered:
    """The results delivered so far, and how far a replay of them has come.

    Results are all events but `Phase`, `Usage` and `Stay`, which may differ from play to play.

    Args:
        kept_bytes: Most that is kept of them, as encoded.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._digests: list[bytes] = []
        self._kept: list[Event] = []
        self._room_bytes = kept_bytes
        self._made_s = 0.0
        self._at = 0
        self._restarted = False

    def __bool__(self) -> bool:
        """Whether any result was delivered."""
        return bool(self._digests)

    @property
    def beginning(self) -> tuple[Event, ...]:
        """The first results, as many as there is room for: all of a short play."""
        return tuple(self._kept)

    def restart(self) -> None:
        """Expect everything once more from the beginning."""
        self._at = 0
        self._restarted = True

    def is_news(self, event: Event) -> bool:
        """Return whether an event is to be delivered, and take note of it if it is a result.

        Raises:
            Departed: it is not what was delivered at this place.
        """
        if isinstance(event, Stay):
            return True
        if isinstance(event, Phase | Usage):
            # After a restart the caller has seen the phases of the start already, and would see progress run back.
            return not (self._restarted and self) or self._at == len(self._digests)
        encoded = encode(event)
        digest = hashlib.blake2b(encoded, digest_size=_DIGEST_BYTES).digest()
        self._at += 1
        if self._at <= len(self._digests):
            if digest != self._digests[self._at - 1]:
                raise Departed
            return False
        self._digests.append(digest)
        self._keep(event, len(encoded))
        if isinstance(event, AudioChunk):
            self._made_s += event.audio.duration_s
        return True

    def _keep(self, event: Event, size_bytes: int) -> None:
        self._room_bytes -= size_bytes  # once it does not fit nothing more is kept: a beginning without gaps
        if self._room_bytes >= 0 or len(self._digests) == 1:  # the first is kept however large it is
            self._kept.append(event)

    def check_complete(self) -> None:
        """Raise Departed when a replay ended before it had repeated everything."""
        if self._at < len(self._digests):
            raise Departed

    def visible(self, request: Request, counted: Usage) -> Usage:
        """Return what the host can see of a play's size, for fields that the engine left at zero."""
        if isinstance(request, TranscribeRequest | JudgeRequest):
            seen = Usage(audio_s=request.audio.duration_s)
        else:
            seen = Usage(audio_s=self._made_s, characters=len(words_in(request) or ""))
        return Usage(
            audio_s=0.0 if counted.audio_s else seen.audio_s,
            characters=0 if counted.characters else seen.characters,
        )
