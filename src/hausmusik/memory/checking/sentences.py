"""An answer cut into sentences, each with the passages it cites: `Lars resigned in May [2][3].`

A citation is `[1]`, `[1, 3]`, `[1-3]`, `【1】` or `[^1]`, of at most three digits; `(1)` is none, nor is one in code.
One that follows a full stop belongs to the sentence before it. One inside a quotation may be the passage's own, and
counts only where the sentence has none outside. Lines that begin with a bullet or a number are
sentences of their own, as headings are. Knows nothing of what passages there are, or whether they say so.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from hausmusik.memory.extraction.sentences import GERMAN_MONTHS

Sort: TypeAlias = Literal["claim", "question", "heading", "remark"]
"""`remark`: nothing that a passage could support, such as "I don't know." or "Here is what I found:"."""

_CITATION = re.compile(
    r"\[\s{0,2}\^?\d{1,3}(?:\s{0,2}[-–,;]\s{0,2}\^?\d{1,3}){0,40}\s{0,2}\]"
    r"|【\s{0,2}\d{1,3}(?:\s{0,2}[-–,;]\s{0,2}\d{1,3}){0,40}[^】\n]{0,40}】"
)
_PART = re.compile(r"(\d{1,3})(?:\s{0,2}[-–]\s{0,2}\^?(\d{1,3}))?")
_FENCE = re.compile(r"^[ \t]{0,3}(```|~~~)", re.MULTILINE)
_INLINE_CODE = re.compile(r"`[^`\n]{1,200}`")
_ITEM = re.compile(r"[ \t]{0,20}(?:[-*+•–]|\d{1,3}[.)])[ \t]+")
_HEADING = re.compile(r"[ \t]{0,3}(?:#{1,6}[ \t]|\*\*[^*\n]{1,200}\*\*:?[ \t]*$|__[^_\n]{1,200}__:?[ \t]*$)")
_MONTH = re.compile(GERMAN_MONTHS)
_STOP = re.compile(r"(?:[.!?…]{1,8}|[。！？])[\"'”’»)*_]{0,4}")
_ABBREVIATIONS = frozenset(
    """dr mr mrs ms prof st jr sr vs etc approx e.g i.e eg ie cf al fig no nos vol ed eds p pp ca inc ltd co corp dept
    est min max u.s u.k a.m p.m jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun z.b d.h
    bzw nr hon rev gen col lt sgt""".split()  # noqa: SIM905
)
_REMARK = re.compile(
    r"""\W{0,6}(?:(?:sorry|unfortunately|apologies|regrettably)\b[,:\s]{1,4})?(?:
    i\ (?:do\ not|don['’]t|can(?:no|['’])t|could\ not|couldn['’]t|did\ not|didn['’]t|am\ not|was\ not|have\ no)\b
    | i['’]m\ (?:not|sorry|afraid|unable) | i\ am\ (?:sorry|afraid|unable)
    | (?:that|this|it|the\ answer)\ (?:is|are)\ (?:not|n['’]t)\ (?:in|part\ of|covered\ by|mentioned|stated)\b
    | (?:that|this|it)\ isn['’]t\ (?:in|part\ of|covered\ by|mentioned|stated)\b
    | not\ in\ (?:this|the|your)\ (?:memory|passages|documents|notes)
    | there\ is\ (?:no|not\ enough)\ (?:information|mention|evidence|answer)\b
    | (?:the|these|none\ of\ the|no)\ (?:given\ |provided\ |cited\ )?
      (?:passages?|documents?|context|sources?|notes|memory|texts?)\s
      (?:do|does|did|provide|say|mention|contain|give)s?\b
    | here(?:['’]s|\ is|\ are)\ (?:what|the|a|an|some|my)\b
    | based\ on\ the\ (?:passages|documents|context|sources|notes|memory)[^a-z]{0,4}$
    | (?:in\ )?(?:summary|conclusion|short|sources|references|answer)\W{0,4}$
    | (?:yes|no|sure|of\ course|certainly|okay|ok|hello|hi|thanks|thank\ you)\W{0,6}$
    | (?:let\ me\ know|i\ hope|feel\ free)\b )""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_RANGE = 40
_QUOTED = re.compile(r'"[^"\n]{1,2000}"|“[^“”\n]{1,2000}”|„[^„“”\n]{1,2000}[“”]|«[^«»\n]{1,2000}»')


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of an answer.

    Args:
        text: As it stands in the answer from `start` to `end`, citations included.
        start: Of its first character in the answer.
        end: Behind its last one.
        bare: `text` of the same length, with spaces where citations and the mark of a list item are.
        citations: The numbers it cites, in order, each once.
        sort: What it is; only a `claim` needs a passage.
    """

    text: str
    start: int
    end: int
    bare: str
    citations: tuple[int, ...] = ()
    sort: Sort = "claim"


def split(answer: str) -> tuple[Sentence, ...]:
    """Cut an answer into sentences.

    Args:
        answer: Plain text or Markdown. Code between fences is no sentence and is left out.

    Returns:
        The sentences in order; they do not overlap, and between them is only white space or fenced code.
    """
    masked = _without_code(answer)
    found: list[Sentence] = []
    for start, end, is_heading in _blocks(masked):
        for first, behind in _cuts(masked, start, end):
            one = _sentence(answer, masked, first, behind, is_heading=is_heading)
            if one is not None:
                found.append(one)
            elif found and masked[first:behind].strip():  # citations that stand alone on the line after their sentence
                found[-1] = _joined(answer, masked, found[-1], behind)
    return tuple(found)


def _without_code(answer: str) -> str:
    """Return the answer with fenced blocks as spaces and inline code as `x`, all offsets kept."""
    pieces: list[str] = []
    at, opened = 0, -1
    for fence in _FENCE.finditer(answer):
        if opened < 0:
            opened = fence.start()
            pieces.append(answer[at:opened])
        else:
            end = answer.find("\n", fence.end())
            at = len(answer) if end < 0 else end
            pieces.append(re.sub(r"[^\n]", " ", answer[opened:at]))
            opened = -1
    pieces.append(re.sub(r"[^\n]", " ", answer[opened:]) if opened >= 0 else answer[at:])
    return _INLINE_CODE.sub(lambda code: "x" * len(code.group()), "".join(pieces))


def _blocks(masked: str) -> list[tuple[int, int, bool]]:
    """Return (start, end, is heading) of what no sentence crosses: a paragraph, a list item, a heading."""
    blocks: list[tuple[int, int, bool]] = []
    at = 0
    is_open = False  # whether the next plain line goes on with the block before it
    for line in masked.splitlines(keepends=True):
        end = at + len(line)
        if not line.strip():
            is_open = False
        elif _HEADING.match(line):
            blocks.append((at, end, True))
            is_open = False
        elif is_open and not _ITEM.match(line):
            blocks[-1] = (blocks[-1][0], end, False)
        else:
            blocks.append((at, end, False))
            is_open = True
        at = end
    return blocks


def _cuts(masked: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where the sentences of a block begin and end, citations behind a full stop taken along."""
    item = _ITEM.match(masked, start, end)
    cuts: list[tuple[int, int]] = []
    at = start
    resume = item.end() if item else start
    for stop in _STOP.finditer(masked, resume, end):
        if stop.start() < resume:
            continue
        behind = stop.end()
        cited = behind
        while True:  # `... moved. [2] [3] Then ...`
            gap = cited
            while gap < end and gap - cited < 3 and masked[gap] in " \t":
                gap += 1
            citation = _CITATION.match(masked, gap, end)
            if citation is None:
                break
            cited = citation.end()
        ends_here = cited >= end or masked[cited].isspace() or masked[stop.start()] in "。！？"
        if not ends_here or (cited == behind and not _is_end(masked, stop.start(), behind, end)):
            continue
        if cited < end and masked[cited] in ".,;":
            cited += 1
        cuts.append((at, cited))
        at = resume = cited
    if at < end:
        cuts.append((at, end))
    return cuts


def _is_end(masked: str, stop: int, behind: int, end: int) -> bool:
    """Tell whether a stop ends a sentence, by the word before it and what follows."""
    following = behind
    while following < end and masked[following].isspace():
        following += 1
    if following >= end or masked[stop] != ".":
        return True
    if masked[following].islower():
        return False
    first = stop
    while first > 0 and stop - first < 12 and (masked[first - 1].isalnum() or masked[first - 1] == "."):
        first -= 1
    word = masked[first:stop]
    if len(word) == 1 and word.isupper() and word != "I":  # an initial: `J. Smith`
        return False
    if len(word) < 3 and word.isdigit() and _MONTH.match(masked, following):  # `am 8. Juni`
        return False
    folded = word.casefold()
    if folded not in _ABBREVIATIONS:
        return True
    if folded in ("a.m", "p.m", "etc", "u.s", "u.k", "inc", "ltd", "co", "corp", "al"):  # these often end one, too
        return masked[following].isupper()
    # `No.` ends a sentence, `No. 5` does not.
    return folded in ("no", "min", "max", "ed", "sat", "sun", "mar", "p", "co") and not masked[following].isdigit()


def _sentence(answer: str, masked: str, start: int, end: int, *, is_heading: bool) -> Sentence | None:
    """Make the sentence between two offsets; None where nothing but citations and marks is there."""
    while start < end and answer[start].isspace():
        start += 1
    while end > start and answer[end - 1].isspace():
        end -= 1
    inside = masked[start:end]
    citations = _citations(_QUOTED.sub(" ", inside)) or _citations(inside)
    bare = _without_citations(answer[start:end], inside)
    item = _ITEM.match(bare)
    if item:
        bare = " " * item.end() + bare[item.end() :]
    if not any(letter.isalnum() for letter in bare):
        return None
    return Sentence(
        text=answer[start:end], start=start, end=end, bare=bare, citations=citations, sort=_sort(bare, is_heading)
    )


def _without_citations(text: str, inside: str) -> str:
    """Return the text with spaces for the citations that `inside`, the same without its code, shows."""
    pieces: list[str] = []
    at = 0
    for found in _CITATION.finditer(inside):
        pieces += [text[at : found.start()], " " * len(found.group())]
        at = found.end()
    return "".join([*pieces, text[at:]])


def _joined(answer: str, masked: str, before: Sentence, end: int) -> Sentence:
    while end > before.end and answer[end - 1].isspace():
        end -= 1
    gained = _citations(masked[before.end : end])
    if not gained:
        return before
    return Sentence(
        text=answer[before.start : end],
        start=before.start,
        end=end,
        bare=before.bare + " " * (end - before.end),
        citations=tuple(dict.fromkeys((*before.citations, *gained))),
        sort=before.sort,
    )


def _citations(inside: str) -> tuple[int, ...]:
    numbers: dict[int, None] = {}
    for found in _CITATION.finditer(inside):
        for part in _PART.finditer(found.group().partition("†")[0]):
            first = int(part[1])
            last = int(part[2]) if part[2] else first
            whole = range(first, last + 1) if 0 <= last - first < _LONGEST_RANGE else (first, last)
            numbers.update(dict.fromkeys(whole))
    return tuple(numbers)


def _sort(bare: str, is_heading: bool) -> Sort:
    stripped = bare.strip().rstrip("*_\"'”’) ")
    if is_heading:
        return "heading"
    if stripped.endswith("?"):
        return "question"
    lead_in = stripped.endswith(":") and len(stripped) < 80 and "\n" not in stripped
    return "remark" if lead_in or _REMARK.match(bare.strip()[:200]) else "claim"
