"""Which language model a house asks about names in passing: one that is pulled, answers, and costs nothing; quoted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hausmusik.config.folders import find_folders
from hausmusik.config.loading import load_settings
from hausmusik.house import AsyncHouse
from hausmusik.memory.values import AddOptions
from hausmusik.testing import FakeHost
from tests.unit.instruments.entries import instrument, router, weights

TONE = '"hausmusik.engines.tone:ToneEngine"'
BYTES = b"weights"
PACE = 0.5


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A file to add; a catalogue with language models, and the folder `mine` with their weights."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "m.bin").write_bytes(BYTES)
    digest = hashlib.sha256(BYTES).hexdigest()
    listed = f'[{{ name = "m.bin", sha256 = "{digest}", size_bytes = {len(BYTES)} }}]'
    measured = f'{{ unit = "tokens_out", cpu_s_per_unit = {PACE}, cold_start_s = 1.0, on = "a test" }}'
    folder = find_folders().instruments
    folder.mkdir(parents=True)
    (folder / "x.toml").write_text(
        weights("w", files=listed, licence_text='"Apache-2.0.txt"')
        + instrument("large", "chat", engine=TONE, weights='["qwen3-1.7b"]')
        + instrument("small", "chat", engine=TONE, weights='["w"]', measured=measured)
        + instrument("mute", "chat", engine=TONE, weights='["w"]', answers="false")
        + instrument("far", "chat", engine=TONE)
        + instrument("vectors", "embed", engine=TONE)
        + router("some", "large", "mute", "small", "far", task="chat")
    )
    (tmp_path / "a.txt").write_text("We met in Leeds, and all of us like Helios. " * 400, "utf-8")
    return tmp_path


def house(files: Path, chat: str) -> AsyncHouse:
    overrides = {"weights.folders": [str(files / "mine")], "defaults.chat": chat, "defaults.embed": "vectors"}
    hosts = {name: FakeHost(name=name) for name in ("local", "modal")}
    return AsyncHouse(load_settings(overrides=overrides), hosts=hosts)


@pytest.mark.parametrize(
    ("chat", "host", "asked"),
    [("some", "", "small"), ("small", "", "small"), ("mute", "", ""), ("far", "", ""), ("large", "", ""), ("nobody", "", ""), ("some", "modal", "")],
)  # fmt: skip
async def test_one_that_is_pulled_and_answers_is_asked_where_it_costs_nothing(
    files: Path, chat: str, host: str, asked: str
) -> None:
    home = house(files, chat)
    options = AddOptions(sources=(files / "a.txt",))
    try:
        assert home.plan_memory("notes", options, on=host).asker == ""  # nothing is pulled yet, and nothing will be
        _ = [step async for step in home.pull(["small"])]
        assert home.plan_memory("notes", options, on=host).asker == asked
    finally:
        await home.close()


async def test_the_quote_has_what_asking_takes_and_no_more_than_its_minutes(files: Path) -> None:
    home = house(files, "some")
    try:
        _ = [step async for step in home.pull(["small"])]

        def seconds(minutes: float) -> dict[str, float]:
            options = AddOptions(sources=(files / "a.txt",), budget_tokens=200, llm_minutes=minutes)
            quote = home.quote_memory(home.plan_memory("notes", options))
            return {line.instrument: line.play.mid for line in quote.lines}

        assert set(seconds(0)) == {"vectors"}
        assert set(seconds(20)) == {"vectors", "small"}
        assert seconds(0.5)["small"] == pytest.approx(30)
        assert 30 < seconds(20)["small"] < 20 * 60
    finally:
        await home.close()
