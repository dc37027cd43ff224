"""LiHua-World: are the chats that answer a question found, and are questions without an answer refused?

A memory is made of the 442 chats with the embedded default (rules, MiniLM). Half of the questions, those with an even
number, were used to set weights; the others are reported. `auc` is how often a question with an answer is thought
likelier to have one than a question without. Source of the data: HKUDS/MiniRAG (MIT).
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.refusing import THRESHOLD, answerable
from hausmusik.memory.retrieval.retriever import Mode, Retriever

_TOLD = ("recall@1", "recall@5", "recall@10", "refused", "falsely refused")
_KEPT = (*_TOLD, "with", "without")


def unpacked(data: Path, folder: Path) -> Path:
    """Unpack the chats into a folder and return where they are."""
    with zipfile.ZipFile(data / "lihua-world" / "LiHuaWorld.zip") as archive:
        archive.extractall(folder)
    return folder / "LiHua-World"


def measured(retriever: Retriever, data: Path, embed: Any, modes: tuple[Mode, ...]) -> dict[str, Any]:
    """Return recall of the evidence chats in percent and the shares refused, by half and mode."""
    questions = json.loads((data / "lihua-world" / "query_set.json").read_text())
    vectors = embed([each["question"] for each in questions.values()])
    found: dict[str, Any] = {}
    for mode in modes:
        halves: dict[str, dict[str, list[float]]] = {half: {name: [] for name in _KEPT} for half in ("even", "odd")}
        for (number, question), vector in zip(questions.items(), vectors, strict=True):
            half = halves["odd" if int(number) % 2 else "even"]
            result = retriever.retrieve(question["question"], vector, mode=mode, limit=10)
            asked = retriever.retrieve(question["question"], vector, mode=mode, limit=AskOptions().passages)
            likely = answerable(asked)
            if question["type"] == "Null":
                half["refused"].append(float(likely < THRESHOLD))
                half["without"].append(likely)
                continue
            half["falsely refused"].append(float(likely < THRESHOLD))
            half["with"].append(likely)
            gold = {each.strip().replace(":", "") for each in question["evidence"].split("<and>")}
            paths = list(dict.fromkeys(Path(each.passage.path).stem for each in result.evidence))
            for k in (1, 5, 10):
                half[f"recall@{k}"].append(len(gold.intersection(paths[:k])) / len(gold))
        found[mode] = {
            half: {name: round(100 * float(np.mean(each)), 1) for name, each in values.items() if name in _TOLD}
            | {"auc": round(_auc(values["with"], values["without"]), 3)}
            | {"questions": len(values["recall@1"]), "without an answer": len(values["refused"])}
            for half, values in halves.items()
        }
    return found


def _auc(higher: list[float], lower: list[float]) -> float:
    """Return how often one of `higher` is above one of `lower`; equal ones count half."""
    above = np.subtract.outer(higher, lower)
    return float(np.mean((above > 0) + 0.5 * (above == 0)))
