"""The CMU Pronouncing Dictionary: 126,000 words in ARPAbet, above all the names of people, places and firms.

misaki's dictionaries hold hardly any names, so this is asked before letters are guessed. The file (3.6 MB) is searched
as it lies instead of being parsed: 2.5 ms for a word that is not there, answers are kept, and nothing is loaded for a
text that needs none of it. Data: https://github.com/cmusphinx/cmudict (BSD-2-Clause). Knows nothing of accents.
"""

from __future__ import annotations

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
            self._lines = b"\n" + path.read_bytes()
        except OSError as error:
            raise WeightsError(f"{path.name} cannot be read: {error}", hint="pull the weights again") from error
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
        key = f"\n{word} ".encode()
        at = self._lines.find(key)
        if at < 0 or not word:
            return ()
        end = self._lines.find(b"\n", at + 1)
        line = self._lines[at + len(key) : end if end >= 0 else None].decode("ascii", "replace")
        return tuple(line.partition("#")[0].split())
