from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.minilm import MiniLmEngine
from hausmusik.engines.minilm.tokens import Tokens
from hausmusik.errors import BadInput, ConfigError, WeightsError
from hausmusik.seams import EngineContext, Scalar
from hausmusik.types import Done, Embeddings, EmbedRequest, Event, FloatArray, Remark, SoundRequest, Usage
from tests.unit.engines.minilm.tiny import HEADS, HIDDEN, naive, random_tensors, write_files

DATA = Path(__file__).parents[3] / "data" / "embeddings"
TINY: dict[str, Scalar] = {"model": "tiny", "max_tokens": 12, "dimension": HIDDEN, "heads": HEADS}


def ready(files: dict[str, str], **options: Scalar) -> MiniLmEngine:
    engine = MiniLmEngine(EngineContext(files=files, options=options))
    for stage in (engine.prepare, lambda: engine.load("cpu"), engine.warm_up):
        list(stage())
    return engine


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_files(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def tiny(files: dict[str, str]) -> MiniLmEngine:
    return ready(files, **TINY)


def played(engine: MiniLmEngine, *texts: str, purpose: str = "passage") -> list[Event]:
    request = EmbedRequest(texts=texts, purpose="query" if purpose == "query" else "passage")
    return [event for _, event in engine.play([request], threading.Event())]


def vectors(engine: MiniLmEngine, *texts: str, purpose: str = "passage") -> FloatArray:
    first = played(engine, *texts, purpose=purpose)[0]
    assert isinstance(first, Embeddings)
    return first.values


def test_events_and_vectors(tiny: MiniLmEngine, files: dict[str, str]):
    found, usage, done = played(tiny, "rain", "Doors: a b")
    assert isinstance(found, Embeddings)
    assert found.values.dtype == np.float32
    assert found.values.shape == (2, HIDDEN)
    np.testing.assert_allclose(np.linalg.norm(found.values, axis=1), 1, atol=1e-6)
    assert found.model.startswith("tiny@1-")
    assert len(found.model) == len("tiny@1-") + 12
    assert usage == Usage(tokens_in=3 + 7, characters=14)
    assert done == Done()
    numbers = Tokens(Path(files["tiny/tokenizer.json"]), 12).read("rain").numbers
    np.testing.assert_allclose(found.values[0], naive(random_tensors(), list(numbers)), atol=1e-5)


@given(st.lists(st.text("ab c:é?", min_size=1).filter(str.strip), min_size=1, max_size=60))
@settings(deadline=None, max_examples=40)
def test_results_are_in_order_and_do_not_depend_on_neighbours(tiny: MiniLmEngine, texts: list[str]):
    together = vectors(tiny, *texts)
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(row, vectors(tiny, text)[0], atol=1e-5)


def test_what_is_beyond_the_window_does_not_count_and_is_told(tiny: MiniLmEngine):
    ten = "a b c d e f g h i j"
    found, remark, usage, _ = played(tiny, f"{ten} rain door", ten, "x")
    assert isinstance(found, Embeddings)
    assert isinstance(remark, Remark)
    assert remark.text.startswith("1 of 3 texts are longer than the 12 word pieces")
    assert isinstance(usage, Usage)
    assert usage.tokens_in == 12 + 12 + 3
    np.testing.assert_allclose(found.values[0], found.values[1], atol=1e-6)
    assert not any(isinstance(event, Remark) for event in played(tiny, ten))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("",), "^the text is empty"),
        (("a", " \n\t"), "^text 2 of 2 is empty"),
        (("a", "\u200b\ufeff", "b"), "^text 2 of 3 has nothing in it that can be read"),
    ],
)
def test_texts_with_nothing_in_them_are_named(tiny: MiniLmEngine, texts: tuple[str, ...], said: str):
    with pytest.raises(BadInput, match=said):
        played(tiny, *texts)


def test_lone_surrogates_are_read_as_something(tiny: MiniLmEngine):
    np.testing.assert_array_equal(vectors(tiny, "a \ud800"), vectors(tiny, "a ?"))


