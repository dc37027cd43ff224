"""Tries keep-warm policies on arrival traces; writes results/<date>.json and .md.

    python benchmarks/keepwarm/run.py [--llm FILE ...] [--thin 200 ...] [--simfaas PYTHON]

`--llm` takes files of the Azure LLM inference trace 2023 (CC-BY, https://github.com/Azure/AzurePublicDataset, to be
downloaded by you; `AzureLLMInferenceTrace_code.csv` is one), `--thin` keeps one call in so many of them. Without, a
made-up file in that schema stands in. `--simfaas` names an interpreter that has simfaas 0.2.2: it then simulates the
same memoryless traffic as ours, beside the closed form. All policies meet the same traces in one process; nothing here
is measured in wall time but the speed of the simulators. About a minute on one core.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import made_up
import numpy as np
import report
import traces

from hausmusik.money.keepwarm import (
    IDEAL,
    MODAL,
    ONE,
    Clairvoyant,
    Fixed,
    Guarded,
    Histogram,
    Platform,
    Policy,
    Pool,
    Randomised,
    Terms,
    Trace,
    replay,
)
from hausmusik.money.keepwarm.synthetic import bursts

HERE = Path(__file__).parent
COLD_S = (5.0, 14.0, 60.0, 150.0)
GRID_S = (0.0, *(2.0 ** (step / 4) for step in range(48)))
WINDOWS_S = (0.0, 2.0, 60.0, 300.0, 1200.0)


def policies(terms: Terms, where: Platform) -> dict[str, Callable[[], Policy]]:
    return {
        "ours": lambda: Guarded(terms, longest_s=where.longest_s, update_every_s=where.update_every_s),
        "break-even": lambda: Fixed(terms.break_even_s),
        "randomised": lambda: Randomised(terms, seed=7),
        "histogram": Histogram,
        **{f"{window_s:g} s": lambda window_s=window_s: Fixed(window_s) for window_s in WINDOWS_S},
    }


def tried(each: list[Trace], terms: Terms, where: Platform, pool: Pool) -> dict[str, dict[str, float]]:
    """Return by policy its cost over the clairvoyant's, and what callers met; it begins anew with each trace."""

    def run(make: Callable[[], Policy], allowed: Platform) -> dict[str, float]:
        found = [replay(trace, make(), terms, pool=pool, platform=allowed) for trace in each]
        waits_s = np.concatenate([one.waits_s for one in found])
        p50_s, p95_s, p99_s = np.percentile(waits_s, [50, 95, 99])
        return {
            "overhead_s": sum(one.overhead_s(terms) for one in found),
            "boot_s": sum(one.boot_s for one in found),
            "busy_s": sum(one.busy_s for one in found),
            "idle_s": sum(one.idle_s for one in found),
            "cold_fraction": sum(one.cold_calls for one in found) / len(waits_s),
            "wait_p50_s": p50_s,
            "wait_p95_s": p95_s,
            "wait_p99_s": p99_s,
        }

    clairvoyant = run(lambda: Clairvoyant(terms), IDEAL)
    found = {name: run(make, where) for name, make in policies(terms, where).items()}
    # No policy but one fixed window for the whole trace, chosen by who has seen it.
    fixed = (run(lambda window_s=window_s: Fixed(window_s), where) for window_s in GRID_S)
    found["best fixed"] = min(fixed, key=lambda one: one["overhead_s"])
    for one in found.values():
        one["ratio"] = one["overhead_s"] / clairvoyant["overhead_s"]
    return found | {"clairvoyant": clairvoyant}


