"""Modal's GPU tiers and the dated prices of all that a container is made of: our table, and the user's on top.

The user's file is `prices.toml` in the config folder: the tables `[price.NAME]` and `[factor.NAME]` of our own
`data/gpus.toml`, as many of them as are known better, for example

    [price.H100]
    usd_per_h = 3.50
    date = 2026-11-20
    source = "our contract"

Reads and checks; what a container costs is said in `rates`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, Field, ValidationError

from hausmusik.config.layers import parse, read_text
from hausmusik.config.model import Limit, Section
from hausmusik.config.toml_lines import line_numbers
from hausmusik.errors import ConfigError, UsageError
from hausmusik.gpu_names import GPU_NAMES, MOST_GPUS, parse_gpu

PARTS: Final = ("cpu_core", "memory_gib")
"""What is priced beside GPUs: an hour of one physical core, an hour of one GiB."""

FACTORS: Final = ("broad_region", "narrow_region", "nonpreemptible")

# TOML's numbers come as exact decimals, for money's sake; the others become floats here.
Positive: TypeAlias = Annotated[float, BeforeValidator(float), Field(gt=0)]
Rating: TypeAlias = Annotated[float, BeforeValidator(float), Field(ge=0)]


class Tier(Section):
    """A kind of GPU.

    Args:
        memory_gib: What CUDA reports for one of it, less than its name says.
        bandwidth_gb_s: Memory bandwidth, 1e9 bytes per second.
        half_tflops: Dense fp16, and bf16 from compute capability 8.0 on.
        fp8_tflops: Dense fp8; 0: it has none.
        int8_tops: Dense int8.
        capability: CUDA compute capability.
        most: How many one container can have.
    """

    memory_gib: Positive
    bandwidth_gb_s: Positive
    half_tflops: Positive
    fp8_tflops: Rating
    int8_tops: Rating
    capability: Positive
    most: Annotated[int, Field(ge=1, le=MOST_GPUS)]


class HourPrice(Section):
    """What an hour costs.

    Args:
        usd_per_h: Dollars, from 0.
        date: When it was read.
        source: Who says so.
        dated: Whether the source has a date of its own; else `date` is the day it was written down here.
    """

    usd_per_h: Limit
    date: date
    source: str = "your prices.toml"
    dated: bool = True


class Factor(Section):
    """What a choice multiplies the price by; fields as those of `HourPrice`."""

    times: Annotated[Limit, Field(ge=1)]
    date: date
    source: str = "your prices.toml"
    dated: bool = True


class Prices(Section):
    """The tables of a price file."""

    price: dict[str, HourPrice] = Field(default_factory=dict[str, HourPrice])
    factor: dict[str, Factor] = Field(default_factory=dict[str, Factor])


class GpuTable(Prices):
    """Our own table: every tier, and what is known of its price."""

    gpu: dict[str, Tier]


def our_table() -> GpuTable:
    """Return the table that comes with Hausmusik."""
    file = resources.files("hausmusik.money") / "data" / "gpus.toml"
    return GpuTable.model_validate(parse(file.read_text("utf-8"), Path("gpus.toml")))


def user_prices(path: Path) -> Prices:
    """Return what a user's `prices.toml` says, GPUs by their canonical names; no file: nothing.

    Raises:
        ConfigError: an unknown name or key, a negative number, a missing date; with file, line and key.
    """
    text = read_text(path)
    if text is None:
        return Prices()
    found = _checked(text, path)
    lines = line_numbers(text)
    problems: list[str] = []
    prices: dict[str, HourPrice] = {}
    for name, price in found.price.items():
        known = _canonical(name)
        if not known:
            problems.append(_problem(path, lines, f"price.{name}", _unknown(name, (*PARTS, *GPU_NAMES))))
        elif known in prices:
            problems.append(_problem(path, lines, f"price.{name}", f"is a second price of {known}; keep one"))
        else:
            prices[known] = price
    strange = [name for name in found.factor if name not in FACTORS]
    problems += [_problem(path, lines, f"factor.{name}", _unknown(name, FACTORS)) for name in strange]
    if problems:
        raise ConfigError("\n".join(problems), hint="`haus gpus` lists the names")
    return Prices(price=prices, factor=found.factor)


def _canonical(name: str) -> str:
    """Return our name of what is priced; empty: there is no such thing, or it is a count or a choice of GPUs."""
    if name in PARTS:
        return name
    try:
        gpu = parse_gpu(name)
    except UsageError:
        return ""
    return gpu.name if str(gpu) == gpu.name else ""


def _checked(text: str, path: Path) -> Prices:
    data = parse(text, path)
    try:
        return Prices.model_validate(data)
    except ValidationError as error:
        lines = line_numbers(text)
        problems: list[str] = []
        for each in error.errors(include_url=False, include_input=False):
            key = ".".join(str(step) for step in each["loc"])
            reason = each["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            reason = {"extra_forbidden": "unknown key", "missing": "is missing"}.get(each["type"], reason)
            problems.append(_problem(path, lines, key, reason))
        raise ConfigError("\n".join(problems), hint="correct these lines, or remove them to use our own") from error


def _problem(path: Path, lines: Mapping[str, int], key: str, reason: str) -> str:
    line = lines.get(".".join(key.split(".")[:2]))
    return f"{path}{f':{line}' if line else ''}: {key}: {reason}"


def _unknown(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return "is not known; " + (f"did you mean {close[0]}?" if close else f"use one of: {', '.join(known)}")
