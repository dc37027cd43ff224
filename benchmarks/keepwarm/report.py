"""Writes the figures of a run as a page. Knows nothing of how they came about."""

from __future__ import annotations

TARGET = 1.3
SHOWN = (
    "ours",
    "best fixed",
    "by last gap",
    "break-even",
    "randomised",
    "histogram",
    "0 s",
    "2 s",
    "60 s",
    "300 s",
    "1200 s",
)

HOW = """\
Each figure is what booting and idling cost (and waiting, where it has a price), over what the clairvoyant pays, who
knows each gap and stays where it is at most the break-even window. Seconds of playing are left out: no policy changes
them, and they would only bring the ratios nearer to 1. A policy learns while it goes; nothing is warmed up or left out.

- `ours` is `hausmusik.money.keepwarm.Guarded`; its parameters were chosen on other seeds of made-up traces, on none of
  Azure's.
- `best fixed` is no policy but a floor: the one window that turned out best, chosen after the fact (of 49). Where gaps
  are independent of one another no policy that does not know the next one can do better on average. `by last gap`
  is a floor with four windows, one for each quarter that the gap before was in: hardly lower, so little is to be had
  from looking at more than how often gaps of each length occur.
- `randomised` is Karlin et al. 1994; `histogram` is Serverless in the Wild (ATC 2020) without ARIMA, with one hour of
  range: it was made to spare cold starts on cheap machines, not dollars on a GPU. Both are our own implementations.
- 60 s is Modal's default window, 300 and 1,200 s are what others have used, 2 s is the shortest that Modal allows.
"""
DOLLARS = """\
Gaps run from an answer to the next question, as of one caller who waits (calls of a file that overlap are one). Windows
are set freely. Waiting has no price."""
MODAL = """\
The same where a window is 2 to 3,600 s and can be changed every 300 s (the randomised rule draws a new one that often).
Where a cold start takes 5 s the shortest window alone costs 40 % more than stopping at once would."""
WAITING = """\
Calls come when they come, up to eight play on one container, and a second that a caller waits is worth a second of the
machine. (With no price on waiting nothing is to be learnt from open traffic: the cheapest is then to stop at once and
let calls pile up behind a boot, which bills no more than idling through the same seconds.) Ours reckons with one caller
behind each boot and with gaps that do not depend on it; here several may wait, and the time of a boot is missing from
the gap after it, which is why it is further from the floor."""


def page(result: dict) -> str:
    about = ", ".join(f"{key} {value}" for key, value in result["about"].items() if key != "traces_of_azure")
    azure = ", ".join(result["about"]["traces_of_azure"])
    lines = [f"# Keep-warm policies, {result['about']['date']}", "", about, ""]
    if azure:
        lines += [f"Azure LLM inference trace 2023 (CC-BY, Patel et al., Splitwise, ISCA 2024): {azure}.", ""]
    lines += [HOW]
    for title, key, text in (
        ("Dollars only", "dollars", DOLLARS),
        ("Dollars only, as Modal allows it", "modal", MODAL),
        ("With waiting priced", "waiting", WAITING),
    ):
        lines += [f"## {title}", "", text, "", _target(result[key]), "", *_ratios(result[key]), ""]
        lines += ["Calls that waited for a boot, and the 95th percentile of all waits:", "", *_waits(result[key]), ""]
    lines += ["## The simulator", "", *_speed(result)]
    return "\n".join([*lines, ""])


def _ratios(rows: list[dict]) -> list[str]:
    shown = [name for name in SHOWN if name in rows[0]["policies"]]
    lines = [f"| trace (calls) | cold s | {' | '.join(shown)} |", f"|---|---|{'---|' * len(shown)}"]
    for row in rows:
        cells = [f"{row['policies'][name]['ratio']:.2f}" for name in shown]
        cells[0] = f"**{cells[0]}**"
        lines.append(f"| {row['trace']} ({row['calls']}) | {row['cold_s']:g} | {' | '.join(cells)} |")
    return lines


def _waits(rows: list[dict]) -> list[str]:
    names = ("ours", "break-even", "histogram", "60 s", "300 s", "clairvoyant")
    lines = [f"| trace | cold s | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    for row in rows:
        found = (row["policies"][name] for name in names)
        cells = [f"{100 * one['cold_fraction']:.0f} %, {one['wait_p95_s']:.0f} s" for one in found]
        lines.append(f"| {row['trace']} | {row['cold_s']:g} | {' | '.join(cells)} |")
    return lines


def _target(rows: list[dict]) -> str:
    """Say where the target is met, and of where it is not whether any fixed window would have met it."""
    ratios = [(row, row["policies"]["ours"]["ratio"], row["policies"]["best fixed"]["ratio"]) for row in rows]
    missed = [(row, ours, floor) for row, ours, floor in ratios if ours > TARGET]
    text = (
        f"**Ours is at most {TARGET} in {len(rows) - len(missed)} of {len(rows)} rows**, and nowhere more than "
        f"{max(ours / floor for _, ours, floor in ratios):.3f} times the floor."
    )
    if missed:
        beyond = sum(floor > TARGET for _, _, floor in missed)
        text += f" Of the {len(missed)} others the floor itself is above {TARGET} in {beyond}."
    could = [
        f"{row['trace']}, {row['cold_s']:g} s ({ours:.3f}, floor {floor:.3f})"
        for row, ours, floor in missed
        if floor <= TARGET
    ]
    return text + (f" Missed though one fixed window would do: {'; '.join(could)}." if could else "")


def _speed(result: dict) -> list[str]:
    each = "; ".join(f"{name}: {per_s:,.0f} calls/s" for name, per_s in result["speed"].items())
    lines = [f"Replayed on one core: {each}. A call is an arrival and an end, so twice as many events."]
    if result["simfaas"]:
        lines += [
            "",
            f"Against simfaas {result['simfaas'][0]['simfaas']['version']} and the closed form, memoryless calls",
        ]
        lines[-1] += " of 2 s, cold starts of 10 s, a window of 60 s:"
        lines += [
            "",
            "| mean gap | cold: form | simfaas | ours | containers: simfaas | ours | calls/s: simfaas | ours |",
        ]
        lines += ["|---|---|---|---|---|---|---|---|"]
    for row in result["simfaas"]:
        theirs, ours = row["simfaas"], row["ours"]
        cells = [f"{row['form']:.4f}"]
        for figure in ("cold_fraction", "containers"):
            cells += [f"{theirs[figure]:.4f}", f"{ours[figure]:.4f}"]
        cells += [f"{theirs['calls_per_s']:,.0f}", f"{ours['calls_per_s']:,.0f}"]
        lines.append(f"| {row['mean_gap_s']:g} s | {' | '.join(cells)} |")
    return lines
