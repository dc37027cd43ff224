from __future__ import annotations

import pytest

import hausmusik.testing
from hausmusik.errors import GenerationFailed, NotFoundError, UsageError
from hausmusik.seams import Player
from hausmusik.testing import FakePlayer, Fault, FaultSchedule
from hausmusik.types import (
    Audio,
    AudioChunk,
    Done,
    Event,
    JudgeRequest,
    MusicRequest,
    Request,
    Run,
    SoundRequest,
    SpeakRequest,
    concatenate,
)

RUN = Run(id="r")
SAY = SpeakRequest(text="one two three four")


async def played(player: Player, instrument: str, request: Request) -> list[Event]:
    return [event async for event in player.play(instrument, request, run=RUN)]


async def test_it_plays_every_task_and_counts() -> None:
    player = FakePlayer()
    requests: dict[str, Request] = {
        "tone-speak": SAY,
        "tone-music": MusicRequest(prompt="calm", duration_s=1),
        "tone-sound": SoundRequest(prompt="rain"),
        "tone-judge": JudgeRequest(audio=Audio.mono([0.1] * 8_000, 8_000)),
    }
    for instrument, request in requests.items():
        assert isinstance((await played(player, instrument, request))[-1], Done)
    await played(player, "tone-speak", SAY)
    assert player.counts == {"tone-speak": 2, "tone-music": 1, "tone-sound": 1, "tone-judge": 1}
    assert player.plays[0].request == SAY


async def test_estimates_are_near_the_real_length() -> None:
    player = FakePlayer()
    audio = concatenate([e.audio for e in await played(player, "tone-speak", SAY) if isinstance(e, AudioChunk)])
    estimate_s = player.estimate_s("tone-speak", SAY)
    assert audio.duration_s / 2 < estimate_s < audio.duration_s * 2
    assert player.estimate_s("tone-music", MusicRequest(prompt="x", duration_s=3)) == 3
    assert player.estimate_s("tone-sound", SoundRequest(prompt="x")) == 2
    assert player.estimate_s("tone-judge", JudgeRequest(audio=Audio.mono([0.0] * 8_000, 8_000))) == 1


def test_identities_change_with_what_shapes_the_result() -> None:
    player = FakePlayer({"kokoro": "speak", "bark": "speak"}, non_commercial={"bark"})
    one, two = (player.identify(name, SAY, run=RUN) for name in ("kokoro", "bark"))
    assert one.weights != two.weights
    assert (one.commercial, two.commercial) == (True, False)
    assert one.host == "fake"
    assert player.identify("kokoro", SAY, run=Run(id="r", host="modal")).host == "modal"
    player.revisions["kokoro"] = "2"
    assert player.identify("kokoro", SAY, run=RUN).engine_revision == "2"


@pytest.mark.parametrize("how", ["identify", "estimate", "play"])
async def test_what_is_not_there_is_said(how: str) -> None:
    player = FakePlayer({"kokoro": "speak"}, voices={"kokoro": ["ada", "bob"]})

    async def ask(instrument: str, request: Request) -> None:
        if how == "identify":
            player.identify(instrument, request, run=RUN)
        elif how == "estimate":
            player.estimate_s(instrument, request)
        else:
            await played(player, instrument, request)

    with pytest.raises(NotFoundError, match="no instrument piano") as caught:
        await ask("piano", SAY)
    assert "kokoro" in caught.value.hint
    with pytest.raises(UsageError, match="cannot play a MusicRequest"):
        await ask("kokoro", MusicRequest(prompt="x", duration_s=1))
    with pytest.raises(NotFoundError, match="no voice eve") as caught:
        await ask("kokoro", SpeakRequest(text="x", voice={"ada": 1.0, "eve": 1.0}))
    assert "ada, bob" in caught.value.hint
    await ask("kokoro", SpeakRequest(text="x", voice={"ada": 1.0}))


async def test_faults_and_options_reach_the_engine() -> None:
    player = FakePlayer(faults=FaultSchedule({0: Fault(GenerationFailed("no"))}), options={"sample_rate_hz": 16_000})
    with pytest.raises(GenerationFailed):
        await played(player, "tone-speak", SAY)
    events = await played(player, "tone-speak", SAY)
    assert {event.audio.sample_rate_hz for event in events if isinstance(event, AudioChunk)} == {16_000}


def test_the_public_names_are_there_and_others_are_not() -> None:
    for name in hausmusik.testing.__all__:
        assert getattr(hausmusik.testing, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hausmusik.testing.nothing  # noqa: B018
