"""Calls of functions in real containers, through the ordinary SDK."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import modal
import pytest

from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from tests.unit.hosts.modal.plane.deploying import deploy, function, running, until

pytestmark = pytest.mark.slow

Named = Callable[[str], Any]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    options = PlaneOptions(variables={"EXTRA": "from the plane"}, time_factor=1.0)
    with Plane(tmp_path_factory.mktemp("plane"), options) as plane:
        deploy(plane, "small")
        yield plane
    assert not running(plane)
    assert plane.unimplemented() == {}
    assert all(each.ended_at is not None and each.why is not None for each in plane.lives())


@pytest.fixture
def small(plane: Plane) -> Named:
    return lambda name: function(plane, "small", name)


def test_remote_map_and_starmap(small: Named) -> None:
    square = small("square")
    assert square.remote(3) == 9
    assert list(square.map(range(20))) == [x * x for x in range(20)]
    assert list(square.starmap([(1,), (2,)])) == [1, 4]
    assert sorted(square.map(range(5), order_outputs=False)) == [0, 1, 4, 9, 16]


def test_the_users_exceptions_come_back(small: Named) -> None:
    with pytest.raises(ValueError, match="negative"):
        small("square").remote(-1)
    one, error = small("square").map([1, -1], return_exceptions=True)
    assert one == 1
    assert isinstance(error, ValueError)


def test_spawned_calls_are_found_again(plane: Plane, small: Named) -> None:
    call = small("square").spawn(6)
    assert call.get(timeout=30) == 36
    again = modal.FunctionCall.from_id(call.object_id, client=plane.client())
    assert again.get(timeout=5) == 36
    assert modal.FunctionCall.gather(*[small("square").spawn(n) for n in range(3)]) == [0, 1, 4]


def test_async_calls(small: Named) -> None:
    async def all_at_once() -> list[int]:
        square = small("square")
        return await asyncio.gather(*[square.remote.aio(n) for n in range(5)])

    assert asyncio.run(all_at_once()) == [0, 1, 4, 9, 16]


def test_generators_stream(plane: Plane, small: Named) -> None:
    for number in small("in_turn").remote_gen(4):  # nothing more comes before this one is answered
        (plane.volumes()["shared"] / f"got-{number}").touch()
    assert list(small("count").remote_gen(2_000)) == list(range(2_000))
    assert list(small("count_async").remote_gen(3)) == [0, 1, 2]


def test_large_values_go_through_blobs_both_ways(plane: Plane, small: Named) -> None:
    data = b"0123456789" * 500_000
    assert small("echo").remote(data) == data
    assert plane.rpcs()["BlobCreate"] >= 2
    call = small("echo").spawn(b"x" * 20_000)  # above 8 KiB for spawned calls
    assert call.get(timeout=30) == b"x" * 20_000


def test_what_a_container_sees(plane: Plane, small: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_PROFILE", "of-the-caller")
    monkeypatch.setenv("HF_TOKEN", "of-the-caller")
    seen = small("environment").remote()
    assert (seen["KEY"], seen["SAID"], seen["EXTRA"]) == ("from the secret", "by the image", "from the plane")
    assert "of-the-caller" not in seen.values()
    assert "MODAL_TOKEN_SECRET" not in seen
    assert seen["MODAL_SERVER_URL"] == plane.url
    assert "from the secret" not in plane.logs("small")


def test_volumes_are_shared(plane: Plane, small: Named) -> None:
    before = plane.commits()["shared"]
    assert small("write").remote("a.txt", "A").startswith("a.txt")
    assert (plane.volumes()["shared"] / "a.txt").read_text() == "A"
    assert plane.commits()["shared"] > before


def test_failures_are_tried_again_for_sync_and_spawned_calls(small: Named) -> None:
    assert small("third_time").remote("sync") == 3
    assert small("third_time").spawn("spawned").get(timeout=30) == 3


def test_an_input_that_takes_too_long_kills_its_container(plane: Plane, small: Named) -> None:
    with pytest.raises(modal.exception.FunctionTimeoutError):
        small("sleeper").remote(60)
    until(lambda: any(each.why == "timeout" and each.ended_at for each in plane.lives()))
    assert small("sleeper").remote(0.1) == 0.1


def test_inputs_share_a_container(small: Named) -> None:
    assert len(set(small("together").map([0.2] * 8))) == 1


def test_batches(small: Named) -> None:
    outputs = list(small("batched").map(range(6)))
    assert [value for value, _ in outputs] == [1, 2, 3, 4, 5, 6]
    assert sorted(size for _, size in outputs) == [2, 2, 4, 4, 4, 4]


def test_single_use(plane: Plane, small: Named) -> None:
    assert len({small("once").remote() for _ in range(2)}) == 2
    until(lambda: sum(each.why == "single_use" for each in plane.lives()) == 2)


def test_a_crash_is_tried_a_few_times_and_reported(plane: Plane, small: Named) -> None:
    with pytest.raises(modal.exception.RemoteError, match="3 times by itself"):
        small("crash").remote()
    assert [each.why for each in plane.lives() if each.function == "crash"] == ["crashed"] * 3


def test_calls_from_containers(small: Named) -> None:
    assert small("outer").remote(4) == [0, 1, 4, 9]


def test_a_cancelled_call_is_stopped_inside_the_container(small: Named) -> None:
    small("patient").remote(0.0)
    call = small("patient").spawn(600.0)
    time.sleep(0.5)
    call.cancel()
    with pytest.raises(modal.exception.RemoteError, match="cancelled"):
        call.get(timeout=10)
    until(lambda: small("patient").get_current_stats().num_running_inputs == 0)


def test_logs_are_the_containers_real_output(plane: Plane, small: Named) -> None:
    small("square").remote(1234)
    until(lambda: "square 1234\n" in plane.logs("small"))


def test_the_plane_counts_what_happened(plane: Plane, small: Named) -> None:
    small("square").remote(5)
    call = plane.calls()[-1]
    assert (call.app, call.function, call.inputs, call.deliveries, call.outcomes) == (
        "small",
        "square",
        1,
        1,
        ("success",),
    )
    answered = sum(each.inputs for each in plane.lives() if each.function == "square")
    asked = sum(each.inputs for each in plane.calls() if each.function == "square")
    assert answered == asked
