from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.asking import checked
from hausmusik.codec import decode, encode
from hausmusik.errors import UsageError
from hausmusik.types import Audio, JudgeRequest, MusicRequest, Request, SoundRequest, SpeakRequest, TranscribeRequest

HEARD = Audio.mono([0.5], 16_000)


@pytest.mark.parametrize(
    ("request_", "message", "hint"),
    [
        (SpeakRequest(text="Hi", speed=5.0), "speed must be at most 2.0, not 5.0", "speed is a number from 0.5 to 2"),
        (SpeakRequest(text="Hi", speed=float("nan")), "speed must be at least 0.5, not nan", "from 0.5 to 2"),
        (SpeakRequest(text="Hi", voice={"a": 0.0}), "voice must be above 0.0", "a dict from text to a number above 0"),
        (MusicRequest(prompt="x", duration_s=-1), "duration_s must be above 0.0, not -1", "above 0, at most 86400"),
        (SoundRequest(prompt="x", seed=-3), "seed must be at least 0, not -3", "a whole number from 0 to 4294967295"),
        (SoundRequest(prompt="x", seed=2**80), "seed cannot be 1208925", "a whole number"),
        (SoundRequest(prompt="x", duration_s=float("inf")), "duration_s must be at most 86400.0, not inf", "to 86400"),
        (SpeakRequest(text=3), "text cannot be 3, int", "text is text"),  # type: ignore[arg-type]
        (JudgeRequest(audio=HEARD, aspect="mood"), "aspect cannot be 'mood'", "'speaker'"),  # type: ignore[arg-type]
        (JudgeRequest(audio=None), "audio cannot be None", "a recording"),  # type: ignore[arg-type]
        (SpeakRequest(text="a \udc80 b"), "text has characters that are not Unicode", "UTF-8"),
        (SpeakRequest(text="a", lexicon={"b": "\ud800"}), "lexicon has characters that are not Unicode", "UTF-8"),
        (TranscribeRequest(audio=HEARD, prompt="\udcff"), "prompt has characters that are not Unicode", "UTF-8"),
        (SpeakRequest(text="a", voice={1: 1.0}), "this cannot be asked for", "SpeakRequest"),  # type: ignore[dict-item]
    ],
)
def test_what_is_out_of_range_is_told_with_its_range(request_: Request, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(request_)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint
    assert "--" not in caught.value.hint, "Python has no flags"


@given(
    st.builds(
        SoundRequest,
        prompt=st.text(),
        duration_s=st.floats() | st.integers(),
        seed=st.integers(),
        loop=st.booleans(),
    )
)
def test_whatever_passes_passes_the_wire_too(request_: SoundRequest) -> None:
    try:
        found = checked(request_)
    except UsageError:
        return
    assert decode(encode(found), Request) == found == request_  # type: ignore[arg-type]


def test_recordings_are_not_copied_and_numpys_numbers_become_plain() -> None:
    assert checked(TranscribeRequest(audio=HEARD, language="en")).audio is HEARD
    found = checked(SoundRequest(prompt="x", duration_s=np.float32(3), seed=np.int64(4)))  # type: ignore[arg-type]
    assert msgspec.to_builtins(found)["duration_s"] == 3.0
    assert (type(found.duration_s), type(found.seed)) == (float, int)
