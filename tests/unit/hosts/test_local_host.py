"""What plays on the local host sound like to their caller while everything goes well."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from hausmusik.engines.tone import ToneEngine
from hausmusik.errors import HostUnavailable, MissingExtra, UsageError
from hausmusik.seams import EngineContext, HostState
from hausmusik.types import AudioChunk, Done, Phase, SpeakRequest, Usage
from tests.unit.hosts.playing import (
    PROBE,
    RUN,
    SAY,
    MakeHost,
    bare_interpreter,
    eventually,
    is_running,
    open_files,
    phases_of,
    pids,
    played,
    probe,
    said,
    sound_of,
    tone,
    warmed,
)


async def test_a_play_has_phases_then_results_then_usage_then_done(make_host: MakeHost) -> None:
    host = make_host()
    assert (host.name, host.numeric_class(tone())) == ("local", "cpu-1t")
    events = await played(host, tone())
    assert phases_of(events) == ["boot", "prepare", "load", "warm_up", "play"]
    usage, done = events[-2:]
    assert isinstance(usage, Usage)
    assert done == Done()
    assert sum(isinstance(event, Usage) for event in events) == 1
    assert usage.boot_s > 0.02
    assert usage.load_s > 0
    assert usage.busy_s >= usage.cpu_s * 0.5 > 0
    assert usage.queue_s < 0.1
    assert (usage.audio_s, usage.characters) == (pytest.approx(1.36), len(SAY.text))

    engine = ToneEngine(EngineContext())
    for stage in (engine.prepare(), engine.load("cpu")):
        list(stage)
    assert sound_of(events) == sound_of([event for _, event in engine.play([SAY], threading.Event())])

    again = await played(host, tone())
    assert phases_of(again) == ["play"]
    assert sound_of(again) == sound_of(events)
    second = again[-2]
    assert isinstance(second, Usage)
    assert (second.boot_s, second.load_s) == (0.0, 0.0)


async def test_the_worker_sees_little_of_its_caller(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    facts = json.loads(await said(make_host(), probe(), "facts"))
    environ = facts["environ"]
    assert not [name for name in environ if "TOKEN" in name or "HAUSMUSIK" in name]
    assert "PYTHONSTARTUP" not in environ
    assert environ["LC_ALL"] == "C.UTF-8"
    assert {environ[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")} == {"1"}
    assert facts["folder"] == str(tmp_path / "logs")
    assert facts["session"] == facts["pid"] != os.getsid(0)
    heavy = {"pydantic", "typer", "rich", "av", "asyncio", "soxr", "PIL", "hausmusik.hosts.local.host"}
    assert not heavy & set(facts["modules"])


async def test_the_same_hashes_in_every_worker(make_host: MakeHost) -> None:
    host = make_host()
    facts = [json.loads(await said(host, probe(name), "facts")) for name in ("one", "two")]
    assert facts[0]["pid"] != facts[1]["pid"]
    assert facts[0]["hash"] == facts[1]["hash"]


async def test_a_bare_interpreter_is_enough(make_host: MakeHost, tmp_path: Path) -> None:
    python, sites = bare_interpreter(tmp_path / "bare")
    host = make_host(interpreters=lambda name: [str(python)] if name == "bare" else [])
    facts = json.loads(await said(host, msgspec.structs.replace(probe(), environment="bare"), "facts"))
    assert facts["sites"] == [str(sites)]
    assert "hausmusik.codec" in facts["modules"]


async def test_states_follow_the_worker_and_etas_are_learnt(make_host: MakeHost, tmp_path: Path) -> None:
    host = make_host()
    order = tone(slow_load_s=0.3)
    assert host.state(order) == HostState(state="cold")
    seen: list[HostState] = []
    async for event in host.play(order, SAY, RUN):
        if isinstance(event, Phase):
            seen.append(host.state(order))
            assert event.eta_s is None
    assert {state.phase for state in seen if state.state == "warming"} >= {"boot", "load"}
    assert host.state(order).state == "warm"
    await host.close()

    host = make_host()
    cold = host.state(order)
    assert cold.state == "cold"
    assert 0.3 < (cold.eta_s or 0) < 3
    etas: dict[str, list[float]] = {}
    async for event in host.play(msgspec.structs.replace(order, expected_s=1.25), SAY, RUN):
        if isinstance(event, Phase):
            assert event.eta_s is not None
            etas.setdefault(event.name, []).append(event.eta_s)
            left = host.state(order).eta_s
            if event.name == "load" and left is not None:
                assert 0 <= left < 1
    assert etas["boot"][0] > 0
    assert etas["load"][0] == pytest.approx(0.3, abs=0.15)
    assert etas["load"] == sorted(etas["load"], reverse=True)
    assert etas["play"] == [1.25], "how long a play takes depends on what is played: whoever orders it knows"
    assert phases_of(await played(host, order)) == ["play"], "another expectation needs no other worker"


async def test_what_is_not_here_is_absent(make_host: MakeHost, tmp_path: Path) -> None:
    def missing(environment: str) -> list[str]:
        raise MissingExtra(f"{environment} is not installed", hint="haus install it")

    host = make_host(interpreters=missing)
    assert host.state(tone()).state == "absent"
    with pytest.raises(MissingExtra):
        await played(host, tone())
    files = EngineContext(files={"set/file": str(tmp_path / "nothing")})
    order = tone()
    order = type(order)(instrument="x", engine=order.engine, context=files)
    assert make_host().state(order).state == "absent"


async def test_warming_beforehand(make_host: MakeHost) -> None:
    host = make_host()
    await asyncio.gather(warmed(host, tone(slow_load_s=0.1)), warmed(host, tone(slow_load_s=0.1)))
    assert len(pids(host)) == 1
    await warmed(host, tone(slow_load_s=0.1))
    assert phases_of(await played(host, tone(slow_load_s=0.1))) == ["play"]


async def test_a_play_joins_a_start_that_is_under_way(make_host: MakeHost) -> None:
    host = make_host()
    warming = asyncio.ensure_future(warmed(host, tone(slow_load_s=0.3)))
    await asyncio.sleep(0.25)
    events = await played(host, tone(slow_load_s=0.3))
    await warming
    assert "load" in phases_of(events)
    assert len(pids(host)) == 1


async def test_an_edited_engine_file_gets_a_new_worker(make_host: MakeHost, tmp_path: Path) -> None:
    file = tmp_path / "engine.py"
    file.write_text(PROBE.read_text())
    host = make_host()
    assert '"new":' not in await said(host, probe(path=file), "facts")
    file.write_text(file.read_text().replace('"pid": os.getpid()', '"new": 1'))
    assert '"new":' in await said(host, probe(path=file), "facts")


async def test_a_second_event_loop_is_refused(make_host: MakeHost) -> None:
    host = make_host()
    await played(host, tone())

    def elsewhere() -> None:
        with pytest.raises(UsageError, match="event loop") as caught:
            asyncio.run(played(host, tone()))
        assert "one house per event loop" in caught.value.hint

    await asyncio.to_thread(elsewhere)


async def test_a_closed_host_refuses(make_host: MakeHost) -> None:
    host = make_host()
    await host.close()
    with pytest.raises(HostUnavailable, match="closed"):
        await played(host, tone())
    await played(make_host(), tone())
    await host.close()


async def test_releasing_stops_the_worker_and_closes_the_engine(make_host: MakeHost, tmp_path: Path) -> None:
    host = make_host()
    await said(host, probe(closed=str(tmp_path / "closed")), "facts")
    await played(host, tone())
    await host.release("probe")
    assert (tmp_path / "closed").exists()
    assert host.state(tone()).state == "warm"
    assert len(pids(host)) == 1
    await host.release()
    assert host.state(tone()).state == "cold"
    assert pids(host) == []
    await played(host, tone())


async def test_releasing_lets_a_play_finish(make_host: MakeHost) -> None:
    host = make_host()
    play = asyncio.ensure_future(played(host, tone(sleep_s=0.05)))
    await eventually(lambda: any(slot.state == "busy" for slot in host._pool._slots))
    await host.release()
    assert isinstance((await play)[-1], Done)
    await asyncio.sleep(0)
    assert host.state(tone(sleep_s=0.05)).state == "cold"


async def test_an_idle_worker_is_unloaded(make_host: MakeHost) -> None:
    host = make_host(idle_unload_s=0.2)
    await played(host, tone())
    (pid,) = pids(host)
    await asyncio.sleep(0.1)
    await played(host, tone())
    assert pids(host) == [pid]
    await asyncio.sleep(0.12)
    assert pids(host) == [pid], "the play in between counts"
    await asyncio.sleep(0.4)
    assert pids(host) == []
    assert not is_running(pid)


async def test_closing_leaves_no_process_and_no_open_file(make_host: MakeHost) -> None:
    before = open_files()
    host = make_host()
    child = int(await said(host, probe(), "child"))
    await played(host, probe(), SAY.__class__(text="thread"))
    await played(host, tone())
    workers = pids(host)
    assert open_files() > before
    await host.close()
    await eventually(lambda: not any(is_running(pid) for pid in [child, *workers]))
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert open_files() == before


async def test_one_worker_for_orders_that_differ_only_in_the_number_of_workers(make_host: MakeHost) -> None:
    host = make_host()
    await played(host, tone(workers=1))
    await played(host, tone(workers=2))
    assert len(pids(host)) == 1


async def test_memory_is_flat_in_the_length_of_a_play(make_host: MakeHost) -> None:
    host = make_host()
    await warmed(host, probe())
    tracemalloc.start()
    try:
        heard_bytes = 0
        async for event in host.play(probe(), SpeakRequest(text="flood"), RUN):  # each chunk dropped at once
            heard_bytes += event.audio.samples.nbytes if isinstance(event, AudioChunk) else 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert heard_bytes > 38 << 20
    assert peak < 12 << 20, "the beginning, and what is under way"
