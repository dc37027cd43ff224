"""QMSum: of 232 meetings in one memory, are the turns found that a query about one of them is answered from?

Queries do not say which meeting they are about, so the meeting's name is no help; a query counts as found where a
passage among the first k holds some of its gold turns, and recall is the share of gold turns held. Nothing was tuned on
it. Source of the data: Yale-LILY/QMSum (MIT; AMI and ICSI transcripts CC BY 4.0).
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from hausmusik.memory.retrieval.retriever import Mode, Retriever


def meetings(data: Path) -> list[dict[str, Any]]:
    """Return all meetings."""
    with gzip.open(data / "qmsum" / "qmsum_meetings.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def written(data: Path, folder: Path) -> Path:
    """Write each meeting as a transcript, one turn a line, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in meetings(data):
        turns = [f"{turn['speaker']}: {' '.join(turn['content'].split())}" for turn in each["meeting_transcripts"]]
        (folder / f"{each['id']}.txt").write_text("\n".join(turns) + "\n", encoding="utf-8")
    return folder


def measured(retriever: Retriever, data: Path, embed: Any, modes: tuple[Mode, ...]) -> dict[str, Any]:
    """Return, by mode and in percent, how many queries have some of their turns found, and the share of turns."""
    queries = [(each["id"], query) for each in meetings(data) for query in each["specific_query_list"]]
    vectors = embed([query["query"] for _, query in queries])
    found: dict[str, Any] = {}
    for mode in modes:
        hits: dict[int, list[float]] = {1: [], 5: [], 10: []}
        shares: dict[int, list[float]] = {1: [], 5: [], 10: []}
        for (meeting, query), vector in zip(queries, vectors, strict=True):
            gold = {n for first, last in query["relevant_text_span"] for n in range(int(first), int(last) + 1)}
            result = retriever.retrieve(query["query"], vector, mode=mode, limit=10)
            for k, hit in hits.items():
                lines = {
                    line - 1  # a turn is a line
                    for each in result.evidence[:k]
                    if Path(each.passage.path).stem == meeting
                    for line in range(each.passage.line, each.passage.last_line + 1)
                }
                hit.append(float(bool(gold & lines)))
                shares[k].append(len(gold & lines) / len(gold))
        found[mode] = {f"found@{k}": round(100 * float(np.mean(each)), 1) for k, each in hits.items()} | {
            f"turns@{k}": round(100 * float(np.mean(each)), 1) for k, each in shares.items()
        }
    return found
