"""Show 4: the blended voice of the example is a voice of its own, by the rule of the design (4.17)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hausmusik.facade import House
from hausmusik.testing.wer import total_rate, word_errors
from hausmusik.types import Audio

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PARENTS = ("af_heart", "am_michael")
BLEND = {"af_heart": 0.5, "am_michael": 0.5}
STRANGERS = ("bf_emma", "bm_george", "af_bella", "am_adam", "bf_isabella", "bm_lewis", "af_nicole")
SENTENCES = (
    "The garden was quiet after the long rain had stopped.",
    "She asked whether anybody had seen the second key.",
    "Seven boats left the harbour before the sun came up.",
    "Nobody could explain why the old clock ran backwards.",
    "Please leave the window open when you go to sleep.",
)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_the_blend_is_one_new_voice_between_its_parents(house: House) -> None:
    def spoken(voice: str | dict[str, float]) -> list[Audio]:
        return [house.speak(text, voice=voice, instrument="kokoro").audio for text in SENTENCES]

    def vectors(audios: list[Audio]) -> list[np.ndarray]:
        return [house.judge(audio) for audio in audios]

    said = {name: spoken(name) for name in PARENTS} | {"blend": spoken(BLEND)}
    heard = {name: vectors(audios) for name, audios in said.items()}
    centre = {name: np.mean(each, axis=0) for name, each in heard.items()}
    strangers = [np.mean(vectors(spoken(name)[:2]), axis=0) for name in STRANGERS]

    assert cosine(centre[PARENTS[0]], centre[PARENTS[1]]) <= 0.65
    own = [cosine(one, other) for one, other in itertools.combinations(heard["blend"], 2)]
    assert np.mean(own) >= 0.85, own
    median_stranger = np.median([cosine(centre["blend"], each) for each in strangers])
    for parent in PARENTS:
        self_similarity = [cosine(one, other) for one, other in itertools.combinations(heard[parent], 2)]
        to_parent = np.mean([cosine(one, other) for one in heard["blend"] for other in heard[parent]])
        assert to_parent < np.percentile(self_similarity, 5), (parent, to_parent, self_similarity)
        assert cosine(centre["blend"], centre[parent]) > median_stranger, parent

    def rate(name: str) -> float:
        texts = [house.transcribe(audio, language="en").text for audio in said[name]]
        return total_rate(word_errors(said_, heard_) for said_, heard_ in zip(SENTENCES, texts, strict=True))

    assert rate("blend") <= max(rate(parent) for parent in PARENTS) + 0.03
