"""Well-known names and words whose sound no rule gets right, from `data/names.toml`, in ARPAbet.

Looked up with and without accents (`Résumé`, `Dvořák`). Users have their own lexicon; this one is ours. Knows nothing
of how the sounds are used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from hausmusik.engines.english.arpabet import SYMBOLS
from hausmusik.errors import ConfigError


@cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Return ARPAbet sounds: of words by their lower case, of names by their form with a single capital in front.

    Raises:
        ConfigError: the data file has a sound that is none.
    """
    text = files("hausmusik.engines.english").joinpath("data", "names.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    found = {word: tuple(sounds.split()) for word, sounds in tables["words"].items()}
    found |= {name.capitalize(): tuple(sounds.split()) for name, sounds in tables["names"].items()}
    for name, sounds in found.items():
        strange = [each for each in sounds if each.rstrip("012") not in SYMBOLS]
        if strange:
            raise ConfigError(f"names.toml: {strange[0]!r} in {name!r} is not an ARPAbet sound")
    return MappingProxyType(found)
