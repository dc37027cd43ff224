from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.minilm.batches import batches


@given(st.lists(st.integers(1, 512), max_size=200), st.integers(1, 600))
def test_every_text_is_in_one_batch_with_little_padding(lengths: list[int], tokens_at_once: int):
    found = batches(lengths, tokens_at_once)
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    for batch in found:
        each = [lengths[index] for index in batch]
        assert len(batch) == 1 or len(batch) * max(each) <= tokens_at_once
        assert min(each) >= 0.9 * max(each)


def test_the_same_lengths_are_computed_together_in_order():
    assert batches([16] * 5, 64) == [[0, 1, 2, 3], [4]]
    assert batches([]) == []
    assert batches([3, 300, 4]) == [[1], [2], [0]]