def test_purposes_are_written_before_the_text(tiny: MiniLmEngine, files: dict[str, str]):
    engine = ready(files, **TINY, passage="p: ", query="q: ")
    np.testing.assert_array_equal(vectors(engine, "rain"), vectors(tiny, "p: rain"))
    np.testing.assert_array_equal(vectors(engine, "rain", purpose="query"), vectors(tiny, "q: rain"))
    assert isinstance(played(engine, "rain")[1], Usage)


def test_cancel_is_looked_at_between_texts_and_batches(tiny: MiniLmEngine):
    class After:
        def __init__(self, calls: int) -> None:
            self.calls = itertools.count()
            self.most = calls

        def is_set(self) -> bool:
            return next(self.calls) >= self.most

    request = EmbedRequest(texts=("a", "a b c d e f g"))
    asked = After(10**6)
    assert list(tiny.play([request], asked))
    for calls in range(next(asked.calls)):
        assert list(tiny.play([request], After(calls))) == []


def test_another_task_and_another_device_are_refused(tiny: MiniLmEngine, files: dict[str, str]):
    with pytest.raises(BadInput, match="SoundRequest"):
        list(tiny.play([SoundRequest(prompt="rain")], threading.Event()))
    with pytest.raises(BadInput, match="cuda"):
        list(MiniLmEngine(EngineContext(files=files)).load("cuda"))


def test_playing_before_loading_is_a_mistake_of_the_host(files: dict[str, str]):
    engine = MiniLmEngine(EngineContext(files=files, options=TINY))
    with pytest.raises(RuntimeError):
        played(engine, "rain")
    with pytest.raises(RuntimeError):
        list(engine.load("cpu"))


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"dimension": 384}, WeightsError, "vectors of 24 numbers, not of 384"),
        ({"max_tokens": 21}, WeightsError, "no places for 21 tokens"),
        ({"heads": 7}, WeightsError, "7 heads"),
        ({"heads": "3"}, ConfigError, "heads"),
        ({"max_tokens": 2}, ConfigError, "max_tokens"),
        ({"pooling": "cls"}, ConfigError, "pooling"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    files: dict[str, str], options: dict[str, Scalar], error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        ready(files, **(TINY | options))


def test_missing_and_broken_files_are_named(files: dict[str, str], tmp_path: Path):
    with pytest.raises(WeightsError, match=r"model\.safetensors was not handed"):
        ready({})
    broken = tmp_path / "tokenizer.json"
    broken.write_text("{}")
    with pytest.raises(WeightsError, match=r"tokenizer\.json cannot be read"):
        ready(files | {"tiny/tokenizer.json": str(broken)}, **TINY)


@pytest.mark.slow
def test_it_says_what_the_published_model_says(weights: Callable[..., dict[str, str]]):
    """See tests/data/embeddings/README.md. Also with the texts in another company, and each alone."""
    engine = ready(weights("all-minilm-l6-v2"))
    texts: list[str] = json.loads((DATA / "minilm.json").read_text(encoding="utf-8"))
    with np.load(DATA / "minilm.npz", allow_pickle=False) as file:
        published = file["vectors"]
    events = played(engine, *texts)
    together = vectors(engine, *texts)
    assert np.abs(together - published).max() < 1e-3
    assert np.abs(vectors(engine, *texts[::-2]) - together[::-2]).max() < 1e-5
    assert np.abs(np.concatenate([vectors(engine, text) for text in texts]) - together).max() < 1e-5
    assert [event.text[:16] for event in events if isinstance(event, Remark)] == ["3 of 26 texts ar"]
    assert isinstance(events[0], Embeddings)
    assert events[0].model == "minilm@1-53aa51172d14"


@pytest.mark.slow
def test_meanings_are_near_each_other(weights: Callable[..., dict[str, str]]):
    engine = ready(weights("all-minilm-l6-v2"))
    found = vectors(engine, "A man is eating pizza.", "Someone has a slice of pizza.", "The train leaves at nine.")
    assert found[0] @ found[1] > 0.6
    assert found[0] @ found[2] < 0.2
