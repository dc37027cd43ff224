"""Questions that have nothing to do with a memory: are they refused?

Forty of general knowledge, written for this. Those at even places (from 0) were used to set `FAR` in
`hausmusik.memory.answering.refusing`, the others are reported.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.memory.answering.refusing import THRESHOLD, answerable
from hausmusik.memory.retrieval.retriever import Retriever

QUESTIONS: Final = (
    "What is the capital of Peru?",
    "How tall is the Eiffel Tower?",
    "Who painted the Mona Lisa?",
    "When did the Second World War end?",
    "What is the boiling point of ethanol?",
    "Who wrote War and Peace?",
    "How many moons does Jupiter have?",
    "Which enzyme unwinds DNA?",
    "What is the tallest mountain in Africa?",
    "Who invented the telephone?",
    "When was the Magna Carta signed?",
    "What language is spoken in Brazil?",
    "How far is the Moon from the Earth?",
    "Who discovered penicillin?",
    "What is the square root of 144?",
    "Which planet has the largest rings?",
    "When did the Titanic sink?",
    "Who was the first president of the United States?",
    "What is photosynthesis?",
    "How do volcanoes erupt?",
    "What currency is used in Japan?",
    "Who composed The Magic Flute?",
    "How long is the Great Wall of China?",
    "What does a Geiger counter measure?",
    "Which river flows through Vienna?",
    "Who proved Fermat's Last Theorem?",
    "What is the chemical symbol of tungsten?",
    "When did the Berlin Wall fall?",
    "How many bones has an adult human?",
    "What causes tides?",
    "Who is the author of Don Quixote?",
    "What is the speed of light?",
    "Which country has the most islands?",
    "When was the printing press invented?",
    "How deep is the Mariana Trench?",
    "Who developed the theory of relativity?",
    "What is a black hole?",
    "Which metal is liquid at room temperature?",
    "How many strings does a cello have?",
    "What is the plot of Hamlet?",
)


def measured(retriever: Retriever, embed: Any) -> dict[str, Any]:
    """Return the share that is refused in percent, by half."""
    likely = [
        answerable(retriever.retrieve(question, vector, limit=AskOptions().passages))
        for question, vector in zip(QUESTIONS, embed(list(QUESTIONS)), strict=True)
    ]
    return {
        half: {"refused": round(100 * float(np.mean([each < THRESHOLD for each in likely[first::2]])), 1)}
        for half, first in (("even", 0), ("odd", 1))
    }
