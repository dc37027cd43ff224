from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.config.folders import find_folders
from hausmusik.config.loading import load_settings
from hausmusik.errors import BudgetError, GenerationFailed, HostUnavailable, NotFoundError, UsageError, WeightsError
from hausmusik.house import AsyncHouse
from hausmusik.money.budget import Budget, Limits
from hausmusik.money.prices import Price
from hausmusik.seams import EngineOrder, Host
from hausmusik.testing import FakeHost, sine
from hausmusik.types import Done, Embeddings, Event, Phase, Request, Run, SpeakRequest, Usage
from hausmusik.verbs import Embedded
from hausmusik.weights.hub import Hub
from tests.unit.instruments.entries import environment, instrument, router, weights

TONE = '"hausmusik.engines.tone:ToneEngine"'
BYTES = b"weights"
HELLO = SpeakRequest(text="Hello there.")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder of the user's with weights in it; `heavy` needs them, `plain` nothing."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "m.bin").write_bytes(BYTES)
    digest = hashlib.sha256(BYTES).hexdigest()
    files = f'[{{ name = "m.bin", sha256 = "{digest}", size_bytes = {len(BYTES)} }}]'
    catalogue = find_folders().instruments
    catalogue.mkdir(parents=True)
    (catalogue / "x.toml").write_text(
        weights("w", files=files, licence_text='"Apache-2.0.txt"')
        + instrument("heavy", engine=TONE, weights='["w"]')
        + instrument("plain", engine=TONE)
        + instrument("own", engine='"engine.py:Engine"')
        + instrument("ear", "judge", engine=TONE)
        + instrument("reader", "embed", engine=TONE)
        + router("either", "heavy", "plain")
    )
    (catalogue / "engine.py").write_text("class Engine: pass\n")
    return tmp_path / "mine"


def house(*folders: Path, host: Host | None = None, offline: bool = False) -> AsyncHouse:
    overrides = {"weights.folders": [str(each) for each in folders], "weights.offline": offline}
    return AsyncHouse(load_settings(overrides=overrides), hosts={"local": host or FakeHost(name="local")})


async def heard(home: AsyncHouse, name: str) -> list[Event]:
    return [event async for event in home.play(name, HELLO)]


async def test_a_request_out_of_range_pulls_nothing_and_costs_nothing(mine: Path) -> None:
    async with house(mine) as home:
        with pytest.raises(UsageError, match="speed must be at most"):
            _ = [event async for event in home.play("heavy", SpeakRequest(text="Hi", speed=5.0))]
        assert home.instruments("speak")[0].ready != "yes"
        assert home.costs() == ()


class Cents:
    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        return Price(name="a GPU", usd_per_s=Decimal("0.01"), date=date(2026, 1, 1), source="a page")


async def test_doctor_tells_of_plays_that_were_reserved_and_never_charged(mine: Path) -> None:
    async with house() as home:
        assert not [each for each in home.doctor() if each.what.startswith("play ")]
        assert not home.folders.ledger.exists()
        dead = Budget(home._money, Limits(), clock=SystemClock(), ids=TimeIds())
        dead._owner = ""  # of another machine
        held = dead.reserve(Run(id="r"), Decimal("0.25"), instrument="bark", host="modal", hold_s=0)
        (found,) = [each for each in home.doctor() if each.what == f"play {held.id}"]
        assert found.state == "note"
        assert "bark on modal was cut off; it is charged at most, $0.25" in found.how


