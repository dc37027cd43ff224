"""Reads the composer's data files: instruments, styles, progressions, rhythms, drums, vocabulary.

Strictly checked once, then frozen; a damaged file is our own mistake and stops everything. Knows nothing of prompts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from hausmusik.engines.composer.harmony import Flavour
from hausmusik.engines.composer.melody import Cells
from hausmusik.engines.composer.piece import Metre, Role
from hausmusik.errors import ConfigError

Kind: TypeAlias = Literal["struck", "held", "drums"]
_TOKEN: Final = re.compile(r"\d+/\d+|[^\W_]+(?:'[^\W_]+)?|[,;.&:()–—]")
_DASH: Final = re.compile(r"(?<=\s)-+(?=\s)")


class InstrumentEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One instrument; see the head of instruments.toml."""

    preset: tuple[int, int]
    kind: Kind
    voices: int
    range: tuple[int, int]
    roles: tuple[Role, ...]
    pan: float
    words: tuple[str, ...]
    family: str = ""
    style: str = ""
    double_stops: bool = False
    rings_s: float = 9.0

    @property
    def title(self) -> str:
        """For people."""
        return self.words[0]


class LayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One layer of a style; see the head of styles.toml."""

    role: Role
    texture: str
    instruments: tuple[str, ...]
    range: tuple[int, int]
    enter: float
    level: float = 0.0
    send: float = 0.0
    voices: int = 3
    share: float = 1.0
    letters: str = ""
    core: bool = False
    rooted: bool = False
    groove: str = ""
    pan: float | None = None


class StyleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One style; see the head of styles.toml."""

    title: str
    tempo: tuple[float, float]
    metres: dict[str, float]
    modes: dict[str, float]
    flavours: dict[str, str]
    rhythm: str
    room: str
    energy: float
    density: float
    layer: tuple[LayerEntry, ...]
    alternatives: dict[str, str] = {}
    swing: float = 0.5
    swing_unit: int = 480
    slowing: float = 0.0
    loops: bool = False
    ring: Annotated[float, msgspec.Meta(gt=0)] = 1.2


class Mood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mood does to a piece; see the head of vocabulary.toml."""

    words: tuple[str, ...]
    energy: float
    density: float
    tempo: float
    modes: dict[str, float]
    styles: dict[str, float]


class Flair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a manner of speaking suggests."""

    words: tuple[str, ...]
    instruments: tuple[str, ...] = ()
    modes: dict[str, float] = {}
    style: str = ""


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plain name for several instruments, of which so many play."""

    style: str
    words: tuple[str, ...]
    players: int = 1


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All words the composer knows."""

    filler: str
    style: dict[str, tuple[str, ...]]
    hint: dict[str, tuple[str, ...]]
    role: dict[str, tuple[str, ...]]
    absent: tuple[str, ...]
    mood: dict[str, Mood]
    flair: dict[str, Flair]
    tempo: dict[str, float]
    amount: dict[str, dict[str, float]]
    use: dict[str, tuple[str, ...]]
    metre: dict[str, tuple[str, ...]]
    mode: dict[str, tuple[str, ...]]
    family: dict[str, Family]


Meaning: TypeAlias = tuple[str, str]
"""Kind and id of a word: `("style", "lofi")`."""


class Tables(msgspec.Struct, frozen=True):
    """Everything the data files say, and every known phrase, as words, with all it may mean."""

    instruments: Mapping[str, InstrumentEntry]
    styles: Mapping[str, StyleEntry]
    progressions: Mapping[str, Flavour]
    rhythms: Mapping[str, Mapping[str, Cells]]
    grooves: Mapping[str, Mapping[str, Any]]
    vocabulary: Vocabulary
    phrases: Mapping[tuple[str, ...], list[Meaning]]


@lru_cache(maxsize=1)
def load_tables() -> Tables:
    """Return the tables; read once per process. Raises ConfigError where a file is damaged."""
    instruments = _read("instruments", dict[str, InstrumentEntry])
    vocabulary = _read("vocabulary", Vocabulary)
    return Tables(
        instruments=instruments,
        styles=_read("styles", dict[str, StyleEntry]),
        progressions=_read("progressions", dict[str, dict[str, tuple[str, ...]]]),
        rhythms=_read("rhythms", dict[str, dict[str, dict[str, tuple[str, ...]]]]),
        grooves=_read("drums", dict[str, dict[str, Any]]),
        vocabulary=vocabulary,
        phrases=_phrases(vocabulary, instruments),
    )


def words_of(text: str) -> list[str]:
    """Return words in lower case, with hyphens opened and punctuation kept as words of their own."""
    return _TOKEN.findall(_DASH.sub("–", text.lower()).replace("-", " "))


def _phrases(
    vocabulary: Vocabulary, instruments: Mapping[str, InstrumentEntry]
) -> dict[tuple[str, ...], list[Meaning]]:
    known: dict[tuple[str, ...], list[Meaning]] = {}

    def add(kind: str, name: str, phrases: tuple[str, ...]) -> None:
        for phrase in phrases:
            known.setdefault(tuple(words_of(phrase)), []).append((kind, name))

    for kind, table in (("style", vocabulary.style), ("hint", vocabulary.hint), ("role", vocabulary.role)):
        for name, words in table.items():
            add(kind, name, words)
    add("absent", "voice", vocabulary.absent)
    for name, mood in vocabulary.mood.items():
        add("mood", name, mood.words)
    for name, flair in vocabulary.flair.items():
        add("flair", name, flair.words)
    for name, entry in instruments.items():
        add("instrument", name, entry.words)
    for name, family in vocabulary.family.items():
        add("instrument", name, family.words)
    for kind, table in (("use", vocabulary.use), ("metre", vocabulary.metre), ("mode", vocabulary.mode)):
        for name, words in table.items():
            add(kind, name, words)
    for name in vocabulary.tempo:
        add("tempo", name, (name,))
    for name in vocabulary.amount:
        add("amount", name, (name,))
    return known


def _read(name: str, kind: Any) -> Any:
    text = resources.files("hausmusik.engines.composer").joinpath("data", f"{name}.toml").read_text("utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"composer/data/{name}.toml is damaged: {error}", hint="install hausmusik again") from error


def read_metre(name: str) -> Metre:
    """Return the metre of a name such as `3/4`."""
    beats, unit = name.split("/")
    return Metre(int(beats), int(unit))
