"""What could be had is found out for each set when somebody asks, and once."""

from __future__ import annotations

from typing import cast

from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Weights
from hausmusik.weights.obtainable import Obtainable
from hausmusik.weights.store import WeightsStore


class Store:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def obtainable(self, weights: Weights) -> bool:
        self.asked.append(weights.id)
        return weights.id == "smollm2-135m"


def test_only_what_is_asked_after_is_found_out_and_once() -> None:
    store = Store()
    found = Obtainable(cast("WeightsStore", store), Catalogue.load().weight_sets())
    assert store.asked == []
    assert "smollm2-135m" in found
    assert "smollm2-135m" in found
    assert "qwen3-1.7b" not in found
    assert "nothing" not in found
    assert store.asked == ["smollm2-135m", "qwen3-1.7b"]
