"""The engines that the contract suite runs on. To add one, append its `EngineCase` to `CASES`.

A case that needs weights is marked slow, gets them from the `weights` fixture, and is skipped (or fails, see
`tests/weights.py`) where they are not here. One that needs an environment is skipped where that is not installed, see
`tests/environments.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hausmusik.seams import EngineContext, Scalar
from hausmusik.types import (
    Audio,
    ChatRequest,
    EmbedRequest,
    JudgeRequest,
    Message,
    MusicRequest,
    Request,
    SoundRequest,
    SpeakRequest,
    TranscribeRequest,
    concatenate,
)
from tests.unit.engines.recordings import recording
from tests.unit.engines.vllm.tiny_model import tiny_model


@dataclass(frozen=True)
class EngineCase:
    """What the suite needs to know of an engine.

    Args:
        name: For the test's name.
        entry_point: As in the catalogue.
        requests: Playable ones, a few seconds each, at least one; all tasks the engine knows.
        nonsense: Well-formed requests that it must refuse with BadInput.
        long: A request that takes a second or more; it is cancelled on the way.
        sample_rate_hz: Of its audio; 0 where it makes none.
        channels: Of its audio, by the type of the request; those not named have one.
        options: As in the catalogue.
        long_options: Added for `long` alone, for engines that must be slowed down.
        weights: Ids of the weight sets it needs.
        environment: Id of the environment whose libraries it needs.
        library: A module without which it is skipped, where no environment of ours has it.
        make: Writes weights into a folder and returns them as files, where they are made and not had.
        cancel_within_s: How soon it must stop.
        at_one_go: What takes as long as the longest stretch that cannot be interrupted: it must then stop within three
            times what the machine takes for that, if this is longer.
        slow: Whether its cases take seconds each; those with weights are slow anyway.
    """

    name: str
    entry_point: str
    requests: tuple[Request, ...]
    nonsense: tuple[Request, ...]
    long: Request
    sample_rate_hz: int = 0
    channels: Mapping[type[Request], int] = field(default_factory=dict)
    options: Mapping[str, Scalar] = field(default_factory=dict)
    long_options: Mapping[str, Scalar] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    environment: str = ""
    library: str = ""
    make: Callable[[Path], dict[str, str]] | None = None
    cancel_within_s: float = 0.5
    at_one_go: Request | None = None
    slow: bool = False

    def context(self, files: dict[str, str], **more: Scalar) -> EngineContext:
        return EngineContext(files=files, options=dict(self.options) | more, threads=1)

    def parameter(self) -> object:
        return pytest.param(self, id=self.name, marks=[pytest.mark.slow] if self.weights or self.slow else [])


def said(*words: str, **more: Any) -> ChatRequest:
    """A conversation: the user begins, and the other answers in between."""
    messages = tuple(
        Message(role="assistant" if place % 2 else "user", content=text) for place, text in enumerate(words)
    )
    return ChatRequest(messages=messages, **more)


_NO_CHATS: tuple[Request, ...] = (
    said(" "),
    said("sea " * 9_000),
    said("Hello.", grammar="root ::= ((("),
    said("Hello.", schema='{"type": "nonsense"}'),
    said("Hello.", schema="[1]"),
    said("Hello.", tools='[{"x": 1}]'),
    SpeakRequest(text="Hello"),
)
_BEEP = Audio.mono([0.0, 0.1, 0.0, -0.1] * 4_000, 16_000)

CASES: tuple[EngineCase, ...] = (
    EngineCase(
        name="tone",
        entry_point="hausmusik.engines.tone:ToneEngine",
        requests=(
            SpeakRequest(text="Hello there. How are you, my friend?", voice={"ada": 1.0, "bob": 2.0}, seed=3),
            MusicRequest(prompt="calm piano", duration_s=2.3, seed=1),
            SoundRequest(prompt="rain", duration_s=1.5, loop=True),
            TranscribeRequest(audio=_BEEP),
            JudgeRequest(audio=_BEEP),
            EmbedRequest(texts=("Rain on leaves", "a", "Rain on a roof")),
            said("Hello there.", "Good evening.", "How are you?", top_logprobs=1),
        ),
        nonsense=(
            said(" "),
            SpeakRequest(text=" … "),
            MusicRequest(prompt="x", duration_s=1e6),
            SoundRequest(prompt=""),
        ),
        long=SpeakRequest(text="one two three. " * 20),
        sample_rate_hz=24_000,
        channels={MusicRequest: 2},
        long_options={"sleep_s": 0.1},
    ),
    EngineCase(
        name="procedural",
        entry_point="hausmusik.engines.procedural:ProceduralEngine",
        requests=(
            SoundRequest(prompt="steady rain on leaves, distant thunder", duration_s=2.3, seed=4),
            SoundRequest(prompt="calm sea", duration_s=1.5, loop=True),
        ),
        nonsense=(SoundRequest(prompt="bagpipes"), SoundRequest(prompt="rain", duration_s=1e9)),
        long=SoundRequest(prompt="gentle wind", duration_s=7_200),
        slow=True,  # 16 s of each texture are rendered to find its level, whatever was asked for
        sample_rate_hz=48_000,
        channels={SoundRequest: 2},
    ),
    EngineCase(
        name="clips",
        entry_point="hausmusik.engines.clips:ClipsEngine",
        requests=(
            SoundRequest(prompt="drum roll", duration_s=2.5),
            SoundRequest(prompt="cymbal", duration_s=3, loop=True),
        ),
        nonsense=(SoundRequest(prompt="bagpipes"), SoundRequest(prompt="")),
        long=SoundRequest(prompt="drum roll", duration_s=36_000, loop=True),
        sample_rate_hz=44_100,
        weights=("sonic-pi-samples", "ovos-sounds"),
    ),
    EngineCase(
        name="whisper",
        entry_point="hausmusik.engines.whisper:WhisperEngine",
        requests=(TranscribeRequest(audio=recording("heart_box")),),
        nonsense=(TranscribeRequest(audio=_BEEP, language="klingon"), TranscribeRequest(audio=Audio.mono([], 16_000))),
        long=TranscribeRequest(audio=concatenate([recording("michael_lighthouse")] * 12)),
        weights=("whisper-base",),
        cancel_within_s=2.0,
        at_one_go=TranscribeRequest(audio=concatenate([recording("michael_lighthouse")] * 4)),  # a window of 28 s
    ),
    EngineCase(
        name="speaker",
        entry_point="hausmusik.engines.speaker:SpeakerEngine",
        requests=(JudgeRequest(audio=recording("michael_orchestra")),),
        nonsense=(JudgeRequest(audio=Audio.mono([], 16_000)), JudgeRequest(audio=Audio.mono([0.0] * 32_000, 16_000))),
        long=JudgeRequest(audio=concatenate([recording("heart_lighthouse")] * 60)),
        weights=("resemblyzer",),
    ),
    EngineCase(
        name="minilm",
        entry_point="hausmusik.engines.minilm:MiniLmEngine",
        requests=(
            EmbedRequest(texts=("Rain falls on the roof.", "x", "It is raining.", "Nobody came. " * 120)),
            EmbedRequest(texts=("Where does it rain?",), purpose="query"),
        ),
        nonsense=(
            EmbedRequest(texts=("",)),
            EmbedRequest(texts=("a", " \n", "b")),
            SoundRequest(prompt="rain"),
        ),
        long=EmbedRequest(texts=("The old lighthouse keeper walked slowly down the stairs. " * 30,) * 200),
        weights=("all-minilm-l6-v2",),
    ),
    EngineCase(
        name="kokoro",
        entry_point="hausmusik.engines.kokoro.engine:KokoroEngine",
        requests=(
            SpeakRequest(text="Good evening, my friend."),
            SpeakRequest(
                text="Zorg [laughs] won $5!",
                voice={"bf_emma": 1.0, "am_michael": 3.0},
                language="en-GB",
                speed=1.3,
                lexicon={"zorg": "zork"},
            ),
        ),
        nonsense=(
            SpeakRequest(text=" … "),
            SpeakRequest(text="Hello", voice={"nobody": 1.0}),
            SpeakRequest(text="Hello", language="de"),
            SpeakRequest(text="Hello", lexicon={"hello": "/ǃ/"}),
            MusicRequest(prompt="piano", duration_s=1.0),
        ),
        long=SpeakRequest(text="It began with a whisper in the hall, and then it grew louder. " * 20),
        sample_rate_hz=24_000,
        weights=("kokoro-v1-int8", "kokoro-voices-en", "misaki-en", "cmudict", "g2p-en"),
        cancel_within_s=2.0,  # one operator of the model cannot be interrupted; on a busy machine it may take a second
    ),
    EngineCase(
        name="piper",
        entry_point="hausmusik.engines.piper:PiperEngine",
        requests=(
            SpeakRequest(text="Good evening, my friend. How are you?", voice={"joe": 1.0}),
            SpeakRequest(text="Zorg [pause 1s] won $5!", speed=1.3, lexicon={"zorg": "zork"}),
        ),
        nonsense=(
            SpeakRequest(text=" … "),
            SpeakRequest(text="Hello", voice={"af_heart": 1.0}),
            SpeakRequest(text="Hello", language="fr"),
            SoundRequest(prompt="rain"),
        ),
        long=SpeakRequest(text="It began with a whisper in the hall, and then it grew louder. " * 200),
        sample_rate_hz=22_050,
        weights=("piper-joe",),
        environment="piper",
        cancel_within_s=3.0,  # a chunk of 9 s is made in one go
    ),
    EngineCase(
        name="composer",
        entry_point="hausmusik.engines.composer:ComposerEngine",
        requests=(
            MusicRequest(prompt="calm piano and strings, 70 bpm, D minor", duration_s=3.3, seed=5),
            MusicRequest(prompt="canon", duration_s=2.0, seed=2, tempo_bpm=96),
        ),
        nonsense=(
            MusicRequest(prompt="piano", duration_s=3_601),
            SpeakRequest(text="Hello"),
        ),
        long=MusicRequest(prompt="orchestra", duration_s=3_000, seed=1),
        sample_rate_hz=44_100,
        channels={MusicRequest: 2},
        weights=("musescore-general-lite",),
        cancel_within_s=2.0,  # an hour is performed in one go: 0.5 s of work, more on a busy machine
    ),
    EngineCase(
        name="llamacpp",
        entry_point="hausmusik.engines.llamacpp:LlamaCppEngine",
        requests=(
            said("What is music?", temperature=0.0, max_tokens=24, top_logprobs=3),
            said("Hello.", "Good evening. " * 30, "And who are you?", seed=7, max_tokens=24),
            said("One colour.", schema='{"enum": ["red", "blue"]}', max_tokens=10),
        ),
        nonsense=_NO_CHATS,
        long=said("Count from one to a thousand.", grammar='root ::= ("one ")+'),
        options={"temperature": 0.7},
        weights=("smollm2-135m",),
    ),
    EngineCase(
        name="vllm",
        entry_point="hausmusik.engines.vllm:VllmEngine",
        requests=(
            said("What is music?", temperature=0.0, max_tokens=24, top_logprobs=3),
            said("Hello.", "Good evening. " * 10, "And who are you?", seed=7, max_tokens=24),
            said("One colour.", schema='{"enum": ["red", "blue"]}', max_tokens=10),
        ),
        nonsense=_NO_CHATS,
        long=said("Count.", grammar='root ::= "one "{480}'),  # each letter a token, and no way to end before
        options={"context_tokens": 2048, "memory_share": 0.08},
        library="vllm",
        make=tiny_model,
        slow=True,
    ),
)
