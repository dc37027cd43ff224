"""A wav stream of unknown length is the same sound as a wav file of known length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.encode import encode_bytes
from hausmusik.audio.files import decode
from hausmusik.audio.wav_pipe import WavPipe
from hausmusik.errors import BadInput
from hausmusik.types import Audio

RATE = 24_000
SOUND = Audio(np.random.default_rng(0).normal(0, 0.2, (2, 5000)).astype(np.float32), RATE)


def test_it_is_readable_and_equal_to_a_file(tmp_path: Path) -> None:
    pipe = WavPipe()
    pieces = [pipe.push(Audio(SOUND.samples[:, start : start + 999], RATE)) for start in range(0, 5000, 999)]
    assert [len(piece) for piece in pieces] == [44 + 999 * 4, *[999 * 4] * 4, 5 * 4]
    (tmp_path / "stream.wav").write_bytes(b"".join(pieces))
    (tmp_path / "file.wav").write_bytes(encode_bytes([SOUND], "wav"))
    assert decode(tmp_path / "stream.wav").samples.tobytes() == decode(tmp_path / "file.wav").samples.tobytes()


def test_refusals() -> None:
    pipe = WavPipe()
    with pytest.raises(BadInput, match="not numbers"):
        pipe.push(Audio.mono([np.nan], RATE))
    pipe.push(SOUND)
    with pytest.raises(ValueError, match="differ"):
        pipe.push(Audio.mono([0.0], RATE))
