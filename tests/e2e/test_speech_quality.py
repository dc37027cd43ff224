"""Speech is understood: what was written against what whisper-base hears, names, numbers, dates and all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hausmusik.facade import House
from hausmusik.testing.wer import WordErrors, total_rate, word_errors

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

NARRATION = Path(__file__).parents[1] / "data" / "narration"
PROOF = tuple(
    zip(
        (NARRATION / "proof.txt").read_text(encoding="utf-8").splitlines(),
        (NARRATION / "proof.spoken.txt").read_text(encoding="utf-8").splitlines(),
        strict=True,
    )
)
"""As written, and as a person would read it: what is heard is held against the latter."""
FEW = PROOF[::4]
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")


def heard(house: House, lines: Sequence[tuple[str, str]], voice: str, instrument: str = "kokoro") -> list[WordErrors]:
    """Say every text, have it written down, and compare."""
    found: list[WordErrors] = []
    for text, reading in lines:
        audio = house.speak(text, voice=voice, instrument=instrument).audio
        found.append(word_errors(reading, house.transcribe(audio, language="en").text))
    return found


def told(results: Sequence[WordErrors]) -> str:
    return ", ".join(f"{each.reference or '-'} > {each.heard or '-'}" for one in results for each in one.differences)


def test_twenty_varied_sentences_are_understood(house: House) -> None:
    assert len(PROOF) == 20
    results = heard(house, PROOF, "af_heart")
    assert total_rate(results) <= 0.03, told(results)


def test_women_and_men_of_both_accents_are_understood(house: House) -> None:
    every: list[WordErrors] = []
    for voice in VOICES:
        results = heard(house, FEW, voice)
        assert total_rate(results) <= 0.05, f"{voice}: {told(results)}"
        every += results
    assert total_rate(every) <= 0.03, told(every)


def test_the_judge_notices_another_text(house: House) -> None:
    """The rate is no formality: sentences held against their neighbours are wrong in most words."""
    crossed = [(text, other) for (text, _), (_, other) in zip(FEW[:2], FEW[1::-1], strict=True)]
    assert total_rate(heard(house, crossed, "af_heart")) > 0.6
