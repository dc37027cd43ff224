"""Writes a chat request as vLLM takes it: a prompt in tokens and how to sample. Knows nothing of who computes it.

Names are those of vLLM 0.33's `SamplingParams` and `StructuredOutputsParams`.
"""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, Final

from hausmusik.engines.chat.asking import ChatOptions, message_of, sampling_of, schema_of, thinks_aloud, tools_of
from hausmusik.errors import BadInput
from hausmusik.seams import JsonObject
from hausmusik.types import ChatRequest, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOSED: Final = "\n</think>\n\n"
"""What ends a thought before it began, where a template opens one and none is wanted: the form of Qwen3's template, and
of R1's own answers that skip their thinking."""


class VllmOptions(ChatOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an instrument's entry says of its model and of how vLLM runs it; see `ChatOptions` for the rest.

    Args:
        dtype: Of weights and activations, as vLLM names it; `auto` is that of the files.
        at_once: Most plays that are computed together; more wait. The cache must have room for one of them at least.
        memory_share: Of the device's memory that vLLM takes for weights, activations and cache: above 0, at most 1.
            Its own default, which the arithmetic of `hausmusik.instruments.memory` shares.
        eager: Whether kernels are launched one by one. Without it vLLM compiles the model and captures CUDA graphs when
            it starts: 46 s and 37 s of a published start of 91 s, and a measured 8B step on an H100 then takes 5.1 ms
            instead of 8.4. On an L4 a step of a 7B reads 14 GiB in 51 ms, behind which launching hides; so a start of
            minutes is not paid there. Where one container answers for hours on a fast GPU, `false` is better.
    """

    dtype: str = "auto"
    at_once: int = 16
    memory_share: float = 0.9
    eager: bool = True


def prompt_of(request: ChatRequest, options: ChatOptions, tokenizer: Any) -> list[int]:
    """Return the tokens of a conversation, by the model's own template unless the options have one.

    Args:
        request: The conversation.
        options: Of its model.
        tokenizer: transformers' tokenizer of the model.

    Raises:
        BadInput: the template refuses the conversation; the tools, or a call's arguments, are not JSON.
    """
    templates: Any = importlib.import_module("jinja2")  # comes with vLLM
    more: dict[str, Any] = {"enable_thinking": thinks_aloud(request)} if options.thinks else {}
    if options.template:
        more["chat_template"] = options.template
    try:
        text: str = tokenizer.apply_chat_template(
            [_message(each) for each in request.messages],
            tools=tools_of(request.tools) or None,
            tokenize=False,
            add_generation_prompt=True,
            **more,
        )
    except templates.TemplateError as error:
        raise BadInput(f"the model's template refuses this conversation: {error}") from error
    if options.opens_thinking and not thinks_aloud(request):
        text += CLOSED
    return list(tokenizer.encode(text, add_special_tokens=False))  # the template has written them


def sampling_arguments(request: ChatRequest, options: ChatOptions, *, room_tokens: int) -> JsonObject:
    """Return the arguments of `SamplingParams`, but for those that are objects of vLLM's.

    Args:
        request: What is asked.
        options: What the makers advise.
        room_tokens: What the prompt has left of the context, at least 1.
    """
    temperature, top_p = sampling_of(request, options)
    return {
        "temperature": temperature,
        "top_p": top_p,
        "top_k": options.top_k,
        "min_p": options.min_p,
        "repetition_penalty": options.repeat_penalty,
        "seed": request.seed,
        "stop": list(request.stop),
        "max_tokens": min(request.max_tokens or room_tokens, room_tokens),
        "logprobs": request.top_logprobs or None,
    }


def structure_of(request: ChatRequest) -> JsonObject | None:
    """Return the arguments of `StructuredOutputsParams`; None where an answer is free.

    Raises:
        BadInput: the schema is no JSON object.
    """
    if request.schema:
        return {"json": schema_of(request.schema)}
    if request.grammar:
        return {"grammar": request.grammar}
    return None


def _message(message: Message) -> JsonObject:
    """Return a turn as templates want it: with the arguments of calls as objects."""
    body = message_of(message)
    calls: Sequence[JsonObject] = body.get("tool_calls", ())
    for call in calls:
        try:
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
        except ValueError as error:
            raise BadInput(f"the arguments of the call {call['id']} are not JSON: {error}") from error
    return body
