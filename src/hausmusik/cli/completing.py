"""What the shell offers after TAB: names from the catalogue and the settings, never by a network call.

A catalogue that cannot be read offers nothing; `haus doctor` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from hausmusik.errors import HausmusikError

if TYPE_CHECKING:
    from hausmusik.instruments.catalogue import Catalogue


def instruments(incomplete: str) -> list[str]:
    """Instruments and routers."""
    return _offer(incomplete, lambda all_: [each.id for each in (*all_.routers(), *all_.instruments())])


def pullable(incomplete: str) -> list[str]:
    """Instruments, routers and weight sets."""
    names = instruments(incomplete)
    return sorted({*names, *_offer(incomplete, lambda all_: [each.id for each in all_.weight_sets()])})


def environments(incomplete: str) -> list[str]:
    """Environments of engines."""
    return _offer(incomplete, lambda all_: [each.id for each in all_.environments()])


def voices(incomplete: str) -> list[str]:
    """Voices of every instrument; in a blend, of its last part."""
    before, plus, last = incomplete.rpartition("+")
    found = _offer(last, lambda all_: [voice.id for each in all_.instruments("speak") for voice in each.voices])
    return [f"{before}{plus}{name}" for name in found]


def tasks(incomplete: str) -> list[str]:
    """What instruments do."""
    from typing import get_args

    from hausmusik.types import Task

    return _beginning(incomplete, get_args(Task))


def formats(incomplete: str) -> list[str]:
    """Formats of finished pieces."""
    from hausmusik.audio.formats import FORMATS

    return _beginning(incomplete, FORMATS)


def settings(incomplete: str) -> list[str]:
    """Keys of the settings."""
    from hausmusik.config import load_settings

    found: list[str] = []
    with suppress(HausmusikError):
        found = [row.key for row in load_settings().rows()]
    return _beginning(incomplete, found)


def groupings(incomplete: str) -> list[str]:
    """By what costs are summed."""
    from typing import get_args

    from hausmusik.money.rows import Grouping

    return _beginning(incomplete, get_args(Grouping))


def _offer(incomplete: str, names: Callable[[Catalogue], Iterable[str]]) -> list[str]:
    from hausmusik.config import find_folders
    from hausmusik.instruments.catalogue import Catalogue

    found: list[str] = []
    with suppress(HausmusikError):
        found = list(names(Catalogue.load(find_folders().instruments)))
    return _beginning(incomplete, found)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})
