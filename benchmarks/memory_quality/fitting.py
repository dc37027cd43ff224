"""Fits what `hausmusik.memory.answering.refusing` weighs, on LiHua-World's even half alone; prints it, writes nothing.

    python benchmarks/memory_quality/fitting.py --data DIR

Two memories are made, of LiHua-World alone and of it with QMSum: in a larger one passages are nearer to any question,
and one pair of weights must do for both. Logistic regression, both kinds of question weighing the same; the bias is
then set so that, with the floor for strangers, `FALSELY` of the questions with an answer are refused in both together.
Ten-fold cross-validation says what of it is chance: there are 33 questions without an answer.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import lihua
import numpy as np
import qmsum
import strangers
from run import Bench
from scipy.optimize import minimize

from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.refusing import FAR, WORD_MISSING
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import Retriever
from hausmusik.memory.values import AddOptions

FALSELY: Final = 0.09
FOLDS: Final = 10


def signals(bench: Bench, name: str, sources: tuple[Path, ...]) -> dict[str, np.ndarray]:
    """Return nearness of the first passage, missing words, nearness of the nearest: `(questions, 3)` by kind."""
    bench.house.add_to_memory(bench.house.plan_memory(name, AddOptions(sources=sources, llm_minutes=0)))
    store = bench.house.memories.store(name)
    retriever = Retriever(store, Index(store, store.dim))
    asked: dict[str, list[str]] = {"with": [], "without": [], "strangers": list(strangers.QUESTIONS[::2])}
    questions = json.loads((bench.data / "lihua-world" / "query_set.json").read_text())
    for number, question in questions.items():
        if int(number) % 2 == 0:
            asked["without" if question["type"] == "Null" else "with"].append(question["question"])
    found: dict[str, np.ndarray] = {}
    for kind, texts in asked.items():
        rows: list[tuple[float, float, float]] = []
        for text, vector in zip(texts, bench.embed(texts), strict=True):
            one = retriever.retrieve(text, vector, limit=AskOptions().passages)
            near = [each.nearness for each in one.evidence]
            rows.append((near[0], one.missing, max(near)))
        found[kind] = np.asarray(rows)
    return found


def fitted(with_answer: np.ndarray, without: np.ndarray) -> np.ndarray:
    """Return bias and weights of nearness and of missing words."""
    rows = np.concatenate([with_answer, without])[:, :2]
    middle, spread = rows.mean(0), rows.std(0)
    inputs = np.c_[np.ones(len(rows)), (rows - middle) / spread]
    signs = np.r_[np.ones(len(with_answer)), -np.ones(len(without))]
    shares = np.r_[np.full(len(with_answer), 1 / len(with_answer)), np.full(len(without), 1 / len(without))]

    def loss(weights: np.ndarray) -> float:
        return float((shares * np.logaddexp(0, -signs * (inputs @ weights))).sum() + 0.001 * (weights[1:] ** 2).sum())

    best = minimize(loss, np.zeros(3)).x
    scaled = best[1:] / spread
    return np.r_[best[0] - (scaled * middle).sum(), scaled]


def scored(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return scores; those below the floor for strangers have none."""
    below = (rows[:, 2] < FAR) & (rows[:, 1] >= WORD_MISSING)
    return np.where(below, -np.inf, weights[0] + rows[:, :2] @ weights[1:])


def crossed(with_answer: np.ndarray, without: np.ndarray) -> float:
    """Return the share refused of questions without an answer that were not fitted on, at `FALSELY` false ones."""
    kinds = [with_answer, without]
    folds = [np.random.default_rng(0).integers(0, FOLDS, len(rows)) for rows in kinds]
    scores = [np.zeros(len(rows)) for rows in kinds]
    for fold in range(FOLDS):
        weights = fitted(*(rows[at != fold] for rows, at in zip(kinds, folds, strict=True)))
        for rows, at, into in zip(kinds, folds, scores, strict=True):
            into[at == fold] = scored(weights, rows[at == fold])
    return float(np.mean(scores[1] < np.quantile(scores[0], FALSELY)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(data, Path(folder))
        with bench.house:
            chats = lihua.unpacked(data, bench.folder)
            alone = signals(bench, "alone", (chats,))
            both = signals(bench, "both", (chats, qmsum.written(data, bench.folder / "qmsum")))
    memories = {"alone": alone, "with meetings": both}
    with_answer, without = (np.concatenate([alone[kind], both[kind]]) for kind in ("with", "without"))
    weights = fitted(with_answer, without)
    weights[0] -= np.quantile(scored(weights, with_answer), FALSELY)
    result: dict[str, Any] = {
        "weights": dict(zip(("bias", "nearness", "missing"), weights.round(3).tolist(), strict=True)),
        "refused": {
            name: {kind: round(100 * float(np.mean(scored(weights, rows) < 0)), 1) for kind, rows in kinds.items()}
            for name, kinds in memories.items()
        },
        "cross-validated": {
            name: round(100 * crossed(each["with"], each["without"]), 1) for name, each in memories.items()
        },
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
