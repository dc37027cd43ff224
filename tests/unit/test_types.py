from __future__ import annotations

import numpy as np
import pytest

from hausmusik.types import Audio, Usage, concatenate


def test_audio_says_its_size() -> None:
    audio = Audio(np.zeros((2, 12_000), np.float32), 24_000)
    assert (audio.channels, audio.frames, audio.duration_s) == (2, 12_000, 0.5)


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.zeros((1, 3)), 24_000, "float32"),
        (np.zeros(3, np.float32), 24_000, "shape"),
        (np.zeros((9, 3), np.float32), 24_000, "shape"),
        (np.zeros((1, 3), np.float32), 10, "sample rate"),
    ],
)
def test_wrong_audio_is_refused(samples: np.ndarray, rate: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Audio(samples, rate)


def test_chunks_join_end_to_end_and_must_agree() -> None:
    one, two = Audio.mono([1, 2], 8_000), Audio.mono([3], 8_000)
    np.testing.assert_array_equal(concatenate([one, two]).samples, [[1, 2, 3]])
    with pytest.raises(ValueError, match="differ"):
        concatenate([one, Audio.mono([1], 16_000)])
    with pytest.raises(ValueError, match="nothing"):
        concatenate([])


def test_usage_adds_up_field_by_field() -> None:
    total = Usage(busy_s=1.0, tokens_in=2) + Usage(busy_s=0.5, audio_s=3.0)
    assert total == Usage(busy_s=1.5, audio_s=3.0, tokens_in=2)
