from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hausmusik.engines.kokoro.voices import Voices
from hausmusik.errors import BadInput, WeightsError


@pytest.fixture
def voices(tmp_path: Path) -> Voices:
    files = {}
    for value, name in enumerate(("af_heart", "am_michael", "bf_emma"), start=1):
        files[name] = tmp_path / f"{name}.bin"
        np.full((510, 256), value, dtype="<f4").tofile(files[name])
    return Voices(files, "af_heart")


def test_a_blend_is_the_weighted_mean(voices: Voices) -> None:
    assert voices.table({"af_heart": 1.0, "bf_emma": 3.0})[7, 9] == pytest.approx(2.5)
    assert voices.table({"af_heart": 2.0, "bf_emma": 6.0})[0, 0] == pytest.approx(2.5)
    assert voices.table({}).shape == (510, 256)


def test_the_accent_is_the_heaviest_voices_unless_the_request_says(voices: Voices) -> None:
    assert voices.accent({}, "") == "us"
    assert voices.accent({"af_heart": 1.0, "bf_emma": 1.5}, "") == "gb"
    assert voices.accent({"bf_emma": 1.0}, "en-US") == "us"
    assert voices.accent({"af_heart": 1.0}, "en_GB") == "gb"
    assert voices.accent({"af_heart": 1.0}, "en-AU") == "gb"
    with pytest.raises(BadInput, match="'fr'"):
        voices.accent({}, "fr")


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(voices: Voices, weight: float) -> None:
    with pytest.raises(BadInput, match="weight"):
        voices.table({"af_heart": weight})


def test_an_unknown_voice_names_close_ones_or_all(voices: Voices) -> None:
    with pytest.raises(BadInput) as close:
        voices.table({"am_micheal": 1.0})
    assert close.value.hint.startswith("did you mean am_michael")
    with pytest.raises(BadInput) as far:
        voices.table({"zzz": 1.0})
    assert far.value.hint == "voices: af_heart, am_michael, bf_emma"


def test_a_choir_is_no_blend(voices: Voices) -> None:
    with pytest.raises(BadInput, match="17"):
        voices.table({f"v{number}": 1.0 for number in range(17)})


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"1234")
    with pytest.raises(WeightsError, match="damaged"):
        Voices({"x": path}, "x").table({})
