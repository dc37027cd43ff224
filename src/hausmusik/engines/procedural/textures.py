"""Every texture by its name in the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from hausmusik.engines.procedural import (
    body,
    chimes,
    creatures,
    drone,
    fire,
    indoors,
    media,
    people,
    rain,
    thunder,
    water,
    waves,
    wind,
)
from hausmusik.engines.procedural.parts import Part
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.timeline import Timeline

Builder = Callable[[Timeline, Settings], tuple[Part, ...]]

BUILDERS: Final[Mapping[str, Builder]] = MappingProxyType(
    {
        "rain": rain.build,
        "thunder": thunder.build,
        "drips": water.drips,
        "wind": wind.build,
        "chimes": chimes.build,
        "waves": waves.build,
        "stream": water.stream,
        "underwater": water.underwater,
        "fire": fire.build,
        "crickets": creatures.crickets,
        "birds": creatures.birds,
        "crowd": people.crowd,
        "applause": people.applause,
        "heartbeat": body.heartbeat,
        "footsteps": body.footsteps,
        "room": indoors.room,
        "clock": indoors.clock,
        "vinyl": media.vinyl,
        "tape": media.tape,
        "noise": media.noise,
        "drone": drone.build,
    }
)
