"""Writes the figures of a run as a page. Knows nothing of how they came about."""

from __future__ import annotations

from typing import Any, Final

MODES: Final = ("naive", "local", "global", "hybrid", "mix")
DIFFERENCES: Final = """\
What differs, besides the code:

- The peers ask twice for each chunk (they glean once) and for summaries; nano-graphrag asks for community reports too.
  Ours asks once for each passage. Ideal is calls x 0.2 s / 16, for each by its own calls.
- The peers cut by tokens (1,200, two chunks a document); ours is told 700 of its own, which makes two passages as well.
  The row "whole documents" has the default of 1,200: one passage and one call a document.
- A question of the peers' is timed with its keywords given and its embedding included; ours with its vector given (the
  vector's time stands beside). Ours gives eight passages, theirs a context of many thousand characters.
- One more document: ours without the one round of answers that it waits for, the peers' with theirs.
- Bytes written are all that the process gave to write(), the journal of steps and the log of changes included; ours is
  counted until the log is in the file. The store is what is then on disk."""


def page(result: dict[str, Any]) -> str:
    about = result["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in about["libraries"].items())
    loads = [each[key] for each in result["ours"] for key in ("load_before", "load_after")]
    head = (
        f"{about['cpu']}, {about['cores']} cores shared with others (load average {min(loads):.1f} to {max(loads):.1f} "
        f"during our runs: read CPU seconds first), Python {about['python']}, SQLite {about['sqlite']}, {versions}. "
        "A stub answers after 200 ms, 16 at once; 384-d vectors are hashes."
    )
    lines = [f"# Filling a memory, {result['date']}", "", head, "", "## Adding", ""]
    titles = ("system", "documents / passages", "wall s", "CPU s", "calls", "ideal s", "wall / ideal", "in flight")
    titles += ("MB written", "store MB", "written / store", "peak MiB")
    lines += [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    lines += [_ours(each, "hausmusik") for each in result["ours"]]
    lines += [_ours(result["whole_documents"], "hausmusik, whole documents")]
    lines += [_theirs(each) for each in result["peers"]]
    lines += ["", "CPU ms per passage of ours in the first, the middle and the last tenth of a run:", ""]
    lines += [
        f"- {each['documents']} documents: {each['cpu_ms_per_passage_first_tenth']:.1f}, "
        f"{each['cpu_ms_per_passage_middle']:.1f}, {each['cpu_ms_per_passage_last_tenth']:.1f}"
        for each in result["ours"]
    ]
    lines += ["", "## Questions, ms, p50 / p95, one at a time", ""]
    lines += [f"| system | documents | {' | '.join(MODES)} | vector |", f"|---|---|{'---|' * len(MODES)}---|"]
    for each in result["ours"]:
        took = each["queries_ms"]
        cells = [f"{took[mode]['p50']:.1f} / {took[mode]['p95']:.1f}" for mode in MODES]
        lines.append(f"| hausmusik | {each['documents']} | {' | '.join(cells)} | {took['vector']:.2f} |")
    for each in result["peers"]:
        cells = [_pair(each.get(f"q_{mode}_ms")) for mode in MODES]
        lines.append(f"| {each['framework']} | {each['docs']} | {' | '.join(cells)} | in it |")
    lines += ["", "## Changing and opening", ""]
    lines += [
        "| system | documents | one more, ms (CPU) | forget one, ms (CPU) | MB written by forgetting | reopen ms |",
        "|---|---|---|---|---|---|",
    ]
    for each in result["ours"]:
        more, forget, again = each["one_more_ms"], each["forget_ms"], each["reopen_ms"]
        lines.append(
            f"| hausmusik | {each['documents']} | {more['median']:.0f} ({more['cpu']:.0f}) "
            f"| {forget['median']:.0f} ({forget['cpu']:.0f}), {each['forget_calls']} calls "
            f"| {max(forget['written']) / 1e6:.1f} | {again['open']:.0f} + index {again['index']:.0f} |"
        )
    for each in result["peers"]:
        gone = each.get("delete_one_doc")
        told = f"{1000 * gone['wall_s']:.0f}, {gone['llm_calls']} calls" if isinstance(gone, dict) else "-"
        lines.append(
            f"| {each['framework']} {each['version']} | {each['docs']} | {1000 * each['add_one_doc_s']['mean']:.0f} "
            f"| {told} | - | {1000 * each['reopen_s']:.0f} |"
        )
    return "\n".join([*lines, "", DIFFERENCES, ""])


def _ours(each: dict[str, Any], name: str) -> str:
    return (
        f"| {name} | {each['documents']} / {each['counts']['passages']} | {each['wall_s']:.1f} | {each['cpu_s']:.1f} "
        f"| {each['calls']} | {each['ideal_s']:.1f} | {each['wall_by_ideal']:.2f} | {each['mean_in_flight']:.1f} "
        f"| {each['written_bytes'] / 1e6:.0f} | {each['store_bytes'] / 1e6:.0f} | {each['written_by_store']:.1f} "
        f"| {each['peak_rss_mib']:.0f} |"
    )


def _theirs(each: dict[str, Any]) -> str:
    took = each["ingest"]
    return (
        f"| {each['framework']} {each['version']} | {each['docs']} / {each['chunks']} | {took['wall_s']:.1f} "
        f"| {took['cpu_s']:.1f} | {took['llm_calls']} | {took['ideal_s']:.1f} | {took['overhead_x']:.2f} "
        f"| {took['mean_inflight']:.1f} | {took['mb_written']:.0f} | {each['store_mb']:.0f} "
        f"| {took['mb_written'] / each['store_mb']:.1f} | {took['rss_peak_mb']} |"
    )


def _pair(took: dict[str, float] | None) -> str:
    return f"{took['p50']:.1f} / {took['p95']:.1f}" if took else "-"
