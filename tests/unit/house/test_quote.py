"""The quote of a house against its own ledger, on a host whose machines idle, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from hausmusik.batch.values import BatchOptions
from hausmusik.config.folders import find_folders
from hausmusik.config.loading import load_settings
from hausmusik.errors import NotFoundError
from hausmusik.house import AsyncHouse
from hausmusik.memory.answering.answerer import AskOptions
from hausmusik.money.learnt import Spread
from hausmusik.money.quote import BOOTS
from hausmusik.money.quoted import PARTS
from hausmusik.money.rows import LedgerRow
from hausmusik.score.compose import ComposeOptions
from hausmusik.seams import EngineOrder, Machines
from hausmusik.testing import FakeHost, virtual_time
from hausmusik.testing.time import VirtualClock
from hausmusik.types import Done, Event, MusicRequest, Request, Run, Usage
from tests.unit.instruments.entries import instrument

PACE, COLD_S, WINDOW_S = 0.5, 4.0, 60.0
BOOT = BOOTS["modal"]
START_S = COLD_S + BOOT.mid
MEASURED = f'{{ cpu_s_per_unit = {PACE}, cold_start_s = {COLD_S}, on = "a test" }}'
CLOUD = Machines(most=3, plays_each=1, idle_s=WINDOW_S)


@pytest.fixture(autouse=True)
def catalogue() -> None:
    folder = find_folders().instruments
    folder.mkdir(parents=True)
    (folder / "x.toml").write_text(
        instrument(
            "flute",
            "music",
            engine='"hausmusik.engines.tone:ToneEngine"',
            places='["local", "modal"]',
            measured=MEASURED,
        )
    )


def cloud(machines: Machines = CLOUD) -> FakeHost:
    """A host under Modal's name, so that its seconds have a price; its plays take what the catalogue says."""
    cold = {"flute"}

    def play(order: EngineOrder, request: Request, run: Run) -> Iterable[Event]:
        assert isinstance(request, MusicRequest)
        started_s = START_S if order.instrument in cold else 0.0
        cold.clear()
        yield Usage(boot_s=started_s, busy_s=PACE * request.duration_s, audio_s=request.duration_s)
        yield Done()

    return FakeHost(play, name="modal", machines=machines)


def house(host: FakeHost, clock: VirtualClock | None = None) -> AsyncHouse:
    return AsyncHouse(load_settings(overrides={"defaults.host": "modal"}), hosts={"modal": host}, clock=clock)


async def played(home: AsyncHouse, *lengths_s: float, gap_s: float = 0.0) -> list[LedgerRow]:
    """Play one after another, wait until all is over, return the ledger."""
    run = Run(id="r", deadline_s=600.0)
    for length_s in lengths_s:
        _ = [event async for event in home.play("flute", MusicRequest(prompt="calm", duration_s=length_s), run=run)]
        await asyncio.sleep(gap_s)
    await asyncio.sleep(WINDOW_S + 1)
    home.costs()
    return list(home.ledger.rows())


def test_one_play_costs_what_was_expected_to_the_nanodollar() -> None:
    with virtual_time() as (runner, clock):

        async def main() -> None:
            async with house(cloud(), clock) as home:
                quote = home.quote_play("flute", MusicRequest(prompt="calm", duration_s=20.0))
                (line,) = quote.lines
                assert (line.start.mid, line.play.mid, line.idle.mid) == (START_S, PACE * 20, WINDOW_S)
                rows = await played(home, 20.0)
                assert [each.kind for each in rows] == ["play", "idle"]
                assert sum(each.cost_usd for each in rows) == quote.expected_usd > 0
                assert rows[1].cost_usd == quote.part_usd("idle")[1]

        runner.run(main())


@pytest.mark.parametrize(("gap_s", "idled_s"), [(0.0, WINDOW_S), (10.0, WINDOW_S + 10.0)])
def test_plays_that_follow_each_other_share_one_window(gap_s: float, idled_s: float) -> None:
    with virtual_time() as (runner, clock):

        async def main() -> None:
            async with house(cloud(), clock) as home:
                rows = await played(home, 20.0, 20.0, gap_s=gap_s)
                assert sum(each.usage.idle_s for each in rows) == pytest.approx(idled_s)
                assert sum(each.usage.boot_s for each in rows) == START_S

        runner.run(main())


