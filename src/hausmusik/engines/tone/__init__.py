"""A tiny engine with real, distinguishable, deterministic sound: what every fake and most tests play on."""

from hausmusik.engines.tone.engine import ToneEngine

__all__ = ["ToneEngine"]
