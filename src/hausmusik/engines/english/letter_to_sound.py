"""Guess how an unknown word sounds: g2p_en's small recurrent network, run in numpy.

One GRU reads the letters, another writes ARPAbet sounds with stress until it says stop. About 5 ms a word; answers are
kept. The network was trained on the CMU dictionary, so English names come out well and foreign ones as an American
would read them aloud. Source of the weights and the architecture: https://github.com/Kyubyong/g2p (Apache-2.0);
GRU: Cho et al. 2014, https://arxiv.org/abs/1406.1078. Knows nothing of Kokoro's alphabet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from hausmusik.engines.english.wordlists import word_list
from hausmusik.errors import WeightsError
from hausmusik.types import FloatArray

_LETTERS: Final = {char: index for index, char in enumerate("abcdefghijklmnopqrstuvwxyz", start=3)}
_UNKNOWN, _END_OF_WORD = 1, 2
_START, _STOP = 2, 3
_SOUNDS: Final = word_list(
    "<pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 "
    "EH2 ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH "
    "UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH"
)
_LONGEST: Final = 20
"""Sounds the network was trained to write at most; longer words are read in halves."""
_REMEMBERED: Final = 20_000


class _Gru:
    """One gated recurrent unit with its embedding table."""

    def __init__(self, arrays: dict[str, FloatArray], name: str) -> None:
        self._table = arrays[f"{name}_emb"]  # (symbols, 256)
        self._in, self._hidden = arrays[f"{name}_w_ih"], arrays[f"{name}_w_hh"]  # (3 * 256, 256) each
        self._in_bias, self._hidden_bias = arrays[f"{name}_b_ih"], arrays[f"{name}_b_hh"]
        self.width = int(self._hidden.shape[1])

    def step(self, symbol: int, state: FloatArray) -> FloatArray:
        """Read one symbol; `state` and the result have the shape (256,)."""
        width = self.width
        seen = self._in @ self._table[symbol] + self._in_bias
        kept = self._hidden @ state + self._hidden_bias
        gates = 1.0 / (1.0 + np.exp(-(seen[: 2 * width] + kept[: 2 * width])))
        reset, update = gates[:width], gates[width:]
        new = np.tanh(seen[2 * width :] + reset * kept[2 * width :])
        return (1.0 - update) * new + update * state


class LetterToSound:
    """The network, loaded.

    Args:
        path: `checkpoint20.npz` of g2p_en; plain arrays, read without pickle.

    Raises:
        WeightsError: the file lacks an array or one has another shape.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name], dtype=np.float32) for name in stored.files}
        try:
            self._reader, self._writer = _Gru(arrays, "enc"), _Gru(arrays, "dec")
            self._out, self._out_bias = arrays["fc_w"], arrays["fc_b"]  # (74, 256), (74,)
        except KeyError as error:
            raise WeightsError(f"{path.name} has no array {error}", hint="pull the weights again") from error
        if self._out.shape != (len(_SOUNDS), self._writer.width):
            raise WeightsError(f"{path.name} is not the network expected", hint="pull the weights again")
        self._known: dict[str, tuple[str, ...]] = {}

    def sounds(self, word: str) -> tuple[str, ...]:
        """Return ARPAbet sounds with stress digits for a word in letters a-z; empty for a word without any."""
        word = "".join(char for char in word.lower() if char in _LETTERS)
        if not word:
            return ()
        if word not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[word] = self._guess(word)
        return self._known[word]

    def _guess(self, word: str) -> tuple[str, ...]:
        if len(word) > _LONGEST:
            middle = len(word) // 2
            return self.sounds(word[:middle]) + self.sounds(word[middle:])
        state: FloatArray = np.zeros(self._reader.width, dtype=np.float32)
        for char in word:
            state = self._reader.step(_LETTERS.get(char, _UNKNOWN), state)
        state = self._reader.step(_END_OF_WORD, state)
        said: list[str] = []
        symbol = _START
        for _ in range(_LONGEST):
            state = self._writer.step(symbol, state)
            symbol = int(np.argmax(self._out @ state + self._out_bias))
            if symbol == _STOP:
                break
            if symbol > _STOP:
                said.append(_SOUNDS[symbol])
        return tuple(said)
