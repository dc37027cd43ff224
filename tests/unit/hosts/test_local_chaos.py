"""Everything at once: crashes, refusals, runaways and callers that leave, over few workers."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from hausmusik.errors import HausmusikError
from hausmusik.types import Done
from tests.unit.hosts.playing import MakeHost, eventually, open_files, played, tone


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_stuck_or_left_behind(make_host: MakeHost, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    files = open_files()
    host = make_host(cancel_grace_s=0.2, stall_timeout_s=1.0, max_workers=3)
    kinds = [
        {},
        {"sleep_s": 0.03},
        {"crash_after": 2, "crash_once": str(tmp_path / "once")},
        {"crash_after": 1, "crash_how": "kill"},
        {"fail": "foreign", "fault_after": 1},
        {"fail": "weights"},
        {"hang": True, "fault_after": 1},
        {"spin": True},
        {"crash_in_load": True},
    ]

    async def one(number: int) -> str:
        choice = dice.randrange(len(kinds))
        await asyncio.sleep(dice.random() * 2)
        play = played(host, tone(f"kind-{choice}", workers=dice.choice([1, 2]), **kinds[choice]))  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(dice.choice([0.05, 0.3, 1.0, 20.0])):
                return "done" if isinstance((await play)[-1], Done) else "odd"
        except TimeoutError:
            return "left"
        except HausmusikError as error:
            return error.code

    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*(one(number) for number in range(50)))
    assert "done" in outcomes
    assert "odd" not in outcomes
    await eventually(lambda: all(slot.state == "idle" for slot in host._pool._slots), 10.0)
    assert not host._pool._waiting
    assert isinstance((await played(host, tone("last")))[-1], Done)
    await host.close()
    assert open_files() == files
