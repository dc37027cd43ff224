"""Keep-warm: how long an idle container should stay, learnt from when calls came, and what each rule would have cost.

`advise` says it for an instrument from its ledger rows; `replay` tries a policy on a trace. `Keeper` keeps one
warm for a time, whatever its window is. Knows no cloud.
"""

from hausmusik.money.keepwarm.advice import Advice, Alternative, advise
from hausmusik.money.keepwarm.arrivals import Trace, busy_periods, one_by_one, thin
from hausmusik.money.keepwarm.guarded import Guarded
from hausmusik.money.keepwarm.keeper import Keeper, WarmPlan, WarmState
from hausmusik.money.keepwarm.policies import Clairvoyant, Fixed, Histogram, Policy, Randomised, Terms
from hausmusik.money.keepwarm.simulator import IDEAL, MODAL, ONE, Platform, Pool, Replay, replay
from hausmusik.money.keepwarm.spells import Spell, Spells

__all__ = [
    "IDEAL",
    "MODAL",
    "ONE",
    "Advice",
    "Alternative",
    "Clairvoyant",
    "Fixed",
    "Guarded",
    "Histogram",
    "Keeper",
    "Platform",
    "Policy",
    "Pool",
    "Randomised",
    "Replay",
    "Spell",
    "Spells",
    "Terms",
    "Trace",
    "WarmPlan",
    "WarmState",
    "advise",
    "busy_periods",
    "one_by_one",
    "replay",
    "thin",
]
