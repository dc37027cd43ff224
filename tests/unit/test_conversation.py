"""A conversation's request and its reply."""

from __future__ import annotations

import pytest

from hausmusik.conversation import Reply, chat_request, reply_of
from hausmusik.errors import GenerationFailed, UsageError
from hausmusik.types import Done, Message, Phase, TextDelta, ThinkingDelta, TokenScore, ToolCall, Usage

HELLO = Message(role="user", content="Hello.")


def test_a_text_is_what_the_user_says_now():
    request = chat_request("Hello.", system="Be kind.", history=(HELLO, Message(role="assistant", content="Yes?")))
    assert [message.role for message in request.messages] == ["system", "user", "assistant", "user"]
    assert request.messages[-1] == HELLO
    assert chat_request([HELLO]).messages == (HELLO,)


def test_schema_and_tools_may_be_values():
    request = chat_request("a", schema={"type": "object"}, tools=[{"type": "function"}])
    assert (request.schema, request.tools) == ('{"type": "object"}', '[{"type": "function"}]')
    assert chat_request("a", schema='{"a": 1}').schema == '{"a": 1}'
    with pytest.raises(UsageError, match="the schema cannot be written as JSON"):
        chat_request("a", schema={"a": object()})


@pytest.mark.parametrize("more", [{"temperature": 3}, {"max_tokens": -1}, {"seed": -1}])
def test_numbers_out_of_range_are_told(more: dict[str, float]):
    with pytest.raises(UsageError):
        chat_request("a", **more)  # type: ignore[arg-type]


def test_something_must_be_said_and_one_system_message_is_enough():
    with pytest.raises(UsageError, match="nothing is said"):
        chat_request(" ")
    with pytest.raises(UsageError, match="system message already"):
        chat_request("a", system="x", history=[Message(role="system", content="y")])


def test_a_reply_is_what_its_events_make():
    call = ToolCall(id="call_1", name="look_up", arguments="{}")
    score = TokenScore(text="b", logprob=-1.0)
    events = [
        Phase(name="read"),
        ThinkingDelta(text="a"),
        TextDelta(text="b"),
        score,
        TextDelta(text="c"),
        call,
        Usage(tokens_in=3),
        Usage(tokens_out=2),
        Done(reason="tools"),
    ]
    reply = reply_of(events)
    assert reply == Reply(
        text="bc", thinking="a", tool_calls=(call,), reason="tools", scores=(score,), tokens_in=3, tokens_out=2
    )
    assert reply.message == Message(role="assistant", content="bc", tool_calls=(call,))


def test_an_answer_read_as_json():
    assert Reply(text='{"a": 1}').document() == {"a": 1}
    with pytest.raises(GenerationFailed, match="is not JSON"):
        Reply(text="Sure!").document()
    with pytest.raises(GenerationFailed, match="cut"):
        Reply(text='{"a": ', reason="length").document()
