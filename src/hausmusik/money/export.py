"""Ledger rows and sums for other programs: flat JSON-able objects and CSV.

Money is decimal text, times ISO 8601 in UTC, durations seconds. Knows nothing of where rows come from.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, TextIO, TypeAlias

from hausmusik.money.rows import USAGE_FIELDS, LedgerRow, Total

Flat: TypeAlias = dict[str, str | int | float | None]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ROW: Final = (
    *("id", "at", "kind", "session", "run", "label", "cue", "document", "instrument", "host", "workspace"),
    *("basis", "outcome", *USAGE_FIELDS, "cost_usd"),
    *("price_name", "price_usd_per_s", "price_date", "price_source", "corrects"),
)
_TOTAL: Final = ("key", "label", "plays", "failed", "cancelled", *USAGE_FIELDS, "cost_usd")


def row_json(row: LedgerRow) -> Flat:
    """Return a row as one flat object; `corrects` is null for plays."""
    price: dict[str, Any] = {
        "price_name": row.price.name,
        "price_usd_per_s": format(row.price.usd_per_s, "f"),
        "price_date": row.price.date.isoformat(),
        "price_source": row.price.source,
    }
    flat = _flat(row, _ROW, price)
    return flat | {"at": row.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "corrects": row.corrects or None}


def total_json(total: Total) -> Flat:
    """Return a sum as one flat object."""
    return _flat(total, _TOTAL, {})


def write_csv(items: Iterable[LedgerRow | Total], file: TextIO) -> None:
    """Write rows, or sums, as CSV with a line of names; nothing for nothing.

    A text that a spreadsheet would run as a formula gets an apostrophe before it (labels may be somebody else's):
    https://owasp.org/www-community/attacks/CSV_Injection.
    """
    writer = csv.writer(file, lineterminator="\n")
    for number, item in enumerate(items):
        flat = row_json(item) if isinstance(item, LedgerRow) else total_json(item)
        if not number:
            writer.writerow(flat)
        writer.writerow(_cell(name, value) for name, value in flat.items())


def _flat(item: LedgerRow | Total, names: tuple[str, ...], known: Mapping[str, Any]) -> Flat:
    values = {name: known[name] if name in known else _value(item, name) for name in names}
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in values.items()}


def _value(item: LedgerRow | Total, name: str) -> Any:
    return getattr(item.usage if name in USAGE_FIELDS else item, name)


def _cell(name: str, value: str | float | None) -> str | float | None:
    runs = isinstance(value, str) and name != "cost_usd" and value.startswith(_FORMULA)
    return f"'{value}" if runs else value
