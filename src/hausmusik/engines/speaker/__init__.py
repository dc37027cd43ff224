"""The speaker vector: Resemblyzer's encoder, read without pickle and run in numpy."""

from hausmusik.engines.speaker.engine import SpeakerEngine

__all__ = ["SpeakerEngine"]
