"""Decide what is spoken in one go: sentences joined when short, cut at clauses when long, the first one cut early.

Lengths are counted in symbols: Kokoro's phonemes, or letters for engines that read letters; both run at 15 to 18 a
second. A chunk is kept near 9 s of speech, where quality is best and a caller can stop soon, and the first near 2.5 s,
so that sound begins early. Knows nothing of samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from hausmusik.engines.english import grammar
from hausmusik.engines.english.pronunciation import Sound
from hausmusik.engines.english.tokens import Stop, Word
from hausmusik.engines.english.wordlists import word_set
from hausmusik.engines.speech.timing import Spoken

FIRST: Final = 30
"""Symbols at which the first chunk is best cut: about 1.9 s of speech, 0.6 to 1.4 s of one core (benchmarks/speech)."""
FIRST_LEAST: Final = 20
FIRST_MOST: Final = 56
MOST: Final = 150
"""Symbols of a chunk at normal speed: 9 s of speech."""
JOINED: Final = 100
"""Sentences are joined up to here: very short ones are spoken badly on their own."""
SENTENCE_S, CLAUSE_S, BREATH_S, PARAGRAPH_S = 0.35, 0.15, 0.04, 0.7
_LONGEST_WORD: Final = 60
_SENTENCE_MARKS: Final = frozenset(".!?")
_STRENGTH: Final = {",": 1, "—": 2, ":": 3, ";": 3, "…": 4, ".": 5, "!": 6, "?": 7}
_OPENING: Final = re.compile(r"[\"“‘'(\[«]+$")
_CLOSING: Final = re.compile(r"(?:[,.;:!?…”\"’')\]»]|\s?[—–])*")
_OPENERS: Final = (
    grammar.PREPOSITIONS
    | grammar.CONJUNCTIONS
    | word_set("to where while as since until though although whether around among against except")
) - word_set("of per than like as")
"""Words with which a part of a sentence begins, so that a breath before them sounds natural."""
_CLINGING: Final = (
    grammar.DETERMINERS
    | grammar.PREPOSITIONS
    | grammar.CONJUNCTIONS
    | grammar.SUBJECTS
    | grammar.MODALS
    | grammar.BE
    | grammar.HAVE
    | word_set("to very too quite only just nearly roughly almost twice half around where as mr mrs ms dr st")
)
"""Words that nobody breathes after: what they belong to is still to come."""
_CLAUSE, _PHRASE, _WORD, _INSIDE = 0.1, 1.0, 1.4, 9.0
"""How much a cut is heard: behind a mark, before a phrase, between other words, inside what belongs together."""
_WORST_FIRST: Final = 2.0
_BARE: Final = re.compile(r"[^\w'-]+")


class Piece(msgspec.Struct, frozen=True):
    """A word's symbols, or a stop.

    Args:
        text: Phonemes or letters as the model reads them, or one mark.
        written: The written word it begins with the punctuation around it, empty for a stop or a further part of a
            long word.
        silence_s: Extra silence a stop asks for.
        is_stop: Whether it is a stop.
    """

    text: str
    written: str = ""
    silence_s: float = 0.0
    is_stop: bool = False


class Chunk(msgspec.Struct, frozen=True):
    """What the model speaks in one go.

    Args:
        symbols: At least one word and a closing mark.
        words: In order.
        rests: `(index of a mark, seconds)`: silence that must be heard there at least.
        pause_s: Silence behind it, at normal speed.
        silence_s: Silence behind it that was asked for, at any speed.
    """

    symbols: str
    words: tuple[Spoken, ...]
    rests: tuple[tuple[int, float], ...] = ()
    pause_s: float = 0.0
    silence_s: float = 0.0


def pieces(sounds: Iterable[Sound], text: str) -> list[Piece]:
    """Return what the model will see of a sentence; words without sounds vanish, endless ones are cut.

    Args:
        sounds: Of one sentence, in the model's symbols.
        text: What their tokens' offsets count in.
    """
    found: list[Piece] = []
    for sound in sounds:
        if isinstance(sound.token, Stop):
            found.append(Piece(sound.token.mark, silence_s=sound.token.pause_s, is_stop=True))
            continue
        written = _shown(text, sound.token)
        for part in _short_parts(sound.phonemes):
            found.append(Piece(part, written=written))
            written = ""
    return found


def _shown(text: str, word: Word) -> str:
    """Return a word as a caption shows it: with the punctuation that touches it."""
    before = _OPENING.search(text, max(0, word.start - 3), word.start)
    after = _CLOSING.match(text, word.end)
    return (before[0] if before else "") + word.written + (after[0].rstrip() if after else "")


def _short_parts(symbols: str) -> Iterator[str]:
    """Yield a word's symbols, cut at spaces and at last anywhere when it is very long."""
    current = ""
    for part in symbols.split():
        while len(part) > _LONGEST_WORD:
            if current:
                yield current
                current = ""
            yield part[:_LONGEST_WORD]
            part = part[_LONGEST_WORD:]  # noqa: PLW2901 -- eaten from the front
        if current and len(current) + len(part) >= _LONGEST_WORD:
            yield current
            current = part
        else:
            current = f"{current} {part}".strip()
    if current:
        yield current


def size(run: Sequence[Piece]) -> int:
    """Return about how many symbols a run of pieces makes."""
    return sum(len(piece.text) + (not piece.is_stop) for piece in run)


