"""What the chunks of an answer become, without a model."""

from __future__ import annotations

from typing import Any

import pytest

from hausmusik.engines.llamacpp.hearing import Answer
from hausmusik.errors import GenerationFailed
from hausmusik.types import Done, Event, Phase, TextDelta, ThinkingDelta, TokenScore, ToolCall, Usage


def chunk(text: str = "", *, reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "finish_reason": reason, "delta": {"content": text, **delta}}]}


def heard(*chunks: dict[str, Any], tools: tuple[str, ...] = (), inside: bool = False, before: int = 0) -> list[Event]:
    answer = Answer(inside=inside, tools=tools, calls_before=before)
    events = [event for each in chunks for event in answer.hear(each)]
    return [*events, *answer.end()]


def test_thought_answer_and_what_it_took():
    usage = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    assert heard(chunk("<think>Hm"), chunk("</think>"), chunk("\nYes"), chunk(reason="stop"), usage) == [
        ThinkingDelta(text="Hm"),
        TextDelta(text="Yes"),
        Usage(tokens_in=7, tokens_out=3),
        Done(),
    ]


def test_a_long_prompt_is_told_as_it_is_read():
    half = {"choices": [], "prompt_progress": {"total": 100, "cache": 0, "processed": 50}}
    whole = {"choices": [], "prompt_progress": {"total": 100, "cache": 0, "processed": 100}}
    assert heard(half, whole, chunk("a", reason="stop"))[:2] == [Phase(name="read", done=0.5), TextDelta(text="a")]


def test_scores_follow_the_text_that_they_are_of():
    token = {"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "a", "logprob": -0.5}]}
    scored = {"choices": [{"delta": {"content": "a"}, "logprobs": {"content": [token]}, "finish_reason": "stop"}]}
    text, score, *_ = heard(scored)
    assert text == TextDelta(text="a")
    assert score == TokenScore(text="a", logprob=-0.5, alternatives=(("a", -0.5),))


def test_an_answer_that_is_cut_says_so():
    assert heard(chunk("a"), chunk(reason="length"))[-1] == Done(reason="length")
    assert heard(chunk("<think>a"), chunk(reason="length"))[0] == ThinkingDelta(text="a")


def test_an_answer_that_breaks_off_or_is_empty_is_none():
    with pytest.raises(GenerationFailed, match="broke"):
        heard(chunk("a"))
    with pytest.raises(GenerationFailed, match="said nothing"):
        heard(chunk(reason="stop"))


def test_a_call_of_the_servers_in_pieces():
    first = chunk(tool_calls=[{"index": 0, "id": "random", "function": {"name": "look_up", "arguments": '{"to'}}])
    second = chunk(tool_calls=[{"index": 0, "function": {"arguments": 'wn": "Lisbon"}'}}])
    events = heard(first, second, chunk(reason="tool_calls"), tools=("look_up",), before=2)
    assert events[0] == ToolCall(id="call_3", name="look_up", arguments='{"town": "Lisbon"}')
    assert events[-1] == Done(reason="tools")
