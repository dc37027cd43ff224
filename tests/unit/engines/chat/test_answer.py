"""What the text of an answer becomes, whatever engine it comes from, and the calls that stand in it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hausmusik.engines.chat.answer import Answer
from hausmusik.engines.chat.calls import CallReader
from hausmusik.errors import GenerationFailed
from hausmusik.types import Done, Event, TextDelta, ThinkingDelta, TokenScore, ToolCall, Usage

CALL = '{"name": "look_up", "arguments": {"town": "Lisbon"}}'
CALLED = ToolCall(id="call_1", name="look_up", arguments='{"town": "Lisbon"}')


def heard(*texts: str, tools: tuple[str, ...] = (), inside: bool = False, reason: str = "stop") -> list[Event]:
    answer = Answer(library="it", inside=inside, tools=tools, calls_before=0)
    events = [event for text in texts for event in answer.hear(text)]
    return [*events, *answer.end(reason, Usage(tokens_out=1))]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"```json\n{CALL}\n```",
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"[{CALL}]",
        f"{{{CALL}}}",
        '{"function": {"name": "look_up", "parameters": {"town": "Lisbon"}}}',
    ],
)
def test_a_call_as_models_write_it(text: str):
    events = heard(*text, tools=("look_up",))
    assert events[0] == CALLED
    assert events[-1] == Done(reason="tools")


def test_calls_after_some_words():
    tagged = f"<tool_call>\n{CALL}\n</tool_call>"
    for pieces in (f"I shall look. {tagged}\n{tagged}", [f"I shall look. {tagged}\n{tagged}"]):
        events = heard(*pieces, tools=("look_up",))
        assert text_of(events) == "I shall look. "
        assert [event for event in events if isinstance(event, ToolCall)] == [
            CALLED,
            ToolCall(id="call_2", name="look_up", arguments='{"town": "Lisbon"}'),
        ]
        assert events[-1] == Done(reason="tools")


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "other", "arguments": {}}',
        '{"town": 1}',
        "{oh",
        "```\nx\n```",
        f"{CALL} ok",
        "a < b <tool",
        f"Say <tool_call>{CALL} and no more",
    ],
)
def test_what_only_looks_like_a_call_is_text(text: str):
    for pieces in (text, [text]):
        events = heard(*pieces, tools=("look_up",))
        assert text_of(events) == text
        assert events[-1] == Done()


def test_text_passes_at_once_and_without_tools_everything_is_text():
    assert CallReader(["look_up"]).feed("Well") == "Well"
    assert heard(CALL)[0] == TextDelta(text=CALL)


def test_a_thought_that_the_prompt_opened():
    assert heard("Hm", "</think>", "\nYes", inside=True)[:2] == [ThinkingDelta(text="Hm"), TextDelta(text="Yes")]


def test_scores_come_with_the_text_that_follows_them():
    answer = Answer(library="it", inside=False, tools=(), calls_before=0)
    scores = [TokenScore(text=each, logprob=-1.0) for each in "ab"]
    assert list(answer.hear("", scores[:1])) == []
    assert list(answer.hear("ab", scores[1:])) == [TextDelta(text="ab"), *scores]


def test_an_answer_that_breaks_off_or_is_empty_is_none():
    with pytest.raises(GenerationFailed, match="it broke the answer off"):
        heard("a", reason="")
    with pytest.raises(GenerationFailed, match="said nothing"):
        heard("")
    assert heard("", reason="length")[-1] == Done(reason="length")


def test_no_text_is_lost_however_it_is_cut():
    text = f"One <to two <tool_call> three {CALL}"
    for first, second in pairwise(range(0, len(text) + 1, 7)):
        assert text_of(heard(text[:first], text[first:second], text[second:], tools=("look_up",))) == text
