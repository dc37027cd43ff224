from __future__ import annotations

import itertools
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hausmusik.engines.speaker import engine as module
from hausmusik.engines.speaker.engine import SpeakerEngine
from hausmusik.engines.speaker.network import Encoder
from hausmusik.errors import BadInput, GenerationFailed, WeightsError
from hausmusik.seams import EngineContext
from hausmusik.types import Audio, Done, Embeddings, Event, JudgeRequest, SoundRequest, Usage
from tests.unit.engines.recordings import FOLDER, SAID, recording
from tests.unit.engines.speaker.test_network import random_tensors
from tests.unit.engines.speaker.test_torchfile import tensor, torch_file


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))


@pytest.fixture(scope="module")
def random_engine(tmp_path_factory: pytest.TempPathFactory) -> SpeakerEngine:
    """The engine with weights that know nothing, read from a file as the real ones are."""
    tensors = random_tensors()
    entries = {
        name: tensor(name, array.shape, contiguous(array.shape), size=array.size) for name, array in tensors.items()
    }
    path = tmp_path_factory.mktemp("weights") / "pretrained.pt"
    path.write_bytes(torch_file(entries, {name: array.reshape(-1) for name, array in tensors.items()}))
    engine = SpeakerEngine(EngineContext(files={"resemblyzer/pretrained.pt": str(path)}))
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        list(stage)
    return engine


def judged(engine: SpeakerEngine, audio: Audio) -> list[Event]:
    return [event for _, event in engine.play([JudgeRequest(audio=audio)], threading.Event())]


def chirp(seconds: float, rate: int = 16_000, channels: int = 1) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    wave = 0.2 * np.sin(2 * np.pi * (200 + 50 * np.sin(3 * times)) * times)
    return Audio(np.tile(wave.astype(np.float32), (channels, 1)), rate)


def test_events_and_vector(random_engine: SpeakerEngine) -> None:
    vector, usage, done = judged(random_engine, chirp(3.0, rate=44_100, channels=2))
    assert isinstance(vector, Embeddings)
    assert vector.values.shape == (1, 256)
    assert vector.values.dtype == np.float32
    assert np.linalg.norm(vector.values) == pytest.approx(1.0, abs=1e-6)
    assert vector.model.startswith("resemblyzer@1-")
    assert usage == Usage(audio_s=3.0)
    assert done == Done()


def test_blocks_do_not_change_the_result(random_engine: SpeakerEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = judged(random_engine, chirp(9.0))[0]
    monkeypatch.setattr(module, "_BATCH", 3)
    split = judged(random_engine, chirp(9.0))[0]
    assert isinstance(whole, Embeddings)
    assert isinstance(split, Embeddings)
    np.testing.assert_allclose(whole.values, split.values, atol=1e-6)


def test_equal_requests_give_equal_bytes(random_engine: SpeakerEngine) -> None:
    first, second = (judged(random_engine, chirp(4.0))[0] for _ in range(2))
    assert isinstance(first, Embeddings)
    assert isinstance(second, Embeddings)
    assert first.values.tobytes() == second.values.tobytes()


@pytest.mark.parametrize(
    "audio",
    [
        Audio.mono([], 16_000),
        Audio.mono(np.zeros(32_000), 16_000),
        Audio.mono(np.full(100, 0.5), 16_000),
        Audio.mono(np.full(32_000, np.nan), 16_000),
        chirp(0.3),
    ],
    ids=["empty", "silent", "tiny", "nan", "short"],
)
def test_recordings_without_a_voice_are_refused(random_engine: SpeakerEngine, audio: Audio) -> None:
    with pytest.raises(BadInput) as caught:
        judged(random_engine, audio)
    assert caught.value.hint


def test_another_task_another_device_and_missing_weights(random_engine: SpeakerEngine) -> None:
    with pytest.raises(BadInput, match="SoundRequest"):
        list(random_engine.play([SoundRequest(prompt="rain")], threading.Event()))
    with pytest.raises(BadInput, match="cuda"):
        list(random_engine.load("cuda"))
    bare = SpeakerEngine(EngineContext())
    with pytest.raises(WeightsError, match="pretrained"):
        list(bare.prepare())
    with pytest.raises(RuntimeError, match="before it was loaded"):
        judged(bare, chirp(1.0))
    bare.close()
    bare.close()


def test_a_network_that_says_nothing(random_engine: SpeakerEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Encoder, "embed", lambda self, mels, stopped: np.zeros((len(mels), 256), dtype=np.float32))
    with pytest.raises(GenerationFailed):
        judged(random_engine, chirp(2.0))


def test_cancel_stops_within_a_batch(random_engine: SpeakerEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = threading.Event()
    count = itertools.count()
    original: Callable[..., np.ndarray | None] = Encoder.embed

    def embed(self: Encoder, mels: np.ndarray, stopped: Callable[[], bool]) -> np.ndarray | None:
        if next(count):
            cancel.set()
        vectors = original(self, mels, stopped)
        assert (vectors is None) == cancel.is_set()
        return vectors

    monkeypatch.setattr(Encoder, "embed", embed)
    assert list(random_engine.play([JudgeRequest(audio=chirp(60.0))], cancel)) == []
    assert next(count) == 2


@pytest.mark.slow
def test_memory_is_flat_in_length(random_engine: SpeakerEngine) -> None:
    def peak(seconds: float) -> int:
        audio = chirp(seconds)
        tracemalloc.start()
        judged(random_engine, audio)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    short, long = peak(10.0), peak(60.0)
    # Besides the batch only copies of the 16 kHz signal grow: 64 kB per second each.
    assert long - short < 50 * 64_000 * 6


# -- with the real weights ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_engine(weights: Callable[..., dict[str, str]]) -> SpeakerEngine:
    engine = SpeakerEngine(EngineContext(files=weights("resemblyzer")))
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        list(stage)
    return engine


def vector_of(engine: SpeakerEngine, audio: Audio) -> np.ndarray:
    event = judged(engine, audio)[0]
    assert isinstance(event, Embeddings)
    return event.values[0]


@pytest.mark.slow
def test_agrees_with_the_original_implementation(real_engine: SpeakerEngine) -> None:
    with np.load(Path(FOLDER) / "resemblyzer.npz", allow_pickle=False) as original:
        for name in SAID:
            cosine = float(vector_of(real_engine, recording(name)) @ original[name])
            assert cosine >= 0.995, f"{name}: {cosine:.4f}"


@pytest.mark.slow
def test_tells_two_voices_apart(real_engine: SpeakerEngine) -> None:
    vectors = {name: vector_of(real_engine, recording(name)) for name in SAID}
    assert vectors["heart_box"] @ vectors["heart_lighthouse"] > 0.85
    assert vectors["michael_orchestra"] @ vectors["michael_lighthouse"] > 0.85
    assert vectors["heart_lighthouse"] @ vectors["michael_lighthouse"] < 0.7
