"""What is asked of the server, and where a conversation's prompt is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hausmusik.engines.chat.asking import ChatOptions, options_of
from hausmusik.engines.llamacpp.asking import body_of
from hausmusik.engines.llamacpp.steps import Kept, steps_of
from hausmusik.errors import BadInput, ConfigError
from hausmusik.types import ChatRequest, Message, ToolCall
from tests.contract.engines import said

THINKER = ChatOptions(thinks=True, temperature=0.6, top_p=0.95, quiet_temperature=0.7, quiet_top_p=0.8)
TOOLS = json.dumps([{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}])
LONG = "a" * 250


def test_sampling_is_as_asked_else_as_advised():
    advised = body_of(said("Hello."), THINKER)
    assert (advised["temperature"], advised["top_p"], "max_tokens" in advised) == (0.6, 0.95, False)
    asked = body_of(said("Hello.", temperature=0.0, top_p=0.5, max_tokens=3, stop=("x",), seed=4), THINKER)
    assert (asked["temperature"], asked["top_p"], asked["max_tokens"], asked["stop"], asked["seed"]) == (
        0.0,
        0.5,
        3,
        ["x"],
        4,
    )


def test_a_model_that_is_told_not_to_think_is_sampled_as_such():
    quiet = body_of(said("Hello.", think=False), THINKER)
    assert (quiet["temperature"], quiet["top_p"]) == (0.7, 0.8)
    assert quiet["chat_template_kwargs"] == {"enable_thinking": False}
    assert body_of(said("Hello.", schema="{}"), THINKER)["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in body_of(said("Hello."), ChatOptions())


@pytest.mark.parametrize(
    "request_",
    [
        said(" "),
        said("a", schema="{", think=False),
        said("a", schema="[]"),
        said("a", schema="{}", grammar="root ::= x"),
        said("a", tools="{}"),
        said("a", tools="[]"),
        said("a", tools="[1]"),
        said("a", tools='[{"function": {}}]'),
        said("a", tools=TOOLS, schema="{}"),
    ],
)
def test_nonsense_is_told_before_the_model_is_asked(request_: ChatRequest):
    with pytest.raises(BadInput) as caught:
        body_of(request_, ChatOptions(calls_tools=True))
    assert caught.value.message


def test_tools_are_refused_where_the_model_would_never_hear_of_them():
    with pytest.raises(BadInput, match="does not know how to call tools"):
        body_of(said("a", tools=TOOLS), ChatOptions())


def test_calls_and_their_answers_are_told():
    call = ToolCall(id="call_1", name="look_up", arguments="{}")
    messages = (
        Message(role="user", content="a"),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content="b", tool_call_id="call_1"),
    )
    body = body_of(ChatRequest(messages=messages, tools=TOOLS), ChatOptions(calls_tools=True))
    assert body["messages"][1]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": "{}"}
    assert body["messages"][2]["tool_call_id"] == "call_1"


def test_options_that_are_not_known_are_told():
    assert options_of(ChatOptions, {"temperature": 1}, "it").temperature == 1.0
    with pytest.raises(ConfigError, match="options do not fit it"):
        options_of(ChatOptions, {"temprature": 1}, "it")


def places(*texts: str, **more: Any) -> list[int]:
    return [step.messages for step in steps_of(said(*texts, **more))]


def test_beginnings_end_before_what_the_user_says():
    assert places("Hello.") == []
    assert places(LONG) == []
    assert places(LONG, "b", "c") == [2]
    assert places("a", "b", "c") == []
    assert places(LONG, LONG, LONG, LONG, "c") == [2, 4]
    assert places(LONG, "b", "c", "d", "e") == [2]


def test_the_same_beginning_has_the_same_key():
    first, second = (steps_of(said(LONG, "b", text))[0] for text in ("c", "d"))
    assert first == second
    assert steps_of(said(LONG, "b", "c", think=False))[0] != first


def test_only_what_is_not_kept_is_read():
    kept = Kept()
    one, two = steps_of(said(LONG, LONG, LONG, LONG, "c"))
    other = steps_of(said(LONG + "!", "b", "c"))[0]
    assert kept.missing([one, two]) == ((one, two), False)
    kept.read(one)
    kept.read(two)
    assert kept.missing([one, two]) == ((two,), True)
    assert kept.missing([one]) == ((one,), True)  # and the second is gone
    assert kept.missing([one, two]) == ((one, two), True)
    assert kept.missing([other]) == ((other,), False)
    assert kept.missing([one]) == ((one,), False)


def test_a_beginning_that_the_template_refuses_is_left_out():
    kept = Kept()
    one, two = steps_of(said(LONG, LONG, LONG, LONG, "c"))
    kept.refuse(one)
    assert kept.missing([one, two]) == ((two,), False)