def table(
    what: dict[str, list[Trace]], where: Platform, *, waiting: float = 0.0, pool: Pool = ONE
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, each in what.items():
        calls = sum(map(len, each))
        for cold_s in COLD_S:
            found = tried(each, Terms(cold_s=cold_s, waiting=waiting), where, pool)
            rows.append({"trace": name, "calls": calls, "cold_s": cold_s, "policies": found})
        print(name, [round(row["policies"]["ours"]["ratio"], 2) for row in rows[-len(COLD_S) :]], flush=True)
    return rows


def add_floors_by_last_gap(rows: list[dict[str, object]], what: dict[str, list[Trace]]) -> None:
    """Add what four windows would have cost, one for each quarter that the gap before was in, chosen afterwards."""
    for row in rows:
        gaps_s = [np.diff(trace.starts_s) - trace.busy_s[:-1] for trace in what[row["trace"]]]
        after = np.concatenate([each[1:] for each in gaps_s])
        before = np.concatenate([each[:-1] for each in gaps_s])
        quarter = np.digitize(before, np.quantile(before, [0.25, 0.5, 0.75]))
        windows_s = np.array(GRID_S)
        costs_s = np.where(after[:, None] <= windows_s, after[:, None], windows_s + row["cold_s"])
        best_s = sum(costs_s[quarter == each].sum(axis=0).min() for each in range(4))
        row["policies"]["by last gap"] = {"ratio": best_s / np.minimum(after, row["cold_s"]).sum()}


def speed() -> dict[str, float]:
    """Calls that the simulator replays in a second, by policy."""
    trace, terms = bursts(50_000, seed=traces.SEED), Terms(cold_s=14.0)
    found = {}
    for name, make in {"60 s": lambda: Fixed(60.0), "ours": lambda: Guarded(terms)}.items():
        began = time.perf_counter()
        replay(trace, make(), terms)
        found[name] = len(trace) / (time.perf_counter() - began)
    return found


def peer(python: Path) -> list[dict[str, object]]:
    """Return the share of cold calls and the mean number of containers: closed form, simfaas, ours.

    Calls of 2 s on one container at a time: a call is cold where none came in the window before, so the share is about
    `exp(-window / mean gap)`; the form leaves out that calls may overlap.
    """
    rows = []
    busy_s, cold_s, window_s = 2.0, 10.0, 60.0
    for mean_gap_s, time_s in ((300.0, 6_000_000.0), (60.0, 1_200_000.0), (10.0, 200_000.0)):
        words = [str(number) for number in (mean_gap_s, busy_s, cold_s, window_s, time_s)]
        command = [str(python), str(HERE / "peer.py"), *words]
        theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        starts_s = np.cumsum(np.random.default_rng(1).exponential(mean_gap_s, int(time_s / mean_gap_s)))
        trace = Trace(name="memoryless", starts_s=starts_s, busy_s=np.full(len(starts_s), busy_s))
        terms = Terms(cold_s=cold_s)
        began = time.perf_counter()
        found = replay(trace, Fixed(window_s), terms, pool=Pool(max_containers=1000))
        ours = {
            "cold_fraction": found.cold_fraction,
            "containers": found.billed_s / trace.duration_s,
            "calls_per_s": len(trace) / (time.perf_counter() - began),
        }
        form = math.exp(-window_s / mean_gap_s)
        rows.append({"mean_gap_s": mean_gap_s, "form": form, "simfaas": theirs, "ours": ours})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", type=Path, nargs="+", default=[])
    parser.add_argument("--thin", type=int, nargs="+", default=[200])
    parser.add_argument("--simfaas", type=Path)
    options = parser.parse_args()
    opened = traces.llm_open(options.llm, options.thin) | traces.llm_open([made_up.FILE], [1])
    closed = traces.made_up() | traces.llm_closed(opened)
    dollars = table(closed, IDEAL)
    add_floors_by_last_gap(dollars, closed)
    result = {
        "about": {
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
            "python": platform.python_version(),
            **{name: version(name) for name in ("hausmusik", "numpy")},
            "load_before": round(os.getloadavg()[0], 2),
            "traces_of_azure": [file.name for file in options.llm],
        },
        "dollars": dollars,
        "modal": table(closed, MODAL),
        "waiting": table(opened, IDEAL, waiting=1.0, pool=Pool(max_inputs=8)),
        "speed": speed(),
        "simfaas": peer(options.simfaas) if options.simfaas else [],
    }
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    date = result["about"]["date"]
    (folder / f"{date}.json").write_text(json.dumps(_rounded(result)) + "\n", "utf-8")
    (folder / f"{date}.md").write_text(report.page(result), "utf-8")
    print(report.page(result))


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
