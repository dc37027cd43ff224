"""Small scores for the tests of this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hausmusik.score.effective import with_defaults
from hausmusik.score.schema import Score


def segment(*cues: dict[str, Any], id: str = "one", **more: Any) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "cues": list(cues), **more}


def voice(text: str = "Hello there.", **more: Any) -> dict[str, Any]:
    return {"layer": "voice", "text": text, **more}


def music(**more: Any) -> dict[str, Any]:
    return {"layer": "music", "prompt": "calm piano", **more}


def sound(**more: Any) -> dict[str, Any]:
    return {"layer": "sound", "prompt": "rain", **more}


def document(*segments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"hausmusik": 1, "title": "Test", "segments": list(segments), **more}


def score(*segments: dict[str, Any], **more: Any) -> Score:
    return with_defaults(Score.model_validate_json(json.dumps(document(*segments, **more))))


def write(folder: Path, *segments: dict[str, Any], **more: Any) -> Path:
    path = folder / "piece.json"
    path.write_text(json.dumps(document(*segments, **more), indent=1), "utf-8")
    return path
