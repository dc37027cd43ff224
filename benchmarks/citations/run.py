"""Measures how many corrupted sentences the citation checker catches, and how many true ones it marks.

    python benchmarks/citations/run.py --data DIR [--half tune] [--show KIND]

DIR holds `qmsum/qmsum_meetings.jsonl.gz` and `lihua-world/`. Sentences are split into two halves by a hash of their
question's id; thresholds are tuned on `tune`, and `report`, the default, is what is published: it runs both halves and
writes results/<date>.json and .md. `--half tune` only prints. No embeddings are used.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import corrupt
import msgspec
from material import Case, load
from report import page

from hausmusik.memory.checking import check_sentence

HERE = Path(__file__).parent
GOALS = {"number": 0.9, "name": 0.9, "negation": 0.6, "who": 0.4}


def cited(sentence: str, case: Case) -> str:
    return sentence + " " + "".join(f"[{number}]" for number in case.passages)


def measured(cases: list[Case], show: str = "") -> dict:
    """Return, by source, how many true sentences were marked, by kind, and how many corrupted ones were caught."""
    result: dict = defaultdict(lambda: {"true": 0, "marked": Counter(), "caught": defaultdict(lambda: [0, 0, 0, 0])})
    for case in cases:
        into = result[case.source]
        verdict = check_sentence(cited(case.sentence, case), case.passages)
        into["true"] += 1
        if not verdict.supported:
            into["marked"][verdict.kind] += 1
            if show == verdict.kind:
                print(f"{case.id}: {case.sentence}\n    {verdict.detail}")
        checked = {}
        for kind, sentence in corruptions(case):
            if sentence not in checked:
                checked[sentence] = check_sentence(cited(sentence, case), case.passages)
            again = checked[sentence]
            count = into["caught"][kind]
            count[0] += 1
            count[1] += not again.supported
            count[2] += verdict.supported
            count[3] += not again.supported and verdict.supported  # what the corruption itself brought about
            if show == "missed " + kind and again.supported:
                print(f"{case.id}: {sentence}")
    return msgspec.to_builtins(dict(result))


def corruptions(case: Case) -> list[tuple[str, str]]:
    made = []
    if (number := corrupt.number(case)) is not None:
        made.append(("number", number))
    if (name := corrupt.name(case)) is not None:
        made += [("name", name[0]), (f"name, {'in' if name[1] else 'not in'} the evidence", name[0])]
    if (negation := corrupt.negation(case)) is not None:
        made += [("negation", negation[0]), (f"negation, {negation[1]}", negation[0])]
    if (who := corrupt.who(case)) is not None:
        made.append(("who", who))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with qmsum/ and lihua-world/")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--show", default="", help="print true sentences marked as KIND, or `missed KIND`")
    parser.add_argument("--short", action="store_true", help="without the long spans")
    chosen = parser.parse_args()
    cases = [case for case in load(chosen.data) if not (chosen.short and case.source == "qmsum, long")]
    began = time.perf_counter()
    halves = {
        half: measured([case for case in cases if case.half == half], chosen.show)
        for half in (("tune",) if chosen.half == "tune" else ("tune", "report"))
    }
    result = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cpu": platform.processor() or platform.machine(), "python": platform.python_version()},
        "sentences": len(cases),
        "spans": "of at most 1,200 words" if chosen.short else "all",
        "wall_s": round(time.perf_counter() - began, 1),
        "goals": GOALS,
        "halves": halves,
    }
    text = page(result)
    print(text)
    if chosen.half == "report":
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results" / f"{result['date']}.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        (HERE / "results" / f"{result['date']}.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
