from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from hausmusik.engines.tone import ToneEngine
from hausmusik.engines.tone.hearing import bursts, speaker_vector
from hausmusik.engines.tone.sounds import noise, sentences_of, voice_pitch_hz
from hausmusik.errors import BadInput, ConfigError, GenerationFailed, WeightsError
from hausmusik.seams import EngineContext, Scalar
from hausmusik.types import (
    Artifact,
    Audio,
    AudioChunk,
    Done,
    Event,
    JudgeRequest,
    MusicRequest,
    Request,
    SoundRequest,
    SpeakRequest,
    TextDelta,
    TranscribeRequest,
    Usage,
    WordTiming,
    concatenate,
)


def built(**options: Scalar) -> ToneEngine:
    engine = ToneEngine(EngineContext(options=options))
    for stage in (engine.prepare(), engine.load("cpu"), engine.warm_up()):
        list(stage)
    return engine


def played(request: Request, **options: Scalar) -> list[Event]:
    return [event for _, event in built(**options).play([request], threading.Event())]


def heard(request: Request, **options: Scalar) -> Audio:
    return concatenate([event.audio for event in played(request, **options) if isinstance(event, AudioChunk)])


def test_word_times_lie_where_the_sound_is() -> None:
    request = SpeakRequest(text="Strange loops, they say. They never end!")
    events = played(request)
    words = [event for event in events if isinstance(event, WordTiming)]
    assert [word.text for word in words] == ["Strange", "loops", "they", "say", "They", "never", "end"]
    found = bursts(heard(request))
    assert len(found) == len(words)
    for word, (start_s, end_s) in zip(words, found, strict=True):
        assert abs(word.start_s - start_s) <= 0.011
        assert abs(word.end_s - end_s) <= 0.011


def test_one_chunk_per_sentence_and_marks_are_not_spoken() -> None:
    events = played(SpeakRequest(text="[laughs] One two. ♪ Three ♪\nFour…"))
    assert sum(isinstance(event, AudioChunk) for event in events) == 3
    assert [event.text for event in events if isinstance(event, WordTiming)] == ["One", "Two".lower(), "Three", "Four"]
    assert sentences_of("🎉 — ...") == []


def test_speed_voice_seed_and_lexicon_change_the_sound() -> None:
    plain = heard(SpeakRequest(text="hello there"))
    assert heard(SpeakRequest(text="hello there", speed=2.0)).frames == pytest.approx(plain.frames / 2, abs=10)
    for other in (
        SpeakRequest(text="hello there", voice={"ada": 1.0}),
        SpeakRequest(text="hello there", seed=7),
        SpeakRequest(text="hello there", lexicon={"hello": "halalalo"}),
    ):
        assert heard(other).samples.tobytes() != plain.samples.tobytes()


def test_a_blend_is_pitched_between_its_parts() -> None:
    low, high = sorted([voice_pitch_hz({"ada": 1.0}), voice_pitch_hz({"bob": 1.0})])
    assert low < voice_pitch_hz({"ada": 1.0, "bob": 2.0}) < high


@pytest.mark.parametrize("duration_s", [0.001, 0.5, 1.0, 2.2, 61.3])
def test_music_and_sound_are_exactly_as_long_as_asked(duration_s: float) -> None:
    for request in (
        MusicRequest(prompt="calm piano", duration_s=duration_s),
        SoundRequest(prompt="rain", duration_s=duration_s),
    ):
        assert heard(request, sample_rate_hz=8_000).frames == round(duration_s * 8_000)


def test_music_starts_and_ends_in_silence_and_follows_prompt_and_seed() -> None:
    audio = heard(MusicRequest(prompt="calm piano", duration_s=2))
    assert audio.channels == 2
    assert np.abs(audio.samples[:, [0, -1]]).max() < 1e-3
    assert 0.05 < np.abs(audio.samples).max() < 1.0
    others = [
        MusicRequest(prompt="calm piano", duration_s=2, seed=1),
        MusicRequest(prompt="drums", duration_s=2),
        MusicRequest(prompt="calm piano", duration_s=2, tempo_bpm=200),
    ]
    assert len({heard(each).samples.tobytes() for each in others} | {audio.samples.tobytes()}) == 4


