"""The CMU Pronouncing Dictionary: 126,000 words in ARPAbet, above all the names of people, places and firms.

misaki's dictionaries hold hardly any names, so this is asked before letters are guessed. The file (3.6 MB, grouped by
first letter) is searched as it lies instead of being parsed into five times its size: some 0.2 ms for a word that is
not there, and answers are kept. Data: https://github.com/cmusphinx/cmudict (BSD-2-Clause). Knows nothing of accents.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Final

from hausmusik.errors import WeightsError

_REMEMBERED: Final = 20_000


class CmuDictionary:
    """The dictionary, in memory as it lies on disk.

    Args:
        path: `cmudict.dict`: a word, a space and its sounds in each line; further ways to say it as `word(2)`.

    Raises:
        WeightsError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._lines = b"\n" + path.read_bytes() + b"\n"
        except OSError as error:
            raise WeightsError(f"{path.name} cannot be read: {error}", hint="pull the weights again") from error
        self._blocks = _blocks(self._lines)
        self._known: dict[str, tuple[str, ...]] = {}

    def sounds(self, word: str) -> tuple[str, ...]:
        """Return a word's first way to be said, empty for one that is not there.

        Args:
            word: In lower case and the letters a-z, apostrophes and hyphens.
        """
        found = self._known.get(word)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[word] = self._search(word)
        return found

    def _search(self, word: str) -> tuple[str, ...]:
        start, end = self._blocks.get(word[:1], (0, 0))
        key = f"\n{word} ".encode()
        at = self._lines.find(key, start, end)
        if at < 0:
            return ()
        line = self._lines[at + len(key) : self._lines.find(b"\n", at + 1, end)].decode("ascii", "replace")
        return tuple(line.partition("#")[0].split())


def _blocks(lines: bytes) -> dict[str, tuple[int, int]]:
    """Return where the words of each first letter begin and end, the last line's newline included."""
    starts: list[tuple[str, int]] = []
    at = 0
    for letter in string.ascii_lowercase:
        found = lines.find(f"\n{letter}".encode(), at)
        if found >= 0:
            starts.append((letter, found))
            at = found
    ends = [start + 1 for _, start in starts[1:]] + [len(lines)]
    return {letter: (start, end) for (letter, start), end in zip(starts, ends, strict=True)}
