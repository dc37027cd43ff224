"""Cuts texts into the numbered word pieces that an encoder reads, and tells which texts it does not read to their end.

Everything that makes a tokenizer (word pieces of MiniLM, sentence pieces of multilingual E5, marks at begin and end)
stands in its `tokenizer.json`. Knows nothing of vectors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from hausmusik.errors import MissingExtra, WeightsError

_LETTERS_PER_PIECE: Final = 16
"""Of ordinary text, on the safe side: English has four to five."""


class Pieces(msgspec.Struct, frozen=True):
    """The beginning of one text.

    Args:
        numbers: Of its word pieces, with the marks at begin and end, at least 1.
        marks: How many of them are only such marks.
        cut: Whether more of the text would have followed.
    """

    numbers: tuple[int, ...]
    marks: int
    cut: bool


class Tokens:
    """A tokenizer in memory.

    Args:
        path: `tokenizer.json`.
        most: Numbers per text, marks included, at least 3; the rest of a longer text is left out.

    Raises:
        MissingExtra: tokenizers is not installed.
        WeightsError: the file is none that it can read.
    """

    def __init__(self, path: Path, most: int) -> None:
        try:
            import tokenizers
        except ImportError as error:
            raise MissingExtra(
                "this encoder needs tokenizers, which is not installed", hint="pip install 'hausmusik[embedded]'"
            ) from error
        library: Any = tokenizers
        try:
            self._tokenizer: Any = library.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises plain Exception
            raise WeightsError(f"{path.name} cannot be read: {error}", hint="pull the weights again") from error
        self._tokenizer.no_padding()  # the published file pads everything to 128
        self._tokenizer.enable_truncation(most)
        self._enough = most * _LETTERS_PER_PIECE

    def read(self, text: str) -> Pieces:
        """Cut one text; `encode` works in the calling thread, unlike `encode_batch`. Lone surrogates count as `?`."""
        whole = text.encode("utf-8", "replace").decode()
        # A megabyte takes a second, and all but its first page is thrown away: a beginning that ends between two words
        # gives the same pieces, as long as it is more than what is read.
        page = whole[: self._enough]
        end = max(map(page.rfind, " \n\t"))
        begin = page[:end] if end > 0 and len(whole) > self._enough else whole
        found = self._tokenizer.encode(begin)
        if begin != whole and not found.overflowing:
            found = self._tokenizer.encode(whole)
        return Pieces(tuple(found.ids), sum(found.special_tokens_mask), bool(found.overflowing))
