"""Which recording fits a prompt: by its name, by what people call it, by the words of its caption.

A word of the prompt counts by how few recordings share it (inverse document frequency, as in BM25); names count fully,
caption words half. A recording is a match when one of its names is in the prompt and at least half of the prompt's
weight is explained. No model, no network, the same answer every time.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), for the term weight.
"""

from __future__ import annotations

import functools
import math
from typing import Final

import msgspec

from hausmusik.errors import BadInput
from hausmusik.instruments.sound_vocabulary import Clip, clip_words, texture_words, tokens

MATCHES: Final = 0.5
"""Least fit of a recording that answers a prompt."""

_SYNONYM: Final = 0.9
_HALF: Final = 0.5


class Found(msgspec.Struct, frozen=True):
    """A recording and how well it fits.

    Args:
        clip: The recording.
        fit: Share of the prompt's weight that it explains, 0 to 1; 1 when it was asked for by its id or file name.
        named: Whether one of its names is in the prompt.
        matched: Words of the prompt that it explains.
        first: Position of the first of them among the prompt's words.
    """

    clip: Clip
    fit: float
    named: bool
    matched: tuple[str, ...]
    first: int

    @property
    def matches(self) -> bool:
        """Whether it answers the prompt."""
        return self.named and self.fit >= MATCHES


class _Terms(msgspec.Struct, frozen=True):
    """A clip's words as prompts are cut: whole names, words of names, words of the rest."""

    names: frozenset[tuple[str, ...]]
    strong: frozenset[str]
    weak: frozenset[str]


def search(prompt: str, *, most: int = 5) -> tuple[Found, ...]:
    """Return the recordings that explain anything of a prompt, the best first; of two as good, the first listed."""
    direct = _by_id(prompt)
    if direct is not None:
        return (Found(direct, 1.0, named=True, matched=tuple(tokens(prompt)), first=0),)
    stops = frozenset(word for phrase in texture_words().stop_words for word in tokens(phrase))
    stops |= frozenset(texture_words().separators)
    words = [(at, word) for at, word in enumerate(tokens(prompt)) if word.isalnum() and word not in stops]
    found = [_judged(clip, terms, words) for clip, terms in _index()]
    ranked = sorted((each for each in found if each.fit > 0), key=lambda each: (-each.named, -each.fit))
    return tuple(ranked[:most])


def recordings_of(prompt: str) -> tuple[Found, ...]:
    """Return the recordings that explain anything of a prompt; the first one answers it.

    Raises:
        BadInput: none does; the hint names near ones.
    """
    found = search(prompt)
    if found and found[0].matches:
        return found
    near = "; ".join(f"{each.clip.id} ({each.clip.caption})" for each in found[:3])
    names = ", ".join(clip.id for clip in clip_words().clip)
    raise BadInput(
        f"there is no recording of {prompt[:200]!r}", hint=f"nearest are {near}" if near else f"there are {names}"
    )


def _by_id(prompt: str) -> Clip | None:
    """Return the clip whose id or file name is the whole prompt."""
    wanted = prompt.strip().lower()
    for clip in clip_words().clip:
        file = clip.file.rpartition("/")[2].lower()
        if wanted in {clip.id, file, file.rpartition(".")[0], clip.file.lower()}:
            return clip
    return None


def _judged(clip: Clip, terms: _Terms, words: list[tuple[int, str]]) -> Found:
    weights = [_rarity(word) for _, word in words]
    gained = [weight * _share(word, terms) for weight, (_, word) in zip(weights, words, strict=True)]
    plain = tuple(word for _, word in words)
    named = any(_contains(plain, name) for name in terms.names)
    total = sum(weights)
    matched = [(at, word) for (at, word), gain in zip(words, gained, strict=True) if gain]
    fit = sum(gained) / total if total else 0.0
    return Found(clip, fit, named, tuple(word for _, word in matched), matched[0][0] if matched else 0)


def _share(word: str, terms: _Terms) -> float:
    """Return how much of a word's weight a clip explains: its own names before words that mean the same."""
    if word in terms.strong:
        return 1.0
    if _same(word) & terms.strong:
        return _SYNONYM
    return _HALF if _same(word) & terms.weak else 0.0


def _contains(words: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether a name stands in a prompt, word by word, synonyms counting as the same."""
    spans = range(len(words) - len(name) + 1)
    return any(all(part in _same(words[at + step]) for step, part in enumerate(name)) for at in spans)


@functools.cache
def _index() -> tuple[tuple[Clip, _Terms], ...]:
    return tuple((clip, _terms(clip)) for clip in clip_words().clip)


def _terms(clip: Clip) -> _Terms:
    names = frozenset(tuple(tokens(name.replace("-", " "))) for name in clip.words)
    strong = frozenset(word for name in names for word in name)
    weak = frozenset(word for text in (*clip.more, clip.caption) for word in tokens(text.replace("-", " ")))
    return _Terms(names, strong, weak - strong)


@functools.cache
def _rarity(word: str) -> float:
    """Return a word's weight: 1 to 2 for words of the captions, rarer ones more, 1.5 for words that no caption has."""
    count = sum(1 for _, terms in _index() if _same(word) & (terms.strong | terms.weak))
    if not count:
        return 1.5
    return 1.0 + math.log(len(_index()) / count) / math.log(len(_index()))


@functools.cache
def _same(word: str) -> frozenset[str]:
    groups = [group for group in clip_words().synonyms if word in map(_plain, group)]
    return frozenset((word, *(_plain(other) for group in groups for other in group)))


def _plain(word: str) -> str:
    return tokens(word)[0]
