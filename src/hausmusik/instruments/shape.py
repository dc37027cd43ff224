"""The shape of a model: what its memory on a GPU, and its speed there, are reckoned from. See `memory`.

Figures are those of the published configuration. Pure data.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from hausmusik.instruments.values import Strict

Dtype: TypeAlias = Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4"]
Count: TypeAlias = Annotated[int, Field(ge=0)]


class Shape(Strict):
    """A model on a GPU.

    Args:
        parameters: All of them.
        active_parameters: Those that one token meets: of a mixture of experts, or without tables that are only looked
            up; 0: all.
        half_parameters: Those that stay in 16 bits where `dtype` is smaller: embeddings, head.
        dtype: Of the weights, as loaded.
        layers: With a cache of keys and values; 0: no such cache is reckoned.
        kv_heads: Heads of keys and values per layer.
        head_dim: Numbers per head.
        kv_dtype: Of that cache.
        context_tokens: Longest sequence.
        batch: Sequences of that length that must fit at once.
        activations_gib: Most that a forward pass takes on each GPU.
        overhead_gib: CUDA's own context, the engine's buffers, captured graphs: on each GPU.
        most_gpus: Over how many GPUs the engine can split it.
        prompt_tokens: Taken in by a usual play, for comparing GPUs.
        answer_tokens: Made by a usual play, one step each; 0: its speed is not reckoned.
        least_step_s: What a step takes on the fastest GPU, as the processor beside it cannot go faster.
    """

    parameters: Annotated[int, Field(gt=0)]
    active_parameters: Count = 0
    half_parameters: Count = 0
    dtype: Dtype
    layers: Count = 0
    kv_heads: Count = 0
    head_dim: Count = 0
    kv_dtype: Dtype = "bf16"
    context_tokens: Count = 0
    batch: Annotated[int, Field(ge=1)] = 1
    activations_gib: Annotated[float, Field(ge=0)] = 1.0
    overhead_gib: Annotated[float, Field(ge=0)] = 1.0
    most_gpus: Annotated[int, Field(ge=1, le=8)] = 1
    prompt_tokens: Count = 0
    answer_tokens: Count = 0
    least_step_s: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _agree(self) -> Self:
        cache = (self.layers, self.kv_heads, self.head_dim, self.context_tokens)
        if any(cache) and not all(cache):
            raise ValueError("give layers, kv_heads, head_dim and context_tokens together, or none of them")
        if max(self.active_parameters, self.half_parameters) > self.parameters:
            raise ValueError("active_parameters and half_parameters are parts of parameters")
        return self

    @property
    def active(self) -> int:
        """Parameters that one token meets."""
        return self.active_parameters or self.parameters