async def test_the_eta_of_a_play_grows_with_its_length_and_is_learnt_by_the_second(mine: Path) -> None:
    spoken = [Phase(name="play"), Usage(busy_s=6.0, audio_s=2.0), Done()]
    async with house(host=FakeHost(name="local")) as home:

        async def eta_s(text: str) -> float:
            events = [event async for event in home.play("plain", SpeakRequest(text=text))]
            return next(event.eta_s or 0.0 for event in events if isinstance(event, Phase) and event.name == "play")

        words = "Thirty-three letters and then some."
        once = await eta_s(words)
        assert once > 0
        assert await eta_s(words * 60) == pytest.approx(60 * once, rel=0.01)
    async with house(host=FakeHost(spoken, name="local")) as home:
        for _ in range(50):
            _ = [event async for event in home.play("plain", HELLO)]
    async with house(host=FakeHost(name="local")) as home:
        spoken_s = home.player.estimate_s("plain", SpeakRequest(text=words * 60))
        assert await eta_s(words * 60) == pytest.approx(3 * spoken_s, abs=0.01), "three seconds for one, as it was"


async def test_the_worst_case_that_is_reserved_is_the_hosts(mine: Path) -> None:
    run = Run(id="r", deadline_s=10.0, budget_usd="1.00")
    for warm_s, plays in ((0.01, 1), (200.0, 0)):  # 10 s of playing, and a start
        host = FakeHost(name="local", warm_s=warm_s)
        async with house(host=host) as home:
            home.prices = Cents()
            with nullcontext() if plays else pytest.raises(BudgetError, match=r"may cost up to \$2.10"):
                _ = [event async for event in home.play("plain", HELLO, run=run)]
        assert len(host.plays) == plays


async def test_two_plays_at_once_bring_the_weights_once(mine: Path) -> None:
    async with house(mine) as home:
        plays = await asyncio.gather(heard(home, "heavy"), heard(home, "heavy"))
    pulls = [[event for event in each if isinstance(event, Phase) and event.name == "pull"] for each in plays]
    assert pulls[0][-1].done == 1.0
    assert not pulls[1], "it found them here"


async def test_a_play_left_during_its_pull_frees_the_next_one(mine: Path) -> None:
    async with house(mine) as home:
        events = home.play("heavy", HELLO)
        assert (await anext(events)).name == "pull"
        await events.aclose()
        assert len(await heard(home, "heavy")) > 1


async def test_what_cannot_be_had_is_told_and_identified_all_the_same(mine: Path) -> None:
    async with house(offline=True) as home:
        with pytest.raises(WeightsError, match="offline"):
            await heard(home, "heavy")
        identity = home.player.identify("heavy", HELLO, run=Run(id="r"))
        assert (identity.instrument, identity.engine_revision) == ("heavy", "tone/1")
        with pytest.raises(NotFoundError, match="no host 'moon'"):
            home.player.identify("heavy", HELLO, run=Run(id="r", host="moon"))


async def test_a_pull_in_vain_names_who_could_play_after_an_install(mine: Path) -> None:
    file = find_folders().instruments / "light.toml"
    file.write_text(environment("own-pins") + instrument("light", engine=TONE, environment='"own-pins"'))
    async with house() as home:
        with pytest.raises(WeightsError) as caught:
            await heard(home, "heavy")
    assert "or `haus install own-pins`" in caught.value.hint


async def test_the_router_sees_what_was_pulled_and_removed_meanwhile(mine: Path) -> None:
    async with house(offline=True) as home:
        run = Run(id="r")
        assert home.player.identify("either", HELLO, run=run).instrument == "plain"
        home.weights._own = (mine,)  # the user plugs a disk in
        _ = [step async for step in home.pull(["heavy"])]
        assert home.player.identify("either", HELLO, run=run).instrument == "heavy"
        home.remove_weights(["heavy"])
        home.weights._own = ()
        assert home.player.identify("either", HELLO, run=run).instrument == "plain"


async def test_other_options_or_pins_make_new_takes(mine: Path) -> None:
    file = find_folders().instruments / "tuned.toml"

    async def setup(text: str) -> str:
        file.write_text(text)
        async with house() as home:
            return home.player.identify("tuned", HELLO, run=Run(id="r")).setup

    plain = await setup(instrument("tuned", engine=TONE))
    slow = await setup(instrument("tuned", engine=TONE, options="{ sleep_s = 0.1 }"))
    slower = await setup(instrument("tuned", engine=TONE, options="{ sleep_s = 0.2 }"))
    pinned = await setup(environment("own-pins") + instrument("tuned", engine=TONE, environment='"own-pins"'))
    assert plain == ""
    assert len({plain, slow, slower, pinned}) == 4


