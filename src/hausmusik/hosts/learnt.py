"""How long the phases of a start have taken here before. How long a play takes depends on its length: the order says.

A small JSON file, `{"version": 1, "instruments": {id: {phase: seconds}}}`, written atomically. It is a convenience: a
missing or broken one is begun anew. Knows nothing of workers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.atomic import private_folder, write_whole

START_PHASES: Final = ("boot", "prepare", "load", "warm_up")
_VERSION: Final = 1


class _File(msgspec.Struct):
    version: int
    instruments: dict[str, dict[str, float]]


class Learnt:
    """Expected seconds by instrument and phase.

    Args:
        path: The file; read on first use.
        weight: How much the newest measurement counts against all before it; half forgets a cold disk cache quickly.
    """

    def __init__(self, path: Path, weight: float = 0.5) -> None:
        self._path = path
        self._weight = weight
        self._known: dict[str, dict[str, float]] | None = None
        self._noted: set[str] = set()

    def expected_s(self, instrument: str, phase: str) -> float | None:
        """Return how long a phase is expected to take, None where it has never been measured."""
        return self._all().get(instrument, {}).get(phase)

    def start_s(self, instrument: str, after: str = "") -> float | None:
        """Return the expected length of all phases of a start that come after one; None where nothing is known."""
        phases = START_PHASES[START_PHASES.index(after) + 1 :] if after in START_PHASES else START_PHASES
        known = self._all().get(instrument, {})
        return round(sum(known.get(phase, 0.0) for phase in phases), 3) if known.keys() & set(START_PHASES) else None

    def note(self, instrument: str, phase: str, took_s: float) -> None:
        """Take a measurement in; kept on disk at the next `save`."""
        known = self._all().setdefault(instrument, {})
        before = known.get(phase, took_s)
        known[phase] = round(before + self._weight * (took_s - before), 4)
        self._noted.add(instrument)

    def save(self) -> None:
        """Write what was noted; other instruments keep what another process wrote meanwhile.

        Raises:
            OSError: the file cannot be written.
        """
        if not self._noted:
            return
        merged = _read(self._path) | {each: self._all()[each] for each in self._noted}
        private_folder(self._path.parent)
        text = json.dumps({"version": _VERSION, "instruments": merged}, indent=1, sort_keys=True)
        write_whole(self._path, text.encode())
        self._noted.clear()

    def _all(self) -> dict[str, dict[str, float]]:
        if self._known is None:
            self._known = _read(self._path)
        return self._known


def _read(path: Path) -> dict[str, dict[str, float]]:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return {}
    return found.instruments if found.version == _VERSION else {}
