"""On which GPU an instrument plays cheapest: what fits, how fast it is at best, what a usual play then costs.

Speeds are roofline bounds (Williams et al., 2009), for comparing GPUs and not for quotes: no GPU is faster than its
memory lets it read what every step must read, nor than its units multiply. Prefill is bound by compute (2 FLOP per
active parameter and token), each step of decoding by the larger of both, or by the processor beside the GPU where that
is known. Published rates of 7B models reach a third of such a bound (FP8 on an H100), half (bf16 there) or all of it
(bf16 on an L4), and put these GPUs into the same order by cost.

Two uses differ. *Sporadic*: one play at a time, and a container starts, plays and stays idle for its window before it
goes; mostly the price per second decides. *Batch*: as many sequences at once as fit, all the time; there the dearest
GPU is often the cheapest per play.

This is where the catalogue's arithmetic and the price table meet: they are side by side and know nothing of each other.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.errors import BudgetError, UsageError
from hausmusik.gpu_names import Gpu, parse_gpu
from hausmusik.instruments.memory import (
    BYTES,
    USABLE,
    cache_bytes,
    memory_need,
    sequences_that_fit,
    weights_bytes,
)
from hausmusik.instruments.model import Instrument
from hausmusik.instruments.serving import Serving
from hausmusik.instruments.shape import Dtype, Shape
from hausmusik.money.prices import Price
from hausmusik.money.rates import Rates, Resources
from hausmusik.money.tiers import Tier

Use: TypeAlias = Literal["sporadic", "batch"]

MOST_SEQUENCES: Final = 512
"""At once in one engine: beyond, published runs gain little (the corpus reckoning this follows used the same)."""

DEAREST_FALLBACK: Final = 2
"""A fallback may cost this many times the price of the first choice; more would be a surprise on the bill."""

_COUNTS: Final = (1, 2, 4, 8)
"""Modal gives up to eight of a kind to one container, and tensor parallelism is used with powers of two."""


class GpuOption(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of GPU for one instrument.

    Args:
        gpu: Name and count.
        need_gib: What each of them must hold.
        have_gib: What each of them can hold, with headroom.
        fits: Whether it can run it, whatever it costs.
        why_not: Why it cannot be had; empty: it can.
        price: Of the whole container; None: not known, or it does not fit.
        play_s: Seconds of a usual play at best, its share of a batch; None: not reckoned.
        usd_per_play: What such a play costs, start and idle window included where they belong; None: not reckoned.
    """

    gpu: str
    need_gib: float
    have_gib: float
    fits: bool
    why_not: str = ""
    price: Price | None = None
    play_s: float | None = None
    usd_per_play: Decimal | None = None


class GpuChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen, and what was said of all.

    Args:
        instrument: Catalogue id.
        use: How it will be played.
        options: The best first, then what cannot be had.
        fallbacks: What to take where the best is not to be had, in this order.
    """

    instrument: str
    use: Use
    options: tuple[GpuOption, ...]
    fallbacks: tuple[str, ...]

    @property
    def best(self) -> GpuOption:
        """The choice."""
        return self.options[0]


def choose_gpu(instrument: Instrument, rates: Rates, use: Use = "sporadic") -> GpuChoice:
    """Return the cheapest GPU on which an instrument fits, of those its entry names or of all.

    Raises:
        UsageError: it plays on a CPU, or fits on no GPU; then says what it needs and what the largest has.
        BudgetError: it fits only where the price is not known.
    """
    shape = instrument.shape
    if shape is None:
        raise UsageError(f"{instrument.id} plays on a CPU", hint="there is no GPU to choose")
    options = [_option(instrument, shape, gpu, rates, use) for gpu in _asked(instrument.serving, rates)]
    can = [each for each in options if not each.why_not]
    if not can:
        raise _none_to_be_had(instrument, options)
    if not instrument.serving.gpu:  # an entry that names GPUs has them in its own order
        can.sort(key=_cost)
    dearest = _per_s(can[0]) * DEAREST_FALLBACK
    return GpuChoice(
        instrument=instrument.id,
        use=use,
        options=(*can, *(each for each in options if each.why_not)),
        fallbacks=tuple(each.gpu for each in can[1:] if _per_s(each) <= dearest),
    )


def container(instrument: Instrument, gpu: Gpu | None) -> Resources:
    """Return the container of an instrument, as it is deployed and priced."""
    serving = instrument.serving
    return Resources(
        gpu=gpu,
        cpu_cores=serving.cpu_cores,
        memory_gib=serving.container_memory_mib(instrument.memory_mib) / 1024,
        region=serving.region,
        nonpreemptible=serving.nonpreemptible,
    )


def _asked(serving: Serving, rates: Rates) -> list[Gpu]:
    return [parse_gpu(each) for each in serving.gpu] or [Gpu(name) for name in rates.tiers]


def _option(instrument: Instrument, shape: Shape, asked: Gpu, rates: Rates, use: Use) -> GpuOption:
    tier = rates.tier(asked)
    counts = [asked.count] if instrument.serving.gpu else _counts(shape, tier)
    enough = next((count for count in counts if memory_need(shape, count).fits(tier.memory_gib)), 0)
    gpu = msgspec.structs.replace(asked, count=enough or counts[-1])
    need_gib, have_gib = memory_need(shape, gpu.count).total_gib, tier.memory_gib * USABLE
    why_not = _unable(shape.dtype, tier)
    if not (why_not or enough):
        why_not = f"needs {need_gib:.2f} GiB{' on each' if gpu.count > 1 else ''}, can hold {have_gib:.2f}"
    option = GpuOption(gpu=str(gpu), need_gib=need_gib, have_gib=have_gib, fits=not why_not, why_not=why_not)
    if why_not:
        return option
    try:
        price = rates.price(container(instrument, gpu))
    except BudgetError as error:
        return msgspec.structs.replace(option, why_not=error.message)
    play_s = seconds_per_play(shape, tier, gpu.count, use) if shape.answer_tokens else None
    billed_s = play_s
    if play_s is not None and use == "sporadic":
        billed_s = instrument.measured.cold_start_s + play_s + instrument.serving.scaledown_window_s
    usd = None if billed_s is None else price.for_seconds(billed_s)
    return msgspec.structs.replace(option, price=price, play_s=play_s, usd_per_play=usd)


def _counts(shape: Shape, tier: Tier) -> list[int]:
    return [count for count in _COUNTS if count <= min(tier.most, shape.most_gpus)]


def _unable(dtype: Dtype, tier: Tier) -> str:
    """Return why a GPU cannot run a dtype at all; empty: it can."""
    least = _LEAST_CAPABILITY[dtype]
    if tier.capability >= least:
        return ""
    return f"{dtype} needs compute capability {least}, it has {tier.capability}"


_LEAST_CAPABILITY: Final[dict[Dtype, float]] = {
    "fp32": 0.0,
    "fp16": 7.0,
    "int8": 7.5,
    "int4": 7.5,
    "bf16": 8.0,
    "fp8": 8.0,  # below 8.9 the weights only: vLLM computes in 16 bits there
}


def seconds_per_play(shape: Shape, tier: Tier, gpus: int, use: Use) -> float:
    """Return the seconds of a usual play at best, or its share of a full batch: `serial` in the published reckoning.

    Args:
        shape: Of the model; its `answer_tokens` must be given.
        tier: Of the GPU.
        gpus: How many of it.
        use: Whether it plays alone or among as many as fit.
    """
    flops = _flops(shape.dtype, tier) * gpus
    bytes_per_s = tier.bandwidth_gb_s * 1e9 * gpus
    flop_per_token = 2.0 * shape.active
    tokens = shape.prompt_tokens + shape.answer_tokens / 2  # half of the answer is there, on average
    sequences = 1
    if use == "batch":
        sequences = max(1, min(MOST_SEQUENCES, sequences_that_fit(shape, tier.memory_gib, gpus, tokens)))
    # A few sequences meet only some of the experts, many meet all.
    read = min(weights_bytes(shape), shape.active * BYTES[shape.dtype] * sequences)
    read += cache_bytes(shape, tokens) * sequences
    step_s = max(read / bytes_per_s, flop_per_token * sequences / flops, shape.least_step_s)
    return shape.prompt_tokens * flop_per_token / flops + shape.answer_tokens * step_s / sequences


def _flops(dtype: Dtype, tier: Tier) -> float:
    """Return what its units reach with numbers of that kind."""
    by_dtype = {"fp8": tier.fp8_tflops, "int8": tier.int8_tops, "fp32": tier.half_tflops / 2}
    return (by_dtype.get(dtype) or tier.half_tflops) * 1e12


def _cost(option: GpuOption) -> Decimal:
    return _per_s(option) if option.usd_per_play is None else option.usd_per_play


def _per_s(option: GpuOption) -> Decimal:
    return option.price.usd_per_s if option.price else Decimal("Infinity")


def _none_to_be_had(instrument: Instrument, options: list[GpuOption]) -> UsageError | BudgetError:
    if unpriced := next((each for each in options if each.fits), None):
        fitting = f"{instrument.id} fits on {unpriced.gpu} only"
        return BudgetError(f"{fitting}, and {unpriced.why_not}", hint="put that into prices.toml, with its date")
    closest = min(options, key=lambda each: each.need_gib / each.have_gib)
    return UsageError(
        f"{instrument.id} fits on no GPU: {closest.gpu}, the closest: {closest.why_not}",
        hint="a shorter context, fewer sequences at once or a smaller dtype need less",
    )
