"""Show 3: kill -9 at random moments, run again, and the finished bytes are those of an undisturbed run."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCORE = {
    "hausmusik": 1,
    "title": "Killed",
    "voices": {"n": {"instrument": "kokoro", "voice": "af_heart"}},
    "segments": [
        {
            "id": "one",
            "title": "One",
            "cues": [
                {"id": "a", "layer": "voice", "text": "The first line is spoken.", "at_s": 1},
                {"id": "b", "layer": "voice", "text": "The second one follows it, a little later."},
                {"id": "m", "layer": "music", "prompt": "calm piano"},
                {"id": "r", "layer": "sound", "prompt": "steady rain"},
            ],
        },
        {
            "id": "two",
            "transition": {"seconds": 1},
            "duration_s": 6,
            "cues": [
                {"id": "a", "layer": "voice", "text": "And here it ends.", "at_s": 1.5},
                {"id": "m", "layer": "music", "prompt": "slow strings", "seed": 2},
            ],
        },
    ],
    "master": {"formats": ["flac", "mp3"]},
}


def compose(home: Path, score: Path, out: Path) -> subprocess.Popen[bytes]:
    environ = os.environ | {
        "HAUSMUSIK_HOME": str(home),
        "HAUSMUSIK_WEIGHTS__FOLDER": os.environ["HAUSMUSIK_TEST_WEIGHTS"],
        "HAUSMUSIK_WEIGHTS__OFFLINE": "true",
    }
    line = [sys.executable, "-c", "from hausmusik.cli import main; main()", "compose", str(score), "-o", str(out)]
    return subprocess.Popen(line, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")
    }


def test_killed_ten_times_it_ends_with_the_same_bytes(tmp_path: Path, weights: Callable[..., dict[str, str]]) -> None:
    weights("kokoro-v1-int8", "kokoro-voices-en", "misaki-en", "cmudict", "g2p-en", "musescore-general-lite")
    score = tmp_path / "killed.json"
    score.write_text(json.dumps(SCORE))
    began = time.monotonic()
    undisturbed = compose(tmp_path / "home-1", score, tmp_path / "one" / "piece.flac")
    assert undisturbed.wait(300) == 0
    took_s = time.monotonic() - began
    dice = random.Random(20_261_124)
    killed = 0
    for _ in range(40):
        if killed == 10:
            break
        running = compose(tmp_path / "home-2", score, tmp_path / "two" / "piece.flac")
        try:
            running.wait(dice.uniform(0.05, took_s * 0.6))
            (tmp_path / "two" / "piece.flac").unlink()  # it was done: make it do its last stage again
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
            killed += 1
    assert killed == 10
    assert compose(tmp_path / "home-2", score, tmp_path / "two" / "piece.flac").wait(300) == 0
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "one")
    assert not [path for path in (tmp_path / "two").iterdir() if path.name.startswith(".piece")]
