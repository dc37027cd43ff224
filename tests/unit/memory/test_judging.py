"""A reader is asked first whether what was found holds the answer; its yes or no has a say, not the last word."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.prompt import REFUSAL, SUREST, answer_request, judge_request, opinion
from hausmusik.memory.answering.refusing import THRESHOLD, answerable, judged
from hausmusik.types import ChatRequest, TokenScore
from tests.unit.memory.asked import LAUNCH, RUN, House, end_of


def replies(verdict: str, asked: list[ChatRequest]) -> Callable[[ChatRequest], str]:
    def reply(request: ChatRequest) -> str:
        asked.append(request)
        return verdict if request.max_tokens == 1 else "The Helios launch is on 3 May 2026 [1]."

    return reply


@pytest.mark.parametrize(("verdict", "refused"), [("Yes", False), ("no", True), ("That", True), ("Maybe", False)])
async def test_a_reader_that_sees_no_answer_is_not_let_answer(house: House, verdict: str, refused: bool) -> None:
    asked: list[ChatRequest] = []
    house.reply = replies(verdict, asked)
    found = await house.answerer.retrieve(LAUNCH, AskOptions(), run=RUN)
    assert answerable(found) > THRESHOLD  # by code alone it would be answered
    answer = end_of(await house.ask(LAUNCH, instrument="tone-chat"))
    assert (answer.refused, answer.text == REFUSAL) == (refused, refused)
    assert [request.max_tokens == 1 for request in asked] == ([True] if refused else [True, False])


async def test_nobody_is_asked_who_may_not_be_or_whose_word_changes_nothing(house: House) -> None:
    asked: list[ChatRequest] = []
    house.reply = replies("no", asked)
    for options in ({"anyway": True}, {"judge": False}):
        assert not end_of(await house.ask(LAUNCH, instrument="tone-chat", **options)).refused
    assert [request.max_tokens == 1 for request in asked] == [False, False]
    assert end_of(await house.ask("xylophone quantum zebra?", instrument="tone-chat")).refused
    assert len(asked) == 2


async def test_what_a_model_has_read_for_its_judgement_it_need_not_read_again(house: House) -> None:
    asked: list[ChatRequest] = []
    house.reply = replies("yes", asked)
    await house.ask(LAUNCH, instrument="tone-chat")
    judging, answering = (request.messages for request in asked)
    assert judging[0] == answering[0]
    assert judging[1].content.startswith(answering[1].content)


def scored(**alternatives: float) -> TokenScore:
    told = tuple((token, math.log(share)) for token, share in alternatives.items())
    return TokenScore(text=told[0][0], logprob=told[0][1], alternatives=told)


def test_an_opinion_is_the_odds_of_yes_to_no_in_all_their_spellings() -> None:
    assert opinion(scored(Yes=0.3, yes=0.1, No=0.2)) == pytest.approx(math.log(2), abs=1e-6)
    assert opinion(scored(That=0.4, yes=0.4)) == pytest.approx(0, abs=1e-6)
    assert opinion(scored(yes=0.99)) == SUREST
    assert opinion(scored(no=0.99)) == -SUREST
    assert opinion(scored(Well=0.9, yes=0.05)) is None


@example(1.0, 0.0, 0.03125)
@example(5e-324, 0.0, 1.0)
@given(st.floats(0, 1), st.floats(-SUREST, SUREST), st.floats(-SUREST, SUREST))
def test_a_better_opinion_never_makes_an_answer_less_likely(likely: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= judged(likely, low) <= judged(likely, high) <= 1
    assert judged(0.0, SUREST) == 0.0


def test_a_judgement_is_one_token_with_its_alternatives() -> None:
    request = judge_request("Who?", ())
    assert (request.max_tokens, request.temperature, request.think) == (1, 0.0, False)
    assert request.top_logprobs > 0
    assert request.messages[0] == answer_request("Who?", ()).messages[0]
