"""Writes the figures of a run as a page. Knows nothing of how they came about."""

from __future__ import annotations


def page(result: dict) -> str:
    machine = result["machine"]
    lines = [
        f"# Citations checked, {result['date']}",
        "",
        (
            f"{result['sentences']} true sentences, spans of evidence: {result['spans']}; {machine['cpu']}, Python "
            f"{machine['python']}; {result['wall_s']} s for all checks. No embeddings. `caught`: corrupted sentences "
            "that are marked, for whatever reason; behind it the share of those whose true form is not marked already. "
            "Thresholds were tuned on the half `tune`; `report` is the result."
        ),
    ]
    for half, sources in result["halves"].items():
        lines += ["", f"## {half}", "", "| source | true | marked wrongly | by kind |", "|---|---|---|---|"]
        for source, each in sorted(sources.items()):
            kinds = ", ".join(f"{kind} {share(count, each['true'])}" for kind, count in sorted(each["marked"].items()))
            lines.append(
                f"| {source} | {each['true']} | {share(sum(each['marked'].values()), each['true'])} | {kinds} |"
            )
        lines += [
            "",
            "| source | corruption | n | caught | of those unmarked when true | goal |",
            "|---|---|---|---|---|---|",
        ]
        for source, each in sorted(sources.items()):
            already = each["caught"]
            for kind, (count, caught, unmarked, fresh) in sorted(already.items()):
                goal = result["goals"].get(kind)
                lines.append(
                    f"| {source} | {kind} | {count} | {share(caught, count)} | {share(fresh, unmarked)} "
                    f"| {'' if goal is None else f'{goal:.0%}'} |"
                )
    return "\n".join(lines) + "\n"


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
