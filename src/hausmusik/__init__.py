"""Hausmusik: play open AI models as your own instruments and compose them into finished things.

    import hausmusik

    with hausmusik.open() as house:
        line = house.speak("Good evening.", voice="af_heart")
        house.compose(Path("piece.json"))

Names are imported when they are first used: `import hausmusik` takes a few milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        JudgeRequest,
        MusicRequest,
        Run,
        SoundRequest,
        SpeakRequest,
        TranscribeRequest,
    )
    from hausmusik.verbs import Spoken, Transcript

__all__ = [
    "AsyncHouse",
    "Audio",
    "ComposeOptions",
    "Finished",
    "HausmusikError",
    "House",
    "JudgeRequest",
    "MusicRequest",
    "Plan",
    "Run",
    "SoundRequest",
    "SpeakRequest",
    "Spoken",
    "Stop",
    "TranscribeRequest",
    "Transcript",
    "open",
    "open_async",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module, metadata  # noqa: PLC0415 - kept out of the package's own names

    if name == "__version__":
        return metadata.version("hausmusik")
    places = {
        "errors": ("HausmusikError",),
        "facade": ("House", "open"),
        "house": ("AsyncHouse", "open_async"),
        "jobs.stop": ("Stop",),
        "score.compose": ("ComposeOptions",),
        "score.plan": ("Plan",),
        "score.progress": ("Finished",),
        "verbs": ("Spoken", "Transcript"),
        "types": (
            "Audio",
            "JudgeRequest",
            "MusicRequest",
            "Run",
            "SoundRequest",
            "SpeakRequest",
            "TranscribeRequest",
        ),
    }
    for module, names in places.items():
        if name in names:
            found = import_module(f"hausmusik.{module}")
            return getattr(found, "open_house" if name == "open" else name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
