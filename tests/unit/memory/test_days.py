"""A question that names a day asks for what was said then, which hardly ever says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hausmusik.memory.answering.refusing import THRESHOLD, answerable
from hausmusik.memory.retrieval.days import days_of
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import Retriever
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.asked import House, end_of
from tests.unit.memory.entries import DIM, RECIPE, document, passage, vector

TIMES = np.asarray([b"2026-05-03", b"2026-05-17T09:30", b"2025-05-03", b"", b"2026-07", b"2026"])
ALL = np.ones(len(TIMES), bool)


@pytest.mark.parametrize(
    ("question", "words", "places", "is_then"),
    [
        ("What did we decide on 3 May?", ("3 May",), {0, 2}, True),
        ("What did we decide on May 3rd, 2026?", ("May 3rd, 2026",), {0}, True),
        ("What was on 2026-05-17?", ("2026-05-17",), {1}, True),
        ("What happened in July?", ("July",), {4}, True),
        ("What happened in May 2026?", ("May 2026",), {0, 1}, True),
        ("What did we decide before 3 May 2026?", ("3 May 2026",), {0}, False),
        ("Was it on 3 May 2026 or on 17 May 2026?", ("3 May 2026", "17 May 2026"), {0, 1}, False),
    ],
)
def test_which_passages_are_of_the_day(question: str, words: tuple[str, ...], places: set[int], is_then: bool) -> None:
    days = days_of(question, TIMES, ALL)
    assert days is not None
    assert (set(np.flatnonzero(days.of)), days.is_then) == (places, is_then)
    assert all(word in told for word, told in zip(words, days.words, strict=True))


@pytest.mark.parametrize(
    "question", ["What may we do?", "What happened on 9 June?", "Who comes on Tuesday?", "2026?", ""]
)
def test_none_where_no_day_is_named_or_nothing_is_of_it(question: str) -> None:
    assert days_of(question, TIMES, ALL) is None
    assert days_of("What did we decide on 3 May?", TIMES, ~ALL) is None


def test_what_was_said_on_the_day_comes_first_and_is_not_refused(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "days.sqlite", FakeClock())
    for day in range(1, 29):
        store.put(
            document(f"{day}.txt", passage(f"The boat went out at {day} knots.", at=f"2026-05-{day:02d}")), RECIPE
        )
    retriever = Retriever(store, Index(store, DIM))
    question = "What did we decide on 7 May?"
    found = retriever.retrieve(question, vector(question))
    assert found.evidence[0].passage.path == "7.txt"
    assert found.evidence[0].ranks["day"] == 1
    assert (found.days, found.is_then) == (("7 May",), True)
    assert answerable(found) > THRESHOLD
    assert retriever.retrieve(question, vector(question), as_of="2026-05-06").evidence[0].ranks.get("day") is None
    store.close()


async def test_only_what_was_said_then_is_quoted(house: House) -> None:
    for day, text in (("2026-05-03", "We sell the old van."), ("2026-05-17", "We keep the old van after all.")):
        await house.add({f"{day} board.md": f"# Board\n\nDate: {day}\n\n{text}\n"})
    for day, said in (("3 May", "We sell the old van."), ("17 May", "We keep the old van after all.")):
        answer = end_of(await house.ask(f"What did we decide about the van on {day} 2026?"))
        assert said in answer.text
        assert answer.text.count("[") == 1
