"""The little of vLLM that our engine uses, answering from a script, for tests where it is not installed.

What it takes and tells is compared with the real one by `test_real.py`, where that is: names of arguments and fields,
and kinds of errors. Letters are its tokens.
"""

from __future__ import annotations

import asyncio
import enum
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

TEMPLATE_REFUSES = "nobody"


class VLLMError(Exception):
    pass


class VLLMClientError(VLLMError):
    pass


class VLLMValidationError(VLLMClientError):
    pass


class EngineGenerateError(VLLMError):
    pass


class TemplateError(Exception):
    """jinja2's."""


class RequestOutputKind(enum.Enum):
    CUMULATIVE = 0
    DELTA = 1
    FINAL_ONLY = 2


@dataclass
class StructuredOutputsParams:
    json: Any = None
    grammar: str | None = None

    def __post_init__(self) -> None:
        if self.grammar is not None and "((" in self.grammar:
            raise VLLMValidationError("Invalid grammar specification.")
        if isinstance(self.json, dict) and self.json.get("type") == "nonsense":
            raise VLLMValidationError("Failed to transform json schema into a grammar")


@dataclass(kw_only=True)
class SamplingParams:
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    seed: int | None
    stop: list[str]
    max_tokens: int
    logprobs: int | None
    structured_outputs: StructuredOutputsParams | None
    output_kind: RequestOutputKind


@dataclass(kw_only=True)
class AsyncEngineArgs:
    model: str
    tokenizer: str
    trust_remote_code: bool
    load_format: str
    dtype: str
    max_model_len: int
    max_num_seqs: int
    gpu_memory_utilization: float
    enforce_eager: bool
    structured_outputs_config: dict[str, Any]
    enable_prefix_caching: bool
    seed: int
    disable_log_stats: bool
    enable_log_requests: bool


@dataclass
class Logprob:
    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: list[int]
    logprobs: list[dict[int, Logprob]] | None
    finish_reason: str | None = None


@dataclass
class RequestOutput:
    request_id: str
    prompt_token_ids: list[int]
    outputs: list[CompletionOutput]
    finished: bool


class Tokenizer:
    """transformers', as far as it is used: letters are tokens."""

    def apply_chat_template(
        self,
        conversation: list[dict[str, Any]],
        *,
        tools: list[dict[str, Any]] | None = None,
        chat_template: str | None = None,
        add_generation_prompt: bool = False,
        tokenize: bool = True,
        **kwargs: Any,
    ) -> str:
        assert add_generation_prompt
        assert not tokenize
        if any(TEMPLATE_REFUSES in message["content"] for message in conversation):
            raise TemplateError("nobody is here")
        return json.dumps({"messages": conversation, "tools": tools, "template": chat_template, **kwargs})

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        assert not add_special_tokens, "a template writes them itself"
        return [ord(letter) for letter in text]


@dataclass
class Script:
    """What the fake does, and what it was told.

    Args:
        says: The answer to a prompt, given as text; an exception is raised instead.
        pause_s: Before each letter.
        device: What this vLLM is built for.
        refuses: Why it does not load; empty: it does.
    """

    says: Callable[[str], str | Exception] = lambda prompt: "Good evening."
    pause_s: float = 0.0
    device: str = "cuda"
    refuses: str = ""
    opened: list[AsyncEngineArgs] = field(default_factory=list)
    asked: list[SamplingParams] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    aborted: list[str] = field(default_factory=list)
    most_at_once: int = 0
    closed: int = 0


def fake_vllm(script: Script) -> dict[str, ModuleType]:
    """Return the modules by name, to stand in `sys.modules`."""

    class AsyncLLM:
        def __init__(self) -> None:
            self.errored = False
            self._under_way = 0

        @classmethod
        def from_engine_args(cls, engine_args: AsyncEngineArgs) -> AsyncLLM:
            asyncio.get_running_loop()  # the real one starts a task of its own there
            if script.refuses:
                raise ValueError(script.refuses)
            script.opened.append(engine_args)
            return cls()

        def get_tokenizer(self) -> Tokenizer:
            return Tokenizer()

        async def generate(
            self, prompt: dict[str, Any], sampling_params: SamplingParams, request_id: str
        ) -> AsyncIterator[RequestOutput]:
            tokens: list[int] = prompt["prompt_token_ids"]
            text = "".join(map(chr, tokens))
            script.asked.append(sampling_params)
            script.prompts.append(text)
            said = script.says(text)
            if isinstance(said, Exception):
                self.errored = isinstance(said, ConnectionError)
                raise said
            self._under_way += 1
            script.most_at_once = max(script.most_at_once, self._under_way)
            try:
                told = said[: sampling_params.max_tokens]
                last = "stop" if told == said else "length"
                for at, letter in enumerate(told or [""], 1):
                    await asyncio.sleep(script.pause_s)
                    reason = last if at >= len(told) else None
                    yield self._piece(request_id, tokens, letter, sampling_params, reason)
            except (asyncio.CancelledError, GeneratorExit):
                script.aborted.append(request_id)
                raise
            finally:
                self._under_way -= 1

        @staticmethod
        def _piece(
            play: str, prompt: list[int], letter: str, params: SamplingParams, reason: str | None
        ) -> RequestOutput:
            tokens = [ord(each) for each in letter]
            scores = None
            if params.logprobs:
                # The token that was taken, and as many as were asked for, which need not have it.
                best = {at: Logprob(-0.1 * (at + 1), at + 1, f"<{at}>") for at in range(params.logprobs)}
                scores = [{token: Logprob(-3.0, 9, letter), **best} for token in tokens]
            piece = CompletionOutput(0, letter, tokens, scores, reason)
            return RequestOutput(play, prompt, [piece], finished=reason is not None)

        def shutdown(self) -> None:
            script.closed += 1

    def tokens_input(prompt_token_ids: list[int]) -> dict[str, Any]:
        return {"type": "token", "prompt_token_ids": prompt_token_ids}

    platform = SimpleNamespace(device_type=script.device)
    contents: dict[str, dict[str, Any]] = {
        "vllm": {},
        "vllm.engine": {},
        "vllm.engine.arg_utils": {"AsyncEngineArgs": AsyncEngineArgs},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": AsyncLLM},
        "vllm.platforms": {"current_platform": platform},
        "vllm.sampling_params": {
            "RequestOutputKind": RequestOutputKind,
            "SamplingParams": SamplingParams,
            "StructuredOutputsParams": StructuredOutputsParams,
        },
        "vllm.inputs": {"tokens_input": tokens_input},
        "vllm.exceptions": {"VLLMClientError": VLLMClientError},
        "jinja2": {"TemplateError": TemplateError},
    }
    modules: dict[str, ModuleType] = {}
    for name, content in contents.items():
        modules[name] = ModuleType(name)
        vars(modules[name]).update(content)
    return modules
