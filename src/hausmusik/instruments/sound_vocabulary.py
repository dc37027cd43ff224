"""The words that sound instruments understand, as data: loading and looking up, nothing about any one sound.

Two files in `sound_words/` say what can be asked for: `procedural.toml` (textures, the words that shape them, scenes)
and `clips.toml` (recordings with captions). They are read once and are part of the package, so that routers, plans and
engines agree on what a prompt means without loading an engine. Knows nothing of synthesis or files of sound.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Annotated

import msgspec

Setting = float | str
Words = dict[str, dict[str, Setting]]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Frozen, and unknown keys are errors."""


class Texture(Strict, frozen=True):
    """A sound that can be made for as long as one likes.

    Args:
        id: Names it in recipes and in the engine.
        known_as: One line for people who asked for something else.
        names: Phrases that call for it.
        weak_names: Phrases that call for it only where nothing else is named: `night`, but not in `rain at night`.
        duration_s: Length when none is asked for.
        settings: What can be changed, with the defaults.
        words: Phrase -> settings it changes.
        aside_db: Level beside another texture that leads.
    """

    id: str
    known_as: str
    names: tuple[str, ...]
    duration_s: Seconds
    settings: dict[str, Setting]
    words: Words
    weak_names: tuple[str, ...] = ()
    aside_db: float = -3.0


class SceneLayer(Strict, frozen=True):
    """One texture of a scene."""

    texture: str
    settings: dict[str, Setting]


class Scene(Strict, frozen=True):
    """A name for several textures at once, the first one leading."""

    names: tuple[str, ...]
    layers: tuple[SceneLayer, ...]


class TextureWords(Strict, frozen=True):
    """All of `procedural.toml`."""

    stop_words: tuple[str, ...]
    separators: tuple[str, ...]
    negations: tuple[str, ...]
    loudness: dict[str, float]
    shared: Words
    texture: tuple[Texture, ...]
    scene: tuple[Scene, ...]


class Clip(Strict, frozen=True, kw_only=True):
    """One recording.

    Args:
        id: By which it can be asked for.
        file: `set id/file name` of its weight file.
        caption: What is heard, one sentence.
        words: What people may call it; these count fully.
        more: Words that describe it; these count less.
        duration_s: Its own length.
        loops: Whether it may be repeated when a longer sound is asked for; the others happen once.
        licence: SPDX name.
        author: Who recorded it.
        link: The page that it comes from.
    """

    id: str
    file: str
    caption: str
    words: tuple[str, ...]
    more: tuple[str, ...] = ()
    duration_s: Seconds
    loops: bool = False
    licence: str = "CC0-1.0"
    author: str
    link: str

    @property
    def credit(self) -> str:
        """Author and page in one line, as the weights' entry has it."""
        return f"{self.author}, {self.link}"


class ClipWords(Strict, frozen=True):
    """All of `clips.toml`: the recordings, and groups of words that mean the same."""

    synonyms: tuple[tuple[str, ...], ...]
    clip: tuple[Clip, ...]


@functools.cache
def texture_words() -> TextureWords:
    """Return the vocabulary of the procedural instrument."""
    return msgspec.convert(_data("procedural.toml"), TextureWords)


@functools.cache
def clip_words() -> ClipWords:
    """Return the captions of the recordings."""
    return msgspec.convert(_data("clips.toml"), ClipWords)


def tokens(text: str) -> list[str]:
    """Return the words of a text, lower case, plurals cut to the singular; `,;.:` and `&+` stay as tokens."""
    return [singular(word) for word in re.findall(r"[^\W_]+(?:'[^\W_]+)?|[,;.:&+]", text.lower())]


def singular(word: str) -> str:
    """Return an English noun without its plural ending, roughly: `leaves` -> `leaf`, `glass` stays."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("aves"):
        return {"leaves": "leaf"}.get(word, word[:-1])
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word.removesuffix("s")


def _data(name: str) -> object:
    return tomllib.loads((resources.files("hausmusik.instruments") / "sound_words" / name).read_text("utf-8"))
