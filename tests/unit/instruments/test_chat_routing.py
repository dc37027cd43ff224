"""What is here is played before anything is pulled; the makeshift only where nothing else can be had."""

from __future__ import annotations

from collections.abc import Container

import pytest

from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.routing import Facts
from hausmusik.types import ChatRequest, Message

HELLO = ChatRequest(messages=(Message(role="user", content="Hello."),))
BEST, WORTH_IT, MAKESHIFT = "qwen3-1.7b", "qwen2.5-coder-1.5b", "smollm2-135m"
ALL = frozenset({BEST, WORTH_IT, MAKESHIFT})
NONE = frozenset[str]()


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.mark.parametrize(
    ("here", "obtainable", "offline", "chosen"),
    [
        (NONE, ALL, False, WORTH_IT),
        ({BEST, MAKESHIFT}, ALL, False, BEST),
        ({WORTH_IT}, ALL, False, WORTH_IT),
        ({MAKESHIFT}, ALL, False, WORTH_IT),
        ({MAKESHIFT}, ALL, True, MAKESHIFT),
        ({MAKESHIFT}, {MAKESHIFT}, False, MAKESHIFT),
        (NONE, {MAKESHIFT}, False, MAKESHIFT),
        (NONE, NONE, False, WORTH_IT),
        (NONE, ALL, True, WORTH_IT),
    ],
)
def test_who_plays(catalogue: Catalogue, here: set[str], obtainable: set[str], offline: bool, chosen: str):
    facts = Facts(weights_here=frozenset(here), weights_obtainable=frozenset(obtainable), offline=offline)
    assert catalogue.resolve("chat", HELLO, facts).id == chosen


def test_elsewhere_weights_are_not_our_business(catalogue: Catalogue):
    assert catalogue.resolve("chat", HELLO, Facts(places=("modal",))).id == BEST


def test_the_hub_is_never_asked_for_what_is_not_pulled_unasked(catalogue: Catalogue):
    class Asked(Container[str]):
        names: set[object] = set()  # noqa: RUF012

        def __contains__(self, name: object) -> bool:
            self.names.add(name)
            return True

    catalogue.resolve("chat", HELLO, Facts(weights_here=frozenset({MAKESHIFT}), weights_obtainable=Asked()))
    assert BEST not in Asked.names
