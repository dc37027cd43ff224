"""The draft voice plays in an interpreter of its own, through the real worker, and is understood."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hausmusik
from hausmusik.facade import House
from hausmusik.testing.wer import total_rate, word_errors

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LINES = {
    "Welcome back. On 3 May 2021, nearly 250 people stood in the rain.": (
        "Welcome back. On the third of May twenty twenty-one, nearly two hundred fifty people stood in the rain."
    ),
    "Why did nobody open the door? It was half past nine, and Mrs. Lee had the key.": (
        "Why did nobody open the door? It was half past nine, and missus Lee had the key."
    ),
    "The second train leaves at 8:20 and costs $12.50.": (
        "The second train leaves at eight twenty and costs twelve dollars and fifty cents."
    ),
}


@pytest.fixture(scope="module")
def drafting(
    weights: Callable[..., dict[str, str]],
    interpreter_of: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    python = interpreter_of("piper")
    weights("piper-joe", "whisper-base")
    settings = {
        "weights.folder": Path(os.environ["HAUSMUSIK_TEST_WEIGHTS"]),
        "weights.offline": True,
        "environments.piper": python,
    }
    with hausmusik.open(home=tmp_path_factory.mktemp("piper-home"), settings=settings) as opened:
        yield opened


def test_drafts_are_understood(drafting: House) -> None:
    results = []
    for text, reading in LINES.items():
        audio = drafting.speak(text, instrument="piper").audio
        results.append(word_errors(reading, drafting.transcribe(audio, language="en").text))
    assert total_rate(results) <= 0.08, [each.differences for each in results]


def test_every_word_as_written_has_its_time(drafting: House) -> None:
    spoken = drafting.speak("Well, it costs $12.50 — not more!", instrument="piper")
    assert [word.text for word in spoken.words] == ["Well,", "it", "costs", "$12.50 —", "not", "more!"]
    times = [time for word in spoken.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[-1] <= spoken.audio.duration_s
    price = spoken.words[3]
    assert price.end_s - price.start_s > 0.6, "five spoken words take their time"
