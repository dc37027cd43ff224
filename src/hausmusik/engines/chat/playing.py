"""Plays chat requests one after the other, as `Engine.play` is to. Knows nothing of who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hausmusik.errors import BadInput
from hausmusik.seams import Cancel
from hausmusik.types import ChatRequest, Event, Request


def play_each(
    requests: Sequence[Request], cancel: Cancel, chat: Callable[[ChatRequest, Cancel], Iterator[Event]]
) -> Iterator[tuple[int, Event]]:
    """Yield what `chat` tells of each request, until cancelled; raises BadInput for what is no conversation."""
    for index, request in enumerate(requests):
        if not isinstance(request, ChatRequest):
            raise BadInput(f"a language model chats, it cannot play a {type(request).__name__}")
        for event in chat(request, cancel):
            yield index, event
        if cancel.is_set():
            return
