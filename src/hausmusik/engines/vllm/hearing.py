"""Reads what vLLM tells of an answer as it comes. Knows nothing of who asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hausmusik.engines.chat.answer import Answer
from hausmusik.types import Event, TokenScore, Usage


class Hearing:
    """One answer, told piece by piece (`RequestOutputKind.DELTA`).

    Args:
        answer: What the text becomes.
        tokens_in: Tokens of the prompt.
        top_logprobs: How many alternatives each token is told with; 0: none is scored.
    """

    def __init__(self, answer: Answer, *, tokens_in: int, top_logprobs: int) -> None:
        self._answer = answer
        self._tokens_in = tokens_in
        self._tokens_out = 0
        self._top = top_logprobs
        self._reason = ""

    def hear(self, output: Any) -> Iterator[Event]:
        """Yield what one `RequestOutput` of vLLM tells."""
        (piece,) = output.outputs
        self._tokens_out += len(piece.token_ids)
        scores = [*_scores(piece.token_ids, piece.logprobs, self._top)] if self._top and piece.logprobs else []
        yield from self._answer.hear(piece.text, scores)
        # Besides `stop` and `length` there are `abort` and `error`: then it broke off.
        self._reason = piece.finish_reason if piece.finish_reason in ("stop", "length") else ""

    def end(self) -> Iterator[Event]:
        """Yield what was kept back, what it took, and `Done`.

        Raises:
            GenerationFailed: the answer broke off, or nothing at all came.
        """
        yield from self._answer.end(self._reason, Usage(tokens_in=self._tokens_in, tokens_out=self._tokens_out))


def _scores(tokens: Sequence[int], places: Sequence[Any], top: int) -> Iterator[TokenScore]:
    """Yield the score of each token; vLLM tells the one that was taken beside the likeliest, if it is none of them."""
    for token, place in zip(tokens, places, strict=True):
        best = sorted(place.values(), key=lambda each: -each.logprob)[:top]
        yield TokenScore(
            text=place[token].decoded_token or "",
            logprob=min(0.0, place[token].logprob),
            alternatives=tuple((each.decoded_token or "", min(0.0, each.logprob)) for each in best),
        )
