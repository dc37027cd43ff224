"""What our engine asks of vLLM and makes of what it tells, without it: against the fake beside this file."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hausmusik.engines.vllm import VllmEngine
from hausmusik.engines.vllm.asking import CLOSED
from hausmusik.engines.vllm.model import ENVIRONMENT
from hausmusik.errors import BadInput, ConfigError, EngineError, GenerationFailed, MissingExtra, WeightsError
from hausmusik.seams import EngineContext, Scalar
from hausmusik.types import (
    ChatRequest,
    Done,
    Event,
    Message,
    SpeakRequest,
    TextDelta,
    ThinkingDelta,
    TokenScore,
    ToolCall,
    Usage,
)
from tests.contract.engines import said
from tests.unit.engines.vllm.fake_vllm import EngineGenerateError, Script, VLLMValidationError, fake_vllm

TOOLS = json.dumps([{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}])
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
Load = Callable[..., VllmEngine]


def files(folder: Path, *names: str) -> dict[str, str]:
    return {f"m/{name}": str(folder / name) for name in names or FILES}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Load]:
    engines: list[VllmEngine] = []
    for name in (*ENVIRONMENT, "VLLM_LOGGING_LEVEL"):  # set by the engine; what was is put back
        monkeypatch.setenv(name, os.environ.get(name, ""))
        monkeypatch.delenv(name)

    def loaded(script: Script, device: str = "cuda", **options: Scalar) -> VllmEngine:
        for name, module in fake_vllm(script).items():
            monkeypatch.setitem(sys.modules, name, module)
        engine = VllmEngine(EngineContext(files=files(tmp_path), options=options))
        engines.append(engine)
        for stage in (engine.prepare(), engine.load(device), engine.warm_up()):
            list(stage)
        script.asked.clear()
        script.prompts.clear()
        return engine

    yield loaded
    for engine in engines:
        engine.close()


def played(engine: VllmEngine, request: ChatRequest) -> list[Event]:
    return [event for _, event in engine.play([request], threading.Event())]


def test_it_is_loaded_from_its_folder_alone(load: Load, tmp_path: Path):
    script = Script()
    load(script, context_tokens=2048, at_once=4, dtype="bfloat16", memory_share=0.8, eager=False)
    (told,) = script.opened
    assert (told.model, told.tokenizer) == (str(tmp_path), str(tmp_path))
    assert (told.load_format, told.trust_remote_code) == ("safetensors", False)
    assert (told.max_model_len, told.max_num_seqs, told.dtype) == (2048, 4, "bfloat16")
    assert (told.gpu_memory_utilization, told.enforce_eager, told.enable_prefix_caching) == (0.8, False, True)
    assert {name: os.environ[name] for name in ENVIRONMENT} == ENVIRONMENT
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_what_is_asked_becomes_parameters(load: Load):
    script = Script()
    engine = load(script, context_tokens=4096, temperature=0.7, top_p=0.8, top_k=20, repeat_penalty=1.05)
    played(engine, said("Hello."))
    played(engine, said("Hello.", temperature=0.0, top_p=0.5, max_tokens=3, stop=("x",), seed=4, top_logprobs=2))
    advised, asked = script.asked
    assert (advised.temperature, advised.top_p, advised.top_k, advised.repetition_penalty) == (0.7, 0.8, 20, 1.05)
    assert advised.max_tokens == 4096 - len(script.prompts[0])
    assert (advised.logprobs, advised.structured_outputs, advised.stop) == (None, None, [])
    assert (asked.temperature, asked.top_p, asked.max_tokens, asked.stop) == (0.0, 0.5, 3, ["x"])
    assert (asked.seed, asked.logprobs) == (4, 2)


def test_a_schema_and_a_grammar_are_followed(load: Load):
    script = Script()
    engine = load(script)
    played(engine, said("Hello.", schema='{"enum": ["a"]}'))
    played(engine, said("Hello.", grammar='root ::= "a"'))
    schema, grammar = (asked.structured_outputs for asked in script.asked)
    assert schema
    assert schema.json == {"enum": ["a"]}
    assert grammar
    assert grammar.grammar == 'root ::= "a"'


def test_text_and_what_it_took(load: Load):
    script = Script()
    events = played(load(script), said("Hello."))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Good evening."
    assert events[-2:] == [Usage(tokens_in=len(script.prompts[0]), tokens_out=13), Done()]


def test_an_answer_that_is_cut_says_so(load: Load):
    *_, usage, done = played(load(Script()), said("Hello.", max_tokens=4))
    assert isinstance(usage, Usage)
    assert (usage.tokens_out, done) == (4, Done(reason="length"))


def test_each_token_is_scored_with_the_likeliest(load: Load):
    events = played(load(Script(lambda _: "ab")), said("Hello.", top_logprobs=2))
    assert events[0] == TextDelta(text="a")
    assert events[1] == TokenScore(text="a", logprob=-3.0, alternatives=(("<0>", -0.1), ("<1>", -0.2)))
    assert events[2] == TextDelta(text="b")


@pytest.mark.parametrize(
    ("options", "request_", "prompt_ends", "thought"),
    [
        ({"thinks": True}, said("?"), '"enable_thinking": true}', "Hm"),
        ({"thinks": True}, said("?", think=False), '"enable_thinking": false}', "Hm"),
        ({"opens_thinking": True}, said("?"), "}", "Hm"),
    ],
)
def test_a_thought_is_told_apart(
    load: Load, options: dict[str, Scalar], request_: ChatRequest, prompt_ends: str, thought: str
):
    opened = "" if "opens_thinking" in options else "<think>"
    script = Script(lambda _: f"{opened}Hm</think>\n\nYes")
    events = played(load(script, **options), request_)
    assert script.prompts[0].endswith(prompt_ends)
    assert "".join(event.text for event in events if isinstance(event, ThinkingDelta)) == thought
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Yes"


@pytest.mark.parametrize("request_", [said("?", think=False), said("?", schema="{}"), said("?", grammar="root ::= x")])
def test_a_thought_that_a_template_opens_is_closed_where_none_is_wanted(load: Load, request_: ChatRequest):
    script = Script(lambda _: "Yes")
    events = played(load(script, opens_thinking=True), request_)
    assert script.prompts[0].endswith(CLOSED)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Yes"


def test_tools_are_told_and_called(load: Load):
    script = Script(lambda _: 'Wait. <tool_call>{"name": "look_up", "arguments": {"town": "Bar"}}</tool_call>')
    call = ToolCall(id="call_1", name="look_up", arguments='{"town": "Foo"}')
    messages = (
        Message(role="user", content="a"),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content="b", tool_call_id="call_1"),
    )
    events = played(load(script, calls_tools=True), ChatRequest(messages=messages, tools=TOOLS))
    prompt: dict[str, Any] = json.loads(script.prompts[0])
    assert prompt["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"town": "Foo"}
    assert prompt["tools"][0]["function"]["name"] == "look_up"
    assert ToolCall(id="call_2", name="look_up", arguments='{"town": "Bar"}') in events
    assert events[-1] == Done(reason="tools")


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (said(" "), "nothing was said"),
        (said("sea " * 9_000), r"has \d+ tokens, this instrument reads 8192"),
        (said("Hello.", grammar="root ::= ((("), "the grammar cannot be followed"),
        (said("Hello.", schema='{"type": "nonsense"}'), "the schema cannot be followed"),
        (said("Hello.", schema="[1]"), "not a JSON object"),
        (said("Hello.", tools=TOOLS), "does not know how to call tools"),
        (said("nobody"), "template refuses"),
    ],
)
def test_nonsense_is_told_and_does_no_harm(load: Load, request_: ChatRequest, told: str):
    script = Script()
    engine = load(script)
    with pytest.raises(BadInput, match=told):
        played(engine, request_)
    assert script.asked == []
    assert played(engine, said("Hello."))[-1] == Done()


def test_arguments_of_a_call_that_are_no_json_are_told(load: Load):
    call = ToolCall(id="call_1", name="look_up", arguments="{")
    messages = (Message(role="assistant", tool_calls=(call,)),)
    with pytest.raises(BadInput, match="arguments of the call call_1 are not JSON"):
        played(load(Script(), calls_tools=True), ChatRequest(messages=messages))


def test_another_task_is_refused(load: Load):
    with pytest.raises(BadInput, match="cannot play a SpeakRequest"):
        list(load(Script()).play([SpeakRequest(text="Hello")], threading.Event()))


@pytest.mark.parametrize(
    ("raised", "expected", "told"),
    [
        (VLLMValidationError("top_p must be in (0, 1]"), BadInput, "vLLM refuses this: top_p"),
        (EngineGenerateError("out of luck\nsecond line"), GenerationFailed, "vLLM failed: out of luck$"),
        (ConnectionError("dead"), EngineError, "compute process is gone"),
    ],
)
def test_what_vllm_raises_is_said_in_our_words(load: Load, raised: Exception, expected: type[EngineError], told: str):
    script = Script()
    engine = load(script)
    script.says = lambda _: raised
    with pytest.raises(expected, match=told):
        played(engine, said("Hello."))


def test_an_empty_answer_is_none(load: Load):
    script = Script()
    engine = load(script)
    script.says = lambda _: ""
    with pytest.raises(GenerationFailed, match="said nothing"):
        played(engine, said("Hello."))


def test_plays_of_several_threads_are_under_way_together(load: Load):
    script = Script(lambda prompt: f"I heard {json.loads(prompt)['messages'][0]['content']}", pause_s=0.01)
    engine = load(script)
    ready = threading.Barrier(6)

    def play(word: str) -> str:
        ready.wait()
        events = played(engine, said(word))
        return "".join(event.text for event in events if isinstance(event, TextDelta))

    words = [f"word {at}" for at in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert [*pool.map(play, words)] == [f"I heard {word}" for word in words]
    assert script.most_at_once == 6


def aborted(script: Script) -> bool:
    """Wait for vLLM to have heard of it: another thread tells it."""
    until = time.monotonic() + 10
    while not script.aborted and time.monotonic() < until:
        time.sleep(0.01)
    return bool(script.aborted)


def test_a_play_that_is_cancelled_or_left_is_aborted(load: Load):
    script = Script(lambda _: "a" * 1000)
    engine = load(script, context_tokens=8192)
    script.pause_s = 0.01
    cancel = threading.Event()
    for _, event in engine.play([said("Hello.")], cancel):
        assert isinstance(event, TextDelta)
        cancel.set()
    assert aborted(script)
    script.aborted.clear()
    play = engine.play([said("Hello.")], threading.Event())
    next(play)
    play.close()  # type: ignore[attr-defined]  # it is a generator
    assert aborted(script)


def test_it_is_closed_once(load: Load):
    script = Script()
    engine = load(script)
    engine.close()
    engine.close()
    assert script.closed == 1


@pytest.mark.parametrize(
    ("script", "device", "told"),
    [
        (Script(device="cpu"), "cuda", "computes on cpu, not on cuda"),
        (Script(refuses="no memory left\nmore"), "cuda", "cannot load the model: no memory left "),
    ],
)
def test_what_cannot_be_loaded_is_told(load: Load, script: Script, device: str, told: str):
    with pytest.raises((MissingExtra, WeightsError), match=told):
        load(script, device)
    assert not [each for each in threading.enumerate() if each.name == "vllm"]


def test_without_vllm_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "vllm", None)
    for name in (*ENVIRONMENT, "VLLM_LOGGING_LEVEL"):
        monkeypatch.setenv(name, "x")
    engine = VllmEngine(EngineContext(files=files(tmp_path)))
    list(engine.prepare())
    with pytest.raises(MissingExtra, match="vLLM cannot run here"):
        list(engine.load("cuda"))


def test_options_and_files_are_checked_before_a_device_is_there(tmp_path: Path):
    with pytest.raises(ConfigError, match="options do not fit vLLM"):
        list(VllmEngine(EngineContext(files=files(tmp_path), options={"egaer": True})).prepare())
    for names, told in (
        (("config.json", "model.safetensors"), "tokenizer.json, tokenizer_config.json was not handed over"),
        (("config.json", "tokenizer.json", "tokenizer_config.json", "model.bin"), "its .safetensors files"),
    ):
        with pytest.raises(WeightsError, match=told):
            list(VllmEngine(EngineContext(files=files(tmp_path, *names))).prepare())
    apart = files(tmp_path) | {"n/more.safetensors": str(tmp_path / "n" / "more.safetensors")}
    with pytest.raises(WeightsError, match="these weights lie in 2"):
        list(VllmEngine(EngineContext(files=apart)).prepare())
