"""Plays audio while it comes, through whichever player the system has; no audio library of our own.

Raw 16-bit samples are piped to the player. Knows nothing of where they come from.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import numpy as np

from hausmusik.errors import MissingExtra
from hausmusik.types import Audio

PLAYERS: tuple[tuple[str, ...], ...] = (
    ("pw-cat", "--playback", "--raw", "--format", "s16", "--rate", "{rate}", "--channels", "{channels}", "-"),
    ("paplay", "--raw", "--format=s16le", "--rate={rate}", "--channels={channels}"),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", "{rate}", "-c", "{channels}", "-"),
    ("ffplay", "-v", "error", "-nodisp", "-autoexit", "-f", "s16le", "-ar", "{rate}", "-ch_layout", "{layout}", "-"),
    ("play", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-r", "{rate}", "-c", "{channels}", "-"),
)


@contextmanager
def loudspeaker(*, wanted: bool) -> Generator[Callable[[Audio], Awaitable[None]]]:
    """Give a function that plays chunks in order; does nothing when not wanted. Leaving waits until all was heard.

    Raises:
        MissingExtra: this system has no player that we know.
    """
    child: subprocess.Popen[bytes] | None = None

    async def push(audio: Audio) -> None:
        nonlocal child
        if not wanted:
            return
        if child is None:
            child = _start(audio)
        samples = (np.clip(audio.samples.T, -1, 1) * 32767).astype("<i2").tobytes()
        pipe = child.stdin
        if pipe is not None:
            await asyncio.to_thread(_write, pipe.write, samples)

    try:
        yield push
    finally:
        if child is not None and child.stdin is not None:
            child.stdin.close()
            child.wait()


def _write(write: Callable[[bytes], int], samples: bytes) -> None:
    try:
        write(samples)
    except BrokenPipeError as error:
        raise MissingExtra("the player ended early", hint="write to a file with -o instead") from error


def _start(audio: Audio) -> subprocess.Popen[bytes]:
    layout = "mono" if audio.channels == 1 else "stereo"
    for name, *options in PLAYERS:
        program = shutil.which(name)
        if program:
            words = [word.format(rate=audio.sample_rate_hz, channels=audio.channels, layout=layout) for word in options]
            return subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    names = ", ".join(player[0] for player in PLAYERS)
    raise MissingExtra("no player was found on this system", hint=f"install one of {names}, or write to a file with -o")