def test_a_loop_has_no_seam_and_a_plain_sound_fades() -> None:
    loop = noise("rain", duration_s=1.0, seed=3, loop=True, rate_hz=24_000)
    steps = np.abs(np.diff(loop))
    assert abs(float(loop[0]) - float(loop[-1])) < np.quantile(steps, 0.999)
    plain = noise("rain", duration_s=1.0, seed=3, loop=False, rate_hz=24_000)
    assert max(abs(float(plain[0])), abs(float(plain[-1]))) < 1e-3
    assert abs(20 * np.log10(np.sqrt(np.mean(plain**2)) / 0.1)) < 0.2


def test_a_sound_without_a_length_has_its_own() -> None:
    assert heard(SoundRequest(prompt="wind")).duration_s == 2.0


def test_it_hears_as_many_words_as_it_said() -> None:
    audio = heard(SpeakRequest(text="Strange loops, they say."))
    events = played(TranscribeRequest(audio=audio))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "la la la la"
    assert bursts(Audio.mono(np.zeros(5000), 24_000)) == []
    assert bursts(Audio.mono(np.zeros(3), 24_000)) == []


def test_the_judge_tells_voices_apart() -> None:
    def vector(voice: str, text: str) -> np.ndarray:
        return speaker_vector(heard(SpeakRequest(text=text, voice={voice: 1.0})))[0]

    same = float(vector("ada", "hello there") @ vector("ada", "something else entirely"))
    other = max(float(vector("ada", "hello there") @ vector(name, "hello there")) for name in ("bob", "dan", "tone"))
    assert same > 0.85
    assert other < 0.6
    assert np.linalg.norm(speaker_vector(Audio.mono(np.zeros(100), 8_000))) == pytest.approx(1.0)


def test_music_brings_a_by_product_and_usage_counts() -> None:
    events = played(MusicRequest(prompt="abc", duration_s=1.5))
    assert isinstance(events[-1], Done)
    assert events[-2] == Usage(audio_s=1.5, characters=3)
    assert isinstance(events[-3], Artifact)


@pytest.mark.parametrize(
    "request_",
    [
        SpeakRequest(text="  🎉 "),
        MusicRequest(prompt=" ", duration_s=1),
        MusicRequest(prompt="long", duration_s=601),
        SoundRequest(prompt=""),
        TranscribeRequest(audio=Audio.mono([], 8_000)),
        JudgeRequest(audio=Audio.mono([0.0, np.nan], 8_000)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_nonsense_is_refused_in_words(request_: Request) -> None:
    with pytest.raises(BadInput) as caught:
        played(request_)
    assert caught.value.hint


def test_it_misbehaves_as_told() -> None:
    request = SpeakRequest(text="One two. Three.")
    with pytest.raises(BadInput):
        played(request, fail="bad_input")
    with pytest.raises(GenerationFailed):
        played(request, fail="generation", fault_after=2)
    with pytest.raises(ZeroDivisionError):
        played(request, fail="foreign")
    with pytest.raises(WeightsError):
        built(fail="weights")
    with pytest.raises(RuntimeError):
        built(fail="foreign_load")
    assert not any(isinstance(event, Done) for event in played(request, fail="no_done"))


def test_noise_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    played(SpeakRequest(text="one"), stdout_noise=3)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_cancel_ends_a_slow_play_without_done() -> None:
    cancel = threading.Event()
    play = built(sleep_s=5.0).play([SpeakRequest(text="one two")], cancel)
    threading.Timer(0.05, cancel.set).start()
    began = time.monotonic()
    assert list(play) == []
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("options", [{"nonsense": 1}, {"sleep_s": "long"}, {"crash_how": "melt"}])
def test_an_unknown_option_is_refused(options: dict[str, Scalar]) -> None:
    with pytest.raises(ConfigError, match="tone engine"):
        built(**options)


def test_it_refuses_to_play_unloaded_or_elsewhere() -> None:
    engine = ToneEngine(EngineContext())
    with pytest.raises(RuntimeError, match="before it was loaded"):
        next(engine.play([SpeakRequest(text="one")], threading.Event()))
    with pytest.raises(BadInput, match="cuda"):
        next(engine.load("cuda"))
