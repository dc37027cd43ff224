"""What the ledger says of containers is what happened in them, by the books of the control plane that ran them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("modal")

from hausmusik.errors import Cancelled, GenerationFailed
from hausmusik.hosts.modal.host import ASK_EVERY_S
from hausmusik.hosts.modal.plane import Faults, PlaneOptions, Refusal
from hausmusik.money import LedgerRow
from tests.unit.hosts.modal.metered import RUN, Stage, declared, stage, tones
from tests.unit.hosts.modal.plane.deploying import until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("models", "charged"),
    [
        ({}, "L4"),
        ({"L4": "NVIDIA L4 of next year"}, "L4"),
        ({"L4": "something new"}, "the dearest"),
        ({"L4": "NVIDIA H200"}, "H100"),
    ],
)
async def test_the_row_has_the_price_of_the_gpu_that_was_given(
    tmp_path: Path, models: dict[str, str], charged: str
) -> None:
    """The first of the list is not to be had; what the second calls itself decides."""
    order = tones()
    options = PlaneOptions(faults=Faults(refusals=(Refusal(0.0, 3600.0, ("A10",)),)), gpu_models=models)
    async with stage(tmp_path, declared(order, gpu=("A10", "L4", "H100")), options) as books:
        await books.play(order, "One.")
        (life,) = books.plane.lives()
        rows = await books.rows()
    assert life.gpu == "L4"
    assert {row.price.name for row in rows} == {charged}
    assert {row.kind for row in rows} == {"play", "idle"}


UNSEEN_S = 1.0
"""Of one container, before its process began: what it cannot know of. 0.1 to 0.3 s here, more beside others."""


def told_s(rows: list[LedgerRow]) -> float:
    """Return the container seconds that a ledger charges."""
    return float(sum(row.cost_usd / row.price.usd_per_s for row in rows))


def check_books(books: Stage, rows: list[LedgerRow]) -> None:
    """Compare what a ledger charges with what the plane knows that its containers lived: within one per cent.

    How long a process takes to end after its window is the machine's to say (0.2 s, and seconds on a busy one).
    """
    kept_s, unseen_s = books.kept_s(), UNSEEN_S * len(books.plane.lives())
    told = [(each.kind, each.usage) for each in rows]
    assert kept_s * 0.99 - unseen_s <= told_s(rows) <= books.lived_s() * 1.01, told


async def test_plays_that_overlap_in_one_container_pay_for_each_second_once(tmp_path: Path) -> None:
    order = tones(sleep_s=0.2)
    declaration = declared(order, gpu=("T4",), max_inputs=4)
    async with stage(tmp_path, declaration, PlaneOptions()) as books:
        for texts in (["One.", "One two three.", "Four five. Six.", "Seven."] * 3, ["Eight.", "Nine ten."]):
            await asyncio.gather(*(books.play(order, text) for text in texts))
            await asyncio.sleep(1.0)
        rows = await books.rows()
    plays = [row for row in rows if row.kind == "play"]
    assert len(books.plane.lives()) == 1
    assert [row.basis for row in plays] == ["measured"] * 14
    assert sum(row.usage.boot_s > 0 for row in plays) == 1
    assert sum(row.usage.busy_s for row in plays) > 2 * sum(row.usage.busy_s - row.usage.shared_s for row in plays)
    check_books(books, rows)


async def test_a_play_that_fails_beside_others_pays_its_share_too(tmp_path: Path) -> None:
    order = tones(sleep_s=0.2, fail="generation", fault_after=4)
    async with stage(tmp_path, declared(order, gpu=("T4",), max_inputs=4), PlaneOptions()) as books:
        texts = ["One.", "One two three four. Five.", "One two. Three four."]
        ends = await asyncio.gather(*(books.play(order, text) for text in texts), return_exceptions=True)
        rows = await books.rows()
    assert [type(end) for end in ends] == [type(None), GenerationFailed, GenerationFailed]
    assert sorted(row.outcome for row in rows if row.kind == "play") == ["done", "failed", "failed"]
    assert all(row.usage.shared_s > 0 for row in rows if row.kind == "play")
    check_books(books, rows)


async def test_a_start_ahead_of_plays_pays_for_itself_and_what_idles_until_the_first(tmp_path: Path) -> None:
    order = tones()
    async with stage(tmp_path, declared(order, gpu=("T4",)), PlaneOptions()) as books:
        await books.start(order)
        await asyncio.sleep(1.0)
        await books.play(order, "One.")
        rows = await books.rows()
    assert [(row.kind, row.usage.boot_s > 0) for row in rows if row.kind != "idle"] == [("warm", True), ("play", False)]
    check_books(books, rows)


async def test_a_container_in_place_of_a_dead_one_is_paid_too(tmp_path: Path) -> None:
    """Modal gives the call to another container at once; its start was for this play, whose next try it takes."""
    order = tones(sleep_s=0.2)
    options = PlaneOptions(faults=Faults(killing_deliveries=(1,), kill_after_s=(0.9, 0.9)))
    async with stage(tmp_path, declared(order, max_containers=1), options) as books:
        await books.play(order, "One two three. Four five six. Seven eight nine.")
        rows = await books.rows()
        assert [life.why for life in books.plane.lives()] == ["killed", "idle"]
        assert books.lived_s() < books.host.worst_s(order, RUN)
    check_books(books, rows)


START_S = 2.5
"""Of a container here whose boot is delayed by two seconds."""


async def test_a_play_that_is_left_during_its_start_is_never_played_and_its_start_charged(tmp_path: Path) -> None:
    order = tones(sleep_s=0.2)
    options = PlaneOptions(faults=Faults(boot_delay_s=(2.0, 2.0)))
    async with stage(tmp_path, declared(order), options) as books:
        await books.play(order, "One two three. " * 20, unheard_s=START_S + 3.0, leave_after_s=0.3)
        await asyncio.to_thread(until, lambda: [call.outcomes for call in books.plane.calls()] == [("terminated",)])
        assert not books.plane.lives()[0].ended_at  # it is still starting
        rows = await books.rows()
        assert [(call.method, call.outcomes) for call in books.plane.calls()] == [("ready", ("terminated",))]
        assert [life.inputs for life in books.plane.lives()] == [0]
    (row,) = rows
    assert (row.kind, row.outcome, row.basis) == ("play", "cancelled", "estimated")
    assert told_s(rows) == pytest.approx(START_S + 3.0)
    assert books.lived_s() > 2.0 + 3.0  # nobody waited for it, and it was paid for all the same


async def test_closing_during_a_start_leaves_nothing_to_be_played(tmp_path: Path) -> None:
    order = tones(sleep_s=0.2)
    options = PlaneOptions(faults=Faults(boot_delay_s=(2.0, 2.0)))
    async with stage(tmp_path, declared(order), options) as books:
        playing = [asyncio.create_task(books.play(order, text)) for text in ("One.", "Two.")]
        await asyncio.sleep(0.3)
        await books.host.close()
        ends = await asyncio.gather(*playing, return_exceptions=True)
        await books.rows()
        calls = books.plane.calls()
    assert [type(end) for end in ends] == [Cancelled, Cancelled]
    assert [(each.method, each.outcomes) for each in calls] == [("ready", ("terminated",))] * 2


async def test_what_is_kept_warm_between_plays_is_paid_once_by_one_or_the_other(tmp_path: Path) -> None:
    order = tones(sleep_s=0.1)
    async with stage(tmp_path, declared(order, gpu=("T4",)), PlaneOptions()) as books:
        await books.play(order, "Before.")
        await asyncio.sleep(1.0)

        async def plays() -> None:
            for text in ("One two three.", "Four."):
                await asyncio.sleep(2.3)
                await books.play(order, text)

        await asyncio.gather(books.keep_warm(10.0, tmp_path), plays())
        rows = await books.rows()
    assert len(books.plane.lives()) == 1
    assert [row.kind for row in rows].count("play") == 3
    (warm,) = [row for row in rows if row.kind == "warm"]
    assert (warm.label, warm.price.name, warm.usage.busy_s) == ("keep warm", "T4", 0.0)
    assert warm.usage.idle_s > 1.0
    check_books(books, rows)


async def test_a_try_that_was_lost_before_it_was_heard_of_is_charged_as_estimated(tmp_path: Path) -> None:
    """Modal gives a call up whose containers end again and again; the next try plays, and pays for both."""
    order = tones()
    options = PlaneOptions(faults=Faults(killing_deliveries=tuple(range(13))))
    async with stage(tmp_path, declared(order, max_containers=1), options) as books:
        await books.play(order, "One.")
        rows = await books.rows()
    (play,) = [row for row in rows if row.kind == "play"]
    assert (play.basis, play.outcome) == ("estimated", "done")
    # Whether containers are starting is asked once a second, first after one.
    assert books.kept_s() - 3 * ASK_EVERY_S - UNSEEN_S <= told_s(rows) <= books.lived_s() * 1.01
    assert len(books.plane.lives()) > 12
