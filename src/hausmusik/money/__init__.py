"""What plays cost: prices, quotes before, a ledger after, a budget in between. Dollars are `Decimal` throughout.

`Meter` is the one place where a play is charged; `Ledger` keeps what was, `Budget` what may be, both in one SQLite
file; `quote` says what would be. Knows nothing of hosts, catalogues or scores.
"""

from hausmusik.money.budget import Budget, Limits, LimitState, Reservation
from hausmusik.money.export import row_json, total_json, write_csv
from hausmusik.money.learnt import Learnt, Spread
from hausmusik.money.ledger import Ledger
from hausmusik.money.meter import Meter
from hausmusik.money.prices import LocalPrices, Price, PriceSource
from hausmusik.money.quote import QuoteItem, quote
from hausmusik.money.quoted import Quote, QuoteLine
from hausmusik.money.rows import LedgerRow, Total
from hausmusik.money.tables import money_file

__all__ = [
    "Budget",
    "Learnt",
    "Ledger",
    "LedgerRow",
    "LimitState",
    "Limits",
    "LocalPrices",
    "Meter",
    "Price",
    "PriceSource",
    "Quote",
    "QuoteItem",
    "QuoteLine",
    "Reservation",
    "Spread",
    "Total",
    "money_file",
    "quote",
    "row_json",
    "total_json",
    "write_csv",
]
