"""A wav stream of unknown length is the same sound as a wav file of known length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.files import decode, wav_bytes
from hausmusik.audio.wav_pipe import wav_stream
from hausmusik.errors import BadInput
from hausmusik.types import Audio

RATE = 24_000
SOUND = Audio(np.random.default_rng(0).normal(0, 0.2, (2, 5000)).astype(np.float32), RATE)


def test_it_is_readable_and_equal_to_a_file(tmp_path: Path) -> None:
    blocks = [Audio(SOUND.samples[:, start : start + 999], RATE) for start in range(0, 5000, 999)]
    pieces = list(wav_stream(blocks))
    assert len(pieces) == len(blocks)
    (tmp_path / "stream.wav").write_bytes(b"".join(pieces))
    (tmp_path / "file.wav").write_bytes(wav_bytes(SOUND))
    assert decode(tmp_path / "stream.wav").samples.tobytes() == decode(tmp_path / "file.wav").samples.tobytes()


def test_the_first_piece_comes_before_the_second_block() -> None:
    def one_and_then_fail() -> object:
        yield SOUND
        raise AssertionError("asked too early")

    first = next(iter(wav_stream(one_and_then_fail())))
    assert first.startswith(b"RIFF")
    assert len(first) == 44 + 5000 * 4


def test_refusals() -> None:
    assert list(wav_stream([])) == []
    with pytest.raises(BadInput, match="not numbers"):
        list(wav_stream([Audio.mono([np.nan], RATE)]))
    with pytest.raises(ValueError, match="differ"):
        list(wav_stream([SOUND, Audio.mono([0.0], RATE)]))
