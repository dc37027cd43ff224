"""Whom names mean, against what they mean by hand: precision and recall; writes results/<date>.json and .md.

    python benchmarks/memory_resolution/run.py --data DIR

DIR has `qmsum` and `lihua-world` as their repositories have them. No model is asked and nothing must be pulled; half a
minute on one core. The rules were set on the tuning half alone. The peer is what LightRAG does, exact equal names.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import building
import material
import scoring

from hausmusik.memory import naming, resolving
from hausmusik.memory.store import names
from hausmusik.memory.store.entry import DocumentEntry

HERE = Path(__file__).parent


@contextmanager
def without(part: str) -> Iterator[None]:
    """Leave a part of resolution out; the empty name leaves nothing out."""

    def never(*_: Any, **__: Any) -> bool:
        return False

    with ExitStack() as left_out:
        left_out.enter_context(
            patch.object(resolving, "RULES", tuple(r for r in resolving.RULES if r.__name__ != part))
        )
        if part == "roles":
            left_out.enter_context(patch.object(naming, "is_role", never))
            left_out.enter_context(patch.object(names, "is_role", never))
        elif part == "titles":
            left_out.enter_context(patch.object(names, "is_titled", never))
            left_out.enter_context(patch.object(naming, "BEHIND_PEOPLE", frozenset()))
            left_out.enter_context(patch.object(naming, "BEFORE_HONORIFICS", frozenset()))
        elif part == "foresight":
            left_out.enter_context(patch.object(names.Names, "foresee", lambda *_: None))
        elif part == "shared neighbours":
            left_out.enter_context(patch.object(names.Names, "_is_near", lambda *_: True))
        yield


PARTS = [
    *(rule.__name__ for rule in resolving.RULES),
    "roles",
    "titles",
    "foresight",
    "shared neighbours",
]


class Half:
    """The documents and labels of a half."""

    def __init__(self, name: str, documents: dict[str, list[Path]], folder: Path) -> None:
        self.labels = scoring.labels_of(name)
        self.documents = documents
        self._folder = folder

    def entries(self) -> dict[str, list[DocumentEntry]]:
        """Return the documents as they go into a memory, by collection."""
        return {name: building.entries_of(paths) for name, paths in self.documents.items()}

    def exact(self, *, fold: bool) -> scoring.Score:
        """Return the score of equal letters."""
        parts = [[each for each in self.labels if each.collection == name] for name in self.documents]
        return scoring.together([scoring.scored(part, scoring.exact(part, fold=fold)) for part in parts])

    def ours(self, part: str = "") -> tuple[scoring.Score, dict[str, int]]:
        """Return our score, without a part, and of the pairs that were missed how many are kept as a doubt."""
        scores: list[scoring.Score] = []
        counts = {"labels": len(self.labels), "not extracted": 0, "missed, but a doubt": 0, "doubts": 0}
        for name, entries in self.entries().items():
            labels = [each for each in self.labels if each.collection == name]
            path = self._folder / f"{name}-{part or 'all'}-{len(self.labels)}.sqlite"
            with without(part):
                store = building.built(entries, path)
            try:
                entities = scoring.entities_of(building.meanings(store))
                doubts = building.doubts(store)
            finally:
                store.close()
            scores.append(scoring.scored(labels, entities))
            counts["not extracted"] += sum((each.document, each.surface) not in entities for each in labels)
            counts["doubts"] += len(doubts)
            counts["missed, but a doubt"] += scoring.missed_in(labels, entities, doubts)
        return scoring.together(scores), counts


def shown(score: scoring.Score) -> dict[str, Any]:
    """Return what of a score is told."""
    return {name: getattr(score, name) for name in score.__struct_fields__ if name != "b_sums"}


def measured(data: Path, folder: Path) -> dict[str, Any]:
    """Measure both halves."""
    found: dict[str, Any] = {}
    for half, documents in material.written(data, folder / "documents").items():
        if not (scoring.LABELS / f"{half}.tsv").exists():
            continue
        each = Half(half, documents, folder)
        ours, counts = each.ours()
        found[half] = {
            "counts": counts,
            "systems": {
                "equal names (LightRAG)": shown(each.exact(fold=False)),
                "equal names, but for case": shown(each.exact(fold=True)),
                "ours": shown(ours),
            },
            "without": {part: shown(each.ours(part)[0]) for part in PARTS},
        }
    return found


def told(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    made = f"{results['machine']}, Python {results['python']}, hausmusik {results['hausmusik']}"
    lines = [f"# Whom names mean, {results['date']}", "", f"{made}. In percent; pairs in numbers.", ""]
    for half, title in (("tune", "The tuning half"), ("report", "The other half, on which nothing was set")):
        if half not in results["halves"]:
            continue
        part = results["halves"][half]
        lines += [f"## {title}", "", ", ".join(f"{name}: {count}" for name, count in part["counts"].items()) + ".", ""]
        lines += [
            "| | precision | recall | F1 | B³ precision | B³ recall | B³ F1 | right | wrong | missed |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        rows = [*part["systems"].items(), *((f"ours, without {name}", row) for name, row in part["without"].items())]
        lines += [f"| {name} | {' | '.join(str(value) for value in row.values())} |" for name, row in rows]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        halves = measured(options.data, Path(folder))
    results: dict[str, Any] = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "hausmusik": version("hausmusik"),
        "halves": halves,
    }
    (HERE / "results").mkdir(exist_ok=True)
    target = HERE / "results" / results["date"]
    target.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    target.with_suffix(".md").write_text(told(results))
    print(told(results))


if __name__ == "__main__":
    main()
