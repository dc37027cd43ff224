"""Sounds that are computed: textures of any length, exact to the sample, loops without a seam. numpy only."""

from hausmusik.engines.procedural.engine import ProceduralEngine

__all__ = ["ProceduralEngine"]
