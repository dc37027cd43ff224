"""Sound starts early and goes on without a seam: how much is in the first chunk, and how much was made before it came."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.clicks import find_clicks
from hausmusik.engines.english import frontend
from hausmusik.engines.kokoro.engine import KokoroEngine
from hausmusik.engines.speech import chunks
from hausmusik.testing import planted_cuts
from hausmusik.types import AudioChunk, Event, SpeakRequest, WordTiming, concatenate
from tests.unit.engines.test_speech import planned
from tests.unit.engines.tiny_kokoro import context

NARRATION = Path(__file__).parents[2] / "data" / "narration"
LINES = [line for name in ("proof", "held-out") for line in (NARRATION / f"{name}.txt").read_text("utf-8").splitlines()]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[KokoroEngine]:
    made = KokoroEngine(context(tmp_path))
    for stage in (made.prepare(), made.load("cpu"), made.warm_up()):
        for _ in stage:
            pass
    yield made
    made.close()


@pytest.fixture
def made(engine: KokoroEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many symbols the model was given in each of its runs so far."""
    counted: list[int] = []
    network = engine._network
    assert network is not None
    run = network.run

    def counting(numbers: list[int], *others: object) -> object:
        counted.append(len(numbers))
        return run(numbers, *others)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(network, "run", counting)
    return counted


def stream(engine: KokoroEngine, text: str, **more: object) -> Iterator[Event]:
    request = SpeakRequest(text=text, **more)  # pyright: ignore[reportArgumentType]
    return (event for _, event in engine.play([request], threading.Event()))


# -- how much is in the first chunk -----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", LINES)
def test_the_first_chunk_of_any_narration_is_short(line: str) -> None:
    first, *rest = planned(f"{line} And so the story goes on for quite a while, as stories do.")
    assert len(first.symbols) <= chunks.FIRST_MOST + 2, "about three seconds of speech"
    assert first.words
    assert rest


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("When the rain stopped, the old man went down to the harbor to look for his boat.", "When the rain stopped,"),
        ("The old man went down to the harbor without his coat and looked for his boat.", "The old man went down"),
        ("Inflation fell to 3.1 percent in November across all of the big economies.", "Inflation fell"),
        ("We met Johann Sebastian Bach, who was writing the Goldberg Variations.", "We met Johann Sebastian Bach,"),
        ("The UN and the EU and the WHO all signed the new agreement in Geneva.", "The UN"),
    ],
)
def test_it_is_cut_where_a_speaker_breathes(text: str, first: str) -> None:
    assert " ".join(word.text for word in planned(text)[0].words).startswith(first)


@pytest.mark.parametrize("line", LINES)
def test_nobody_breathes_behind_an_article_or_inside_a_name(line: str) -> None:
    made = planned(line)
    for chunk, following in itertools.pairwise(made):
        last, after = chunk.words[-1].text, following.words[0].text
        if last[-1].isalnum():
            assert last.lower() not in {"the", "a", "an", "of", "to", "and", "in", "at", "by", "his", "is", "was"}
            assert not (last[0].isupper() and after[0].isupper())


# -- how much is made before it comes ---------------------------------------------------------------------------------


def test_each_chunk_arrives_before_the_next_is_made(engine: KokoroEngine, made: list[int]) -> None:
    text = " ".join(["The cat can open the door of the church, and the dog is in London."] * 12)
    arrived = 0
    for event in stream(engine, text):
        if isinstance(event, AudioChunk):
            arrived += 1
            assert len(made) == arrived
    assert arrived >= 8
    assert made[0] <= chunks.FIRST_MOST + 2
    assert made[0] <= 0.1 * sum(made)


def test_words_come_with_their_chunk(engine: KokoroEngine) -> None:
    end_s = 0.0
    for event in stream(engine, "The cat can open the door of the church, and the dog is in London now. " * 4):
        if isinstance(event, AudioChunk):
            end_s = event.start_s + event.audio.duration_s
        elif isinstance(event, WordTiming):
            assert event.end_s <= end_s


def test_a_long_text_is_not_read_to_its_end_first(engine: KokoroEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    read = frontend.read
    monkeypatch.setattr(frontend, "read", lambda text, *more: seen.append(len(text)) or read(text, *more))
    text = "The cat can open the door of the church, and the dog is in London. " * 700
    events = stream(engine, text)
    assert isinstance(next(events), AudioChunk)
    assert sum(seen) < 0.1 * len(text)


# -- seams ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.6])
def test_no_seam_clicks_by_a_detector_that_finds_planted_cuts(engine: KokoroEngine, speed: float) -> None:
    text = (
        "The cat can open the door of the church, and the dog is in London and can never stop the bus. They want to "
        "run; [pause 0.4s] he can stop the bus — it is in the church.\n\nThe cat is in the book. " * 3
    )
    parts = [event for event in stream(engine, text, speed=speed) if isinstance(event, AudioChunk)]
    whole = concatenate([part.audio for part in parts])
    seams = [part.start_s for part in parts[1:]]
    assert len(seams) >= 5
    assert find_clicks([whole.samples], whole.sample_rate_hz, at_s=seams) == ()
    planted = planted_cuts(whole, 7)
    assert len(find_clicks([planted.audio.samples], whole.sample_rate_hz, at_s=planted.cuts_s)) >= 6


def test_seams_carry_no_offset(engine: KokoroEngine) -> None:
    for event in stream(engine, "The cat can open the door of the church, and the dog is in London now. " * 4):
        if isinstance(event, AudioChunk):
            samples = event.audio.samples[0]
            assert np.abs(samples[:3]).max() < 1e-3
            assert np.abs(samples[-3:]).max() < 1e-3
