"""The names that `import hausmusik` offers."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import hausmusik
from hausmusik.audio.files import decode, write_audio
from hausmusik.testing import sine


def test_there_are_few_and_each_is_there_with_a_sentence_about_itself() -> None:
    assert sorted(hausmusik.__all__) == hausmusik.__all__
    assert len(hausmusik.__all__) <= 25
    for name in hausmusik.__all__:
        assert inspect.getdoc(getattr(hausmusik, name)), name


def test_others_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = hausmusik.nothing


def test_a_sound_is_written_under_the_public_name(tmp_path: Path) -> None:
    assert hausmusik.write_audio is write_audio
    hausmusik.write_audio(tmp_path / "a.flac", sine(440, 0.5, rate_hz=24_000))
    assert decode(tmp_path / "a.flac").duration_s == pytest.approx(0.5)
