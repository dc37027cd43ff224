"""Instruments of the tone engine, added through instruments.d: real workers, no weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

TASKS = ("speak", "music", "sound", "transcribe", "judge", "chat", "embed")


def instrument(name: str, task: str, *, options: str = "", voices: tuple[str, ...] = (), extra: str = "") -> str:
    """One `[[instrument]]` as TOML."""
    told = "".join(f'[[instrument.voices]]\nid = "{voice}"\nlanguage = "en-GB"\n' for voice in voices)
    return f"""
[[instrument]]
id = "{name}"
task = "{task}"
title = "Tones that {task}"
summary = "Sines and noise."
engine = "hausmusik.engines.tone:ToneEngine"
sample_rate_hz = 24000
memory_mib = 60
options = {{ {options} }}
{extra}

[instrument.licence]
code = "Apache-2.0"
weights = "none"
commercial = true
credit = "Tones by the tests"

[instrument.measured]
cpu_s_per_unit = 0.01
cold_start_s = 0.3
on = "a test"

{told}"""


def environment() -> dict[str, str]:
    """Settings that make the tones everybody's default."""
    return {f"HAUSMUSIK_DEFAULTS__{task.upper()}": f"tone-{task}" for task in TASKS} | {"HAUSMUSIK_LOCAL__WORKERS": "2"}


def move_in(home: Path, *, voices: Sequence[str] = ("anna", "bert")) -> None:
    """Write the tones into a home; `slow-speak` waits before each event, `broken-sound` always fails."""
    folder = home / "instruments.d"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(instrument(f"tone-{task}", task, voices=tuple(voices) if task == "speak" else ()) for task in TASKS)
    text += instrument("slow-speak", "speak", options="sleep_s = 0.5", extra="workers = 1")
    text += instrument("broken-sound", "sound", options='fail = "generation"')
    (folder / "tones.toml").write_text(text, "utf-8")
