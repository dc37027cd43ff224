"""The settings of one texture, as the recipe gives them, with the type each builder expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from hausmusik.errors import ConfigError
from hausmusik.instruments.sound_vocabulary import Setting

T = TypeVar("T")


class Settings:
    """Read-only, by name.

    Args:
        values: All settings of one texture.
    """

    def __init__(self, values: Mapping[str, Setting]) -> None:
        self._values = values

    def number(self, name: str) -> float:
        """Return a number; raises ConfigError when the vocabulary gives none of that name."""
        value = self._values.get(name)
        if isinstance(value, str) or value is None:
            raise ConfigError(f"the vocabulary of procedural sounds gives no number for {name}")
        return float(value)

    def choice(self, name: str, table: Mapping[str, T]) -> T:
        """Return what a word stands for; raises ConfigError when the vocabulary uses one that is not in the table."""
        value = self._values.get(name)
        if not isinstance(value, str) or value not in table:
            raise ConfigError(f"the vocabulary of procedural sounds gives {name} = {value!r}, known are {list(table)}")
        return table[value]

    @property
    def distance(self) -> float:
        """0 beside the ear to 1 on the horizon."""
        return self.number("distance")
