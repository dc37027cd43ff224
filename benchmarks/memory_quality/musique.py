"""The MuSiQue sample with GPT-3.5's triples: which of 1,890 passages are found for 100 questions; no LLM is asked.

The triples go into a memory as a model's extraction would, through the store; names are resolved as always. Source of
the data: OSU-NLP-Group/HippoRAG, branch legacy (MIT; MuSiQue is CC BY 4.0).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.refusing import THRESHOLD, answerable
from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.values import OTHER, Extraction, FoundEntity, FoundRelation
from hausmusik.memory.retrieval import retriever
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import Mode
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe, WindowEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.windows import windows_of

OPENIE = "openie_musique_train_results_ner_gpt-3.5-turbo-1106_1890.json"


def filled(store: MemoryStore, data: Path, embed: Any) -> dict[tuple[str, str], int]:
    """Put every passage with its triples into a memory; returns the passages' ids by title and text."""
    corpus = json.loads((data / "hipporag" / OPENIE).read_text())["docs"]
    recipe = Recipe(budget_tokens=1200, overlap_tokens=0, extractor="gpt-3.5", embedder="minilm")
    texts, spans, facts = [], [], []
    for each in corpus:
        text = f"{each['title']}\n{each['text']}"
        for span in windows_of(text):
            texts.append(text[span[0] : span[1]])
            spans.append(span)
        facts += [" ".join(map(str, triple)) for triple in each["extracted_triples"] if len(triple) == 3]
    vectors, of_facts = iter(embed(texts)), iter(embed(facts))
    ids: dict[tuple[str, str], int] = {}
    for number, each in enumerate(corpus):
        text = f"{each['title']}\n{each['text']}"
        triples = [tuple(map(str, triple)) for triple in each["extracted_triples"] if len(triple) == 3]
        names = dict.fromkeys([each["title"], *each["extracted_entities"], *(n for t in triples for n in (t[0], t[2]))])
        extraction = Extraction(
            entities=tuple(FoundEntity(name=str(name), type=OTHER, start=0, end=0) for name in names),
            relations=tuple(FoundRelation(source=t[0], target=t[2], kind=t[1]) for t in triples),
        )
        entry = PassageEntry(
            passage=Passage(text=text, start=0, end=len(text), tokens=len(text) // 4),
            windows=tuple(WindowEntry(start, end, next(vectors)) for start, end in windows_of(text)),
            extraction=extraction,
            fact_vectors=tuple(next(of_facts) for _ in triples),
        )
        document = Document(
            path=f"{number}",
            kind="text",
            text=text,
            size_bytes=len(text),
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        store.put(DocumentEntry(document=document, passages=(entry,)), recipe)
        ids[each["title"], each["text"]] = number
    return ids


NOT_CHAINED: Final = {"chaining.COVERAGE": 0.0, "chaining.LINK": 0.0}
ABLATIONS: Final[dict[str, dict[str, Any]]] = {
    "words alone": NOT_CHAINED | {"retriever.WEIGHTS": {"words": 1.0, "meaning": 0.0, "graph": 0.0}},
    "meaning alone": NOT_CHAINED | {"retriever.WEIGHTS": {"words": 0.0, "meaning": 1.0, "graph": 0.0}},
    "graph alone": NOT_CHAINED | {"retriever.WEIGHTS": {"words": 0.0, "meaning": 0.0, "graph": 1.0}},
    "not chained": NOT_CHAINED,
    "weighed as where rules extracted": {"retriever.WEIGHTS": retriever.WEIGHTS_BY_RULES},
    "restart 0.5": {"graph.RESTART": 0.5},
}
"""What is taken away or changed of `auto`: constants of modules in `hausmusik.memory.retrieval`."""


def measured(store: MemoryStore, data: Path, embed: Any, modes: tuple[Mode, ...]) -> dict[str, dict[str, float]]:
    """Return recall at 2, 5 and 10 of the supporting passages in percent by mode, and with parts of `auto` taken away.

    `refused` is the share that would be refused, also in percent; every question has an answer.
    """
    ids = filled(store, data, embed)
    questions = json.loads((data / "hipporag" / "musique_train.json").read_text())
    vectors = embed([each["question"] for each in questions])
    there = retriever.Retriever(store, Index(store, vectors.shape[1]))
    asked = [
        (
            each["question"],
            vector,
            {
                str(ids[paragraph["title"], paragraph["paragraph_text"]])
                for paragraph in each["paragraphs"]
                if paragraph["is_supporting"]
            },
        )
        for each, vector in zip(questions, vectors, strict=True)
    ]
    found = {mode: _recalled(there, asked, mode) for mode in modes}
    for name, constants in ABLATIONS.items():
        with ExitStack() as changed:
            for place, value in constants.items():
                changed.enter_context(patch(f"hausmusik.memory.retrieval.{place}", value))
            found[name] = _recalled(there, asked, "auto")
    return found


def _recalled(there: retriever.Retriever, asked: list[tuple[str, Any, set[str]]], mode: Mode) -> dict[str, float]:
    shares: dict[str, list[float]] = {f"recall@{k}": [] for k in (2, 5, 10)} | {"refused": []}
    for question, vector, gold in asked:
        paths = [each.passage.path for each in there.retrieve(question, vector, mode=mode, limit=10).evidence]
        for k in (2, 5, 10):
            shares[f"recall@{k}"].append(len(gold.intersection(paths[:k])) / len(gold))
        shown = there.retrieve(question, vector, mode=mode, limit=AskOptions().passages)
        shares["refused"].append(answerable(shown) < THRESHOLD)
    return {name: round(100 * float(np.mean(values)), 1) for name, values in shares.items()}