def plan(paragraphs: Iterable[tuple[Iterable[Sequence[Piece]], bool]], speed: float) -> Iterator[Chunk]:
    """Yield the chunks of a text, lazily.

    Args:
        paragraphs: For each its sentences, and whether a paragraph ends with it.
        speed: Slower speech makes shorter chunks, so that they last no longer.
    """
    most = max(40, round(MOST * min(1.0, speed)))
    joined = FIRST_LEAST
    for sentences, ends in paragraphs:
        waiting: list[Piece] = []
        held: Chunk | None = None
        for sentence in sentences:
            if not any(piece.written for piece in sentence):
                continue
            if waiting and size(waiting) + size(sentence) > min(joined, most):
                for chunk in _ready(waiting, most, early=joined == FIRST_LEAST):
                    if held:
                        yield held
                    held = chunk
                waiting, joined = [], JOINED
            waiting += sentence
        for chunk in _ready(waiting, most, early=joined == FIRST_LEAST):
            if held:
                yield held
            held = chunk
        if held:
            joined = JOINED
            yield msgspec.structs.replace(held, pause_s=PARAGRAPH_S) if ends else held


def _ready(run: list[Piece], most: int, *, early: bool) -> Iterator[Chunk]:
    """Yield the chunks of a run of whole sentences; `early` cuts its beginning where sound can start soon."""
    head, rest = _first_cut(run) if early else ([], run)
    if head:
        yield assemble(head)
    if rest:
        yield from _cut(rest, most)


def _first_cut(run: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Split the very first sentence where sound can begin early; `([], run)` when it is short or nothing fits."""
    if size(run) <= FIRST_MOST:
        return [], run
    best, cost = 0, _WORST_FIRST
    for place, position, weakness in _places(run):
        if 12 <= position <= FIRST_MOST:
            this = abs(position - FIRST) / FIRST + weakness
            if this < cost:
                best, cost = place, this
    return run[:best], run[best:]


def _places(run: Sequence[Piece]) -> Iterator[tuple[int, int, float]]:
    """Yield `(index, symbols before it, weakness)` of every place where a run may be cut."""
    position = 0
    for index in range(1, len(run)):
        before, after = run[index - 1], run[index]
        position += len(before.text) + (not before.is_stop)
        if after.is_stop:
            continue
        yield index, position, _weakness(before, after)


def _weakness(before: Piece, after: Piece) -> float:
    """Return how much a cut between two pieces would be heard: 0 is best, `_INSIDE` is out of the question."""
    if before.is_stop:
        return 0.0 if before.text in _STRENGTH and before.text != "," else _CLAUSE if before.text else 3 * _CLAUSE
    last, following = _BARE.sub("", before.written), _BARE.sub("", after.written)
    opens = following.lower() in _OPENERS
    amount = any(char.isdigit() for char in last) and not opens
    name = last[:1].isupper() and following[:1].isupper()
    if not last or not following or last.lower() in _CLINGING or amount or name:
        return _INSIDE
    return _PHRASE if opens else _WORD


def _cut(run: list[Piece], most: int) -> Iterator[Chunk]:
    """Yield a run as one chunk, or cut near its middle at the best place, until every part is short enough."""
    if all(piece.is_stop for piece in run):
        return
    total = size(run)
    if total <= most:
        yield assemble(run)
        return
    best, cost = len(run) // 2, float("inf")
    for place, position, weakness in _places(run):
        this = abs(position - total / 2) / total + weakness * 0.3
        if this < cost:
            best, cost = place, this
    yield from _cut(run[:best], most)
    yield from _cut(run[best:], most)


def assemble(run: Sequence[Piece]) -> Chunk:
    """Write a run of pieces as the model reads it, remembering where each word and each rest is."""
    text, words, rests, silence_s = "", list[Spoken](), list[tuple[int, float]](), 0.0
    for piece in run:
        if not piece.is_stop:
            text += " " if text and text[-1] not in "(“" else ""
            if piece.written:
                words.append(Spoken(piece.written, len(text), len(text) + len(piece.text)))
            text += piece.text
            continue
        text = _with_mark(text, piece.text or ("," if piece.silence_s else ""))
        if piece.silence_s and text:
            rests.append((len(text) - 1, piece.silence_s))
    body = text.rstrip(" (“")
    if body and body[-1] not in ".!?…,;:—”)":
        body += ","
    if rests and rests[-1][0] >= len(body) - 2:
        silence_s = max(each for at, each in rests if at >= len(body) - 2)
        rests = [(at, each) for at, each in rests if at < len(body) - 2]
    return Chunk(body, tuple(words), tuple(rests), _pause_s(body), silence_s)


def _with_mark(text: str, mark: str) -> str:
    """Append a mark the way it is spaced in print; of two in a row the stronger stays."""
    if not mark or (not text and mark not in "(“"):
        return text
    if mark in "(“":
        return f"{text} {mark}" if text else mark
    bare = text.rstrip()
    if mark in _STRENGTH and bare and bare[-1] in _STRENGTH:
        if _STRENGTH[mark] <= _STRENGTH[bare[-1]]:
            return text
        bare = bare[:-1].rstrip()
    return f"{bare} {mark}" if mark == "—" else f"{bare}{mark}"


def _pause_s(body: str) -> float:
    marks = body.rstrip("”)")
    if marks[-1:] in _SENTENCE_MARKS or marks[-1:] == "…":
        return SENTENCE_S
    return CLAUSE_S if marks[-1:] in ",;:—" else BREATH_S
