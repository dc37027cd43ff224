"""How long a take will be, said before it exists: what `haus plan` draws a fresh score with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hausmusik.config.loading import load_settings
from hausmusik.errors import BadInput, NotFoundError, UsageError
from hausmusik.house import AsyncHouse
from hausmusik.testing import FakeHost, sine
from hausmusik.types import JudgeRequest, MusicRequest, Run, SoundRequest, SpeakRequest
from tests.unit.score.build import segment, sound, voice, write


@pytest.fixture
async def house() -> AsyncIterator[AsyncHouse]:
    """The real catalogue, offline: recordings are not here, what is computed always is."""
    async with AsyncHouse(load_settings(overrides={"weights.offline": True}), hosts={"local": FakeHost()}) as home:
        yield home


@pytest.mark.parametrize(
    ("instrument", "prompt", "duration_s"),
    [
        ("clips", "crow", 0.481),
        ("procedural", "waves", 40.0),
        ("sound", "waves", 40.0),
        ("sound", "a dog barking", 6.0),
    ],
)
async def test_a_sound_left_to_its_instrument_is_as_long_as_it_is_by_itself(
    house: AsyncHouse, instrument: str, prompt: str, duration_s: float
) -> None:
    assert house.player.estimate_s(instrument, SoundRequest(prompt=prompt)) == pytest.approx(duration_s, abs=0.05)
    assert house.player.estimate_s(instrument, SoundRequest(prompt=prompt, duration_s=7.5)) == 7.5


async def test_a_line_takes_longer_when_it_is_longer_or_slower(house: AsyncHouse) -> None:
    line = "Some evenings, a house begins to play by itself, and nobody in it knows who began."
    plain_s = house.player.estimate_s("kokoro", SpeakRequest(text=line))
    assert 4.0 < plain_s < 6.0
    assert house.player.estimate_s("kokoro", SpeakRequest(text=line, speed=0.5)) == pytest.approx(2 * plain_s)
    assert house.player.estimate_s("kokoro", SpeakRequest(text=line + line)) == pytest.approx(2 * plain_s)
    assert house.player.estimate_s("kokoro", SpeakRequest(text="O")) == 0.4
    assert house.player.estimate_s("composer", MusicRequest(prompt="calm", duration_s=12)) == 12


@pytest.mark.parametrize(
    ("instrument", "said"), [("sound", "is a sound that can be made here"), ("clips", "there is no recording of")]
)
async def test_a_sound_that_nobody_knows_is_refused_before_anything_starts(
    house: AsyncHouse, instrument: str, said: str
) -> None:
    unknown = SoundRequest(prompt="a dragon hoovering", duration_s=3.0)
    with pytest.raises(BadInput, match=said):
        house.player.identify(instrument, unknown, run=Run(id="r"))
    with pytest.raises(BadInput, match=said):
        _ = [event async for event in house.player.play(instrument, unknown, run=Run(id="r"))]


async def test_what_makes_no_sound_or_is_not_there_has_no_length(house: AsyncHouse) -> None:
    with pytest.raises(UsageError, match="makes no sound"):
        house.player.estimate_s("judge", JudgeRequest(audio=sine(440, 1.0, rate_hz=16_000)))
    with pytest.raises(NotFoundError, match="nothing-here"):
        house.player.estimate_s("nothing-here", SoundRequest(prompt="rain"))


async def test_a_plan_of_a_fresh_score_knows_how_long_its_sounds_are(house: AsyncHouse, tmp_path: Path) -> None:
    score = write(
        tmp_path,
        segment(
            sound(prompt="crow", id="crow", fit="trim"),
            sound(prompt="waves", id="sea", fit="trim", after="crow", gap_s=0.0),
            voice(id="line", after="sea", gap_s=0.0),
        ),
    )
    places = {cue.name: cue.place for cue in house.plan(score).cues}
    assert places["one/sea"].start.s == pytest.approx(0.481, abs=0.01)
    assert places["one/line"].start.s == pytest.approx(40.481, abs=0.01)
    assert not places["one/line"].start.exact
