"""Which form a text is in, by its content and by its file's ending; either alone is often wrong.

A `.txt` may be a transcript, a chat, a log or prose. Each reader says how much a sample of the lines looks like its
form; the likeliest is taken, and where nothing is likely it is prose. Endings of programs and settings are never
transcripts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from hausmusik.memory.reading import chats, cues, logs, markdown, records, turns

Form: TypeAlias = Literal["prose", "markdown", "turns", "chat", "log", "vtt", "srt", "json", "json_lines"]

_SAMPLE_LINES: Final = 300
_LONGEST: Final = 400
_SAMPLE_CHARACTERS: Final = 400_000
_LIKELY: Final = 0.5
_MARKDOWN_ENDINGS: Final = frozenset({"md", "markdown", "mdown", "mdx", "mkd"})
_PROGRAMS: Final = """
    py pyi js mjs cjs ts tsx jsx java kt c h cc cpp hpp cs go rs rb php pl lua r jl swift scala sh bash zsh fish ps1
    bat sql yaml yml toml ini cfg conf properties env html htm xml css scss less tex bib rst csv tsv diff patch lock
"""
_PROGRAM_ENDINGS: Final = frozenset(_PROGRAMS.split())


def ending_of(name: str) -> str:
    """Return what a file's name ends in, in lower case without the dot; empty where it has no ending."""
    base = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, ending = base.rpartition(".")
    return ending.lower() if dot and stem else ""


def form_of(text: str, name: str) -> Form:
    """Return the form that a text is most likely in.

    Args:
        text: All of it, decoded.
        name: Its file's name.
    """
    ending = ending_of(name)
    if ending in ("jsonl", "ndjson"):
        return "json_lines"
    if cues.is_vtt(text):
        return "vtt"
    if ending == "srt" or cues.is_srt(text):
        return "srt"
    if ending == "json":
        return "json_lines" if records.is_json_lines(text) else "json"
    if ending in _PROGRAM_ENDINGS or text.startswith("#!"):
        return "prose"
    if text.lstrip()[:1] in ("{", "["):
        if records.is_json_lines(text):
            return "json_lines"
        if records.is_json(text):
            return "json"
    return _likeliest(text, ending)


def _likeliest(text: str, ending: str) -> Form:
    sample = sample_of(text)
    measures: tuple[tuple[Form, Callable[[], float]], ...] = (
        ("log", lambda: logs.likeness(sample, ending)),
        ("chat", lambda: chats.likeness(sample)),
        ("turns", lambda: turns.likeness(sample)),
        ("markdown", lambda: max(markdown.likeness(sample), 0.75 if ending in _MARKDOWN_ENDINGS else 0.0)),
    )
    best: Form = "prose"
    highest = _LIKELY
    for form, measure in measures:
        likeness = measure()
        if likeness > highest:
            best, highest = form, likeness
    return best


def sample_of(text: str) -> list[str]:
    """Return lines of the beginning and, of a long text, of its middle, each cut to a sane length."""
    lines = [line[:_LONGEST] for line in text[:_SAMPLE_CHARACTERS].split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]]
    middle = len(text) // 2
    if middle > _SAMPLE_CHARACTERS:
        later = text[middle : middle + _SAMPLE_CHARACTERS].split("\n", _SAMPLE_LINES)[1:_SAMPLE_LINES]
        lines += [line[:_LONGEST] for line in later]
    return [line.rstrip() for line in lines]
