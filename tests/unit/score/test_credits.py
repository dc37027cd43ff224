"""Whom a piece names: every model once, every recording by itself, and what follows for its use."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import msgspec
import pytest

from hausmusik.audio.files import write_audio
from hausmusik.config.loading import load_settings
from hausmusik.house import AsyncHouse
from hausmusik.score.compose import ComposeOptions
from hausmusik.score.credits import Credit, use_of
from hausmusik.score.progress import Finished
from hausmusik.testing import FakePlayer, sine
from hausmusik.types import RECORDINGS_NAME, Artifact, Event, Recording, Request, Run, SoundRequest
from tests.unit.score.build import music, segment, sound, voice, write
from tests.unit.score.test_compose import Studio

CROW = Recording(title="A crow caws", author="B. Bird", licence="CC0-1.0", link="https://example.org/7")
BELL = Recording(title="A bell", author="R. Inger", licence="CC-BY-NC-4.0", commercial=False)


class Recordings(FakePlayer):
    """Tones, but sounds are said to be recordings: of a bell and a crow, or of a crow alone."""

    async def play(self, instrument: str, request: Request, *, run: Run) -> AsyncGenerator[Event, None]:
        if isinstance(request, SoundRequest):
            heard = (BELL, CROW) if "bell" in request.prompt else (CROW,)
            yield Artifact(name=RECORDINGS_NAME, media_type="application/json", data=msgspec.json.encode(heard))
        async for event in super().play(instrument, request, run=run):
            yield event


async def composed(folder: Path, *cues: dict[str, object]) -> tuple[str, dict[str, object], Finished]:
    studio = Studio(folder, Recordings())
    try:
        finished = await studio.compose(segment(voice(id="v"), *cues))
    finally:
        studio.journal.close()
    report = json.loads((folder / "out" / "piece.report.json").read_text())
    return (folder / "out" / "piece.credits.md").read_text(), report, finished


async def test_every_recording_is_named_with_licence_and_page(tmp_path: Path) -> None:
    text, report, _ = await composed(
        tmp_path, sound(prompt="crow", id="one", duration_s=1), sound(prompt="a crow again", id="two", duration_s=1)
    )
    line = "- “A crow caws”, recorded by B. Bird, <https://example.org/7> — CC0-1.0 (in one/one, one/two)"
    assert line in text.splitlines()
    assert "tone-sound" not in text, "the recording stands for the collection it is from"
    (credit,) = [each for each in report["credits"] if each["layer"] == "sound"]
    assert credit["link"] == "https://example.org/7"
    assert credit["cues"] == ["one/one", "one/two"]


async def test_two_recordings_in_one_sound_are_both_named_and_the_stricter_one_rules(tmp_path: Path) -> None:
    text, report, finished = await composed(tmp_path, sound(prompt="bell and crow", id="s", duration_s=1))
    assert "- “A bell”, recorded by R. Inger — CC-BY-NC-4.0 **(non-commercial)** (in one/s)" in text
    assert "“A crow caws”" in text
    assert finished.use.startswith("NON-COMMERCIAL")
    assert "R. Inger" in finished.use
    assert report["use"] == finished.use


async def test_models_are_named_once_and_files_as_the_score_says(tmp_path: Path) -> None:
    write_audio(tmp_path / "door.wav", sine(300, 1.0, rate_hz=48_000))
    cue = {"layer": "file", "path": "door.wav", "credit": "my own door", "licence": "CC0-1.0"}
    text, report, finished = await composed(tmp_path, voice("Again.", id="w"), music(id="m"), cue)
    assert text.count("tone-speak") == 1
    assert "(in one/v, one/w)" in text
    assert "- my own door — CC0-1.0" in text
    assert [each["layer"] for each in report["credits"]].count("file") == 1
    assert finished.use.startswith("Every model and sound")


def test_the_sentence_about_use_names_what_forbids_it_or_is_unknown() -> None:
    free = Credit(layer="music", text="M", licence="MIT", commercial=True, cues=("a/b",))
    barred = Credit(layer="sound", text="S", licence="CC-BY-NC-4.0", commercial=False, cues=("a/c",))
    unknown = Credit(layer="file", text="door.wav", licence="", commercial=True, cues=("a/d",))
    assert use_of((free,)).startswith("Every model and sound")
    assert use_of((free, barred, unknown)).startswith("NON-COMMERCIAL")
    assert "S (CC-BY-NC-4.0)" in use_of((barred,))
    assert use_of((free, unknown)).endswith("no licence was given for: door.wav")


@pytest.mark.slow
async def test_real_recordings_in_a_real_piece(tmp_path: Path, weights: Callable[..., dict[str, str]]) -> None:
    weights("sonic-pi-samples", "ovos-sounds")
    folder = Path(next(iter(weights("ovos-sounds").values()))).parents[2]
    score = write(
        tmp_path,
        segment(
            sound(prompt="crow", id="crow", fit="trim", at_s=0.0),
            sound(prompt="cat meows", id="cat", fit="trim", at_s=1.0),
            sound(prompt="steady rain", id="rain", duration_s=4.0, at_s=0.0),
        ),
    )
    overrides = {"weights.folder": str(folder), "weights.offline": True}
    async with AsyncHouse(load_settings(overrides=overrides)) as house:
        finished = await house.compose(score, options=ComposeOptions(out=tmp_path / "piece.flac"))
    text = (tmp_path / "piece.credits.md").read_text()
    assert "davidworksonline, <https://freesound.org/s/54973/> — CC0-1.0 (in one/crow)" in text
    assert "Joseph SARDIN, <https://bigsoundbank.com/detail-1889-meow-cat-1.html> — CC0-1.0 (in one/cat)" in text
    assert "computed, no recordings used" in text
    assert finished.use.startswith("Every model and sound")
