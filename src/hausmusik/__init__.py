"""Hausmusik: play open AI models as your own instruments and compose them into finished things.

    import hausmusik

    with hausmusik.open() as house:
        line = house.speak("Good evening.", voice="af_heart")
        hausmusik.write_audio("line.wav", line.audio)
        house.compose("piece.json")

Names are imported when they are first used: `import hausmusik` takes a few milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hausmusik.audio.files import decode as read_audio
    from hausmusik.audio.files import write_audio
    from hausmusik.batch.values import BatchOptions
    from hausmusik.errors import HausmusikError
    from hausmusik.facade import House
    from hausmusik.facade import open_house as open  # noqa: A004 - hausmusik.open() is the front door
    from hausmusik.house import AsyncHouse, open_async
    from hausmusik.jobs.stop import Stop
    from hausmusik.score.compose import ComposeOptions
    from hausmusik.score.plan import Plan
    from hausmusik.score.progress import Finished
    from hausmusik.types import (
        Audio,
        AudioChunk,
        ChatRequest,
        JudgeRequest,
        Message,
        MusicRequest,
        Run,
        SoundRequest,
        SpeakRequest,
        TranscribeRequest,
        WordTiming,
    )
    from hausmusik.verbs import Spoken, Transcript

__all__ = [
    "AsyncHouse",
    "Audio",
    "AudioChunk",
    "BatchOptions",
    "ChatRequest",
    "ComposeOptions",
    "Finished",
    "HausmusikError",
    "House",
    "JudgeRequest",
    "Message",
    "MusicRequest",
    "Plan",
    "Run",
    "SoundRequest",
    "SpeakRequest",
    "Spoken",
    "Stop",
    "TranscribeRequest",
    "Transcript",
    "WordTiming",
    "open",
    "open_async",
    "read_audio",
    "write_audio",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module, metadata  # noqa: PLC0415 - kept out of the package's own names

    if name == "__version__":
        return metadata.version("hausmusik")
    requests = "ChatRequest JudgeRequest MusicRequest SoundRequest SpeakRequest TranscribeRequest"
    places = {
        **dict.fromkeys(f"Audio AudioChunk Message Run WordTiming {requests}".split(), "types"),
        "AsyncHouse": "house",
        "BatchOptions": "batch.values",
        "ComposeOptions": "score.compose",
        "Finished": "score.progress",
        "HausmusikError": "errors",
        "House": "facade",
        "Plan": "score.plan",
        "Spoken": "verbs",
        "Stop": "jobs.stop",
        "Transcript": "verbs",
        "open": "facade",
        "open_async": "house",
        "read_audio": "audio.files",
        "write_audio": "audio.files",
    }
    if name not in places:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    own_name = {"open": "open_house", "read_audio": "decode"}.get(name, name)
    return getattr(import_module(f"hausmusik.{places[name]}"), own_name)
