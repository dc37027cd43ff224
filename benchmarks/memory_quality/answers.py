"""Twenty questions, and every citation followed: does it lead to the file and the line that it names, and who is unsure?

Ten of LiHua-World's reporting half and ten of QMSum's, drawn with a seed, asked of one memory of both. A citation
resolves where its file is there, has the line it names, and the first words of the passage stand at that line. What the
checker marks as unsupported is counted, not judged; `benchmarks/citations` measures the checker.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import qmsum

from hausmusik.facade import House
from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.events import Citation, Found, FoundPassage

EACH = 10
SEED = 4


def questions(data: Path) -> list[tuple[str, str]]:
    """Return the twenty: where each is from, and its words."""
    chosen = random.Random(SEED)
    lihua = json.loads((data / "lihua-world" / "query_set.json").read_text())
    odd = [each["question"] for number, each in lihua.items() if int(number) % 2 and each["type"] != "Null"]
    spoken = [query["query"] for each in qmsum.meetings(data) for query in each["specific_query_list"]]
    return [("lihua", each) for each in chosen.sample(odd, EACH)] + [
        ("qmsum", each) for each in chosen.sample(spoken, EACH)
    ]


def measured(house: House, memory: str, sources: list[Path], data: Path, instrument: str) -> dict[str, Any]:
    """Ask them all and return counts; `instrument` is who words the answers, empty: they are quoted."""
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    unresolved: list[str] = []
    for _, question in questions(data):
        seen: list[Any] = []
        options = AskOptions(instrument=instrument)
        answer = house.ask(memory, question, options=options, on_event=seen.append)
        found = {each.number: each for event in seen if isinstance(event, Found) for each in event.passages}
        counts["questions"] += 1
        counts["refused"] += answer.refused
        for each in seen:
            if not isinstance(each, Citation):
                continue
            counts["sentences"] += 1
            counts["unsupported"] += not each.supported
            counts["matched by code"] += each.matched
            kinds[each.kind or "supported"] += 1
            for number in each.numbers:
                counts["citations"] += 1
                problem = unfollowed(found.get(number), sources)
                counts["resolve"] += not problem
                unresolved += [f"{question}: [{number}] {problem}"] if problem else []
    share = counts["unsupported"] / counts["sentences"] if counts["sentences"] else 0.0
    return dict(counts) | {"unsupported %": round(100 * share, 1), "kinds": dict(kinds), "unresolved": unresolved}


def unfollowed(passage: FoundPassage | None, sources: list[Path]) -> str:
    """Return why a citation leads nowhere; empty: it leads to the words that were shown."""
    if passage is None:
        return "is no number of a passage"
    files = [file for source in sources if (file := source.parent / passage.path).is_file()]
    files += [file for source in sources if (file := source / passage.path).is_file()]
    if not files:
        return f"names {passage.path}, which is not there"
    lines = files[0].read_text("utf-8").splitlines()
    if not 1 <= passage.line <= len(lines):
        return f"names line {passage.line} of {len(lines)}"
    first = " ".join(passage.excerpt.split()[:6])
    line = " ".join(lines[passage.line - 1].split())
    there = " ".join(" ".join(lines[passage.line - 1 : passage.line + 20]).split())
    return "" if 0 <= there.find(first) <= len(line) else f"line {passage.line} has not {first!r}"
