"""The page of a run, as Markdown."""

from __future__ import annotations

from typing import Any, Final

NOTES: Final = """
What differs from memories of texts:

- 1,500 documents are the corpus and stub of memory_ingest (two passages each, its facts with vectors); the larger
  memories are made up: names by Zipf's law with a cast in each document, 12 names, 11.7 facts and one window a passage,
  text of 12 names and 36 Zipfian words, vectors in groups of groups whose spread falls over the directions by a power
  law. Passages of 700 tokens have 3.5 windows each, so 100,000 vectors are then those of 29,000 passages.
- More than 200,000 passages are arrays and a full-text index, with no file of rows: loading and mix are not measured.
- Questions come with their vectors. Seeds of a ranking: two names of a passage and 301 passages, half of which mention
  one of them.
- Groups are what is used beyond 200,000 vectors, pushing beyond 100,000 passages; in smaller memories they are measured
  to say what they would miss. Recall is against the exact search of the same rows.
- "as networkx": the same power iteration in float64 until the sum of changes is below 1e-6, on the same matrix.
- usearch: one thread, float16, its defaults for connectivity and expansion.
"""


def page(result: dict[str, Any]) -> str:
    machine, small = result["machine"], result["small"]
    libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    loads = [each[when] for each in (small, *result["made"]) for when in ("load_before", "load_after")]
    busy = ": wall times say more of others than of us, read processor times" if max(loads) > machine["cores"] else ""
    lines = [
        f"# Finding passages, {result['date']}",
        "",
        (
            f"{machine['cpu']}, {machine['cores']} cores (load average {min(loads):.1f} to {max(loads):.1f}{busy}),"
            f" Python {machine['python']}, SQLite {machine['sqlite']}, {libraries}. One core of linear algebra."
        ),
        "",
        f"## {small['documents']:,} documents, {small['counts']['passages']:,} passages: ms, p50 / p95",
        "",
        "| mode | processor | wall |",
        "|---|---|---|",
    ]
    lines += [f"| {mode} | {_pair(small[mode], 'cpu')} | {_pair(small[mode], 'wall')} |" for mode in MODES]
    if "embedding" in small:
        lines += [f"| the question's vector (MiniLM, warm worker) | - | {_pair(small['embedding'], 'wall')} |"]
    lines += [
        "",
        (
            f"Loading it all takes {small['load_ms']['cpu']:.0f} ms of processor ({small['load_ms']['wall']:.0f} wall),"
            f" following one document more {small['one_more_ms']['cpu']:.0f} ({small['one_more_ms']['wall']:.0f})."
        ),
        "",
        "## More passages: processor ms, p50 / p95 (wall)",
        "",
        "| passages | " + " | ".join(f"{each['passages']:,}" for each in result["made"]) + " |",
        "|---|" + "---|" * len(result["made"]),
    ]
    for title, kind, name in ROWS:
        lines.append(_row(title, [_times(each.get(kind, {}).get(name)) for each in result["made"]]))
    for title, kind, name, what in RECALLS:
        found = [each.get(kind, {}).get(name, {}).get(what) for each in result["made"]]
        lines.append(_row(title, ["-" if one is None else f"{100 * one:.1f} %" for one in found]))
    lines += [
        "",
        "## Making and following",
        "",
        lines[-len(ROWS) - len(RECALLS) - 2],
        "|---|" + "---|" * len(result["made"]),
    ]
    for title, path, form in NUMBERS:
        lines.append(_row(title, [_number(each, path, form) for each in result["made"]]))
    return "\n".join([*lines, NOTES])


MODES: Final = ("naive", "local", "global", "hybrid", "mix")
ROWS: Final = (
    ("all vectors, float32 (numpy, also the peer)", "vectors", "numpy float32, all"),
    ("groups of vectors, int8", "vectors", "groups, int8"),
    ("usearch HNSW", "vectors", "usearch"),
    ("words: FTS5 BM25, 100 best", "words", "FTS5 BM25"),
    ("PageRank, whole graph", "graph", "power iteration"),
    ("PageRank, as networkx (scipy, float64)", "graph", "scipy float64 to 1e-6, as networkx"),
    ("PageRank, pushed", "graph", "push"),
    ("mix, all of it exact", "mix", "exact"),
    ("mix, groups and pushing", "mix", "approximate"),
)
RECALLS: Final = (
    ("groups: recall@10", "vectors", "groups, int8", "recall@10"),
    ("groups: recall@100", "vectors", "groups, int8", "recall@100"),
    ("usearch: recall@10", "vectors", "usearch", "recall@10"),
    ("usearch: recall@100", "vectors", "usearch", "recall@100"),
    ("pushed: recall@10", "graph", "push", "recall@10"),
    ("pushed: recall@100", "graph", "push", "recall@100"),
    ("mix with groups and pushing: of the exact ten", "mix", "approximate", "same@10"),
)
NUMBERS: Final = (
    ("edges (mentions and facts)", ("edges",), "{:,.0f}"),
    ("loading the file, processor s", ("load", "cpu_s"), "{:.1f}"),
    ("making the graph from rows, processor s", ("graph_build_cpu_s",), "{:.2f}"),
    ("parting vectors into groups, processor s", ("vectors", "groups, int8", "build_cpu_s"), "{:.1f}"),
    ("usearch: adding them, processor s", ("vectors", "usearch", "build_cpu_s"), "{:.1f}"),
    ("following one document more, processor ms", ("one_more", "cpu_ms"), "{:.0f}"),
    ("following one document less, processor ms", ("one_less", "cpu_ms"), "{:.0f}"),
    ("graph, MB", ("graph_mb",), "{:,.0f}"),
    ("rows, MB", ("index_mb", "rows"), "{:,.0f}"),
    ("vectors float32, MB", ("index_mb", "vectors"), "{:,.0f}"),
    ("vectors in groups, int8, MB", ("vectors", "groups, int8", "mb"), "{:,.0f}"),
    ("usearch, MB", ("vectors", "usearch", "mb"), "{:,.0f}"),
    ("resident after loading, all of the index, MB", ("index_rss_mb",), "{:,.0f}"),
    ("peak of the whole measurement, MB", ("peak_rss_mb",), "{:,.0f}"),
    ("file, MB", ("file_mb",), "{:,.0f}"),
)


def _row(title: str, cells: list[str]) -> str:
    return f"| {title} | " + " | ".join(cells) + " |"


def _pair(found: dict[str, float], kind: str) -> str:
    return f"{found[f'{kind}_p50']:.1f} / {found[f'{kind}_p95']:.1f}"


def _times(found: dict[str, float] | None) -> str:
    return "-" if found is None else f"{_pair(found, 'cpu')} ({_pair(found, 'wall')})"


def _number(found: Any, path: tuple[str, ...], form: str) -> str:
    for name in path:
        if not isinstance(found, dict) or found.get(name) is None:
            return "-"
        found = found[name]
    return form.format(found)
