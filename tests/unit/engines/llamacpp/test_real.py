"""llama.cpp with a real model, the smallest one there is: what it says is nonsense, how it says it is not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import jsonschema
import pytest

from hausmusik.codec import encode
from hausmusik.engines.llamacpp import LlamaCppEngine
from hausmusik.errors import BadInput, WeightsError
from hausmusik.seams import EngineContext, Scalar
from hausmusik.types import ChatRequest, Done, Event, Message, Phase, TextDelta, ThinkingDelta, Usage
from tests.contract.engines import said

pytestmark = pytest.mark.slow

LONG = "You keep the archive of a small harbour town and answer in one short sentence. " * 12


def loaded(files: dict[str, str], context_tokens: int = 2048, **options: Scalar) -> LlamaCppEngine:
    options |= {"context_tokens": context_tokens}
    engine = LlamaCppEngine(EngineContext(files=files, options=options, threads=1))
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        for _ in stage:
            pass
    return engine


@pytest.fixture(scope="module")
def files(weights: Callable[..., dict[str, str]]) -> dict[str, str]:
    return weights("smollm2-135m")


@pytest.fixture(scope="module")
def engine(files: dict[str, str]) -> Iterator[LlamaCppEngine]:
    made = loaded(files)
    yield made
    made.close()


def played(engine: LlamaCppEngine, request: ChatRequest) -> list[Event]:
    return [event for _, event in engine.play([request], threading.Event())]


def results(events: list[Event]) -> list[bytes]:
    return [encode(event) for event in events if not isinstance(event, Phase | Usage)]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def archive(question: str, **more: object) -> ChatRequest:
    messages = (Message(role="system", content=LONG), Message(role="user", content=question))
    return ChatRequest(messages=messages, temperature=0.0, max_tokens=12, top_logprobs=2, **more)  # type: ignore[arg-type]


def test_an_answer_follows_its_schema(engine: LlamaCppEngine):
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
        events = played(engine, said("Describe a harbour.", schema=json.dumps(schema), seed=seed, max_tokens=200))
        assert events[-1] == Done()
        jsonschema.validate(json.loads(text_of(events)), schema)


def test_an_answer_follows_its_grammar_and_its_thought_is_parted(engine: LlamaCppEngine):
    grammar = 'root ::= "<think>" [a-z]{3} "</think>\\n" ("yes" | "no")'
    events = played(engine, said("Is the sea wide?", grammar=grammar))
    thought = "".join(event.text for event in events if isinstance(event, ThinkingDelta))
    assert len(thought) == 3
    assert text_of(events) in ("yes", "no")


THINKER = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}"
    "{%- endif %}{%- endif %}"
)
"""What Qwen3's template does with thinking; R1's opens the thought instead."""
OPENER = THINKER.replace("assistant\\n' }}", "assistant\\n<think>\\n' }}")


@pytest.mark.parametrize(
    ("template", "grammar", "more", "thought"),
    [
        (THINKER, 'root ::= "<think>\\nabc\\n</think>\\n\\nyes"', {}, "abc"),
        (THINKER, "", {"think": False, "schema": '{"enum": ["yes"]}'}, ""),
        (OPENER, 'root ::= "<think>\\nabc\\n</think>\\n\\nyes"', {}, "abc"),
    ],
)
def test_thoughts_are_parted_whatever_the_template_opens(
    files: dict[str, str], template: str, grammar: str, more: dict[str, object], thought: str
):
    engine = loaded(files, template=template, thinks=template == THINKER, opens_thinking=template == OPENER)
    events = played(engine, said("Is the sea wide?", grammar=grammar, **more))
    engine.close()
    assert "".join(event.text for event in events if isinstance(event, ThinkingDelta)) == thought
    assert text_of(events) == ('"yes"' if more else "yes")


def test_it_ends_at_a_stop_and_for_want_of_tokens(engine: LlamaCppEngine):
    grammar = 'root ::= "one two three four five six seven eight"'
    assert text_of(played(engine, said("Count.", grammar=grammar, stop=(" four",)))) == "one two three"
    cut = played(engine, said("Count.", grammar=grammar, max_tokens=2))
    assert cut[-1] == Done(reason="length")
    assert sum(event.tokens_out for event in cut if isinstance(event, Usage)) == 2


def test_the_same_seed_says_the_same_and_another_one_does_not(engine: LlamaCppEngine):
    told = [
        text_of(played(engine, said("Tell a tale.", temperature=1.0, seed=seed, max_tokens=16))) for seed in (1, 2, 1)
    ]
    assert told[0] == told[2] != told[1]


def test_what_was_kept_of_a_prompt_changes_nothing(engine: LlamaCppEngine, files: dict[str, str]):
    """To the last digit of every log-probability: fresh, repeated, after others, and gone on from."""
    first, second = archive("Who built the lighthouse?"), archive("When was it built?")
    longer = ChatRequest(
        messages=(*first.messages, Message(role="assistant", content="The Webers. " * 30), *second.messages[1:]),
        temperature=0.0,
        max_tokens=12,
        top_logprobs=2,
    )
    orders = (
        [first, second, longer],
        [longer, first, first, second, longer],
        [second, said("Hello."), longer, longer, first],
    )
    expected: dict[int, list[bytes]] = {}
    for order in orders:
        other = loaded(files)
        for request in order:
            found = results(played(other, request))
            assert found == expected.setdefault(id(request), found)
        other.close()


def test_a_beginning_that_comes_again_is_not_read_again(engine: LlamaCppEngine):
    def first_token_s(question: str) -> float:
        began = time.process_time()
        for _, event in engine.play([archive(question)], threading.Event()):
            if isinstance(event, TextDelta):
                break
        return time.process_time() - began

    played(engine, said("Something else.", max_tokens=3))
    whole_s = first_token_s("Who built the lighthouse?")
    again_s = min(first_token_s(question) for question in ("When was it built?", "Where does it stand?"))
    assert again_s < whole_s / 2


def test_a_prompt_beyond_the_context_is_refused_before_any_token(engine: LlamaCppEngine):
    for request in (said("The sea is wide. " * 600), archive("The sea is wide. " * 600)):
        stream = engine.play([request], threading.Event())
        with pytest.raises(BadInput, match=r"has \d+ tokens, this instrument reads 2048"):
            assert [event for _, event in stream if not isinstance(event, Phase)] == []


def test_an_answer_without_a_limit_ends_where_the_context_does(files: dict[str, str]):
    small = loaded(files, context_tokens=256)
    events = played(small, said("The sea is wide. " * 30, grammar='root ::= "sea "+'))
    small.close()
    assert events[-1] == Done(reason="length")
    assert sum(event.tokens_in + event.tokens_out for event in events if isinstance(event, Usage)) in (255, 256, 257)


def test_reading_a_long_prompt_can_be_stopped(engine: LlamaCppEngine):
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    began = time.monotonic()
    events = [event for _, event in engine.play([said("The sea is wide. " * 330)], cancel)]
    assert time.monotonic() - began < 0.8
    assert all(isinstance(event, Phase) for event in events)
    assert isinstance(played(engine, said("Hello.", max_tokens=3))[-1], Done)


def test_a_file_that_is_no_model_is_told(tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    engine = LlamaCppEngine(EngineContext(files={"x/m.gguf": str(path)}))
    list(engine.prepare())
    with pytest.raises(WeightsError, match=r"cannot read m\.gguf"):
        list(engine.load("cpu"))
