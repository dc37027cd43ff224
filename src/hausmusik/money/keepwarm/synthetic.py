"""Arrival traces that are made up, each from a seed. All are closed: gaps run from an answer to the next question.

Knows nothing of policies; the parameters of the first three are those that published tables of window costs use.
"""

from __future__ import annotations

import numpy as np

from hausmusik.money.keepwarm.arrivals import Seconds, Trace, one_by_one

DAY_S = 86_400.0
HOUR_S = 3_600.0


def poisson(count: int, *, mean_gap_s: float, seed: int, busy_s: float = 0.0) -> Trace:
    """Return memoryless traffic: exponential gaps."""
    gaps_s = np.random.default_rng(seed).exponential(mean_gap_s, count)
    return one_by_one(f"Poisson, {mean_gap_s:g} s gaps", gaps_s, busy_s)


def bursts(count: int, *, seed: int, busy_s: float = 0.0) -> Trace:
    """Return bursts: nine gaps in ten are exponential of mean 5 s, the tenth of mean one hour."""
    rng = np.random.default_rng(seed)
    gaps_s = rng.exponential(np.where(rng.random(count) < 0.9, 5.0, HOUR_S))
    return one_by_one("bursts (90 % 5 s, 10 % 1 h)", gaps_s, busy_s)


def pareto(count: int, *, seed: int, busy_s: float = 0.0) -> Trace:
    """Return gaps with a heavy tail: Pareto of shape 1.2 from 20 s on, so of mean 120 s."""
    gaps_s = 20.0 * (1.0 + np.random.default_rng(seed).pareto(1.2, count))
    return one_by_one("Pareto 1.2, mean 120 s", gaps_s, busy_s)


def persons_days(days: int, *, seed: int, busy_s: float = 10.0) -> Trace:
    """Return one person's days: sessions in the evening, and in the daytime of two days a week; bursts within them.

    An evening has one to three sessions from 18 h on, a free day two to five from 9 h on. A session is a run of
    geometrically many calls (mean 15); between them the person reads and thinks (lognormal, median 25 s, sigma 0.9),
    and after about every eighth call is away for some minutes (exponential, mean 8 min). All of it is made up.
    """
    rng = np.random.default_rng(seed)
    gaps_s: list[float] = []
    end_s = 0.0
    for day in range(days):
        free = day % 7 >= 5
        sessions = int(rng.integers(2, 6) if free else rng.integers(1, 4))
        for begin_h in np.sort(rng.uniform(9 if free else 18, 23, sessions)):
            pause_s = max(60.0, day * DAY_S + begin_h * HOUR_S - end_s)
            session_s = (pause_s, *_within_session(rng))
            gaps_s += session_s
            end_s += sum(session_s) + len(session_s) * busy_s
    return one_by_one("a person's days", gaps_s[1:], busy_s)


def _within_session(rng: np.random.Generator) -> Seconds:
    count = int(rng.geometric(1 / 15)) - 1
    thinking_s = rng.lognormal(np.log(25.0), 0.9, count)
    return np.where(rng.random(count) < 1 / 8, rng.exponential(480.0, count), thinking_s)
