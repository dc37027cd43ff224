from __future__ import annotations

import pytest

from hausmusik.engines.english.grammar import part_of_speech


def tag(sentence: str) -> str:
    """The guess for the word between stars."""
    words = sentence.split()
    index = next(place for place, word in enumerate(words) if word.startswith("*"))
    return part_of_speech([word.strip("*") for word in words], index)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("the *record* was broken", "NOUN"),
        ("a new *record* stands", "NOUN"),
        ("they *record* the show", "VERB"),
        ("we want to *record* it", "VERB"),
        ("*record* the meeting", "VERB"),
        ("engineers *record* the show", "VERB"),
        ("she will never *object*", "VERB"),
        ("of *content* and form", "NOUN"),
        ("he is *content*", "ADJ"),
        ("anna's *project* grows", "NOUN"),
        ("let's *present* it", "VERB"),
        ("due to *use* of force", "NOUN"),
        ("i *read* the book yesterday", "VBD"),
        ("i *read* the news every day", ""),
        ("will you *read* it", ""),
        ("did you *read* it", ""),
        ("he *read* it to us", "VBD"),
        ("it was *read* aloud", "VBN"),
        ("she has *read* it", "VBN"),
        ("they *live* in rome", "VERB"),
        ("a *live* show", "ADJ"),
        ("we play *live* in rome", "ADJ"),
        ("she *lives* here", "VERB"),
        ("nine *lives* of a cat", "NOUN"),
        ("*close* the door", "VERB"),
        ("very *close* to me", "ADJ"),
        ("the *bass* player", "ADJ"),
        ("he caught a *bass* in the lake", ""),
        ("a *minute* later", "NOUN"),
        ("in *minute* detail", "ADJ"),
        ("i *used* to sing", "VBD"),
        ("it is *used* to cut", ""),
        ("i am not *used* to it", "VBD"),
        ("a *lead* pipe", "ADJ"),
        ("the *lead* singer", ""),
        ("the *wind* blows", "NOUN"),
        ("to *wind* the clock", "VERB"),
        ("i think *that* he left", ""),
        ("*that* is it", "DT"),
    ],
)
def test_neighbours_tell_the_part_of_speech(sentence: str, expected: str) -> None:
    assert tag(sentence) == expected
