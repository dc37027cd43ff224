from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hausmusik.engines.minilm.tokens import Tokens
from tests.unit.engines.minilm.tiny import write_tokenizer

MOST = 6  # a page is 96 letters


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("tokens") / "tokenizer.json")


@given(st.lists(st.sampled_from(["a", "rain", "doors", " ", "\n", "x" * 40, "é", ":", " " * 70, "北"]), max_size=120))
def test_pieces_are_the_first_of_the_whole_text(file: Path, words: list[str]):
    for text in ("".join(words), " ".join(words)):
        library = Tokenizer.from_file(str(file))
        library.no_padding()
        library.enable_truncation(MOST)
        whole = library.encode(text)
        found = Tokens(file, MOST).read(text)
        assert (list(found.numbers), found.cut) == (whole.ids, bool(whole.overflowing))
        assert found.marks == 2


def test_of_a_long_text_only_the_beginning_is_worked_on(file: Path):
    tokens, text = Tokens(file, MOST), "rain on doors. " * 400_000
    start = time.process_time()
    assert tokens.read(text).cut
    assert time.process_time() - start < 0.5
