"""Writes llm-made-up.csv: calls of an imaginary service in the schema of the Azure LLM trace. No line of it is Azure's.

    python benchmarks/keepwarm/made_up.py

Ten hours in which a handful of people come and go: sessions begin at random (one in 12 minutes on average), each has
geometrically many calls (mean 10) with lognormal pauses (median 20 s), and token counts are lognormal too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "llm-made-up.csv"
HOURS = 10


def main() -> None:
    rng = np.random.default_rng(2026)
    calls: list[tuple[float, int, int]] = []
    for begin_s in np.cumsum(rng.exponential(720.0, HOURS * 5)):
        pauses_s = rng.lognormal(np.log(20.0), 1.0, int(rng.geometric(0.1)))
        for at_s in begin_s + np.cumsum(pauses_s):
            read, written = rng.lognormal(6.0, 1.0), rng.lognormal(4.5, 0.8)
            calls.append((float(at_s), int(read) + 1, int(written) + 1))
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for at_s, read, written in sorted(calls):
        if at_s < HOURS * 3600:
            at = datetime(2026, 11, 2, 9) + timedelta(seconds=at_s)  # noqa: DTZ001 -- as in the schema
            lines.append(f"{at:%Y-%m-%d %H:%M:%S.%f}0,{read},{written}")
    FILE.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
