"""The command about GPUs: what there is, what it costs and since when, and which of them suits an instrument."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, get_args

import msgspec
import typer

from hausmusik.cli import completing
from hausmusik.cli.commands import Command
from hausmusik.cli.options import Json
from hausmusik.cli.output import Output, plain
from hausmusik.cli.session import with_house
from hausmusik.errors import UsageError

if TYPE_CHECKING:
    from hausmusik.gpu_choice import GpuChoice, GpuOption
    from hausmusik.money.rates import Rates
    from hausmusik.money.tiers import HourPrice, Tier


class RateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of GPU, or what else a container is made of; None: not a GPU, price not known."""

    name: str
    tier: Tier | None
    price: HourPrice | None


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(rich_help_panel="Instruments", cls=Command)(gpus)


def gpus(
    context: typer.Context,
    *,
    instrument: Annotated[
        str,
        typer.Option(
            "--for", metavar="NAME", help="Choose one for this instrument.", autocompletion=completing.instruments
        ),
    ] = "",
    use: Annotated[
        str, typer.Option("--use", metavar="USE", help="sporadic: a play now and then; batch: many at once.")
    ] = "sporadic",
    json: Json = False,
) -> None:
    """Show GPUs and prices, choose one.

    With --for, the choice is explained GPU by GPU. Prices of your own go into prices.toml in the config folder.

    Example: haus gpus --for qwen2.5-7b --use batch
    """
    from hausmusik.gpu_choice import Use

    output: Output = context.obj
    found = next((each for each in get_args(Use) if each == use), None)
    if found is None:
        raise UsageError(f"there is no use {use!r}", hint=f"use one of: {', '.join(get_args(Use))}")
    if instrument:
        choice, placement = with_house(
            lambda house: (house.choose_gpu(instrument, use=found), house.placement(instrument))
        )
        if json:
            output.json(plain(choice) | {"placement": placement})
        else:
            show_choice(output, choice)
            for sentence in placement.reasons:
                output.talk(sentence)
        return
    rates = with_house(lambda house: house.rates)
    if json:
        output.json({"gpus": _rows(rates)})
    else:
        _show_rates(output, rates)


def _rows(rates: Rates) -> list[RateRow]:
    from hausmusik.money.tiers import PARTS

    return [RateRow(name=name, tier=rates.tiers.get(name), price=rates.known(name)) for name in (*rates.tiers, *PARTS)]


def _show_rates(output: Output, rates: Rates) -> None:
    def cells(row: RateRow) -> tuple[str, ...]:
        tier, price = row.tier, row.price
        size = (f"{tier.memory_gib:g}", f"{tier.bandwidth_gb_s:g}", str(tier.most)) if tier else ("-", "-", "-")
        if price is None:
            return (row.name, *size, "unknown", "-", "")
        dated = "" if price.dated else " (undated source)"
        return (row.name, *size, f"{price.usd_per_h:.4f}", f"{price.date}{dated}", price.source)

    columns = ("name", "GiB", "GB/s", "most", "$/h", "price of", "source")
    output.table(columns, [cells(row) for row in _rows(rates)], right=(1, 2, 3, 4))


def show_choice(output: Output, choice: GpuChoice) -> None:
    """Write what was chosen, and why not the others."""

    def cells(option: GpuOption) -> tuple[str, ...]:
        return (
            option.gpu,
            f"{option.need_gib:.1f} of {option.have_gib:.1f}",
            _usd(option.price.usd_per_s * 3600 if option.price else None),
            f"{option.play_s:.2f}" if option.play_s is not None else "-",
            _usd(option.usd_per_play),
            option.why_not or _place(option, choice),
        )

    columns = ("gpu", "GiB", "$/h", "s/play", "$/play", "verdict")
    output.table(columns, [cells(each) for each in choice.options], right=(1, 2, 3, 4))
    price = choice.best.price
    if price:
        output.talk(f"{choice.use} use: {price.name}; prices of {price.date} or later ({price.source})")


def _place(option: GpuOption, choice: GpuChoice) -> str:
    if option is choice.best:
        return "the choice"
    return "fallback" if option.gpu in choice.fallbacks else "fits"


def _usd(usd: Decimal | None) -> str:
    from hausmusik.money.dollars import shown

    return shown(usd) if usd is not None else "-"
