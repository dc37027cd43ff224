"""How a comparison with hosted language models is shown: a sentence for each of one's own, the prices when asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hausmusik.cli.output import Output

if TYPE_CHECKING:
    from hausmusik.money.apis import Comparison


def show_comparisons(output: Output, comparisons: Sequence[Comparison], *, prices: bool) -> None:
    """Say how one's own language models stand to hosted ones.

    Args:
        output: Where to.
        comparisons: One for each that was played.
        prices: Whether to show each hosted model with its dated price, too.
    """
    for each in comparisons:
        usage = each.usage
        output.talk(f"{each.instrument}: {usage.tokens_in:,} tokens in, {usage.tokens_out:,} out; {each.verdict}")
        if prices:
            _show_prices(output, each)
    if prices and not comparisons:
        output.talk("no language model was played, so there is nothing to compare")


def _show_prices(output: Output, comparison: Comparison) -> None:
    from hausmusik.money.dollars import shown

    def price(usd_per_m: object) -> str:
        return f"{usd_per_m:f}"

    usage = comparison.usage
    output.data("")
    rows = [(comparison.instrument, "your own", "-", "-", shown(comparison.own_usd), "-", "the ledger")]
    rows += [
        (
            each.price.model,
            each.price.provider,
            price(each.price.usd_per_m_in),
            price(each.price.usd_per_m_out),
            shown(each.usd),
            f"{each.price.date}{'' if each.price.dated else ' (undated source)'}",
            each.price.source + (f"; {each.price.note}" if each.price.note else ""),
        )
        for each in comparison.apis
    ]
    columns = ("model", "at", "$/M in", "$/M out", "these tokens", "price of", "source")
    output.table(columns, rows, right=(2, 3, 4))
    output.talk(
        f"your own: {shown(comparison.own_usd_per_m)} per million tokens, of {usage.boot_s + usage.load_s:,.0f} s "
        f"starting, {usage.busy_s:,.0f} s playing and {usage.idle_s:,.0f} s idle; only prices are compared, not answers"
    )
