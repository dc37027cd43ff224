"""Which sets could be had, found out for each one only when somebody asks: for some the hub must be asked first."""

from __future__ import annotations

from collections.abc import Container, Iterable

from hausmusik.instruments.model import Weights
from hausmusik.weights.store import WeightsStore


class Obtainable(Container[str]):
    """The ids of the sets that are here or could be pulled; see `WeightsStore.obtainable`.

    Args:
        store: Which knows; what it said once is not asked again.
        sets: All there are.
    """

    def __init__(self, store: WeightsStore, sets: Iterable[Weights]) -> None:
        self._store = store
        self._sets = {each.id: each for each in sets}
        self._known: dict[str, bool] = {}

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or name not in self._sets:
            return False
        if name not in self._known:
            self._known[name] = self._store.obtainable(self._sets[name])
        return self._known[name]
