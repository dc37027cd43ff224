"""Quotes before, a ledger after, a budget that holds."""
