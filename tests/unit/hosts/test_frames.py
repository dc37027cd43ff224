from __future__ import annotations

import socket
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.codec import CodecError, Failure, encode
from hausmusik.errors import BadInput
from hausmusik.hosts.local import frames
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.types import Audio, AudioChunk, Phase, SpeakRequest, TranscribeRequest, Usage

ORDER = EngineOrder(
    instrument="x", engine="a:B", context=EngineContext(files={"s/f": "/f"}, options={"n": 1.5, "b": True})
)


@pytest.mark.parametrize(
    "message",
    [
        frames.Start(order=ORDER),
        frames.Play(play=3, request=SpeakRequest(text="é")),
        frames.Halt(play=3),
        frames.Leave(),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_to_a_worker_come_back_equal(message: frames.ToWorker) -> None:
    assert frames.to_worker(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        frames.Stage(name="load"),
        frames.Note(phase=Phase(name="load", done=0.5)),
        frames.Ready(),
        frames.NotStarted(failure=Failure("config", "m", "h")),
        frames.Told(play=1, event=Phase(name="play")),
        frames.Finished(play=1, reason="complete", usage=Usage(busy_s=1.0)),
        frames.Failed(play=1, failure=Failure("engine", "m")),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_from_a_worker_come_back_equal(message: frames.FromWorker) -> None:
    assert frames.from_worker(encode(message)) == message
    with pytest.raises(CodecError):
        frames.to_worker(encode(message))


def test_large_messages_pass_a_socket_whole() -> None:
    here, there = socket.socketpair()
    audio = Audio(np.random.default_rng(0).standard_normal((2, 500_000)).astype(np.float32), 48_000)
    with here, there:
        sender = threading.Thread(
            target=frames.send, args=(here, frames.Play(play=1, request=TranscribeRequest(audio=audio)))
        )
        sender.start()
        frame = frames.receive(there)
        sender.join()
        assert frame is not None
        message = frames.to_worker(frame)
    assert isinstance(message, frames.Play)
    assert isinstance(message.request, TranscribeRequest)
    assert message.request.audio.samples.tobytes() == audio.samples.tobytes()


@pytest.mark.parametrize("sent", [0, 3, 8, 20])
def test_a_pipe_that_ends_is_the_end_wherever_it_ends(sent: int) -> None:
    here, there = socket.socketpair()
    whole = b"".join(
        frames.packed(frames.Told(play=1, event=AudioChunk(start_s=0, audio=Audio.mono([0.0] * 99, 8000))))
    )
    with there:
        here.sendall(whole[:sent])
        here.close()
        assert frames.receive(there) is None


@given(st.binary(min_size=8, max_size=8).filter(lambda blob: not blob.startswith(frames.MARK)))
def test_stray_bytes_are_refused_at_once(blob: bytes) -> None:
    with pytest.raises(CodecError, match="stray bytes"):
        frames.length_of(blob)


def test_a_length_beyond_the_limit_is_refused() -> None:
    with pytest.raises(CodecError):
        frames.length_of(frames.MARK + b"\xff\xff\xff\xff")


def test_what_is_too_large_for_the_pipe_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME_BYTES", 1 << 20)
    with pytest.raises(BadInput, match="2 MiB") as caught:
        frames.packed(frames.Play(play=1, request=SpeakRequest(text="x" * (2 << 20))))
    assert caught.value.hint
