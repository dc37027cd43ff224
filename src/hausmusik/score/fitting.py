"""How a take lies in its slot: from where in the take, for how long, looped or stretched.

The one answer for the mix, for ducking and for captions, so that what is heard, what it is ducked by and what is read
agree. Knows nothing of gains.
"""

from __future__ import annotations

import msgspec

from hausmusik.audio.stretch import MAX_RATIO, MIN_RATIO
from hausmusik.errors import ScoreError
from hausmusik.score.plan import PlannedCue
from hausmusik.takes.store import Take


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """A take in its slot; seconds.

    Args:
        start_s: Of the slot, in the piece; below zero when it begins before the piece does.
        sounds_s: How long it sounds from there.
        stretch: Length in the piece over length in the take.
        loop: Whether it is repeated.
    """

    start_s: float
    sounds_s: float
    stretch: float = 1.0
    loop: bool = False

    @property
    def end_s(self) -> float:
        """When it is over, in the piece."""
        return self.start_s + self.sounds_s

    @property
    def cut_s(self) -> float:
        """How much of it lies before the piece begins."""
        return max(0.0, -self.start_s)

    def at(self, take_s: float) -> float:
        """Return where in the piece a moment of the take is first heard."""
        return self.start_s + take_s * self.stretch


def fitted(planned: PlannedCue, take: Take) -> Fitted:
    """Fit a take into its cue's slot.

    Raises:
        ScoreError: it cannot be stretched as far as its slot asks.
    """
    cue, slot_s, start_s = planned.cue, planned.place.duration_s, planned.place.start.s
    take_s = take.record.duration_s
    if cue.fit == "loop" and slot_s > take_s:
        return Fitted(start_s=start_s, sounds_s=slot_s, loop=True)
    if cue.fit == "stretch":
        stretch = (cue.duration_s or slot_s) / take_s  # as asked, also where its segment is over before
        if not MIN_RATIO <= stretch <= MAX_RATIO:
            raise ScoreError(
                f"{planned.name} is {take_s:.1f} s long and cannot be stretched to {slot_s:.1f} s",
                hint=f"stay within {MIN_RATIO:g} to {MAX_RATIO:g} times its length, or use another fit",
            )
        return Fitted(start_s=start_s, sounds_s=slot_s, stretch=stretch)
    return Fitted(start_s=start_s, sounds_s=min(slot_s, take_s))
