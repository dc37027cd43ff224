"""What a rule pays for gaps, one by one, as the theory says it: no containers, no clock."""

from __future__ import annotations

from collections.abc import Iterable

from hausmusik.money.keepwarm import Policy, Terms


def paid(policy: Policy, terms: Terms, gaps_s: Iterable[float]) -> tuple[float, float]:
    """Return what the policy paid and what the clairvoyant would have."""
    paid_s = least_s = 0.0
    for gap_s in gaps_s:
        window_s = policy.window_s()
        paid_s += terms.cost_s(window_s, gap_s)
        least_s += terms.least_s(gap_s)
        policy.observe(window_s, gap_s)
    return paid_s, least_s
