"""An answer in code alone quotes the sentences that say most."""

from __future__ import annotations

import pytest

from hausmusik.memory.answering.context import Shown
from hausmusik.memory.answering.quoting import candidates, chosen
from hausmusik.memory.retrieval.chaining import content_stems
from tests.unit.memory.found import stored


def test_sentences_are_quoted_with_who_says_them() -> None:
    text = (
        "Anna: We launch on 3 May. It is late.\nTom: I do not agree with that. {laugh} Not at all.\nJust a line here."
    )
    passage = stored(text, speakers=("Anna", "Tom"))
    quotes = candidates([Shown(number=3, passage=passage, start=0, end=len(text))])
    assert [(quote.speaker, quote.text) for quote in quotes] == [
        ("Anna", "We launch on 3 May."),
        ("Anna", "It is late."),
        ("Tom", "I do not agree with that."),
        ("Tom", "Not at all."),
        ("", "Just a line here."),
    ]
    assert quotes[0].sentence == 'Anna: "We launch on 3 May." [3]'
    assert all(" ".join(text[quote.start : quote.end].split()).endswith(quote.text) for quote in quotes)


def test_a_second_sentence_is_quoted_only_if_it_adds_something() -> None:
    text = "Anna works at Nordwind. Anna works at Nordwind today. Nordwind is in Leeds."
    quotes = candidates([Shown(number=1, passage=stored(text), start=0, end=len(text))])
    rarity = {"anna": 1.0, "nordwind": 1.0, "leed": 1.0}
    found = chosen("Is Anna of Nordwind in Leeds?", quotes, [0.9, 0.7, 0.6], rarity)
    assert [quote.text for quote in found] == ["Anna works at Nordwind.", "Nordwind is in Leeds."]
    assert chosen("Anything?", [], [], {}) == ()


ASKED = [
    pytest.param(
        "Tom: Who is responsible for the library?\nAnna: That would be Petra.\nTom: I see, thanks a lot.",
        ["Tom: Who is responsible for the library?", "Anna: That would be Petra."],
        id="the next one says it",
    ),
    pytest.param(
        "Tom: Who is responsible for the library? I never know. Anybody?\nAnna: Hm.\nBen: Petra is, I think.",
        ["Tom: Who is responsible for the library?", "Tom: I never know.", "Anna: Hm.", "Ben: Petra is, I think."],
        id="after some more words",
    ),
    pytest.param(
        "Tom: Who is responsible for the library?\nAnna: The one upstairs?\nTom: Yes.\nAnna: Petra.",
        ["Tom: Who is responsible for the library?", "Tom: Yes.", "Anna: Petra."],
        id="it is asked back, and one word says it",
    ),
    pytest.param(
        "# Questions\n\n## Who is responsible for the library?\n\nThat would be Petra.\n\n## When is it open?\n\nDaily.",
        [": ## Who is responsible for the library?", ": That would be Petra."],
        id="a page of questions",
    ),
]


@pytest.mark.parametrize(("text", "said"), ASKED)
def test_who_asked_the_same_is_quoted_with_the_reply(text: str, said: list[str]) -> None:
    passage = stored(text, speakers=("Anna", "Ben", "Tom"))
    quotes = candidates([Shown(number=1, passage=passage, start=0, end=len(text))])
    nearness = [0.9 if "library" in quote.text else 0.1 for quote in quotes]
    rarity = {"responsible": 1.0, "library": 2.0}
    found = chosen("Who is responsible for the library?", quotes, nearness, rarity)
    assert [f"{quote.speaker}: {quote.text}" for quote in found][: len(said)] == said
    assert all(" ".join(text[quote.start : quote.end].split()) == quote.text for quote in found)


def test_what_is_only_asked_again_answers_nothing_and_keeps_nothing_else_from_being_quoted() -> None:
    text = "Tom: Who is responsible for the library?"
    plan, else_ = "Petra looks after the library since May.", "The boats need new paint."
    shown_ = [
        Shown(number=1, passage=stored(text, speakers=("Tom",)), start=0, end=len(text)),
        Shown(number=2, passage=stored(plan, id=2), start=0, end=len(plan)),
        Shown(number=3, passage=stored(else_, id=3), start=0, end=len(else_)),
    ]
    rarity = {"responsible": 1.0, "library": 2.0}
    found = chosen("Who is responsible for the library?", candidates(shown_), [1.0, 0.5, 0.45], rarity)
    assert [quote.text for quote in found] == [plan]
    assert chosen("Who is responsible for the library?", candidates(shown_[:1]), [1.0], rarity) == ()
    other = "What did Tom say about cats, dogs and birds in the library?"
    rarity = dict.fromkeys(("tom", "cat", "dog", "bird", "library"), 1.0)
    found = chosen(other, candidates(shown_[:1]), [0.5], rarity)
    assert [quote.text for quote in found] == ["Who is responsible for the library?"]  # asks something else


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("Which gym did Wolfgang recommend?",
         "LiHua: Do you know any good gyms? Any favourite cafes?\nWolfgang: Sure! There is a nice one called FitZone.",
         ["Do you know any good gyms?", "Sure!", "There is a nice one called FitZone."]),
        ("What is the password of the Wi-Fi?",
         "LiHua: I wanted to ask for the Wi-Fi password.\nTom: Of course. It is Family123.",
         ["I wanted to ask for the Wi-Fi password.", "Of course.", "It is Family123."]),
        ("What did LiHua ask about gyms?", "LiHua: Do you know any good gyms?\nWolfgang: There is FitZone near you.",
         ["Do you know any good gyms?"]),
        ("Who wishes LiHua a good day?", "Tom: Hey LiHua! I wish you a good day.", ["I wish you a good day."]),
    ],
)  # fmt: skip
def test_what_asks_is_quoted_with_its_reply_and_greetings_are_not(question: str, text: str, said: list[str]) -> None:
    passage = stored(text, speakers=("LiHua", "Tom", "Wolfgang"))
    quotes = candidates([Shown(number=1, passage=passage, start=0, end=len(text))])
    nearness = [0.8 if place == 0 else 0.3 for place in range(len(quotes))]
    rarity = dict.fromkeys(content_stems(question), 1.0)
    assert [quote.text for quote in chosen(question, quotes, nearness, rarity)] == said
