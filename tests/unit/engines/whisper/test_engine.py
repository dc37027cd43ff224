"""What needs no model, with a stand-in for the library where its behaviour is the point; then the real model (slow)."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hausmusik.engines.whisper import WhisperEngine
from hausmusik.engines.whisper.engine import FILES
from hausmusik.errors import BadInput, EngineError, MissingExtra, WeightsError
from hausmusik.seams import EngineContext
from hausmusik.types import (
    Artifact,
    Audio,
    Done,
    Event,
    SoundRequest,
    TextDelta,
    TranscribeRequest,
    Usage,
    WordTiming,
)
from tests.unit.engines.recordings import SAID, recording


def transcribed(engine: WhisperEngine, request: TranscribeRequest) -> list[Event]:
    return [event for _, event in engine.play([request], threading.Event())]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def words_of(events: list[Event]) -> list[WordTiming]:
    return [event for event in events if isinstance(event, WordTiming)]


def speech_like(seconds: float) -> Audio:
    return Audio.mono(0.3 * np.sin(np.arange(round(seconds * 16_000)) * 0.1), 16_000)


def files_in(folder: Path) -> dict[str, str]:
    for name in FILES:
        (folder / name).write_bytes(b"not a model")
    return {f"whisper-base/{name}": str(folder / name) for name in FILES}


# -- without a model ---------------------------------------------------------------------------------------------------


def test_missing_files_are_named_before_anything_is_loaded(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    del files["whisper-base/tokenizer.json"]
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        list(WhisperEngine(EngineContext(files=files)).prepare())


def test_a_missing_library_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MissingExtra) as caught:
        list(WhisperEngine(EngineContext(files=files_in(tmp_path))).load("cpu"))
    assert "hausmusik[embedded]" in caught.value.hint


def test_files_that_are_no_model(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        list(WhisperEngine(EngineContext(files=files_in(tmp_path))).load("cpu"))


def test_other_devices_and_playing_unloaded() -> None:
    with pytest.raises(BadInput, match="cuda"):
        list(WhisperEngine(EngineContext()).load("cuda"))
    with pytest.raises(RuntimeError, match="before it was loaded"):
        transcribed(WhisperEngine(EngineContext()), TranscribeRequest(audio=speech_like(1)))


class Library:
    """Answers like faster-whisper's model, one canned list of segments per call, and notes how it was called."""

    supported_languages = ("de", "en")
    model = SimpleNamespace(is_multilingual=True)

    def __init__(self, *answers: list[SimpleNamespace] | Exception) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, object]] = []

    def transcribe(self, samples: np.ndarray, **options: object) -> tuple[Iterator[SimpleNamespace], SimpleNamespace]:
        self.calls.append(options)
        answer = self.answers[min(len(self.calls), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        language = options["language"] or "de"
        return iter(answer), SimpleNamespace(language=language, language_probability=0.87654)


def segment(text: str, *, ratio: float = 1.0, no_speech: float = 0.0) -> SimpleNamespace:
    words = [
        SimpleNamespace(word=f" {word}", start=0.1 * index, end=0.1 * index + 0.1, probability=0.9)
        for index, word in enumerate(text.split())
    ]
    return SimpleNamespace(text=f" {text}", words=words, compression_ratio=ratio, no_speech_prob=no_speech)


def engine_with(library: Library) -> WhisperEngine:
    engine = WhisperEngine(EngineContext())
    engine._model = library
    engine._detector = lambda samples: [{"start": 8_000, "end": samples.size}]
    return engine


def test_events_of_one_request() -> None:
    library = Library([segment("Hello there,"), segment("friend.")])
    events = transcribed(engine_with(library), TranscribeRequest(audio=speech_like(2), prompt=" Hofstadter "))
    assert text_of(events) == "Hello there, friend."
    assert [(word.text, round(word.start_s, 2)) for word in words_of(events)] == [
        ("Hello", 0.5),
        ("there,", 0.6),
        ("friend.", 0.7),  # the library said 0.5, before the word before it
    ]
    artifact = next(event for event in events if isinstance(event, Artifact))
    assert json.loads(artifact.data) == {"language": "de", "probability": 0.877}
    assert events[-2:] == [Usage(audio_s=2.0), Done()]
    assert library.calls[0]["hotwords"] == "Hofstadter"
    assert library.calls[0]["temperature"] == 0.0


def test_the_language_is_detected_once_and_then_kept() -> None:
    library = Library([segment("Ja.")])
    transcribed(engine_with(library), TranscribeRequest(audio=speech_like(260)))
    assert [call["language"] for call in library.calls] == [None, "de", "de"]
    library = Library([segment("Yes.")])
    events = transcribed(engine_with(library), TranscribeRequest(audio=speech_like(2), language="en-GB"))
    assert library.calls[0]["language"] == "en"
    assert not any(isinstance(event, Artifact) for event in events)


def test_a_looping_text_is_decoded_once_more_without_repetition() -> None:
    library = Library([segment("so so so so", ratio=9.0)], [segment("so")])
    assert text_of(transcribed(engine_with(library), TranscribeRequest(audio=speech_like(2)))) == "so"
    assert [call["no_repeat_ngram_size"] for call in library.calls] == [0, 3]


def test_what_is_probably_no_speech_is_dropped() -> None:
    library = Library([segment("I'm sorry I'm sorry", ratio=9.0, no_speech=0.8), segment("."), segment("…")])
    assert text_of(transcribed(engine_with(library), TranscribeRequest(audio=speech_like(2)))) == ""
    assert len(library.calls) == 1


def test_nobody_speaks() -> None:
    engine = engine_with(Library([segment("never asked")]))
    engine._detector = lambda samples: []
    assert transcribed(engine, TranscribeRequest(audio=speech_like(2))) == [Usage(audio_s=2.0), Done()]


def test_quiet_recordings_reach_the_detector_at_speech_level() -> None:
    heard: list[float] = []
    engine = engine_with(Library([]))
    engine._detector = lambda samples: heard.append(float(np.abs(samples).max())) or []
    for gain in (0.01, 0.0001, 1.0, 0.0):
        audio = speech_like(1)
        transcribed(engine, TranscribeRequest(audio=Audio(audio.samples * np.float32(gain), 16_000)))
    assert heard == pytest.approx([0.09, 0.0009, 0.3, 0.0], rel=0.01)


def test_words_never_leave_the_recording() -> None:
    late = segment("end")
    late.words[0].end = 99.0
    words = words_of(transcribed(engine_with(Library([late])), TranscribeRequest(audio=speech_like(2))))
    assert words[0].end_s == 2.0


def test_cancel_between_segments_ends_without_done() -> None:
    cancel = threading.Event()
    play = engine_with(Library([segment("one"), segment("two")])).play(
        [TranscribeRequest(audio=speech_like(2))], cancel
    )
    events: list[Event] = []
    for _, event in play:
        events.append(event)
        if isinstance(event, TextDelta):
            cancel.set()
    assert text_of(events) == "one"
    assert not any(isinstance(event, Done) for event in events)


def test_bad_requests_and_a_failing_library() -> None:
    engine = engine_with(Library(RuntimeError("out of beams")))
    with pytest.raises(EngineError, match="out of beams"):
        transcribed(engine, TranscribeRequest(audio=speech_like(2)))
    with pytest.raises(BadInput, match="klingon") as caught:
        transcribed(engine, TranscribeRequest(audio=speech_like(2), language="klingon"))
    assert "de, en" in caught.value.hint
    with pytest.raises(BadInput, match="601 characters"):
        transcribed(engine, TranscribeRequest(audio=speech_like(2), prompt="a" * 601))
    with pytest.raises(BadInput, match="empty"):
        transcribed(engine, TranscribeRequest(audio=Audio.mono([], 16_000)))
    with pytest.raises(BadInput, match="SoundRequest"):
        list(engine.play([SoundRequest(prompt="rain")], threading.Event()))


# -- with the real model -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_engine(weights: Callable[..., dict[str, str]]) -> WhisperEngine:
    engine = WhisperEngine(EngineContext(files=weights("whisper-base")))
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        list(stage)
    return engine


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z ]", "", text.lower()).split()


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_writes_down_what_is_said(real_engine: WhisperEngine, name: str) -> None:
    audio = recording(name)
    events = transcribed(real_engine, TranscribeRequest(audio=audio))
    assert plain(text_of(events)) == plain(SAID[name])
    assert " ".join(word.text for word in words_of(events)) == text_of(events)
    times = [time for word in words_of(events) for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[-1] <= audio.duration_s


@pytest.mark.slow
def test_word_times_survive_silence(real_engine: WhisperEngine) -> None:
    audio = recording("heart_box")
    alone = words_of(transcribed(real_engine, TranscribeRequest(audio=audio)))
    pause = np.zeros((1, 48_000 * 7), dtype=np.float32)
    both = Audio(np.concatenate([pause, audio.samples, pause, audio.samples], axis=1), 48_000)
    words = words_of(transcribed(real_engine, TranscribeRequest(audio=both)))
    assert len(words) == 2 * len(alone)
    for word, once in zip(words[len(alone) :], alone, strict=True):
        assert word.start_s - 14.0 - audio.duration_s == pytest.approx(once.start_s, abs=0.25)
        assert word.end_s - word.start_s < 2.0, "no word lasts through a pause"


@pytest.mark.slow
def test_equal_requests_give_equal_events(real_engine: WhisperEngine) -> None:
    request = TranscribeRequest(audio=recording("michael_orchestra"))
    assert transcribed(real_engine, request) == transcribed(real_engine, request)


@pytest.mark.slow
def test_silence_noise_and_tones_are_not_words(real_engine: WhisperEngine) -> None:
    random = np.random.default_rng(2)
    noise = random.standard_normal(16_000 * 12)
    hum = np.sin(np.arange(16_000 * 12) * 0.04)
    for sound in (0 * noise, 0.1 * noise, 0.0005 * noise, 0.01 * np.cumsum(noise), 0.3 * hum):
        events = transcribed(real_engine, TranscribeRequest(audio=Audio.mono(np.clip(sound, -1, 1), 16_000)))
        assert text_of(events) == ""


@pytest.mark.slow
def test_files_that_do_not_lie_together(tmp_path: Path, weights: Callable[..., dict[str, str]]) -> None:
    scattered: dict[str, str] = {}
    for number, (name, path) in enumerate(weights("whisper-base").items()):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "blob").symlink_to(path)
        scattered[name] = str(tmp_path / f"{number}" / "blob")
    engine = WhisperEngine(EngineContext(files=scattered))
    list(engine.load("cpu"))
    request = TranscribeRequest(audio=recording("heart_box"))
    assert plain(text_of(transcribed(engine, request))) == plain(SAID["heart_box"])
