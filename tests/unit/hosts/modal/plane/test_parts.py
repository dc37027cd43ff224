"""The small parts: messages of two SDKs, paths, logs, the clock, the bell, the size of a pool."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from grpclib import GRPCError
from hypothesis import given
from hypothesis import strategies as st
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.bell import Bell
from hausmusik.hosts.modal.plane.clock import PlaneClock
from hausmusik.hosts.modal.plane.logs import LogBook
from hausmusik.hosts.modal.plane.messages import copy_by_name, make
from hausmusik.hosts.modal.plane.mounts import container_files
from hausmusik.hosts.modal.plane.paths import inside
from hausmusik.hosts.modal.plane.sizing import most, wanted
from hausmusik.hosts.modal.plane.state import App, Function, Image
from hausmusik.hosts.modal.plane.work import Call, Container, Input, Pool


def test_fields_of_another_version_are_dropped() -> None:
    message = make(api_pb2.AppCreateResponse, app_id="ap-1", of_another_version=7)
    assert message == api_pb2.AppCreateResponse(app_id="ap-1")


def test_messages_are_copied_by_name_where_numbers_differ() -> None:
    function = api_pb2.Function(function_name="f", timeout_secs=7, supported_input_formats=[1, 4], image_id="im-1")
    function.method_definitions["m"].function_name = "F.m"
    function.autoscaler_settings.min_containers = 0
    data = api_pb2.FunctionData()
    copy_by_name(function, data, leave=("timeout_secs",))
    assert (data.function_name, data.timeout_secs) == ("f", 0)
    assert list(data.supported_input_formats) == [1, 4]
    assert data.method_definitions["m"].function_name == "F.m"
    assert data.autoscaler_settings.HasField("min_containers")


@given(st.lists(st.sampled_from(["..", ".", "a", "b c", "", "/", "~", "ä"]), max_size=8).map("/".join))
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    root = Path("/nowhere/at/all")
    try:
        assert inside(root, name).resolve().is_relative_to(root)
    except GRPCError:
        assert ".." in name


def test_no_link_leads_out_either(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(GRPCError):
        inside(tmp_path / "root", "link/secret")
    assert inside(tmp_path / "root", "/a/b") == tmp_path / "root" / "a" / "b"


def test_logs_are_numbered_and_told_apart() -> None:
    book = LogBook(lambda: 5.0)
    for container, text in (("ta-1", "one\n"), ("ta-2", "two\n"), ("ta-1", "three\n")):
        book.write(container, f"fu-{container}", text)
    assert [entry.text for entry in book.after(1)] == ["two\n", "three\n"]
    assert [entry.text for entry in book.after(0, container="ta-1")] == ["one\n", "three\n"]
    assert [entry.number for entry in book.after(0, function="fu-ta-2")] == [2]
    assert book.tail("ta-1", characters=7) == "three"


def test_the_clock_runs_as_fast_as_told() -> None:
    clock = PlaneClock(1_000.0)
    assert clock.real_s(500.0) == 0.5
    assert clock.real_s(-1.0) == 0.0
    first = clock.now()
    assert clock.now() >= first


async def test_a_bell_wakes_whoever_waits_and_nobody_else() -> None:
    bell = Bell()
    bell.ring()
    assert not await bell.heard(0.0)
    waiting = [asyncio.create_task(bell.heard()) for _ in range(2)]
    await asyncio.sleep(0)
    bell.ring()
    assert await asyncio.gather(*waiting) == [True, True]


def pool_of(waiting: int = 0, running: tuple[int, ...] = (), *, current: bool = True, **declared: Any) -> Pool:
    scale = {name: declared.pop(name) for name in list(declared) if name.endswith("_containers")}
    definition = api_pb2.Function(**declared, autoscaler_settings=api_pb2.AutoscalerSettings(**scale))
    app = App("ap-1", "app", api_pb2.APP_STATE_DEPLOYED, 0.0, LogBook(lambda: 0.0))
    function = Function("fu-1", app, definition)
    if current:
        app.function_ids["f"] = "fu-1"
    pool = Pool(function)
    call = Call("fc-1", function, 0)
    items = [Input(f"in-{n}", call, n, api_pb2.FunctionInput()) for n in range(waiting + sum(running))]
    pool.queue.extend(items[:waiting])
    for number, count in enumerate(running):
        container = Container(f"ta-{number}", "", pool, definition, "", 0.0)
        container.active = {f"{number}-{n}": items[0] for n in range(count)}
        pool.containers[container.id] = container
    return pool


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (pool_of(), 0),
        (pool_of(3), 3),
        (pool_of(9), 4),
        (pool_of(9, max_containers=2), 2),
        (pool_of(3, (1, 0)), 4),
        (pool_of(9, max_concurrent_inputs=4), 3),
        (pool_of(9, max_concurrent_inputs=4, target_concurrent_inputs=3), 3),
        (pool_of(5, batch_max_size=4), 2),
        (pool_of(min_containers=2), 2),
        (pool_of(1, min_containers=2, buffer_containers=2), 3),
        (pool_of(buffer_containers=2), 0),
        (pool_of(min_containers=6), 6),
        (pool_of(min_containers=2, current=False), 0),
    ],
)
def test_the_size_of_a_pool(pool: Pool, expected: int) -> None:
    assert wanted(pool, 4) == expected
    assert most(pool, 4) >= expected


def test_a_pool_whose_boots_fail_is_not_kept_warm() -> None:
    pool = pool_of(min_containers=2)
    pool.failed_boots = 3
    assert wanted(pool, 4) == 0


def test_copied_files_lie_where_the_dockerfile_says() -> None:
    def layer(*lines: str, base: str = "", context: str = "") -> Image:
        bases = [api_pb2.BaseImage(image_id=base)] if base else []
        return Image(api_pb2.Image(dockerfile_commands=lines, base_images=bases, context_mount_id=context))

    state: Any = SimpleNamespace(
        mounts={"mo-1": {"/a.txt": "1", "/d/b.txt": "2"}, "mo-2": {"/root/c.py": "3"}},
        images={
            "im-1": layer("COPY . /data", context="mo-1"),
            "im-2": layer(
                "COPY /d/ here", "COPY a.txt /x/", "COPY --from=uv /uv /uv", 'RUN "', base="im-1", context="mo-1"
            ),
        },
    )
    assert container_files(state, api_pb2.Function(image_id="im-2", mount_ids=["mo-2"])) == {
        "/data/a.txt": "1",
        "/data/d/b.txt": "2",
        "/root/here/b.txt": "2",
        "/x/a.txt": "1",
        "/root/c.py": "3",
    }
