"""Thought and answer are told apart, however the text is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.thinking import TAGS, ThoughtParser, joined, split_thought

WORDS = st.sampled_from(
    [*TAGS, *TAGS.values(), " ", "\n\n", "`", "'", "<", "</", "[", "|>", "think", "so 1 < 2", "x", "`</think>`"]
)
TEXTS = st.lists(WORDS, max_size=14).map("".join)


def parsed(pieces: list[str], *, inside: bool = False) -> tuple[str, str]:
    parser = ThoughtParser(inside=inside)
    told = [piece for text in pieces for piece in parser.feed(text)]
    told += parser.end()
    assert all(text for _, text in told)
    kinds = [kind for kind, _ in told]
    assert kinds == sorted(kinds, reverse=True), "thinking comes first"
    return joined(told)


@pytest.mark.parametrize(("opening", "closing"), TAGS.items())
def test_each_dialect(opening: str, closing: str):
    assert parsed([f"{opening}\nTwo and two.\n{closing}\n\nFour."]) == ("Two and two.", "Four.")


def test_text_without_a_thought_stays_as_it_is():
    assert parsed(["  \n Four. "]) == ("", "  \n Four. ")
    assert parsed([""]) == ("", "")
    assert parsed(["<thin"]) == ("", "<thin")


def test_only_a_block_at_the_beginning_counts():
    text = "Write `<think>` and </think> like this: <think>x</think>"
    assert parsed([text]) == ("", text)
    assert parsed(["<think>a</think>b <think>c</think>"]) == ("a", "b <think>c</think>")


def test_a_prompt_that_opened_the_thought():
    assert parsed(["Two and two.\n</think>\n\nFour."], inside=True) == ("Two and two.", "Four.")
    assert parsed(["<think>\nTwo.</think>Four."], inside=True) == ("Two.", "Four.")
    assert parsed(["Two and tw"], inside=True) == ("Two and tw", "")


def test_a_thought_that_is_not_closed_is_all_there_is():
    assert parsed(["<think>Two and two </thi"]) == ("Two and two </thi", "")
    assert parsed(["<think>\n\n"]) == ("", "")


def test_an_empty_thought_is_none():
    assert parsed(["<think>\n\n</think>\n\nFour."]) == ("", "Four.")
    assert parsed(["<think>\n\n</think>\n\n<think>\nTwo.</think>Four."]) == ("Two.", "Four.")


def test_an_opening_tag_that_comes_twice_counts_once():
    assert parsed(["<think>\n<think>\nTwo.</think>Four."]) == ("Two.", "Four.")


def test_a_thought_may_speak_of_tags():
    assert parsed(["<think>I open with <think> and close with `</think>`.</think>Yes."]) == (
        "I open with <think> and close with `</think>`.",
        "Yes.",
    )
    assert parsed(["<think>```code```</think>Yes."]) == ("```code```", "Yes.")
    assert parsed(["<think>[THINK]</thinking></think>Yes."]) == ("[THINK]</thinking>", "Yes.")


def test_thinking_is_told_as_it_comes():
    parser = ThoughtParser()
    assert list(parser.feed("<think>\nTwo")) == [("thinking", "Two")]
    assert list(parser.feed(" and ")) == [("thinking", " and")]
    assert list(parser.feed("two")) == [("thinking", " two")]


@given(TEXTS, st.lists(st.integers(0, 60), max_size=8), st.booleans())
def test_where_it_is_cut_makes_no_difference(text: str, cuts: list[int], inside: bool):
    edges = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert parsed(pieces, inside=inside) == parsed([text], inside=inside) == parsed(list(text), inside=inside)


@given(st.text(max_size=40).map(lambda text: "A" + text), st.sampled_from(sorted(TAGS)))
def test_nothing_of_an_answer_is_lost(answer: str, opening: str):
    assert parsed([f"{opening}why{TAGS[opening]}{answer}"]) == ("why", answer)


def test_whole_texts_may_lack_the_opening_tag():
    assert split_thought("Two and two.\n</think>\nFour.") == ("Two and two.", "Four.")
    assert split_thought("<think>a</think>b") == ("a", "b")
    assert split_thought("Say <think>a</think> b") == ("", "Say <think>a</think> b")
    assert split_thought("Close it with `</think>`, always.") == ("", "Close it with `</think>`, always.")
    assert split_thought("Four.") == ("", "Four.")
