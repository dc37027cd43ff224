"""What must lie in a reader's folder at the end of a page, beyond what the page itself says that it prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import av
import pytest

from hausmusik.audio.files import probe


def _length_s(path: Path) -> float:
    return probe(path).duration_s


def _report(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def _readme(folder: Path) -> None:
    assert _length_s(folder / "bed.flac") == 30
    assert _length_s(folder / "rain.wav") == 20
    assert _length_s(folder / "piece.flac") > 8
    assert (folder / "piece" / "piece.flac").is_file()  # the Python snippet composes without a place


def _tutorial(folder: Path) -> None:
    assert _length_s(folder / "piece.preview.flac") == pytest.approx(8.0, abs=0.01)
    cues = {cue["name"]: cue for cue in _report(folder / "lighthouse.report.json")["cues"]}
    assert len(cues) == 9
    assert cues["opening/bell"]["start_s"] == pytest.approx(cues["opening/hello"]["start_s"] - 1)
    assert "The keeper: It is not the light" in (folder / "lighthouse.srt").read_text("utf-8").replace("\n", " ")
    assert not list((folder / "piece.takes").iterdir())
    for name in ("lighthouse.flac", "lighthouse.mp3", "lighthouse.m4a"):
        with av.open(folder / name) as container:
            titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
            assert titles == ["Opening", "The stairs", "The keeper speaks"]
            assert {stream.type for stream in container.streams} >= {"audio", "video"}


def _own_recordings(folder: Path) -> None:
    credits_text = (folder / "whales.credits.md").read_text("utf-8")
    assert "Beach recorded by Ana Lopes" in credits_text
    assert "NON-COMMERCIAL" in credits_text
    cues = {cue["name"]: cue for cue in _report(folder / "whales.report.json")["cues"]}
    assert cues["boat/interview"]["start_s"] == pytest.approx(cues["boat/intro"]["end_s"] + 0.5, abs=0.001)
    assert cues["boat/beach"]["end_s"] == pytest.approx(cues["boat/interview"]["end_s"] + 2, abs=0.001)
    assert "Ana was there." in (folder / "whales.srt").read_text("utf-8")
    assert (folder / "interview.srt").read_text("utf-8").startswith("1\n00:00:0")


def _own_instrument(folder: Path) -> None:
    assert _length_s(folder / "bell.wav") == pytest.approx(4.0, abs=0.001)
    assert _length_s(folder / "evening.flac") == pytest.approx(3.0, abs=0.05)
    assert [cue["instrument"] for cue in _report(folder / "evening.report.json")["cues"]] == ["bells"]


def _money(folder: Path) -> None:
    quote = _report(folder / "plan.json")["quote"]
    assert {type(quote[name]) for name in ("low_usd", "expected_usd", "high_usd")} == {str}
    head, *days = (folder / "costs.csv").read_text("utf-8").splitlines()
    assert head.startswith("key,label,plays,")
    assert len(days) >= 1


OUTCOMES: Final[Mapping[str, Callable[[Path], None]]] = {
    "README": _readme,
    "tutorial": _tutorial,
    "bring-your-own-recordings": _own_recordings,
    "add-an-instrument": _own_instrument,
    "read-the-money": _money,
}
"""By the name of the page."""
