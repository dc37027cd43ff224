"""Language models as safetensors, through vLLM."""

from hausmusik.engines.vllm.engine import VllmEngine

__all__ = ["VllmEngine"]
