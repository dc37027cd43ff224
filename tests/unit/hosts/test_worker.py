"""The worker program by itself, spoken to over its socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hausmusik.codec import encode
from hausmusik.hosts.local import frames
from hausmusik.hosts.local.isolation import import_folder, worker_environment
from hausmusik.types import AudioChunk, Request, SoundRequest, SpeakRequest, Value
from tests.unit.hosts.playing import is_running, tone

MODULE = "hausmusik.hosts.local.worker"


class Other(Value, frozen=True):
    """A request of a version to come."""

    text: str


@contextmanager
def started(folder: Path, parent: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    environment = worker_environment(os.environ, threads=1, imports=import_folder(folder), keep_python_path=False)
    command = [sys.executable, "-m", MODULE, str(theirs.fileno()), str(parent or os.getpid())]
    with subprocess.Popen(
        command, pass_fds=(theirs.fileno(),), env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    ) as process:
        theirs.close()
        with ours:
            try:
                yield process, ours
            finally:
                process.kill()


def hear(channel: socket.socket) -> frames.FromWorker:
    frame = frames.receive(channel)
    assert frame is not None
    return frames.from_worker(frame)


def get_ready(channel: socket.socket) -> list[frames.FromWorker]:
    frames.send(channel, frames.Start(order=tone()))
    heard = [hear(channel)]
    while not isinstance(heard[-1], frames.Ready):
        heard.append(hear(channel))
    return heard


def test_a_conversation(tmp_path: Path) -> None:
    with started(tmp_path) as (process, channel):
        stages = [message.name for message in get_ready(channel) if isinstance(message, frames.Stage)]
        assert stages == ["prepare", "load", "warm_up"]
        frames.send(channel, frames.Halt(play=99))  # of a play that is long over
        frames.send(channel, frames.Play(play=7, request=SpeakRequest(text="one")))
        heard = [hear(channel)]
        while not isinstance(heard[-1], frames.Finished):
            heard.append(hear(channel))
        assert any(isinstance(each, frames.Told) and isinstance(each.event, AudioChunk) for each in heard)
        assert {each.play for each in heard} == {7}  # type: ignore[union-attr]
        frames.send(channel, frames.Leave())
        assert process.wait(5) == 0


@pytest.mark.parametrize("ready", [False, True])
def test_it_ends_with_its_pipe(tmp_path: Path, ready: bool) -> None:
    """Though its parent, this process, is alive."""
    with started(tmp_path) as (process, channel):
        if ready:
            get_ready(channel)
        channel.close()
        process.wait(5)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """Though its pipe, which this process holds, stays open."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    environment = worker_environment(os.environ, threads=1, imports=import_folder(tmp_path), keep_python_path=False)
    between = (
        "import os, subprocess, sys, time\n"
        f"command = [sys.executable, '-m', {MODULE!r}, sys.argv[1], str(os.getpid())]\n"
        "worker = subprocess.Popen(command, pass_fds=[int(sys.argv[1])], start_new_session=True)\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", between, str(theirs.fileno())]
    with subprocess.Popen(
        command, pass_fds=(theirs.fileno(),), env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        theirs.close()
        with ours:
            assert parent.stdout is not None
            worker = int(parent.stdout.readline())
            get_ready(ours)
            assert is_running(worker)
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            end = time.monotonic() + 2
            while is_running(worker):
                assert time.monotonic() < end
                time.sleep(0.01)


def test_it_does_not_begin_for_a_parent_that_has_gone(tmp_path: Path) -> None:
    with started(tmp_path, parent=1) as (process, channel):
        assert process.wait(5) != 1
        assert frames.receive(channel) is None


@pytest.mark.parametrize("sent", [b"not a frame of ours at all", encode(frames.Leave()), b""])
def test_what_it_does_not_understand_ends_it(tmp_path: Path, sent: bytes) -> None:
    with started(tmp_path) as (process, channel):
        get_ready(channel)
        channel.sendall(sent or frames.MARK + b"\x00\x00\x00\x04oops")
        process.wait(5)


@pytest.mark.parametrize(
    "request_",
    [SpeakRequest(text="one", speed=9.0), SoundRequest(prompt="x", duration_s=float("nan")), Other(text="one")],
    ids=lambda request: type(request).__name__,
)
def test_a_request_that_does_not_fit_is_answered_and_the_next_one_played(tmp_path: Path, request_: Request) -> None:
    with started(tmp_path) as (process, channel):
        get_ready(channel)
        frames.send(channel, frames.Play(play=3, request=request_))
        answer = hear(channel)
        assert isinstance(answer, frames.Failed)
        assert (answer.play, answer.failure.code) == (3, "bad_input")
        frames.send(channel, frames.Play(play=4, request=SpeakRequest(text="one")))
        while not isinstance(last := hear(channel), frames.Finished):
            assert isinstance(last, frames.Told)
        assert last.play == 4
        assert process.poll() is None


def test_the_first_message_must_be_start(tmp_path: Path) -> None:
    with started(tmp_path) as (process, channel):
        frames.send(channel, frames.Play(play=1, request=SpeakRequest(text="one")))
        assert process.wait(5) == 1