def score(folder: Path, *lengths_s: float) -> Path:
    cues = [
        {"layer": "music", "prompt": f"calm {each}", "duration_s": each, "instrument": "flute"} for each in lengths_s
    ]
    path = folder / "piece.json"
    path.write_text(json.dumps({"hausmusik": 1, "title": "T", "segments": [{"id": "one", "cues": cues}]}))
    return path


@pytest.mark.parametrize(
    ("machines", "cues", "expected", "most"),
    [
        (CLOUD, 1, 1, 1),
        (CLOUD, 2, 2, 2),
        (CLOUD, 5, 3, 3),
        (Machines(most=4, plays_each=2, idle_s=WINDOW_S), 5, 3, 4),
        (Machines(most=4, plays_each=8, idle_s=WINDOW_S), 3, 1, 3),
        (Machines(), 3, 1, 1),
    ],
)
async def test_a_piece_is_quoted_with_the_machines_that_its_host_would_start(
    tmp_path: Path, machines: Machines, cues: int, expected: int, most: int
) -> None:
    async with house(cloud(machines)) as home:
        quote = home.quote(home.plan(score(tmp_path, *range(5, 5 + cues))))
    (line,) = quote.lines
    assert (line.plays, line.cold_starts) == (cues, expected)
    assert line.idle == Spread(0.0, expected * machines.idle_s, most * machines.idle_s)
    assert line.start == Spread(0.0, expected * START_S, most * (COLD_S * 2.5 + BOOT.high))
    assert quote.expected_usd == sum(quote.part_usd(part)[1] for part in PARTS)
    alone_s = PACE * sum(range(5, 5 + cues))
    assert line.play.mid == pytest.approx(alone_s / min(machines.plays_each, cues / expected))
    assert line.play.high == pytest.approx(2.5 * alone_s / min(machines.plays_each, cues / most))


async def test_of_what_is_kept_nothing_is_quoted(tmp_path: Path) -> None:
    async with house(FakeHost(name="modal", machines=CLOUD)) as home:
        out = ComposeOptions(out=tmp_path / "piece.flac")
        await home.compose(score(tmp_path, 1.0), options=out, run=Run(id="r", deadline_s=600.0))
        assert home.quote(home.plan(tmp_path / "piece.json")).expected_usd == Decimal(0)


@pytest.mark.parametrize(("concurrency", "machines"), [(1, 1), (2, 2), (8, 3)])
async def test_a_batch_starts_no_more_machines_than_plays_at_once(
    tmp_path: Path, concurrency: int, machines: int
) -> None:
    lines = [json.dumps({"prompt": "calm", "duration_s": each}) for each in range(1, 11)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    options = BatchOptions(
        source=tmp_path / "in.jsonl", out=tmp_path / "out.jsonl", instrument="flute", concurrency=concurrency
    )
    async with house(cloud()) as home:
        (line,) = home.quote(home.plan_batch(options)).lines
    assert (line.plays, line.units, line.cold_starts) == (10, 55.0, machines)
    assert line.idle.mid == machines * WINDOW_S


async def test_nobody_by_that_name_is_quoted() -> None:
    async with house(cloud()) as home:
        with pytest.raises(NotFoundError, match="no instrument 'flut'"):
            home.quote_play("flut", MusicRequest(prompt="calm", duration_s=1.0))


async def test_a_question_is_quoted_with_its_embedding() -> None:
    """Both may be on machines that cost; sentences that are only quoted need nobody to word them."""
    (find_folders().instruments / "chat.toml").write_text(
        instrument("parrot", "chat", engine='"hausmusik.engines.tone:ToneEngine"', places='["local", "modal"]')
        + instrument("ruler", "embed", engine='"hausmusik.engines.tone:ToneEngine"', places='["local", "modal"]')
    )
    settings = load_settings(overrides={"defaults.host": "modal", "defaults.embed": "ruler"})
    async with AsyncHouse(settings, hosts={"modal": cloud()}) as home:
        worded = home.quote_ask("Who leads Helios?", options=AskOptions(instrument="parrot"))
        plain = home.quote_ask("Who leads Helios?", options=AskOptions())
    assert [line.instrument for line in worded.lines] == ["ruler", "parrot"]
    assert [line.instrument for line in plain.lines] == ["ruler"]
    assert worded.high_usd > plain.high_usd > 0
