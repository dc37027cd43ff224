"""Music composed in code and sampled from a General MIDI bank: written by rules, not by a network."""

from hausmusik.engines.composer.engine import ComposerEngine

__all__ = ["ComposerEngine"]
