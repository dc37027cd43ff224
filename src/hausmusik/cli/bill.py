"""How the bill of an account is shown against the ledger, and its rates kept for later."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from hausmusik.cli.output import Output

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.money.reconcile import Reconciliation


def show_reconciliation(output: Output, found: Reconciliation) -> None:
    """Write what was billed and what the ledger said, by hour (UTC) and instrument; then what could not be compared."""
    from hausmusik.money.dollars import shown

    if found.hours:
        output.table(
            ("hour (UTC)", "instrument", "billed", "ledger", "difference", "changed now"),
            [
                (
                    f"{each.hour:%Y-%m-%d %H:%M}",
                    each.instrument,
                    shown(each.billed_usd),
                    shown(each.charged_usd),
                    shown(each.billed_usd - each.charged_usd),
                    shown(each.corrected_usd),
                )
                for each in found.hours
            ],
            right=(2, 3, 4, 5),
        )
        billed = sum((each.billed_usd for each in found.hours), Decimal(0))
        charged = sum((each.charged_usd for each in found.hours), Decimal(0))
        output.talk(f"billed {shown(billed)}, the ledger said {shown(charged)}; it says the same now")
    whose = f" of {found.workspace}" if found.workspace else ""
    if found.until > found.since:
        output.talk(f"the bill{whose} is complete until {found.until:%Y-%m-%d %H:%M} UTC")
    else:
        output.talk(
            f"the bill{whose} has nothing yet since {found.since:%Y-%m-%d %H:%M} UTC; an hour must be over for one"
        )
    if found.waiting:
        output.talk(f"still at work, for another time: {', '.join(found.waiting)}")
    output.data("")


async def renew_rates(house: AsyncHouse, output: Output) -> None:
    """Have the account's rates read again; one that does not say leaves the prices as they are, and that is told."""
    from hausmusik.errors import HausmusikError

    try:
        rates = await house.read_rates()
    except HausmusikError as error:
        output.talk(f"prices stay as they were: {error.message}")
    else:
        output.detail(f"the account's prices of {len(rates.usd_per_h)} things are kept: haus gpus")
