"""Captions: readable, never overlapping, every word there, and both file forms exact."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hausmusik.audio.caption_files import parse_srt, parse_vtt, to_srt, to_vtt
from hausmusik.audio.caption_text import clean, columns_of, join, words_of, wrap
from hausmusik.audio.captions import Caption, CaptionLimits, Spoken, make_captions
from hausmusik.errors import BadInput

LIMITS = CaptionLimits()
any_text = st.text(st.characters(codec=None), max_size=80)  # surrogates and control characters included
LOOKALIKES = [
    "-->",
    "<b>",
    "</i>",
    "<v Ann>",
    "&amp;",
    "{\\an8}",
    "1",
    "42",
    "NOTE",
    "WEBVTT",
    "00:01,000 --> 00:02,000",
]
WORDS = [
    "a",
    "the",
    "word,",
    "end.",
    "Why?",
    "♪ la ♪",
    "[laughs]",
    "“So”",
    "x" * 50,
    "ありがとう。" * 12,
    "e\u0301" * 60,
]
ODD = ["👩\u200d👧" * 20, "line\nbreak", "tab\there", "nb\u00a0space", "\u2060", "\u200b", "\x85", "\u2028", "\ud800"]
tricky_text = st.lists(st.sampled_from([*LOOKALIKES, *WORDS, *ODD]), max_size=25).map(" ".join)


@st.composite
def said(draw: st.DrawFn) -> list[Spoken]:
    """One or two speakers, words or sentences, with pauses, haste and talking at once."""
    spoken: list[Spoken] = []
    at = 0.0
    for _ in range(draw(st.integers(0, 8))):
        at = max(0.0, at + draw(st.floats(-2, 5)))
        length = draw(st.floats(0, 30))
        text = draw(st.one_of(any_text, tricky_text))
        spoken.append(
            Spoken(text=text, start_s=at, end_s=at + length, speaker=draw(st.sampled_from(["", "Ada", "Bo <&>"])))
        )
        at += length
    return spoken


def letters(text: str) -> str:
    return "".join(join(words_of(text, 1000)).split(" "))


@given(said())
@example(
    [Spoken(text="x" * 42, start_s=0, end_s=1, speaker="A" * 18), Spoken(text="y", start_s=1, end_s=2, speaker="B")]
)
def test_every_promise_holds_for_any_text(spoken: list[Spoken]) -> None:
    captions = make_captions(spoken)
    for caption in captions:
        assert 1 <= len(caption.lines) <= 2
        assert all(0 < columns_of(line) <= 42 and len(line) <= 42 for line in caption.lines)
        assert 0 <= caption.start_s < caption.end_s <= caption.start_s + 7.0005
        assert caption.start_s == round(caption.start_s, 3)
    assert all(one.end_s <= two.start_s for one, two in pairwise(captions))
    for speaker in {each.speaker for each in spoken}:
        heard = "".join(letters(each.text) for each in spoken if each.speaker == speaker)
        shown = "".join("".join(caption.lines) for caption in captions if caption.speaker == clean(speaker))
        if all(one.end_s <= two.start_s for one, two in pairwise(spoken)):  # else words have no order of their own
            assert shown.replace(" ", "") == heard
        assert sorted(shown.replace(" ", "")) == sorted(heard)


@given(said())
def test_both_files_read_back_exactly(spoken: list[Spoken]) -> None:
    captions = make_captions(spoken)
    vtt, srt = to_vtt(captions, title="A --> B\n<x>"), to_srt(captions)
    assert parse_vtt(vtt) == captions
    assert vtt.count("-->") == srt.count("-->") == len(captions)
    vtt.encode()
    srt.encode()
    back = parse_srt(srt)
    assert [(each.start_s, each.end_s) for each in back] == [(each.start_s, each.end_s) for each in captions]
    for one, two in zip(back, captions, strict=True):
        assert all(columns_of(line.replace("\u2060", "")) <= 42 for line in one.lines)
        without_name = " ".join(one.lines).removeprefix(f"{two.speaker}: ")
        assert without_name.replace(" ", "") == "".join(two.lines).replace(" ", "")
    unnamed = tuple(Caption(lines=each.lines, start_s=each.start_s, end_s=each.end_s) for each in captions)
    assert parse_srt(to_srt(unnamed)) == unnamed


def read_aloud(text: str, letters_per_s: float = 14.0, start_s: float = 0.0) -> list[Spoken]:
    """Words with the times of a calm narrator: a breath after commas, a pause after sentences."""
    spoken: list[Spoken] = []
    at = start_s
    for word in text.split():
        length = (len(word) + 1) / letters_per_s
        spoken.append(Spoken(text=word, start_s=at, end_s=at + length))
        at += length + (0.5 if word[-1] in ".?!" else 0.15 if word[-1] in ",:;" else 0.0)
    return spoken


STORY = (
    "A strange loop is a thing that, as you climb its levels one by one, brings you back to where you began. "
    "Imagine a hand, drawing a hand, which draws the first hand. Or a fugue: the theme goes up, and up again, and after "
    "six modulations it has come home. Is it magic? No. It is only a system that is rich enough to speak about itself, "
    "and that, perhaps, is what we call I. Nobody knows where the first step was, and nobody needs to know it. "
)


def test_a_narrator_is_set_as_an_editor_would() -> None:
    captions = make_captions(read_aloud(STORY * 4))
    ends = [caption.lines[-1][-1] for caption in captions]
    assert sum(end in ".?!" for end in ends) / len(ends) > 0.5
    assert all(end in ".,:;?!" for end in ends)
    assert all(caption.lines[0][-1].isalpha() or caption.lines[0][-1] in ".,:;?!" for caption in captions)
    seconds = [caption.end_s - caption.start_s for caption in captions]
    assert min(seconds) >= 1.0
    assert all(sum(map(len, caption.lines)) / length <= 20 for caption, length in zip(captions, seconds, strict=True))
    assert [caption.lines for caption in captions[:3]] == [
        ("A strange loop is a thing that,",),
        ("as you climb its levels one by one,", "brings you back to where you began."),
        ("Imagine a hand, drawing a hand,", "which draws the first hand."),
    ]


def test_words_start_with_their_captions() -> None:
    words = read_aloud(STORY)
    starts = {word.start_s for word in words}
    assert all(any(abs(caption.start_s - start) < 0.001 for start in starts) for caption in make_captions(words))


def test_a_short_word_stays_long_enough_to_be_read() -> None:
    (caption,) = make_captions([Spoken(text="Yes.", start_s=2.0, end_s=2.2)])
    assert (caption.start_s, caption.end_s) == (2.0, 3.0)
    one, two = make_captions(
        [
            Spoken(text="Yes.", start_s=2.0, end_s=2.2, speaker="A"),
            Spoken(text="No.", start_s=2.9, end_s=3.1, speaker="B"),
        ]
    )
    assert (one.end_s, two.start_s) == (2.82, 2.9)  # two frames apart
    assert make_captions([Spoken(text="Yes.", start_s=2.0, end_s=2.2)], duration_s=2.5)[0].end_s == 2.5


def test_a_long_pause_ends_a_caption() -> None:
    captions = make_captions([Spoken(text="and then", start_s=0, end_s=1), Spoken(text="silence", start_s=3, end_s=4)])
    assert [caption.lines for caption in captions] == [("and then",), ("silence",)]


def test_talking_at_once_is_shown_one_after_the_other() -> None:
    captions = make_captions([Spoken(text=name, start_s=1.0, end_s=3.0, speaker=name) for name in ("Ada", "Bo", "Cy")])
    assert [(caption.start_s, caption.end_s) for caption in captions] == [(1.0, 1.7), (1.7, 2.4), (2.4, 4.4)]


def test_names_are_shown_where_the_speaker_changes() -> None:
    captions = make_captions(
        [
            Spoken(text="Who is there?", start_s=0, end_s=1, speaker="Ada"),
            Spoken(
                text="Me. It is me, and I have been standing here for quite a while now.",
                start_s=2,
                end_s=6,
                speaker="Bo",
            ),
            Spoken(text="And it rains.", start_s=9, end_s=10, speaker="Bo"),
        ]
    )
    srt = to_srt(captions)
    assert "Ada: Who is there?" in srt
    assert srt.count("Bo: ") == 1
    assert to_vtt(captions).count("<v Bo>") == len([caption for caption in captions if caption.speaker == "Bo"])
    alone = make_captions([Spoken(text="Hello.", start_s=0, end_s=1, speaker="Ada")])
    assert "Ada" not in to_srt(alone)


def test_times_beyond_one_hour_and_a_hundred() -> None:
    captions = (
        Caption(lines=("x",), start_s=3725.5, end_s=3726.0),
        Caption(lines=("y",), start_s=360_000.001, end_s=360_001.0),
    )
    assert "01:02:05,500 --> 01:02:06,000" in to_srt(captions)
    assert "100:00:00.001 --> 100:00:01.000" in to_vtt(captions)
    assert parse_srt(to_srt(captions)) == parse_vtt(to_vtt(captions)) == captions
    assert "00:01:00,000" in to_srt([Caption(lines=("x",), start_s=59.9996, end_s=61)])  # no 00:00:60,000


def test_text_that_looks_like_markup() -> None:
    caption = Caption(lines=("if a<b and b>c, {\\an8} -->", "write <b>bold</b> &amp;"), start_s=0, end_s=1)
    srt, vtt = to_srt([caption]), to_vtt([caption])
    assert "<b>" not in srt
    assert "{\\" not in srt
    assert "if a&lt;b and b&gt;c, {\\an8} --&gt;" in vtt
    assert "&amp;amp;" in vtt
    assert parse_srt(srt) == parse_vtt(vtt) == (caption,)


def test_files_of_others() -> None:
    srt = "\ufeff1\r\n00:00:01,5 --> 00:00:02.250 X1:10\r\n{\\an8}<i>Hello</i>\r\n\r\n<font color=red>you</font>\r\n\r\n2\r\n01:03.000 --> 01:04,000\r\n42\r\n"
    assert parse_srt(srt) == (
        Caption(lines=("Hello", "you"), start_s=1.5, end_s=2.25),
        Caption(lines=("42",), start_s=63.0, end_s=64.0),
    )
    vtt = (
        "WEBVTT some title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE aside\n00:00 more\n\nintro\n"
        "00:01.000 --> 00:02.000 align:start position:10%\n<v.loud Ann O&apos;Neil>Hi, <c.x>there</c> <00:01.500>&lt;3</v>\n\n"
        "00:03.000 --> 00:04.000\n- One\n- Two\n"
    )
    assert parse_vtt(vtt) == (
        Caption(lines=("Hi, there <3",), start_s=1.0, end_s=2.0, speaker="Ann O'Neil"),
        Caption(lines=("- One", "- Two"), start_s=3.0, end_s=4.0),
    )


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (parse_srt, "nothing here", "no caption"),
        (parse_srt, "1\n00:00:01 -> 00:00:02\nx", "no caption"),
        (parse_srt, "1\n00:00:01,000 --> soon\nx", "line 2"),
        (parse_srt, "1\n00:00:09,000 --> 00:00:02,000\nx", "ends before it begins"),
        (parse_vtt, "1\n00:00:01.000 --> 00:00:02.000\nx", "begins with WEBVTT"),
        (parse_vtt, "WEBVTT\n\nx --> y\nz", "line 3"),
    ],
)
def test_broken_files(parse: object, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse(text)  # type: ignore[operator]


@given(any_text)
def test_no_text_breaks_a_parser(text: str) -> None:
    for parse, head in ((parse_srt, ""), (parse_vtt, "WEBVTT\n\n")):
        for middle in ("", "00:00:01.000 --> 00:00:02.000\n"):
            try:
                captions = parse(head + middle + text)
            except BadInput:
                continue
            assert all(caption.start_s <= caption.end_s for caption in captions)


def test_nothing_said() -> None:
    assert make_captions([]) == ()
    assert make_captions([Spoken(text=" \n\u200b\u00a0", start_s=0, end_s=9)]) == ()
    assert parse_srt(to_srt([])) == parse_vtt(to_vtt([])) == ()


def test_times_that_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="not numbers"):
        make_captions([Spoken(text="x", start_s=math.nan, end_s=1)])


def test_scripts_without_spaces() -> None:
    text = (
        "これは長い文章です。空白はありませんが、それでも字幕として読みやすく分割されなければなりません。そうでしょう？"
    )
    captions = make_captions(
        [Spoken(text=text, start_s=0, end_s=9, speaker="Ada"), Spoken(text="Yes.", start_s=9, end_s=10, speaker="Bo")]
    )
    assert "".join("".join(caption.lines) for caption in captions[:-1]) == text
    assert not any(line[0] in "。、？" for caption in captions for line in caption.lines)


def test_letters_keep_their_accents() -> None:
    word = "e\u0301" * 40 + "👩\u200d👧" * 10
    for piece in words_of(word, 42):
        assert piece.text[0] not in "\u0301\u200d"
        assert columns_of(piece.text) <= 42


def test_lines_are_balanced() -> None:
    words = words_of("one two three four five six seven eight nine ten", 42)
    upper, lower = wrap(words, 42)
    assert abs(len(upper) - len(lower)) <= 8
    assert wrap(words, 12) == ()


def test_many_words_take_linear_time() -> None:
    captions = make_captions([Spoken(text="some words, and more. " * 1200, start_s=0, end_s=1800)])
    assert len(captions) > 100
