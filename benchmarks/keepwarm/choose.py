"""How the two parameters of our rule were chosen: prints its cost over the best fixed window for some of them.

    python benchmarks/keepwarm/choose.py

Made-up traces with seeds that `run.py` does not use: long ones, short ones (60 gaps), and one whose habits change every
200 gaps, where less than 1 is possible. Takes about a minute.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from hausmusik.money.keepwarm import Guarded, Terms, guarded
from hausmusik.money.keepwarm.synthetic import bursts, pareto, persons_days, poisson

COLD_S = (5.0, 14.0, 60.0, 150.0)
MAKERS = (
    lambda seed: poisson(1500, mean_gap_s=300.0, seed=seed),
    lambda seed: poisson(1500, mean_gap_s=30.0, seed=seed),
    lambda seed: bursts(1500, seed=seed),
    lambda seed: pareto(1500, seed=seed),
    lambda seed: persons_days(40, seed=seed),
)


def gaps_s(maker, seed: int) -> np.ndarray:
    trace = maker(seed)
    return np.diff(trace.starts_s) - trace.busy_s[:-1]


def changing(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.exponential(mean_s, 200) for mean_s in (300, 10, 600, 30, 5, 900)])


def over_best(gaps: np.ndarray, terms: Terms) -> float:
    policy, paid_s = Guarded(terms), 0.0
    for gap_s in gaps.tolist():
        window_s = policy.window_s()
        paid_s += terms.cost_s(window_s, gap_s)
        policy.observe(window_s, gap_s)
    windows_s = np.concatenate(([0.0], np.geomspace(0.3, 4000.0, 100)))
    costs_s = np.where(gaps[:, None] <= windows_s, gaps[:, None], windows_s + terms.break_even_s)
    return paid_s / costs_s.sum(axis=0).min()


def main() -> None:
    sets = {
        "long": [gaps_s(maker, seed) for maker in MAKERS for seed in (100, 101)],
        "short": [gaps_s(maker, seed)[:60] for maker in MAKERS for seed in range(200, 212)],
        "changing": [changing(seed) for seed in (100, 101)],
    }
    for memory, prior in product((0.95, 0.97, 0.98, 0.99, 0.995), (0.25, 1.0, 4.0)):
        guarded.MEMORY, guarded.PRIOR = memory, prior
        found = {
            name: np.mean([over_best(gaps, Terms(cold_s=cold_s)) for gaps in each for cold_s in COLD_S])
            for name, each in sets.items()
        }
        print(f"memory {memory}, prior {prior}:", ", ".join(f"{name} {ratio:.3f}" for name, ratio in found.items()))


if __name__ == "__main__":
    main()
