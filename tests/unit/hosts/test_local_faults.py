"""What the caller of a local host meets when engines and workers go wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from hausmusik.codec import CodecError
from hausmusik.errors import (
    ConfigError,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    MissingExtra,
    StreamBroken,
    WeightsError,
    WorkerLost,
)
from hausmusik.seams import EngineContext, EngineOrder, Scalar
from hausmusik.types import Done, Run, SpeakRequest, WordTiming
from tests.unit.hosts.playing import (
    RUN,
    SAY,
    MakeHost,
    bare_interpreter,
    eventually,
    is_running,
    phases_of,
    pids,
    played,
    probe,
    said,
    sound_of,
    tone,
    warmed,
)

pytestmark = pytest.mark.slow  # worker processes that are killed or hang; the contract suite is quick


async def test_noise_on_stdout_harms_nothing(make_host: MakeHost, tmp_path: Path) -> None:
    host = make_host()
    events = await played(host, tone(stdout_noise=20_000))
    assert isinstance(events[-1], Done)
    await host.close()
    (log,) = (tmp_path / "logs").glob("tone.*.log")
    assert "line 19999" in log.read_text()
    assert log.stat().st_size <= 256 * 1024


# -- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["exit", "segfault", "kill"])
async def test_one_crash_before_any_result_is_hidden(make_host: MakeHost, tmp_path: Path, how: str) -> None:
    host = make_host()
    quiet = await played(host, tone("calm"))
    events = await played(host, tone(crash_after=0, crash_once=str(tmp_path / "once"), crash_how=how))
    assert (tmp_path / "once").exists()
    assert sound_of(events) == sound_of(quiet)
    assert phases_of(events).count("play") == 2
    assert len(pids(host)) == 2


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("exit", "exit code 13"),
        ("segfault", "SIGSEGV, a crash in native code"),
        ("kill", "SIGKILL, perhaps because memory ran out"),
    ],
)
async def test_a_second_crash_is_worker_lost_with_the_end_of_the_log(make_host: MakeHost, how: str, says: str) -> None:
    host = make_host()
    with pytest.raises(WorkerLost, match=says) as caught:
        await played(host, tone(crash_after=0, crash_how=how))
    assert {"segfault": "Segmentation fault"}.get(how, "crashing by") in caught.value.hint
    assert pids(host) == []


async def test_a_crash_after_results_is_hidden_when_the_replay_is_equal(make_host: MakeHost, tmp_path: Path) -> None:
    host = make_host()
    calm = await played(host, tone("calm"))
    events = await played(host, tone(crash_after=3, crash_once=str(tmp_path / "once")))
    assert (tmp_path / "once").exists()
    assert sound_of(events) == sound_of(calm)
    results = [[event for event in each if isinstance(event, WordTiming)] for each in (calm, events)]
    assert results[0] == results[1]
    assert phases_of(events) == ["boot", "prepare", "load", "warm_up", "play"], "the second start is not shown"


async def test_a_replay_that_differs_breaks_the_stream_and_keeps_what_came(make_host: MakeHost, tmp_path: Path) -> None:
    order = tone(crash_after=4, crash_once=str(tmp_path / "once"), drift=True)
    delivered = []
    host = make_host()

    async def listen() -> None:
        async for event in host.play(order, SAY, RUN):
            delivered.append(event)  # noqa: PERF401 - what came before the error is the point

    with pytest.raises(StreamBroken, match="did not repeat") as caught:
        await listen()
    results = [event for event in delivered if type(event).__name__ in {"WordTiming", "AudioChunk"}]
    assert len(results) == 4
    assert list(caught.value.partial) == results


async def test_a_replay_that_is_shorter_breaks_the_stream(make_host: MakeHost, tmp_path: Path) -> None:
    source = (
        "import os, pathlib\n"
        "from hausmusik.types import Done, TextDelta\n"
        "from hausmusik.engines.tone import ToneEngine\n"
        "class Short(ToneEngine):\n"
        "    def play(self, requests, cancel):\n"
        f"        once = pathlib.Path({str(tmp_path / 'once')!r})\n"
        "        if not once.exists():\n"
        "            once.touch()\n"
        "            yield 0, TextDelta(text='a')\n"
        "            yield 0, TextDelta(text='b')\n"
        "            os._exit(1)\n"
        "        yield 0, TextDelta(text='a')\n"
        "        yield 0, Done()\n"
    )
    (tmp_path / "short.py").write_text(source)
    order = EngineOrder(instrument="short", engine=f"{tmp_path}/short.py:Short", context=EngineContext())
    with pytest.raises(StreamBroken) as caught:
        await played(make_host(), order)
    assert [event.text for event in caught.value.partial] == ["a", "b"]  # type: ignore[attr-defined]


async def test_two_crashes_after_results_break_the_stream(make_host: MakeHost) -> None:
    with pytest.raises(StreamBroken, match="exit code 13") as caught:
        await played(make_host(), tone(crash_after=2))
    assert len(caught.value.partial) == 2


async def test_an_idle_worker_that_dies_is_not_missed(make_host: MakeHost) -> None:
    host = make_host()
    await played(host, tone())
    (pid,) = pids(host)
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: pids(host) == [])
    assert host.state(tone()).state == "cold"
    assert isinstance((await played(host, tone()))[-1], Done)


async def test_ctrl_c_does_not_reach_a_worker(make_host: MakeHost) -> None:
    host = make_host()
    await played(host, tone())
    (pid,) = pids(host)
    os.kill(pid, signal.SIGINT)
    await asyncio.sleep(0.05)
    await played(host, tone())
    assert pids(host) == [pid]


async def test_stray_bytes_on_the_pipe_end_the_worker(make_host: MakeHost) -> None:
    host = make_host()
    began = time.monotonic()
    with pytest.raises(CodecError, match="stray bytes"):
        await said(host, probe(), "garbage")
    assert time.monotonic() - began < 2
    assert pids(host) == []


# -- starts that fail -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"nonsense": True}, ConfigError, "nonsense"),
        ({"crash_in_load": True}, HostUnavailable, "could not be started: it ended with exit code 13"),
    ],
)
async def test_what_an_engine_raises_while_loading(
    make_host: MakeHost, options: dict[str, Scalar], kind: type[HausmusikError], says: str
) -> None:
    host = make_host()
    with pytest.raises(kind, match=says) as caught:
        await played(host, tone(**options))
    assert type(caught.value) is kind
    assert host.state(tone(**options)).state == "cold"


async def test_a_start_that_fails_while_warming(make_host: MakeHost) -> None:
    host = make_host()
    with pytest.raises(WeightsError):
        await warmed(host, tone(fail="weights"))
    with pytest.raises(HostUnavailable, match="exit code 13"):
        await warmed(host, tone(crash_in_load=True))


async def test_one_crash_while_loading_is_hidden(make_host: MakeHost, tmp_path: Path) -> None:
    events = await played(make_host(), tone(crash_in_load=True, crash_once=str(tmp_path / "once")))
    assert (tmp_path / "once").exists()
    assert isinstance(events[-1], Done)


async def test_entry_points_and_interpreters_that_do_not_exist(make_host: MakeHost, tmp_path: Path) -> None:
    host = make_host()
    order = EngineOrder(instrument="none", engine="hausmusik.engines.none:None_", context=EngineContext())
    with pytest.raises(ConfigError, match="no Python module"):
        await played(host, order)
    with pytest.raises(MissingExtra, match="a_library_nobody_has"):
        await played(host, probe(needs=True))
    for path in (tmp_path / "python", tmp_path):
        with pytest.raises(HostUnavailable, match="cannot be run") as caught:
            await played(make_host(interpreters=lambda _, path=path: [str(path)]), tone())
        assert caught.value.hint


async def test_an_interpreter_that_is_a_script_must_exec(make_host: MakeHost, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.touch(mode=0o755)
    script.write_text(f'#!/bin/sh\n{sys.executable} "$@"\n')
    with pytest.raises(HostUnavailable, match="exit code 3") as caught:
        await played(make_host(interpreters=lambda _: [str(script)]), tone())
    assert 'have it end with `exec python "$@"`' in caught.value.hint
    script.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    assert isinstance((await played(make_host(interpreters=lambda _: [str(script)]), tone()))[-1], Done)


async def test_an_interpreter_without_what_a_worker_needs_says_so(make_host: MakeHost, tmp_path: Path) -> None:
    python, sites = bare_interpreter(tmp_path / "bare")
    (sites / "msgspec").unlink()
    with pytest.raises(HostUnavailable) as caught:
        await played(make_host(interpreters=lambda _: [str(python)]), tone())
    assert "No module named 'msgspec'" in caught.value.hint


async def test_a_folder_for_logs_that_cannot_be_made(make_host: MakeHost, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file is in the way")
    with pytest.raises(HostUnavailable, match="could not be started") as caught:
        await played(make_host(), tone())
    assert str(tmp_path / "logs") in caught.value.hint


async def test_a_start_that_takes_too_long(make_host: MakeHost) -> None:
    host = make_host(start_timeout_s=0.4)
    began = time.monotonic()
    with pytest.raises(HostUnavailable, match=r"not ready after 0\.4 s, still in phase load"):
        await played(host, tone(slow_load_s=20.0))
    assert time.monotonic() - began < 2
    await eventually(lambda: not host._pool._tasks)


async def test_all_who_wait_learn_that_a_start_failed(make_host: MakeHost) -> None:
    host = make_host()
    began = time.monotonic()
    results = await asyncio.gather(*(played(host, tone(fail="weights")) for _ in range(20)), return_exceptions=True)
    assert {type(each) for each in results} == {WeightsError}
    assert len({id(each) for each in results}) == 20
    assert time.monotonic() - began < 2


# -- silence and deadlines --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 2])
async def test_a_worker_that_falls_silent_is_killed(make_host: MakeHost, after: int) -> None:
    host = make_host(stall_timeout_s=0.3)
    await warmed(host, tone(hang=True, fault_after=after))
    began = time.monotonic()
    with pytest.raises(StreamBroken if after else WorkerLost, match=r"nothing for 0\.3 s") as caught:
        await played(host, tone(hang=True, fault_after=after))
    assert time.monotonic() - began < 1.5
    assert len(getattr(caught.value, "partial", ())) == after
    assert pids(host) == []


async def test_a_play_ends_at_its_deadline_and_the_worker_lives_on(make_host: MakeHost) -> None:
    host = make_host()
    order = tone(sleep_s=0.2)
    began = time.monotonic()
    await warmed(host, order)
    with pytest.raises(GenerationFailed, match=r"0\.3 s, the run's deadline"):
        await played(host, order, run=Run(id="r", deadline_s=0.3))
    assert time.monotonic() - began < 1.5
    (pid,) = pids(host)
    await eventually(lambda: host._pool._slots[0].state == "idle")
    assert pids(host) == [pid]


async def test_a_deadline_holds_while_the_engine_never_stops_talking(make_host: MakeHost) -> None:
    """The pipe is never empty here: each event is there at once, and the listener is slower than the engine."""
    host = make_host()
    await warmed(host, probe())

    async def listen() -> None:
        async for _ in host.play(probe(), SpeakRequest(text="endless"), Run(id="r", deadline_s=0.5)):
            await asyncio.sleep(0.002)

    began = time.monotonic()
    async with asyncio.timeout(10):
        with pytest.raises(GenerationFailed, match="deadline"):
            await listen()
    assert time.monotonic() - began < 3


@pytest.mark.slow
async def test_a_start_that_never_stops_talking_takes_too_long_all_the_same(make_host: MakeHost) -> None:
    host = make_host(start_timeout_s=1.0)
    async with asyncio.timeout(10):
        with pytest.raises(HostUnavailable, match="still in phase load"):
            await played(host, probe(endless=True))


async def test_a_runaway_is_left_behind_at_its_deadline(make_host: MakeHost) -> None:
    host = make_host(cancel_grace_s=0.2)
    await warmed(host, tone(spin=True))
    (pid,) = pids(host)
    began = time.monotonic()
    with pytest.raises(GenerationFailed, match="deadline"):
        await played(host, tone(spin=True), run=Run(id="r", deadline_s=0.1))
    assert time.monotonic() - began < 0.5, "the caller does not wait for a runaway"
    await eventually(lambda: not is_running(pid))


async def test_a_deadline_does_not_count_the_queue(make_host: MakeHost) -> None:
    host = make_host(max_workers=1)
    run = Run(id="r", deadline_s=0.5)  # one play takes 0.3 s, and waits for the start and another one
    plays = [played(host, tone(sleep_s=0.05), run=run) for _ in range(2)]
    assert all(isinstance(events[-1], Done) for events in await asyncio.gather(*plays))
