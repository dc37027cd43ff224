"""The score that `haus new` writes: small, whole, and it plays as it is."""

from __future__ import annotations

import json


def starter_score(title: str) -> str:
    """Return a JSON score with one voice, music and rain, ready to compose."""
    score = {
        "hausmusik": 1,
        "title": title,
        "language": "en",
        "voices": {"narrator": {"voice": "af_heart", "title": "Narrator"}},
        "segments": [
            {
                "id": "opening",
                "title": "Opening",
                "tail_s": 3.0,
                "cues": [
                    {"id": "rain", "layer": "sound", "prompt": "steady rain"},
                    {"id": "bed", "layer": "music", "prompt": "calm piano, slow, C major"},
                    {"id": "hello", "layer": "voice", "at_s": 3.0, "text": "Good evening. This is your first piece."},
                    {"id": "next", "layer": "voice", "gap_s": 0.6, "text": "Change a line, and compose it again."},
                ],
            }
        ],
        "master": {"loudness_lufs": -16, "true_peak_dbtp": -1, "formats": ["flac"]},
    }
    return json.dumps(score, indent=2, ensure_ascii=False) + "\n"
