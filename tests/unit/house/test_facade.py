"""The sync house: the same as the asynchronous one, member for member, and as well behaved."""

from __future__ import annotations

import asyncio
import gc
import inspect
import signal
import subprocess
import sys
import threading
import typing
from collections.abc import AsyncGenerator, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

import hausmusik
from hausmusik.config.loading import load_settings
from hausmusik.errors import NotFoundError, ScoreError, UsageError
from hausmusik.facade import House, open_house
from hausmusik.house import AsyncHouse
from hausmusik.testing import FakeHost
from hausmusik.types import Audio, AudioChunk, Done, Event, SpeakRequest
from tests.interfaces import tones
from tests.unit.score.build import segment, voice, write

PUBLIC = sorted(name for name in dir(AsyncHouse) if not name.startswith("_"))


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(name="local")


@pytest.fixture
def house(home: Path, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house whose instruments are tones, played in this process."""
    tones.move_in(home)
    for name, value in tones.environment().items():
        monkeypatch.setenv(name, value)
    with House(AsyncHouse(load_settings(), hosts={"local": host})) as opened:
        yield opened


def test_it_is_generated_from_the_house_as_it_is() -> None:
    script = Path(__file__).parents[3] / "scripts" / "facade"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_both_have_the_same_members() -> None:
    attributes = {"settings", "folders", "loaded", "clock", "ids"}  # of the instance, set by its constructor
    assert set(PUBLIC) - attributes == {name for name in dir(House) if not name.startswith("_")} - attributes


@pytest.mark.parametrize("name", PUBLIC)
def test_each_member_takes_and_gives_the_same_without_waiting(name: str) -> None:
    theirs, ours = inspect.getattr_static(AsyncHouse, name), inspect.getattr_static(House, name)
    if isinstance(theirs, property | cached_property):
        assert isinstance(ours, property)
        getter = theirs.fget if isinstance(theirs, property) else theirs.func
        assert typing.get_type_hints(getter)["return"] == typing.get_type_hints(ours.fget)["return"]
        return
    if name == "close":
        assert list(inspect.signature(ours).parameters) == ["self"]
        return
    assert not inspect.iscoroutinefunction(ours)
    assert inspect.signature(theirs).parameters == inspect.signature(ours).parameters
    gives, given = inspect.signature(theirs).return_annotation, inspect.signature(ours).return_annotation
    assert given == gives.replace("AsyncGenerator[", "Iterator[")
    assert (inspect.getdoc(theirs) or "").splitlines()[0] == (inspect.getdoc(ours) or "").splitlines()[0]


def test_a_line_and_a_stream_and_their_errors(house: House, host: FakeHost) -> None:
    told: list[Event] = []
    spoken = house.speak("One two three.", on_event=told.append)
    assert len(spoken.words) == 3
    chunks = [
        event.audio for event in house.play("", SpeakRequest(text="One two three.")) if isinstance(event, AudioChunk)
    ]
    np.testing.assert_array_equal(np.concatenate([each.samples for each in chunks], axis=1), spoken.audio.samples)
    assert isinstance(told[-1], Done)
    with pytest.raises(NotFoundError, match="no voice 'nobody'"):
        house.speak("Hello.", voice="nobody")
    with pytest.raises(UsageError, match="nothing to play"):
        house.speak("…")
    assert len(host.plays) == 2


def test_a_piece(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    score = write(tmp_path, segment(voice(id="a")))
    assert house.check(score) == ()
    assert house.plan(score).plays == 1
    finished = house.compose(score)
    assert finished.made == 1
    assert finished.path.is_file()
    assert house.plan(score).finished
    assert house.costs()[0].plays == 1
    with pytest.raises(ScoreError):
        house.compose(write(tmp_path, segment(voice("Hello.", id="a", after="b"))))


def test_a_stream_left_early_cancels_the_play(house: House, host: FakeHost) -> None:
    for event in house.play("", SpeakRequest(text="One two three four five six seven.")):
        if isinstance(event, AudioChunk):
            break
    gc.collect()
    assert [row.outcome for row in house.ledger.rows()] == ["cancelled"]
    assert len(list(house.play("", SpeakRequest(text="Again.")))) > 1


def test_a_callback_that_fails_ends_the_play_with_its_error(house: House) -> None:
    def fail(_: Event) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        house.speak("Hello.", on_event=fail)
    assert house.speak("Hello.").audio.frames


def test_a_callback_may_not_ask_the_house_to_play(house: House) -> None:
    def ask(_: Event) -> None:
        house.speak("Never.")

    with pytest.raises(UsageError, match="own callback"):
        house.speak("Hello.", on_event=ask)


def test_from_many_threads(house: House, host: FakeHost) -> None:
    lengths: list[int] = []
    speakers = [threading.Thread(target=lambda: lengths.append(house.speak("Hello.").audio.frames)) for _ in range(6)]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()
    assert len(lengths) == 6
    assert len(set(lengths)) == 1
    assert len(host.plays) == 6


async def test_inside_a_running_loop(house: House) -> None:
    await asyncio.sleep(0)
    assert house.speak("Hello.").audio.frames


def test_ctrl_c_cancels_the_play_and_the_house_goes_on(house: House, host: FakeHost) -> None:
    def interrupt(_: Event) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    class Endless(FakeHost):
        async def play(self, *args: object, **more: object) -> AsyncGenerator[Event, None]:
            yield AudioChunk(start_s=0.0, audio=Audio.mono([0.0] * 800, 8_000))
            await asyncio.sleep(60)

    slow = House(AsyncHouse(house._house.loaded, hosts={"local": Endless(name="local")}))
    with slow:
        with pytest.raises(KeyboardInterrupt):
            slow.speak("Hello.", on_event=interrupt)
        assert [row.outcome for row in slow.ledger.rows()] == ["cancelled"]
    assert house.speak("Hello.").audio.frames


def test_left_it_is_closed_with_its_hosts(house: House, host: FakeHost) -> None:
    house.speak("Hello.")
    events = house.play("", SpeakRequest(text="One two three four."))
    next(events)
    house.close()
    house.close()
    assert host._closed
    with pytest.raises(UsageError, match="is closed"):
        house.speak("Hello.")
    events.close()


def test_what_is_opened_is_this_users_house(home: Path) -> None:
    with open_house() as house, hausmusik.open(home=home / "other", settings={"local.workers": 3}) as other:
        assert house.folders.config == home
        assert other.folders.config == home / "other"
        assert other.settings.local.workers == 3
    assert not (home / "other").exists(), "opening makes nothing"
