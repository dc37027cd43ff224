"""Plays that share one local host: what engines do inside a play costs no worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from hausmusik.clock import SystemClock
from hausmusik.errors import BadInput, EngineError, HausmusikError, MissingExtra
from hausmusik.hosts.local import LocalHost
from hausmusik.types import (
    Audio,
    Done,
    Embeddings,
    JudgeRequest,
    Phase,
    SpeakRequest,
    TextDelta,
    TranscribeRequest,
    Usage,
)
from tests.unit.hosts.playing import RUN, own, played, probe, said, sound_of, tone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalHost]:
    logs = tmp_path_factory.mktemp("logs")
    async with LocalHost(interpreters=own, logs=logs, clock=SystemClock(), max_workers=2) as host:
        host.logs = logs  # type: ignore[attr-defined]
        yield host


async def test_engine_counts_are_added_up_and_what_it_leaves_out_is_filled_in(host: LocalHost) -> None:
    events = await played(host, probe(), SpeakRequest(text="count"))
    usage = events[-2]
    assert isinstance(usage, Usage)
    assert (usage.audio_s, usage.tokens_in, usage.characters) == (3.0, 2, 5)
    usage = (await played(host, probe(), SpeakRequest(text="silent")))[-2]
    assert isinstance(usage, Usage)
    assert usage.audio_s == 0.5


async def test_a_long_recording_goes_in_and_a_vector_comes_out(host: LocalHost) -> None:
    samples = np.random.default_rng(0).standard_normal((2, 48_000 * 30)).astype(np.float32) * 0.1  # 11.5 MB
    events = await played(host, tone(), JudgeRequest(audio=Audio(samples, 48_000)))
    assert [event.values.shape for event in events if isinstance(event, Embeddings)] == [(1, 64)]
    usage = events[-2]
    assert isinstance(usage, Usage)
    assert usage.audio_s == 30.0


async def test_a_slow_listener_holds_the_engine_back_and_loses_nothing(host: LocalHost) -> None:
    count = 0
    async for event in host.play(probe(), SpeakRequest(text="flood"), RUN):  # 500 chunks of 80 kB: 40 MB
        if not isinstance(event, Phase | Usage | Done):
            count += 1
            if count == 1:
                await asyncio.sleep(0.3)
                buffered = len(host._pool._slots[0].running._reader._buffer)  # type: ignore[attr-defined]
                assert buffered < 1_000_000
    assert count == 500


async def test_transcribing_through_the_pipe(host: LocalHost) -> None:
    audio = Audio.mono(np.frombuffer(sound_of(await played(host, tone())), np.float32), 24_000)
    events = await played(host, tone(), TranscribeRequest(audio=audio))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "la la la"


@pytest.mark.parametrize(
    ("what", "kind", "says"),
    [
        ("bad", BadInput, "the probe refuses this"),
        ("foreign", EngineError, "^ZeroDivisionError: division by zero$"),
        ("forget", EngineError, "ended without Done"),
        ("leave", EngineError, "SystemExit"),
        ("thing", EngineError, "broke its contract: str"),
        ("late", EngineError, "TextDelta for request 0 after Done"),
        ("stranger", EngineError, "request 1"),
        ("missing", MissingExtra, "a_library_nobody_has"),
        ("memory", EngineError, "not enough memory"),
        ("nothing_like_it", EngineError, "AttributeError"),
    ],
)
async def test_an_error_in_an_engine_arrives_and_costs_no_worker(
    host: LocalHost, what: str, kind: type[HausmusikError], says: str
) -> None:
    before = json.loads(await said(host, probe(), "facts"))["pid"]
    with pytest.raises(kind, match=says) as caught:
        await said(host, probe(), what)
    assert type(caught.value) is kind
    assert caught.value.hint == ("ask for something else" if what == "bad" else caught.value.hint)
    assert json.loads(await said(host, probe(), "facts"))["pid"] == before


async def test_the_traceback_of_a_foreign_error_is_in_the_log_alone(host: LocalHost) -> None:
    with pytest.raises(EngineError) as caught:
        await said(host, probe(), "foreign")
    assert "Traceback" not in str(caught.value)
    assert caught.value.__cause__ is None
    await asyncio.sleep(0.05)
    text = "".join(path.read_text() for path in host.logs.glob("probe.*.log"))  # type: ignore[attr-defined]
    assert "Traceback" in text
    assert "ZeroDivisionError" in text


async def test_why_it_ended_is_passed_on(host: LocalHost) -> None:
    events = await played(host, probe(), SpeakRequest(text="facts"))
    assert events[-1] == Done(reason="length")