async def test_an_edited_engine_file_makes_new_takes(mine: Path) -> None:
    async with house() as home:
        before = home.player.identify("own", HELLO, run=Run(id="r"))
        (home.folders.instruments / "engine.py").write_text("class Engine: changed = True\n")
        assert home.player.identify("own", HELLO, run=Run(id="r")).engine_revision != before.engine_revision


async def test_judging_is_a_play_that_ends_well(mine: Path) -> None:
    async with house() as home:
        vector = await home.judge(sine(440, 1.0, rate_hz=16_000), instrument="ear")
        assert vector.ndim == 1
        (row,) = home.ledger.rows()
        assert (row.outcome, row.basis) == ("done", "measured")


async def test_texts_become_vectors_in_their_order(mine: Path) -> None:
    async with house() as home:
        found = await home.embed(["rain on leaves", "rain on a roof", "a door"], instrument="reader")
        alone = await home.embed("a door", purpose="query", instrument="reader")
    assert isinstance(found, Embedded)
    assert found.vectors.dtype == np.float32
    assert found.vectors.shape == (3, alone.vectors.shape[1])
    assert found.model == alone.model != ""
    np.testing.assert_array_equal(found.vectors[2:], alone.vectors)
    likeness = found.vectors @ found.vectors[0]
    assert likeness[0] == pytest.approx(1)
    assert likeness[1] > likeness[2]


@pytest.mark.parametrize("texts", [[], ["…", " "], "", ["a"] * 4097, ["a", 3]], ids=len)
async def test_texts_that_cannot_be_embedded_are_refused_before_anything_is_played(
    mine: Path, texts: list[str]
) -> None:
    async with house() as home:
        with pytest.raises(UsageError):
            await home.embed(texts, instrument="reader")
        assert list(home.ledger.rows()) == []


async def test_fewer_vectors_than_texts_are_a_failure(mine: Path) -> None:
    class Short(FakeHost):
        async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event]:
            yield Embeddings(values=np.ones((1, 2), np.float32), model="m")
            yield Done()

    async with house(host=Short(name="local")) as home:
        with pytest.raises(GenerationFailed, match="2 texts"):
            await home.embed(["a", "b"], instrument="reader")


async def test_a_host_that_cannot_close_does_not_keep_the_others_open(mine: Path) -> None:
    class Stuck(FakeHost):
        async def close(self) -> None:
            await super().close()
            raise HostUnavailable("it does not close")

    other = FakeHost(name="other")
    home = AsyncHouse(load_settings(), hosts={"other": other, "stuck": Stuck(name="stuck")})
    assert home.hosts
    home.journal.open_job("x")
    with pytest.raises(HostUnavailable):
        await home.close()
    assert other._closed
    assert home.journal.database._connection is None


def test_the_hub_of_the_settings_reaches_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAUSMUSIK_HUB__TOKEN", "hf_secret")
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/hub/")
    assert AsyncHouse(load_settings()).weights._hub == Hub("https://mirror.example/hub", "hf_secret")
    monkeypatch.delenv("HF_ENDPOINT")
    assert AsyncHouse(load_settings()).weights._hub == Hub(token="hf_secret")


def test_the_memory_limit_of_the_settings_reaches_the_host(mine: Path) -> None:
    host = AsyncHouse(load_settings(overrides={"local.memory_mib": 300})).hosts["local"]
    assert host._pool._limits.memory_mib == 300
    home = house()
    order = home.player.order(home.catalogue.instrument("plain"))
    assert order.memory_mib == home.catalogue.instrument("plain").memory_mib > 0
