"""The traces that policies are tried on. Their seeds are not those that our rule's parameters were chosen with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hausmusik.money.keepwarm import Trace, busy_periods, thin
from hausmusik.money.keepwarm.azure import llm_2023
from hausmusik.money.keepwarm.synthetic import HOUR_S, bursts, pareto, persons_days, poisson

SEED = 1
THINNINGS = 20
# About what a 7B model does on an A10; it only says how long calls keep the machine busy.
TOKENS_IN_PER_S, TOKENS_OUT_PER_S = 5000.0, 30.0


def made_up() -> dict[str, list[Trace]]:
    return {
        "a person's days (60)": [persons_days(60, seed=SEED)],
        "bursts (90 % 5 s, 10 % 1 h)": [bursts(3000, seed=SEED)],
        "Pareto 1.2, mean 120 s": [pareto(3000, seed=SEED)],
        "Poisson, 300 s gaps": [poisson(3000, mean_gap_s=300.0, seed=SEED)],
        "Poisson, 30 s gaps": [poisson(3000, mean_gap_s=30.0, seed=SEED)],
    }


def llm_open(files: list[Path], one_in: list[int]) -> dict[str, list[Trace]]:
    """Return calls as they come, by trace: twenty thinnings, each a service that begins with nothing learnt."""
    found: dict[str, list[Trace]] = {}
    for file in files:
        whole = llm_2023(file, tokens_in_per_s=TOKENS_IN_PER_S, tokens_out_per_s=TOKENS_OUT_PER_S)
        name = whole.name.replace("AzureLLMInferenceTrace_", "Azure LLM ")
        for count in one_in:
            if count == 1:
                found[f"{name}, whole"] = [whole]
            else:
                found[f"{name}, 1 in {count}"] = [thin(whole, count, seed=seed) for seed in range(THINNINGS)]
    return found


def llm_closed(opened: dict[str, list[Trace]]) -> dict[str, list[Trace]]:
    """Return the same gaps as of one caller who waits; of thinnings also all in a row, as one service's history."""
    found: dict[str, list[Trace]] = {}
    for name, traces in opened.items():
        found[name] = [busy_periods(trace) for trace in traces]
        if len(traces) > 1:
            found[f"{name}, {len(traces)} h in a row"] = [busy_periods(_in_a_row(traces))]
    return found


def _in_a_row(traces: list[Trace]) -> Trace:
    starts_s = np.concatenate([trace.starts_s + HOUR_S * number for number, trace in enumerate(traces)])
    return Trace(name="in a row", starts_s=starts_s, busy_s=np.concatenate([trace.busy_s for trace in traces]))
