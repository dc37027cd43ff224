"""What one sound instrument leaves out of a prompt, told so that a person can act on it.

A prompt may name a texture and a recorded event at once; one instrument plays its own part of it, and the other part is
best a cue of its own, with its own place and level. Knows nothing of engines.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hausmusik.errors import BadInput
from hausmusik.instruments.clip_search import Found, search
from hausmusik.instruments.sound_prompts import Recipe, recipe_of
from hausmusik.instruments.sound_vocabulary import texture_words, tokens


def left_out_of_recipe(recipe: Recipe) -> str:
    """Return what computed textures do not play of a prompt, or an empty text."""
    found = search(" ".join(recipe.ignored)) if recipe.ignored else ()
    recorded = [each for each in found if each.named]
    told = {word for each in recorded for word in each.matched}
    parts = [_advice([each.clip.id for each in recorded[:2]], "had as a recording")] if recorded else []
    return _told(parts, [word for word in recipe.ignored if word not in told])


def left_out_of_clip(prompt: str, found: Found) -> str:
    """Return what a recording does not play of a prompt, or an empty text."""
    vocabulary = texture_words()
    stops = {word for phrase in vocabulary.stop_words for word in tokens(phrase)} | set(vocabulary.separators)
    words = [word for word in tokens(prompt) if word.isalpha()]
    refused = {after for word, after in itertools.pairwise(words) if word in vocabulary.negations}
    skipped = {*stops, *found.matched, *refused, *vocabulary.negations}
    rest = [word for word in dict.fromkeys(words) if word not in skipped]
    try:
        recipe = recipe_of(" ".join(rest))
    except BadInput:
        return _told([], rest)
    advice = _advice([layer.texture for layer in recipe.layers], "computed")
    return _told([advice], list(recipe.ignored))


def _advice(names: Sequence[str], how: str) -> str:
    them = "it a cue of its own" if len(names) == 1 else "them cues of their own"
    return f"left out, though it can be {how}: {', '.join(names)} (give {them})"


def _told(parts: list[str], unknown: Sequence[str]) -> str:
    return "; ".join([*parts, *([f"not understood: {', '.join(dict.fromkeys(unknown))}"] if unknown else [])])
