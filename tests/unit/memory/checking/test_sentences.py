"""Answers are cut into sentences with their offsets and citations."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.memory.checking import split


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Lars resigned [1]. Anna stayed [2].", [("Lars resigned", (1,)), ("Anna stayed", (2,))]),
        ("Lars resigned.[1] Anna stayed. [2][3]", [("Lars resigned.", (1,)), ("Anna stayed.", (2, 3))]),
        ("Both left [1, 3].", [("Both left", (1, 3))]),
        ("Both left [1-3].", [("Both left", (1, 2, 3))]),
        ("Both left [1][1].", [("Both left", (1,))]),
        ("Both left 【1】.", [("Both left", (1,))]),
        ("Both left【2†source】.", [("Both left", (2,))]),
        ("Both left [^4].", [("Both left", (4,))]),
        ("Both left (1).", [("Both left (1).", ())]),
        ("In `a[1]` nothing is cited.", [("In `a[1]` nothing is cited.", ())]),
        ("Dr. Smith met Mr. J. Doe [1].", [("Dr. Smith met Mr. J. Doe", (1,))]),
        ("It grew, e.g. Bonn by 3.5 percent [1].", [("It grew, e.g. Bonn by 3.5 percent", (1,))]),
        ("They met at 5 p.m. on Monday [2].", [("They met at 5 p.m. on Monday", (2,))]),
        ("See No. 5 of it [2].", [("See No. 5 of it", (2,))]),
        ("Sie kommt am 8. Juni [2]. Dann nicht.", [("Sie kommt am 8. Juni", (2,)), ("Dann nicht.", ())]),
        ("- Lars left [1]\n- Anna stayed [2]", [("Lars left", (1,)), ("Anna stayed", (2,))]),
        ("1. Lars left [1].\n2. Anna stayed [2].", [("Lars left", (1,)), ("Anna stayed", (2,))]),
        ("Lars\nleft [1].", [("Lars\nleft", (1,))]),
        ("Lars left.\n[1]", [("Lars left.", (1,))]),
        ("Lars left [1].\n```\nx[2]. Y\n```\nAnna stayed [3].", [("Lars left", (1,)), ("Anna stayed", (3,))]),
        ("彼は辞めた。[1]彼女は残った。[2]", [("彼は辞めた。", (1,)), ("彼女は残った。", (2,))]),
        ("", []),
        ("[1]", []),
    ],
)
def test_sentences_and_what_they_cite(answer, expected):
    found = [
        (" ".join(one.bare.split(" ")).strip(" .") if one.citations else one.bare, one.citations)
        for one in split(answer)
    ]
    assert [(text.strip(" ."), cited) for text, cited in found] == [
        (text.strip(" ."), cited) for text, cited in expected
    ]


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("Lars left in May.", "claim"),
        ("Did Lars leave?", "question"),
        ("## What happened", "heading"),
        ("**What happened**", "heading"),
        ("I don't know.", "remark"),
        ("That is not in this memory.", "remark"),
        ("The passages do not mention it.", "remark"),
        ("Here is what I found:", "remark"),
        ("It isn't mentioned anywhere.", "remark"),
        ("It is not cheap.", "claim"),
        ("I did the sums: 12 were left over from the last order, which came in May.", "claim"),
    ],
)
def test_sorts(text, sort):
    assert [one.sort for one in split(text)] == [sort]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("aB1 .!?\n[]【】^-,;:`#*\"'…。Ж\t"), max_size=120) | st.text(max_size=80))
def test_offsets(answer):
    behind = 0
    for one in split(answer):
        assert behind <= one.start < one.end
        assert answer[one.start : one.end] == one.text
        assert len(one.bare) == len(one.text)
        behind = one.end


@pytest.mark.parametrize(
    ("answer", "cited"),
    [
        ('Anna: "As [3] shows, it is late." [1]', (1,)),
        ("Anna wrote “see [3] and [4]” [1][2].", (1, 2)),
        ("Anna schrieb „siehe [3]“ [1].", (1,)),
        ('"It is late [1]."', (1,)),  # models put it inside as well
        ('"It is late [1]', (1,)),
    ],
)
def test_a_number_in_brackets_inside_a_quotation_is_the_passage_s_own(answer: str, cited: tuple[int, ...]) -> None:
    (sentence,) = split(answer)
    assert sentence.citations == cited


@pytest.mark.parametrize(
    "unit", ["a", "[1]", "[", "a. ", "A.A.", "1-", "`", "#", "\n", "[1-", "* ", '"', "“", "„", "«"]
)
def test_long_answers_take_linear_time(unit):
    began = time.process_time()
    split(unit * (300_000 // len(unit)))
    assert time.process_time() - began < 2
