"""Parts what a model thinks aloud from what it answers, in whatever pieces the text comes.

A thought is a block between tags at the very beginning; six dialects of the tags are known. Tags anywhere later belong
to the answer (a page about XML, a piece of code) and are left alone. Pure text: knows nothing of tokens, of models, or
of who listens.

Sources: the chat templates and model cards of Qwen3 and DeepSeek-R1 (`<think>`), Sky-T1 (`<|begin_of_thought|>`),
Seed-OSS (`<seed:think>`) and Magistral (`[THINK]`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["thinking", "text"]
Piece: TypeAlias = tuple[Kind, str]

TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "<think>": "</think>",
        "<thinking>": "</thinking>",
        "<reasoning>": "</reasoning>",
        "<|begin_of_thought|>": "<|end_of_thought|>",
        "<seed:think>": "</seed:think>",
        "[THINK]": "[/THINK]",
    }
)
"""What opens a thought, and what closes it."""

_QUOTES: Final = "`\"'"


class ThoughtParser:
    """Takes a text piece by piece and says of each part whether it is thought or answer.

    However the text is cut, the parts joined are the same. White space around a thought is dropped; an answer without a
    thought before it stays as it is, to the letter. A thought that is never closed is all there is. A closing tag that
    a thought quotes, `like this`, does not close it. An opening tag that comes twice counts once, and after an empty
    thought, which is how templates tell a model not to think, another one may begin.

    Args:
        inside: Whether the prompt has opened the thought already, so that only a closing tag will come.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._state: Literal["start", "thinking", "gap", "text"] = "start"
        self._closings = tuple(TAGS.values()) if inside else ()
        self._held = ""
        self._before = ""  # the last letter of the thought so far
        self._trims = False  # whether white space before an answer is dropped

    def feed(self, text: str) -> Iterator[Piece]:
        """Yield what is certain by now; whatever could still become a tag is kept back."""
        self._held += text
        yield from self._parted(last=False)

    def end(self) -> Iterator[Piece]:
        """Yield what was kept back; the parser is not used again."""
        yield from self._parted(last=True)

    def _parted(self, *, last: bool) -> Iterator[Piece]:
        before = ""
        while self._state != before:  # each state may lead to the next within one piece
            before = self._state
            if self._state == "start":
                yield from self._start(last=last)
            elif self._state == "thinking":
                yield from self._thinking(last=last)
            elif self._state == "gap":
                self._gap()
            else:
                yield from self._told("text", self._take(len(self._held)))

    def _start(self, *, last: bool) -> Iterator[Piece]:
        """Look for an opening tag before anything else."""
        begun = self._held.lstrip()
        while opening := next((tag for tag in self._openings() if begun.startswith(tag)), ""):
            self._closings = (TAGS[opening],)
            self._held = begun = begun.removeprefix(opening).lstrip()
        if not last and any(tag.startswith(begun) for tag in self._openings()):
            return
        if self._closings:
            self._state = "thinking"
        else:
            self._held = begun if self._trims else self._held
            self._state = "text"
            yield from self._told("text", self._take(len(self._held)))

    def _openings(self) -> list[str]:
        """Return what opens a thought: any dialect first, then only the one that was begun with."""
        return [tag for tag, closing in TAGS.items() if not self._closings or closing in self._closings]

    def _thinking(self, *, last: bool) -> Iterator[Piece]:
        """Yield the thought as far as no closing tag can have begun in it."""
        if not self._before:
            self._held = self._held.lstrip()
        at, tag = _closing(self._held, self._closings, before=self._before, last=last)
        if tag:
            told = self._held[:at].rstrip()
            self._before = told[-1:] or self._before
            self._held = self._held[at + len(tag) :]
            self._state = "gap"
            yield from self._told("thinking", told)
            return
        # White space before the closing tag is not told, so it waits with the beginning of the tag.
        told = self._take(len(self._held[:at].rstrip()))
        self._before = told[-1:] or self._before
        yield from self._told("thinking", told)
        if last:
            self._held = ""

    def _gap(self) -> None:
        """Drop the white space after a thought; an empty one was none."""
        self._held = self._held.lstrip()
        if not self._before:
            self._closings = ()
            self._trims = True
            self._state = "start"
        elif self._held:
            self._state = "text"

    def _take(self, size: int) -> str:
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def _told(self, kind: Kind, text: str) -> Iterator[Piece]:
        if text:
            yield kind, text


def split_thought(text: str) -> tuple[str, str]:
    """Return what was thought and what was answered in a whole text.

    Here a thought may also lack its opening tag, because the prompt had it: everything before a closing tag that
    nothing opened.
    """
    begun = text.lstrip()
    lone = not begun.startswith(tuple(TAGS)) and _opened_before(text)
    parser = ThoughtParser(inside=lone)
    return joined([*parser.feed(text), *parser.end()])


def joined(pieces: Iterable[Piece]) -> tuple[str, str]:
    """Return all thinking, and all text."""
    told: dict[Kind, list[str]] = {"thinking": [], "text": []}
    for kind, text in pieces:
        told[kind].append(text)
    return "".join(told["thinking"]), "".join(told["text"])


def _opened_before(text: str) -> bool:
    """Whether the first closing tag stands alone: no tag of its kind opens before it."""
    at, tag = _closing(text, tuple(TAGS.values()), before="", last=True)
    opening = next((one for one, closing in TAGS.items() if closing == tag), "")
    return bool(tag) and opening not in text[:at]


def _closing(text: str, closings: tuple[str, ...], *, before: str, last: bool) -> tuple[int, str]:
    """Return where the first closing tag stands, and which; without one, how far none can have begun, and nothing.

    Args:
        text: The thought so far, as far as it was not told.
        closings: Tags that would close it.
        before: The last letter that was told.
        last: Whether no more text comes.
    """
    at = 0
    while at < len(text):
        rest = text[at:]
        tag = next((one for one in closings if rest.startswith(one)), "")
        if tag:
            quote, after = text[:at][-1:] or before, rest[len(tag) : len(tag) + 1]
            quoted = bool(quote) and quote in _QUOTES
            if quoted and not after and not last:
                return at, ""
            if not (quoted and after == quote):
                return at, tag
        elif not last and any(one.startswith(rest) for one in closings):
            return at, ""
        following = [place for one in closings if (place := text.find(one[0], at + 1)) >= 0]
        at = min(following, default=len(text))
    return len(text), ""
