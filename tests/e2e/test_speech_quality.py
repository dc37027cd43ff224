"""Speech is understood: what was written against what whisper-base hears, names, numbers, dates and all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.clicks import find_clicks
from hausmusik.facade import House
from hausmusik.testing import planted_cuts
from hausmusik.testing.wer import WordErrors, total_rate, word_errors
from hausmusik.types import AudioChunk, SpeakRequest, concatenate

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


Hears = Callable[[str, str], str]


@pytest.fixture(scope="module")
def hears(house: House) -> Hears:
    """What the judge writes down of a text in a voice; each is said once for all tests."""

    @cache
    def heard(text: str, voice: str) -> str:
        audio = house.speak(text, voice=voice, instrument="kokoro").audio
        return house.transcribe(audio, language="en").text

    return heard


def compared(lines: Sequence[tuple[str, str]], voice: str, hears: Hears) -> list[WordErrors]:
    return [word_errors(reading, hears(text, voice)) for text, reading in lines]


def told(results: Sequence[WordErrors]) -> str:
    return ", ".join(f"{each.reference or '-'} > {each.heard or '-'}" for one in results for each in one.differences)


def test_twenty_varied_sentences_are_understood(hears: Hears) -> None:
    assert len(PROOF) == 20
    results = compared(PROOF, "af_heart", hears)
    assert total_rate(results) <= 0.03, told(results)


def test_women_and_men_of_both_accents_are_understood(hears: Hears) -> None:
    every: list[WordErrors] = []
    for voice in VOICES:
        results = compared(FEW, voice, hears)
        assert total_rate(results) <= 0.05, f"{voice}: {told(results)}"
        every += results
    assert total_rate(every) <= 0.03, told(every)


def test_the_judge_notices_another_text(hears: Hears) -> None:
    """The rate is no formality: sentences held against their neighbours are wrong in most words."""
    crossed = [(text, other) for (text, _), (_, other) in itertools.pairwise(PROOF)]
    assert total_rate(compared(crossed, "af_heart", hears)) > 0.6


def test_a_real_voice_is_joined_without_clicks_and_breathes_between_chunks(house: House) -> None:
    text = " ".join(written for written, _ in PROOF[:3])
    events = house.play("kokoro", SpeakRequest(text=text, voice={"af_heart": 1.0}))
    parts = [event for event in events if isinstance(event, AudioChunk)]
    assert len(parts) >= 4
    whole, seams = concatenate([part.audio for part in parts]), [part.start_s for part in parts[1:]]
    assert find_clicks([whole.samples], whole.sample_rate_hz, at_s=seams) == ()
    planted = planted_cuts(whole, 7)
    assert len(find_clicks([planted.audio.samples], whole.sample_rate_hz, at_s=planted.cuts_s)) == 7
    for seam_s in seams:
        at = round(seam_s * whole.sample_rate_hz)
        assert np.abs(whole.samples[:, at - 120 : at + 120]).max() < 0.02, "5 ms on both sides are as good as silent"
