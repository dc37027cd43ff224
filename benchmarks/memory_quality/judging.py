"""What a reader's yes or no adds to refusal on LiHua-World's questions; writes results/<date>-judged-<half>.json.

    python benchmarks/memory_quality/judging.py --data DIR [--half odd] [--with-answer 64] [--reader qwen2.5-coder-1.5b]

A memory is made of the chats with the embedded default; all questions of the half that have no answer are asked, and
so many of the others, drawn with a seed. The reader is asked what `haus ask` asks it before it answers, and answers
nothing: 30 to 45 s a question for a model of 1.5B on one core. `even` set weight and bias (`fitted` says what they
would be, and in ten folds what that is worth), `odd` is reported. Both must be pulled. `--rows FILE` asks nobody.
The rows of 2026-11-27 were asked two at a time, by this script's first form, with excerpts of an hour before.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import random
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import lihua
import numpy as np
from run import Bench
from scipy.optimize import minimize

from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.context import CPU_BUDGET_TOKENS, shown
from hausmusik.memory.answering.prompt import judge_request, opinion
from hausmusik.memory.answering.refusing import JUDGED, THRESHOLD, answerable, judged
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import Retriever
from hausmusik.memory.values import AddOptions
from hausmusik.types import TokenScore

HERE: Final = Path(__file__).parent
FALSELY: Final = 0.09
FOLDS: Final = 10


def asked(data: Path, half: str, with_answer: int) -> list[tuple[str, str, bool]]:
    """Return number, question and whether it has an answer, mixed: what was asked when it was stopped is a sample."""
    questions = json.loads((data / "lihua-world" / "query_set.json").read_text())
    here = [(number, each) for number, each in questions.items() if int(number) % 2 == (half == "odd")]
    kinds = [[row for row in here if (row[1]["type"] != "Null") is kind] for kind in (True, False)]
    for seed, rows in enumerate(kinds, 1):
        random.Random(seed).shuffle(rows)
    chosen = [kinds[0][:with_answer], kinds[1]]
    order = sorted((place / len(rows), number, each) for rows in chosen for place, (number, each) in enumerate(rows))
    return [(number, each["question"], each["type"] != "Null") for _, number, each in order]


def rows_of(bench: Bench, half: str, with_answer: int, reader: str) -> list[dict[str, Any]]:
    """Ask each question of a memory of the chats, and the reader whether what is found answers it."""
    chats = lihua.unpacked(bench.data, bench.folder)
    bench.house.add_to_memory(bench.house.plan_memory("chats", AddOptions(sources=(chats,), llm_minutes=0)))
    store = bench.house.memories.store("chats")
    retriever = Retriever(store, Index(store, store.dim))
    questions = asked(bench.data, half, with_answer)
    rows: list[dict[str, Any]] = []
    for (number, text, has_answer), vector in zip(questions, bench.embed([each[1] for each in questions]), strict=True):
        found = retriever.retrieve(text, vector, limit=AskOptions().passages)
        request = judge_request(text, shown(found.evidence, budget_tokens=CPU_BUDGET_TOKENS))
        began = time.perf_counter()
        said = [each for each in bench.house.play(reader, request) if isinstance(each, TokenScore)]
        odds = opinion(said[0]) if said else None
        row = {"number": number, "has_answer": has_answer, "likely": answerable(found), "odds": odds}
        rows.append(row | {"seconds": round(time.perf_counter() - began, 1)})
        print(json.dumps(rows[-1]), flush=True)
    return rows


def reckoned(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return shares refused in percent with the reader and without, and what weight and bias would fit these rows."""
    answered = np.asarray([row["has_answer"] for row in rows])
    likely = np.asarray([row["likely"] for row in rows])
    both = np.asarray([row["likely"] if row["odds"] is None else judged(row["likely"], row["odds"]) for row in rows])
    odds = np.asarray([row["odds"] or 0.0 for row in rows])
    score = np.log(np.clip(likely, 1e-6, 1 - 1e-6) / np.clip(1 - likely, 1e-6, 1))
    fold = np.random.default_rng(0).integers(0, FOLDS, len(rows))
    unseen = np.zeros(len(rows))
    for at in range(FOLDS):
        out = fold == at
        unseen[out] = np.c_[np.ones(out.sum()), score[out], odds[out]] @ _fitted(
            score[~out], odds[~out], answered[~out]
        )
    bias, weight, opinion_weight = _fitted(score, odds, answered)
    edge = np.quantile(score[answered] + JUDGED.weight * odds[answered], FALSELY)
    return {
        "questions": {"with an answer": int(answered.sum()), "without": int((~answered).sum())},
        "no opinion": sum(row["odds"] is None for row in rows),
        "code alone": _told(likely, answered),
        "with the reader": _told(both, answered),
        "reader alone": {"auc": round(lihua.auc(odds[answered].tolist(), odds[~answered].tolist()), 3)},
        "fitted": {
            "weight": round(float(opinion_weight / weight), 2),
            "bias at the weight that is used": round(float(-edge), 2),
            "bias": round(float(bias / weight), 2),
            "refused in folds": round(
                100 * float(np.mean(unseen[~answered] < np.quantile(unseen[answered], FALSELY))), 1
            ),
        },
        "seconds a question, median": float(np.median([row["seconds"] for row in rows])),
    }


def _told(likely: Any, answered: Any) -> dict[str, float]:
    refused = likely < THRESHOLD
    return {
        "refused": round(100 * float(refused[~answered].mean()), 1),
        "falsely refused": round(100 * float(refused[answered].mean()), 1),
        "auc": round(lihua.auc(likely[answered].tolist(), likely[~answered].tolist()), 3),
    }


def _fitted(score: Any, odds: Any, answered: Any) -> Any:
    """Return bias and weights of the code's score and of the reader's odds; both kinds of question weigh the same."""
    shares = np.where(answered, 1 / answered.sum(), 1 / (~answered).sum())
    signs = np.where(answered, 1, -1)

    def loss(weights: Any) -> float:
        said = weights[0] + weights[1] * score + weights[2] * odds
        return float((shares * np.logaddexp(0, -signs * said)).sum() + 0.001 * (weights[1:] ** 2).sum())

    return minimize(loss, np.zeros(3)).x


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--half", choices=("even", "odd"), default="odd")
    parser.add_argument("--with-answer", type=int, default=64)
    parser.add_argument("--reader", default="qwen2.5-coder-1.5b")
    parser.add_argument("--rows", type=Path, help="a results file whose rows are reckoned anew; nobody is asked")
    options = parser.parse_args()
    asking: dict[str, Any] = {"asked": "before: these rows are reckoned anew"}
    if options.rows:
        rows = json.loads(options.rows.read_text())["rows"]
    else:
        asking = {"asked": "now", "load": os.getloadavg()[0], "xllamacpp": version("xllamacpp")}
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(options.data, Path(folder))
            with bench.house:
                rows = rows_of(bench, options.half, options.with_answer, options.reader)
    result = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "hausmusik": version("hausmusik"),
        **asking,
        "reader": options.reader,
        "half": options.half,
        "used": {"weight": JUDGED.weight, "bias": JUDGED.bias},
        **reckoned(rows),
        "rows": rows,
    }
    target = HERE / "results" / f"{result['date']}-judged-{options.half}.json"
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "rows"}, indent=1))


if __name__ == "__main__":
    main()
