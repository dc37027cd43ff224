"""Language models in GGUF files, through llama.cpp."""

from hausmusik.engines.llamacpp.engine import LlamaCppEngine

__all__ = ["LlamaCppEngine"]
