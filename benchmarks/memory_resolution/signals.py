"""Would embeddings of names, or of where they stand, say of the pairs that the rules leave apart which are one?

    python benchmarks/memory_resolution/signals.py --data DIR

On the tuning half alone. MiniLM must be pulled. Prints, for each signal, how many of the pairs that were missed it
finds at the threshold where at least nine of ten that it finds are right.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
from collections.abc import Callable, Hashable
from itertools import combinations
from pathlib import Path

import building
import material
import numpy as np
import scoring

import hausmusik

LEAST_PRECISION = 0.9
WINDOW = 200


def contexts(path: Path, surface: str) -> str:
    """Return up to five stretches around a spelling in a document."""
    text, found, at = path.read_text(encoding="utf-8"), [], 0
    while len(found) < 5 and (at := text.find(surface, at)) >= 0:
        found.append(" ".join(text[max(0, at - WINDOW) : at + len(surface) + WINDOW].split()))
        at += len(surface)
    return " … ".join(found)


def best(pairs: list[tuple[float, bool]]) -> dict[str, float]:
    """Return what the best threshold finds: the most right pairs with at least `LEAST_PRECISION` of them right."""
    right = 0
    found: dict[str, float] = {"right": 0, "wrong": 0, "threshold": 2.0}
    ranked = sorted(pairs, reverse=True)
    for count, (score, same) in enumerate(ranked, 1):
        right += same
        is_last_of_its_score = count == len(ranked) or ranked[count][0] < score
        if is_last_of_its_score and right / count >= LEAST_PRECISION:
            found = {"right": right, "wrong": count - right, "threshold": round(score, 3)}
    return found


def jaccard(one: set[Hashable], other: set[Hashable]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    signals: dict[str, list[tuple[float, bool]]] = {"name": [], "context": [], "neighbours": []}
    with tempfile.TemporaryDirectory() as folder, hausmusik.open(home=Path(folder) / "home") as house:

        def embed(texts: list[str]) -> np.ndarray:
            parts = [house.embed(texts[at : at + 256], purpose="passage").vectors for at in range(0, len(texts), 256)]
            return np.concatenate(parts)

        for name, paths in material.written(options.data, Path(folder) / "documents")["tune"].items():
            labels = [each for each in scoring.labels_of("tune") if each.collection == name]
            store = building.built(building.entries_of(paths), Path(folder) / f"{name}.sqlite")
            meant = building.meanings(store)
            entities = scoring.entities_of(meant)
            statement = (
                "SELECT n.entity, group_concat(o.entity) FROM mentions m JOIN names n ON n.id = m.name"
                " JOIN mentions w ON w.passage = m.passage JOIN names o ON o.id = w.name GROUP BY n.entity"
            )
            with store.database.read() as connection:
                near: dict[int, set[Hashable]] = {
                    row[0]: set(row[1].split(",")) for row in connection.execute(statement)
                }
            store.close()
            files = {path.stem: path for path in paths}
            where = {
                each: contexts(files[each.document], each.surface) if each.document in files else each.surface
                for each in labels
            }
            names, lines = embed([each.surface for each in labels]), embed([where[each] or "-" for each in labels])
            measures: dict[str, Callable[[int, int], float]] = {
                "name": lambda one, other, names=names: float(names[one] @ names[other]),
                "context": lambda one, other, lines=lines: float(lines[one] @ lines[other]),
            }
            for one, other in combinations(range(len(labels)), 2):
                first, second = (entities[labels[at].document, labels[at].surface] for at in (one, other))
                if first == second:
                    continue
                same = labels[one].cluster == labels[other].cluster
                for signal, measure in measures.items():
                    signals[signal].append((measure(one, other), same))
                signals["neighbours"].append((jaccard(near[first], near[second]), same))
    both = [(one[0] * other[0], one[1]) for one, other in zip(signals["name"], signals["context"], strict=True)]
    missed = sum(same for _, same in both)
    table = {name: best(pairs) for name, pairs in [*signals.items(), ("name x context", both)]}
    results = json.dumps({"pairs": len(both), "missed": missed, "found": table}, indent=1)
    target = Path(__file__).parent / "results" / f"{dt.datetime.now(tz=dt.UTC).date().isoformat()}-signals.json"
    target.write_text(results + "\n")
    print(results)


if __name__ == "__main__":
    main()
