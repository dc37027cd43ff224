"""Where an instrument plays in the cloud, and why there: one explanation, for plans and for `haus gpus`.

A plan is told which GPU was chosen, what must fit on it, what others there are, what a full batch would rather have,
and how the choice stands to the usual habit. What plays on a processor has its cores and memory told. Knows nothing of
how the choice is made: see `gpu_choice`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from hausmusik.errors import HausmusikError
from hausmusik.gpu_choice import GpuChoice, GpuOption, choose_gpu, container
from hausmusik.gpu_names import parse_gpu
from hausmusik.instruments.model import Instrument
from hausmusik.instruments.shape import Shape
from hausmusik.money.dollars import shown
from hausmusik.money.prices import Price
from hausmusik.money.rates import Rates

HABITS: Final = ((5e9, "T4"), (20e9, "A10"), (50e9, "A100-40GB"), (float("inf"), "H100"))
"""What people take by habit, up to so many parameters: T4 for the small, A10G for 7 to 14 billion, A100-40 for 32."""


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken by habit for a model of that size.

    Args:
        gpu: Its name.
        agrees: Whether the choice is the same.
        why: Why it is not; empty where it is.
    """

    gpu: str
    agrees: bool
    why: str = ""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where one instrument plays.

    Args:
        instrument: Catalogue id.
        planned: Whether it is not played in this version, so that it cannot be played yet.
        cpu_cores: Of its container.
        memory_gib: Of its container, beside the GPU's.
        window_s: How long an idle container stays.
        price: Of a second of the container with the first GPU; None: see `why_not`.
        gpu: The first choice; empty: it plays on a processor.
        fallbacks: What is taken where that cannot be had, in this order.
        named: Whether the GPUs are those that its entry names, and not our choice.
        need_gib: What each GPU must hold; None: there is none.
        have_gib: What each can hold, with headroom.
        usd_per_play: What a usual play now and then costs, start and window included; None: not reckoned.
        batch_gpu: What a full batch would be cheapest on.
        batch_usd_per_play: What a play costs there; None: not reckoned.
        batch_usd_here: What a play of a full batch costs on `gpu`; None: not reckoned.
        habit: What others would have taken; None on a processor.
        why_not: Why it can be nowhere; empty: it can.
    """

    instrument: str
    planned: bool
    cpu_cores: float
    memory_gib: float
    window_s: int
    price: Price | None = None
    gpu: str = ""
    fallbacks: tuple[str, ...] = ()
    named: bool = False
    need_gib: float | None = None
    have_gib: float | None = None
    usd_per_play: Decimal | None = None
    batch_gpu: str = ""
    batch_usd_per_play: Decimal | None = None
    batch_usd_here: Decimal | None = None
    habit: Habit | None = None
    why_not: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """The explanation, a sentence each."""
        if self.price is None:
            return (f"{self.instrument} can play nowhere on Modal: {self.why_not}",)
        name = f"{self.instrument} is planned and would play" if self.planned else f"{self.instrument} plays"
        stays = f"{shown(self.price.for_seconds(3600))} an hour, idle containers stay {self.window_s} s"
        size = f"{self.cpu_cores:g} core{'' if self.cpu_cores == 1 else 's'}, {self.memory_gib:.2g} GiB"
        if not self.gpu:
            return (f"{name} on a processor: {size}, {stays}",)
        others = f", else {', '.join(self.fallbacks)}" if self.fallbacks else ""
        fit = f"needs {self.need_gib:.1f} of {self.have_gib:.1f} GiB" if self.need_gib is not None else size
        why = "its entry names it" if self.named else "the cheapest on which it fits, for a play now and then"
        with_all = f": {shown(self.usd_per_play)} with start and window" if self.usd_per_play is not None else ""
        told = [f"{name} on {self.gpu}{others}: {fit}, {stays}", f"  {why}{with_all}"]
        if self.batch_gpu and self.batch_usd_per_play is not None and self.batch_usd_here is not None:
            same = parse_gpu(self.batch_gpu).name == parse_gpu(self.gpu).name
            here = "" if same else f", {shown(self.batch_usd_here)} on {self.gpu}"
            told.append(
                f"  a full batch is cheapest on {self.batch_gpu}: {shown(self.batch_usd_per_play)} a play{here}"
            )
        if self.habit is not None:
            verdict = "agrees" if self.habit.agrees else self.habit.why
            told.append(f"  the habit for its size, {self.habit.gpu}: {verdict}")
        return tuple(told)


def place(instrument: Instrument, rates: Rates, window_s: int) -> Placement:
    """Return where an instrument plays and why; what can be placed nowhere says so in `why_not`.

    Args:
        instrument: Its catalogue entry.
        rates: What a second of a container costs.
        window_s: How long its idle containers stay, by the settings or by the entry.
    """
    resources = container(instrument, None)
    bare = Placement(
        instrument=instrument.id,
        planned=instrument.planned,
        cpu_cores=resources.cpu_cores,
        memory_gib=resources.memory_gib,
        window_s=window_s,
    )
    try:
        if instrument.shape is None:
            gpus = tuple(parse_gpu(each) for each in instrument.serving.gpu)
            price = rates.price(container(instrument, gpus[0] if gpus else None))
            names = tuple(map(str, gpus))
            return msgspec.structs.replace(
                bare, price=price, gpu=names[0] if names else "", fallbacks=names[1:], named=bool(names)
            )
        return _on_gpus(bare, instrument, instrument.shape, rates)
    except HausmusikError as error:
        return msgspec.structs.replace(bare, why_not=error.message)


def _on_gpus(bare: Placement, instrument: Instrument, shape: Shape, rates: Rates) -> Placement:
    choice, batch = choose_gpu(instrument, rates, "sporadic"), choose_gpu(instrument, rates, "batch")
    best = choice.best
    return msgspec.structs.replace(
        bare,
        price=best.price,
        gpu=best.gpu,
        fallbacks=choice.fallbacks,
        named=bool(instrument.serving.gpu),
        need_gib=best.need_gib,
        have_gib=best.have_gib,
        usd_per_play=best.usd_per_play,
        batch_gpu=batch.best.gpu,
        batch_usd_per_play=batch.best.usd_per_play,
        batch_usd_here=next(each.usd_per_play for each in batch.options if each.gpu == best.gpu),
        habit=_habit(choice, shape, named=bool(instrument.serving.gpu)),
    )


def _habit(choice: GpuChoice, shape: Shape, *, named: bool) -> Habit:
    """Return the habit for a model of that size, and what the choice's own figures say of it."""
    usual = next(gpu for most, gpu in HABITS if shape.parameters <= most)
    best = choice.best
    if parse_gpu(best.gpu).name == usual:
        return Habit(gpu=usual, agrees=True)
    found = next((each for each in choice.options if parse_gpu(each.gpu).name == usual), None)
    if found is None:
        return Habit(gpu=usual, agrees=False, why="its entry names others" if named else "not among the choices")
    return Habit(gpu=usual, agrees=False, why=found.why_not or _dearer(found, best))


def _dearer(usual: GpuOption, best: GpuOption) -> str:
    """Return what the usual GPU, which could be had too, would cost more."""
    if usual.usd_per_play is not None and best.usd_per_play is not None:
        return (
            f"fits as {usual.gpu}, but costs {shown(usual.usd_per_play)} instead of {shown(best.usd_per_play)} a play"
        )
    if usual.price and best.price:
        hour, ours = usual.price.for_seconds(3600), best.price.for_seconds(3600)
        return f"fits as {usual.gpu}, but costs {shown(hour)} instead of {shown(ours)} an hour"
    return f"fits as {usual.gpu}"
