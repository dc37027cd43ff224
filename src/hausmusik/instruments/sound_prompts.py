"""What a prompt asks of the procedural instrument: which textures, with which settings.

Phrases are looked up in the vocabulary, the longest first. A word shapes the texture it stands nearest to among those
that know it, so `light rain on a tent with distant thunder` is light rain on a tent and thunder far away. Words that
nobody knows are reported, not guessed at. The same prompt always gives the same recipe.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from typing import Final

import msgspec

from hausmusik.errors import BadInput
from hausmusik.instruments.sound_vocabulary import (
    Setting,
    Texture,
    TextureWords,
    Words,
    clip_words,
    texture_words,
    tokens,
)

_PAUSES: Final = frozenset(",;.:&+")
_FAR: Final = 1_000
_DISTANCE_DB: Final = -9.0
_VERY: Final = "very "


class Layer(msgspec.Struct, frozen=True):
    """One texture of a recipe.

    Args:
        texture: Its id.
        settings: All of them, defaults included.
        level_db: Against the first layer.
    """

    texture: str
    settings: dict[str, Setting]
    level_db: float = 0.0


class Recipe(msgspec.Struct, frozen=True):
    """What a prompt was taken to mean.

    Args:
        layers: At least one; the first one leads.
        understood: Phrases that were used, in the order of the prompt.
        ignored: Words that mean nothing here.
        first: Position of the first used phrase among the prompt's words; the router compares it.
        fit: Share of the prompt's meaning words that were used, 0 to 1.
        duration_s: Length when none is asked for.
        loudness_db: How much softer (below 0) or louder than an ambience the whole is, by what the prompt says.
    """

    layers: tuple[Layer, ...]
    understood: tuple[str, ...]
    ignored: tuple[str, ...]
    first: int
    fit: float
    duration_s: float
    loudness_db: float = 0.0


class _Mention(msgspec.Struct):
    """A phrase found in the prompt."""

    phrase: str
    at: int
    clause: int
    size: int


class _Named(msgspec.Struct):
    """A texture that the prompt calls for, and where it does."""

    texture: Texture
    base: dict[str, Setting]
    at: int
    clause: int


class _Index(msgspec.Struct):
    """The vocabulary by phrase, normalised as prompts are."""

    names: dict[str, tuple[tuple[str, dict[str, Setting]], ...]]
    weak: dict[str, str]
    words: dict[str, Words]
    shared: Words
    loudness: dict[str, float]
    stops: frozenset[str]
    longest: int

    @property
    def phrases(self) -> set[str]:
        found = {*self.names, *self.weak, *self.shared, *self.stops, *self.loudness}
        return found.union(*self.words.values())


def recipe_of(prompt: str) -> Recipe:
    """Return what a prompt asks for.

    Raises:
        BadInput: nothing in it names a texture; the hint lists what can be asked for.
    """
    vocabulary = texture_words()
    index = _index()
    words = tokens(prompt)
    mentions = _mentions(words, index, vocabulary)
    named = _named(mentions, words, index, vocabulary)
    if not named:
        raise BadInput(f"nothing in {prompt[:200]!r} is a sound that can be made here", hint=what_is_known(words))
    settings = [dict(each.base) for each in named]
    used, said_db = _apply_words(mentions, named, settings, index)
    levels = [
        (_level_db(each.texture, chosen) if number else _far_db(chosen)) + said
        for number, (each, chosen, said) in enumerate(zip(named, settings, said_db, strict=True))
    ]
    layers = tuple(
        Layer(each.texture.id, {**each.texture.settings, **chosen}, level - levels[0])
        for each, chosen, level in zip(named, settings, levels, strict=True)
    )
    meaning = [at for at, word in enumerate(words) if word not in index.stops and word not in _PAUSES]
    covered = {at for mention in used for at in range(mention.at, mention.at + mention.size)}
    return Recipe(
        layers=layers,
        understood=tuple(mention.phrase for mention in used),
        ignored=tuple(words[at] for at in meaning if at not in covered),
        first=min(each.at for each in named),
        fit=len(covered) / max(1, len(covered.union(meaning))),
        duration_s=max(each.texture.duration_s for each in named),
        loudness_db=max(levels),
    )


def what_is_known(words: Iterable[str] = ()) -> str:
    """Return the textures and recordings as one line for people, the closest names to `words` first."""
    vocabulary = texture_words()
    names = sorted({*_index().names, *_index().weak})
    near = [match for word in words if len(word) > 3 for match in difflib.get_close_matches(word, names, 1, 0.75)]
    guess = f"did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    textures = "; ".join(texture.known_as for texture in vocabulary.texture)
    return f"{guess}known are {textures}; recorded are {', '.join(clip.id for clip in clip_words().clip)}"


@functools.cache
def _index() -> _Index:
    vocabulary = texture_words()
    names: dict[str, tuple[tuple[str, dict[str, Setting]], ...]] = {}
    for texture in vocabulary.texture:
        names.update({_normal(name): ((texture.id, {}),) for name in texture.names})
    for scene in vocabulary.scene:
        layers = tuple((layer.texture, layer.settings) for layer in scene.layers)
        names.update({_normal(name): layers for name in scene.names})
    weak = {_normal(name): texture.id for texture in vocabulary.texture for name in texture.weak_names}
    words = {
        texture.id: {_normal(phrase): changes for phrase, changes in texture.words.items()}
        for texture in vocabulary.texture
    }
    index = _Index(
        names=names,
        weak=weak,
        words=words,
        shared={_normal(phrase): changes for phrase, changes in vocabulary.shared.items()},
        loudness={_normal(phrase): level for phrase, level in vocabulary.loudness.items()},
        stops=frozenset(
            _normal(word) for word in (*vocabulary.stop_words, *vocabulary.separators, *vocabulary.negations)
        ),
        longest=0,
    )
    index.longest = max(phrase.count(" ") + 1 for phrase in index.phrases)
    return index


def _normal(phrase: str) -> str:
    return " ".join(tokens(phrase))


def _mentions(words: list[str], index: _Index, vocabulary: TextureWords) -> list[_Mention]:
    """Return the phrases of the prompt, longest first at each place; stop words inside a phrase do not break it."""
    phrases, found, clause, at = index.phrases, list[_Mention](), 0, 0
    while at < len(words):
        if words[at] in _PAUSES or words[at] in vocabulary.separators:
            clause += 1
        size = _longest_phrase(words, at, index, phrases)
        phrase = " ".join(words[at : at + size])
        if size and (phrase not in index.stops or any(phrase in known for known in index.words.values())):
            found.append(_Mention(phrase, at, clause, size))
        at += max(1, size)
    return found


def _longest_phrase(words: list[str], at: int, index: _Index, phrases: set[str]) -> int:
    for size in range(min(index.longest, len(words) - at), 0, -1):
        if " ".join(words[at : at + size]) in phrases:
            return size
    return 0


def _named(mentions: list[_Mention], words: list[str], index: _Index, vocabulary: TextureWords) -> list[_Named]:
    """Return the textures called for, in order, each once; weak names only where there is no other."""
    by_id = {texture.id: texture for texture in vocabulary.texture}
    found: dict[str, _Named] = {}
    refused: set[str] = set()
    strong = [mention for mention in mentions if mention.phrase in index.names]
    pure = {layer for mention in strong for layer, _ in index.names[mention.phrase] if not _shapes(mention, index)}
    for mention in strong:
        layers = index.names[mention.phrase]
        if _shapes(mention, index) & (pure - {layer for layer, _ in layers}):
            continue  # `tree` of `rain in the tree`: a word about something that is named otherwise
        for texture, base in layers:
            if _negated(mention, words, vocabulary):
                refused.add(texture)
            elif texture in found:
                found[texture].base.update(base)
            else:
                found[texture] = _Named(by_id[texture], dict(base), mention.at, mention.clause)
    if not found:
        for mention in mentions:
            if (texture := index.weak.get(mention.phrase)) and texture not in found:
                found[texture] = _Named(by_id[texture], {}, mention.at, mention.clause)
    return [each for texture, each in found.items() if texture not in refused]


def _shapes(mention: _Mention, index: _Index) -> set[str]:
    """Return the textures for which a phrase is also a shaping word."""
    return {texture for texture, words in index.words.items() if mention.phrase in words}


def _negated(mention: _Mention, words: list[str], vocabulary: TextureWords) -> bool:
    return any(word in vocabulary.negations for word in words[max(0, mention.at - 2) : mention.at])


def _apply_words(
    mentions: list[_Mention], named: list[_Named], settings: list[dict[str, Setting]], index: _Index
) -> tuple[list[_Mention], list[float]]:
    """Change the settings by the shaping words; return every mention that meant something, and what is said of levels.

    Names that shape (`campfire`) come first, so that what is said about them (`roaring`) has the last word.
    """
    used: list[_Mention] = []
    said_db = [0.0] * len(named)
    called = {each.at for each in named}
    names_first = sorted(mentions, key=lambda mention: mention.at not in called)
    for mention in names_first:
        bare = mention.phrase if any(mention.phrase in words for words in index.words.values()) else ""
        bare = bare or mention.phrase.removeprefix(_VERY)  # `very quiet` is at least quiet
        own = [number for number, each in enumerate(named) if bare in index.words[each.texture.id]]
        anyone = [number for number, each in enumerate(named) if _takes(each.texture, index.shared.get(mention.phrase))]
        chosen = _nearest(mention, named, own or anyone)
        if chosen is not None:
            texture = named[chosen].texture
            settings[chosen].update(index.shared.get(mention.phrase, {}) if chosen in anyone else {})
            settings[chosen].update(index.words[texture.id].get(bare, {}))
        about = _nearest(mention, named, list(range(len(named))))
        if mention.phrase in index.loudness and about is not None:
            said_db[about] += index.loudness[mention.phrase]
            chosen = about
        is_weak = index.weak.get(mention.phrase) in {each.texture.id for each in named}
        if chosen is not None or mention.at in called or mention.phrase in index.names or is_weak:
            used.append(mention)
    return sorted(used, key=lambda mention: mention.at), said_db


def _takes(texture: Texture, changes: dict[str, Setting] | None) -> bool:
    return bool(changes) and set(changes or ()) <= set(texture.settings)


def _nearest(mention: _Mention, named: list[_Named], numbers: list[int]) -> int | None:
    """Return whom a word is about: in its own clause first, then the nearest; of two as near, the one that follows."""

    def cost(number: int) -> tuple[int, int]:
        each = named[number]
        away = _FAR * abs(each.clause - mention.clause) + abs(each.at - mention.at)
        return away, 0 if each.at >= mention.at else 1

    return min(numbers, key=cost, default=None)


def _level_db(texture: Texture, settings: dict[str, Setting]) -> float:
    return texture.aside_db + _far_db(settings)


def _far_db(settings: dict[str, Setting]) -> float:
    """Return how much softer a sound is for being far away."""
    distance = settings.get("distance", 0.0)
    return _DISTANCE_DB * (distance if isinstance(distance, float) else 0.0)
