"""Who makes a sound: textures are made, events are recordings, everything else is for a model that generates.

Rain, wind, sea and fire are wanted at any length and as loops, which synthesis does exactly; a dog or a door is one
event, which a recording does best. What neither knows goes to whatever other candidate is ready. A candidate says by
its option `vocabulary` (`procedural` or `clips`) which words it answers. Knows nothing of engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hausmusik.errors import BadInput
from hausmusik.instruments.clip_search import recordings_of, search
from hausmusik.instruments.model import Instrument
from hausmusik.instruments.routing import Facts
from hausmusik.instruments.sound_prompts import recipe_of
from hausmusik.instruments.sound_vocabulary import clip_words, texture_words
from hausmusik.types import Request, SoundRequest

NATURAL_DURATION_S: Final = 30.0
"""Length of a sound when neither the request nor a vocabulary gives one."""

CROSSFADE_S: Final = 0.4
"""Of a recording with itself, where it is repeated; at most a quarter of it."""

_NOTHING: Final = (0.0, 0)


def by_sound_class(request: Request, candidates: Sequence[Instrument], facts: Facts) -> str:
    """Return the candidate whose vocabulary explains more of the prompt.

    Of two that explain equally much, the one whose words come first in the prompt; then the one listed first. Where the
    best one is not ready here, the next one that explains anything is. A prompt that no vocabulary explains goes to the
    first ready candidate without a vocabulary, else to the first candidate, whose refusal says what can be asked for.
    """
    prompt = request.prompt if isinstance(request, SoundRequest) else ""
    ranks = {each.id: _explained(prompt, str(each.options.get("vocabulary", ""))) for each in candidates}
    able = [each for each in candidates if ranks[each.id] != _NOTHING]
    able.sort(key=lambda each: (-ranks[each.id][0], ranks[each.id][1]))
    if able:
        return next((each.id for each in able if facts.ready(each)), able[0].id)
    free = [each for each in candidates if "vocabulary" not in each.options]
    return next((each.id for each in free if facts.ready(each)), candidates[0].id)


def natural_duration_s(prompt: str, vocabulary: str, *, loop: bool = False) -> float:
    """Return how long a sound is when the request says 0, for timelines drawn before it exists.

    Args:
        prompt: What is asked for.
        vocabulary: Of the instrument that plays; empty where it has none.
        loop: Whether a loop is asked for: a recording's end is then laid over its beginning.
    """
    if _explained(prompt, vocabulary) == _NOTHING:
        return NATURAL_DURATION_S
    if vocabulary == "procedural":
        return recipe_of(prompt).duration_s
    recorded_s = search(prompt, most=1)[0].clip.duration_s
    return recorded_s - (min(CROSSFADE_S, recorded_s / 4) if loop else 0.0)


def refuse_unknown(prompt: str, vocabulary: str) -> None:
    """Say now what an instrument with a vocabulary would say of a prompt once it was started.

    Args:
        prompt: What is asked for.
        vocabulary: Of the instrument that plays; an unknown or empty one refuses nothing.

    Raises:
        BadInput: nothing in the prompt is in the vocabulary; the hint says what is.
    """
    if vocabulary == "procedural":
        recipe_of(prompt)
    elif vocabulary == "clips":
        recordings_of(prompt)


def known_sounds(vocabulary: str) -> tuple[str, ...]:
    """Return what can be asked for, a line each, for people; nothing where there is no such vocabulary."""
    if vocabulary == "procedural":
        return tuple(texture.known_as for texture in texture_words().texture)
    if vocabulary == "clips":
        return tuple(f"{clip.id}: {clip.caption}" for clip in clip_words().clip)
    return ()


def _explained(prompt: str, vocabulary: str) -> tuple[float, int]:
    """Return how much of a prompt a vocabulary explains (0 to 1), and from which word on."""
    if vocabulary == "clips":
        found = search(prompt, most=1)
        return (round(found[0].fit, 2), found[0].first) if found and found[0].matches else _NOTHING
    if vocabulary == "procedural":
        try:
            recipe = recipe_of(prompt)
        except BadInput:
            return _NOTHING
        return round(recipe.fit, 2), recipe.first
    return _NOTHING
