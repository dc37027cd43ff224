from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hausmusik.codec import CodecError, Failure, decode, encode, error_of, failure_of
from hausmusik.errors import BudgetError, EngineError, error_table
from hausmusik.types import (
    REQUEST_OF_TASK,
    Artifact,
    Audio,
    AudioChunk,
    Done,
    Embeddings,
    Event,
    Phase,
    Remark,
    Request,
    SpeakRequest,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    TranscribeRequest,
    Usage,
    WordTiming,
)

finite = st.floats(-1e6, 1e6, width=32)


@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(0, 200)), elements=finite))
def test_audio_survives_the_wire_bit_for_bit(samples: np.ndarray) -> None:
    chunk = AudioChunk(start_s=0.25, audio=Audio(samples, 24_000))
    back = decode(encode(chunk), Event)
    assert isinstance(back, AudioChunk)
    assert back.start_s == 0.25
    assert back.audio.sample_rate_hz == 24_000
    assert back.audio.samples.shape == samples.shape
    assert back.audio.samples.tobytes() == samples.tobytes()


def test_a_non_contiguous_or_big_endian_array_arrives_as_its_values() -> None:
    wide = np.arange(20, dtype=np.float32).reshape(2, 10)[:, ::2]
    back = decode(encode(AudioChunk(start_s=0, audio=Audio(wide, 8_000))), Event)
    assert isinstance(back, AudioChunk)
    np.testing.assert_array_equal(back.audio.samples, wide)


@pytest.mark.parametrize(
    "event",
    [
        Phase(name="load", done=0.5, eta_s=2.0),
        TextDelta(text="a"),
        ThinkingDelta(text="b"),
        ToolCall(id="1", name="f", arguments="{}"),
        WordTiming(text="w", start_s=0.1, end_s=0.2, confidence=None),
        Artifact(name="piece.mid", media_type="audio/midi", data=b"\x00\xff"),
        Remark(text="nobody here plays the theremin"),
        Usage(busy_s=1.5, tokens_in=3),
        Done(),
    ],
    ids=lambda event: type(event).__name__,
)
def test_every_event_comes_back_equal(event: Event) -> None:
    assert decode(encode(event), Event) == event


def test_every_request_is_in_the_union_and_comes_back() -> None:
    assert set(REQUEST_OF_TASK.values()) == set(Request.__args__)
    audio = Audio.mono([0.0, 1.0], 16_000)
    heard = decode(encode(TranscribeRequest(audio=audio, language="en")), Request)
    assert isinstance(heard, TranscribeRequest)
    np.testing.assert_array_equal(heard.audio.samples, audio.samples)
    said = SpeakRequest(text="Hello…", voice={"a": 1.0, "b": 0.5}, speed=0.9, lexicon={"Haus": "/haʊs/"})
    assert decode(encode(said), Request) == said


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused_in_words(blob: bytes) -> None:
    with pytest.raises(CodecError):
        decode(blob, Event)
    with pytest.raises(CodecError):
        decode(b"HM\x01" + blob, Event)


@given(st.integers(0, 400))
def test_a_cut_frame_is_refused(length: int) -> None:
    frame = encode(AudioChunk(start_s=0, audio=Audio.mono(np.ones(64), 8_000)))
    if length < len(frame):
        with pytest.raises(CodecError):
            decode(frame[:length], Event)


def test_a_newer_version_says_so() -> None:
    with pytest.raises(CodecError, match="version 9") as caught:
        decode(b"HM\x09\x80", Event)
    assert "same version" in caught.value.hint


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (["<O8", [1], b"12345678"], "cannot travel"),
        (["<f4", [3], b"1234"], "came with 1 values"),
        (["<f4", [-1, 1], b"1234"], "negative side"),
        (["<f4", [4], b"123"], "multiple"),
        (["<f4", [2**40, 2**40], b""], "shape|values"),
    ],
)
def test_a_lying_array_header_is_refused(array: list[object], reason: str) -> None:
    body = {"type": "Embeddings", "values": array, "model": "m"}
    with pytest.raises(CodecError, match=reason):
        decode(b"HM\x01" + msgspec.msgpack.encode(body), Event)


def test_values_out_of_range_are_refused_on_arrival() -> None:
    body = msgspec.msgpack.encode({"type": "SpeakRequest", "text": "x", "speed": 9.0})
    with pytest.raises(CodecError, match="speed"):
        decode(b"HM\x01" + body, Request)


def test_errors_keep_their_class_over_the_wire() -> None:
    for code, cls in error_table().items():
        again = error_of(decode(encode(failure_of(cls("what", hint="do"))), Failure))
        assert type(again) is cls, code
        assert (again.message, again.hint) == ("what", "do")


def test_a_foreign_error_arrives_as_engine_error_without_its_traceback() -> None:
    error = error_of(failure_of(RuntimeError("boom")))
    assert type(error) is EngineError
    assert error.message == "RuntimeError: boom"


def test_unknown_code_from_a_newer_peer_is_still_an_error_of_ours() -> None:
    assert type(error_of(Failure("from_the_future", "m"))) is EngineError
    assert type(error_of(Failure(BudgetError.code, "m"))) is BudgetError


def test_embeddings_name_their_model() -> None:
    back = decode(encode(Embeddings(values=np.ones((2, 3), np.float32), model="m@1")), Event)
    assert isinstance(back, Embeddings)
    assert back.model == "m@1"
    assert back.values.dtype == np.float32
