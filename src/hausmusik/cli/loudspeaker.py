"""Plays audio while it comes, through whichever player the system has; no audio library of our own.

Raw 16-bit samples are piped to the player. Knows nothing of where they come from.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import IO

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
        MissingExtra: this system has no player that we know, or the player has no sound card.
    """
    child: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as log:

        async def push(audio: Audio) -> None:
            nonlocal child
            if not wanted:
                return
            child = child or _start(audio, log)
            samples = (np.clip(audio.samples.T, -1, 1) * 32767).astype("<i2").tobytes()
            if not await asyncio.to_thread(_write, child, samples):
                raise _silent(log)

        try:
            yield push
        except BaseException:
            if child is not None:
                child.kill()
                child.communicate()
            raise
        if child is not None:
            child.communicate()  # closes its input and waits
            if child.returncode:
                raise _silent(log)


def _write(child: subprocess.Popen[bytes], samples: bytes) -> bool:
    """Hand samples over; returns whether the player still listens."""
    try:
        if child.stdin is not None:
            child.stdin.write(samples)
            child.stdin.flush()
    except BrokenPipeError:
        return False
    return True


def _start(audio: Audio, log: IO[bytes]) -> subprocess.Popen[bytes]:
    layout = "mono" if audio.channels == 1 else "stereo"
    for name, *options in PLAYERS:
        program = shutil.which(name)
        if program:
            words = [word.format(rate=audio.sample_rate_hz, channels=audio.channels, layout=layout) for word in options]
            return subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
    names = ", ".join(player[0] for player in PLAYERS)
    raise MissingExtra("no player was found on this system", hint=f"install one of {names}, or write to a file with -o")


def _silent(log: IO[bytes]) -> MissingExtra:
    """Return what the player's end means, mostly that there is no sound card; its last line says so."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()
    reason = f": {lines[-1].strip()[:200]}" if lines else ""
    return MissingExtra(f"the loudspeaker cannot be played on{reason}", hint="write to a file with -o instead")
