"""Instruments as LightRAG calls them; `test_real_lightrag` lets it do so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

import hausmusik
from hausmusik.house import AsyncHouse
from hausmusik.memory.exchange.adapter import embedding_func, llm_model_func
from tests.interfaces import tones


@pytest.fixture
async def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncHouse]:
    tones.move_in(home)
    for name, value in tones.environment().items():
        monkeypatch.setenv(name, value)
    opened = hausmusik.open_async()
    yield opened
    await opened.close()


async def test_a_house_answers_and_embeds_for_lightrag(house: AsyncHouse) -> None:
    ask = llm_model_func(house, "tone-chat")
    history = [{"role": "user", "content": "Before"}, {"role": "assistant", "content": "Yes"}]
    reply = await ask("Say this", system_prompt="Be brief", history_messages=history, max_tokens=50, hashing_kv=None)
    assert "Say this" in reply
    embed = await embedding_func(house)
    texts = ["one", "", "two"]
    found = await embed(texts, context="query")
    assert found.shape == (3, embed.embedding_dim)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 0, 1], abs=1e-5)
    assert embed.max_token_size > 0
