"""How much memory a model takes on each of its GPUs.

    weights      parameters x bytes of the dtype, quantised ones with their scales; split over the GPUs
    cache        2 x layers x kv_heads x head_dim x bytes x tokens x sequences; split by heads, so no further than there
                 are heads: the rest of the GPUs hold copies
    activations  on each GPU
    overhead     CUDA's context, buffers, captured graphs; on each GPU

All of it must fit into 0.9 of what CUDA reports: vLLM's `gpu_memory_utilization` and its default. Sources: the cache by
Kwon et al., "Efficient Memory Management for Large Language Model Serving with PagedAttention" (SOSP 2023); bytes per
parameter from the formats themselves (fp8: one fp32 scale per block of 128 x 128, as DeepSeek-V3's; int4: an fp16 scale
and a 4-bit zero per group of 128, as AWQ's). Latent attention (MLA) keeps one vector instead of heads, which its
catalogue entry says as one head of half that size. Knows nothing of GPUs but their memory.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

from hausmusik.instruments.shape import Dtype, Shape

USABLE: Final = 0.9

BYTES: Final = MappingProxyType[Dtype, float](
    {
        "fp32": 4.0,
        "bf16": 2.0,
        "fp16": 2.0,
        "fp8": 1.0 + 4 / 128**2,
        "int8": 1.0 + 2 / 128,
        "int4": 0.5 + 2.5 / 128,
    }
)
"""Bytes of one number, its share of the scales included."""

GIB: Final = float(1 << 30)


class MemoryNeed(msgspec.Struct, frozen=True, kw_only=True):
    """What one GPU must hold, in GiB.

    Args:
        weights_gib: Its part of the weights.
        cache_gib: Its part of keys and values.
        activations_gib: Of a forward pass.
        overhead_gib: Of everything else.
    """

    weights_gib: float
    cache_gib: float
    activations_gib: float
    overhead_gib: float

    @property
    def total_gib(self) -> float:
        """All of it together."""
        return self.weights_gib + self.cache_gib + self.activations_gib + self.overhead_gib

    def fits(self, memory_gib: float) -> bool:
        """Return whether it fits into a GPU with that much memory."""
        return self.total_gib <= memory_gib * USABLE


def weights_bytes(shape: Shape) -> float:
    """Return the size of all weights as loaded."""
    half = shape.half_parameters if BYTES[shape.dtype] < BYTES["fp16"] else 0
    return (shape.parameters - half) * BYTES[shape.dtype] + half * BYTES["fp16"]


def cache_bytes(shape: Shape, tokens: float) -> float:
    """Return the size of the keys and values of so many tokens, not split."""
    return 2 * shape.layers * shape.kv_heads * shape.head_dim * _plain_bytes(shape.kv_dtype) * tokens


def memory_need(shape: Shape, gpus: int = 1) -> MemoryNeed:
    """Return what each of so many GPUs must hold for `batch` sequences of `context_tokens`."""
    cache = cache_bytes(shape, shape.context_tokens * shape.batch)
    return MemoryNeed(
        weights_gib=weights_bytes(shape) / gpus / GIB,
        cache_gib=cache / _cache_parts(shape, gpus) / GIB,
        activations_gib=shape.activations_gib,
        overhead_gib=shape.overhead_gib,
    )


def sequences_that_fit(shape: Shape, memory_gib: float, gpus: int, tokens: float) -> int:
    """Return how many sequences of so many tokens fit into what the rest leaves free, from 0.

    Without a cache to reckon with it is `batch`.
    """
    each = cache_bytes(shape, tokens) / _cache_parts(shape, gpus) / GIB
    if not each:
        return shape.batch
    rest = weights_bytes(shape) / gpus / GIB + shape.activations_gib + shape.overhead_gib
    return max(0, int((memory_gib * USABLE - rest) / each))


def _cache_parts(shape: Shape, gpus: int) -> int:
    return max(1, min(gpus, shape.kv_heads))


def _plain_bytes(dtype: Dtype) -> float:
    """Return whole bytes of a number in a cache, whose scales are too few to count."""
    return float(int(BYTES[dtype])) if BYTES[dtype] >= 1 else 0.5
