"""JSON and JSON Lines: records with a text each, lists of turns, exports of chats, or any other values.

    [{"user": …, "text": …, "ts": …}]                Slack: a chat
    {"meeting_transcripts": [{"speaker", "content"}]} QMSum: a transcript
    {"segments": [{"start", "text"}]}                 Whisper: a transcript
    {"messages": [{"role", "content"}]}               chat completions: a chat
    one object a line                                 records

The text is built anew. Lines are those of the file, found by decoding a list element by element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from hausmusik.errors import BadInput
from hausmusik.memory.documents import Kind
from hausmusik.memory.reading.drafts import Builder, Draft
from hausmusik.memory.reading.record_fields import (
    Record,
    Said,
    field_lines,
    is_slack,
    said_by,
    said_in_slack,
    turns_in,
)

_BLANK: Final = re.compile(r"[ \t\n\r]*+")
_BLANK_OR_COMMA: Final = re.compile(r"[ \t\n\r]*+,?[ \t\n\r]*+")
# Answers of a question set beside its meeting: whoever adds the file wants the meeting remembered, not the questions.
_QMSUM_QUESTIONS: Final = frozenset({"topic_list", "general_query_list", "specific_query_list"})


class _Value(msgspec.Struct, frozen=True):
    value: object
    line: int
    last_line: int


def is_json(text: str) -> bool:
    """Tell whether a text is one JSON object or list."""
    if text.lstrip()[:1] not in ("{", "[") or text.rstrip()[-1:] not in ("}", "]"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_json_lines(text: str) -> bool:
    """Tell whether the first lines of a text are a JSON object each; a single object is JSON, not lines of it."""
    lines = [line for line in text[:1_000_000].split("\n", 51)[:50] if line.strip()]
    if len(text) > 1_000_000:
        lines = lines[:-1] if len(lines) > 1 else lines
    if len(lines) < 2:
        return False
    return all(line.lstrip().startswith("{") and line.rstrip().endswith("}") and is_json(line) for line in lines)


def read_json(text: str, name: str) -> Draft:
    """Return the records of one JSON value.

    Raises:
        BadInput: it is not JSON, or nested too deeply.
    """
    _loads(text, name, 1)  # the whole of it first, so that an error is told as the library tells it
    start = _after_blanks(text, 0)
    if text.startswith("[", start):
        return _draft(list(_elements(text, start, name)), "records", name)
    return _draft([_Value(_loads(text, name, 1), 1, _lines_until(text, len(text.rstrip())))], "records", name, text)


def read_json_lines(text: str, name: str) -> Draft:
    """Return the records of JSON Lines.

    Raises:
        BadInput: a line is not JSON.
    """
    values = [
        _Value(_loads(line, name, number), number, number)
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]
    return _draft(values, "records", name)


def _draft(values: list[_Value], kind: Kind, name: str, text: str = "") -> Draft:
    records = [cast("Record", each.value) for each in values if isinstance(each.value, dict)]
    builder = Builder()
    if len(records) == len(values) and is_slack(records):
        for each in values:
            _add(builder, said_in_slack(cast("Record", each.value)), each, ())
        return builder.draft("chat")
    title = ""
    kinds: set[Kind] = set()
    for each in values:
        if isinstance(each.value, dict):
            record = cast("Record", each.value)
            turns = turns_in(record)
            if turns:
                told = _title(record)
                title = title or (told if len(values) == 1 else "")
                kinds.add(_add_turns(builder, each, record, turns, told if len(values) > 1 else "", name, text))
            else:
                kinds.add(kind)
                _add(builder, said_by(record), each, ())
        else:
            kinds.add(kind)
            shown = each.value if isinstance(each.value, str) else "\n".join(field_lines({"value": each.value}))
            _add(builder, Said(shown), each, ())
    only = kinds.pop() if len(kinds) == 1 else kind
    if (
        only == kind
        and records
        and len(records) == len(values)
        and all(set(each) <= {"role", "content"} for each in records)
    ):
        only = "chat"
    return builder.draft(only, title=title)


def _add_turns(builder: Builder, whole: _Value, record: Record, key: str, heading: str, name: str, text: str) -> Kind:
    """Add a list of turns, after what else the record says."""
    used = {key, *(_QMSUM_QUESTIONS if key == "meeting_transcripts" else ())}
    used |= {"text"} if key == "segments" else set()
    if heading:
        builder.add(heading, line=whole.line, last_line=whole.line, is_heading=True)
    rest = field_lines({other: value for other, value in record.items() if other not in used})
    headings = (heading,) if heading else ()
    if rest:
        builder.add("\n".join(rest), line=whole.line, last_line=whole.line, headings=headings)
    turns = cast("list[Record]", record[key])
    placed = _placed(text, key, turns, name) if text else []
    has_dates = False
    for index, turn in enumerate(turns):
        said = said_by(turn)
        has_dates = has_dates or "T" in said.at
        _add(builder, said, placed[index] if placed else whole, headings, separator="\n")
    return "chat" if has_dates or key in ("messages", "conversation") else "transcript"


def _add(builder: Builder, said: Said, where: _Value, headings: tuple[str, ...], separator: str = "\n\n") -> None:
    builder.add(
        said.text,
        line=where.line,
        last_line=where.last_line,
        separator=separator,
        speaker=said.speaker,
        at=said.at,
        at_s=said.at_s,
        level=said.level,
        headings=headings,
    )


def _placed(text: str, key: str, turns: list[Record], name: str) -> list[_Value]:
    """Return where each turn of a list lies in the file, if the list can be found by its key."""
    found = re.search(rf'"{key}"[ \t\n\r]{{0,100}}:[ \t\n\r]{{0,100}}\[', text)
    if found is None:
        return []
    values = list(_elements(text, found.end() - 1, name))
    return values if [each.value for each in values] == turns else []


def _elements(text: str, start: int, name: str) -> Iterator[_Value]:
    """Yield the elements of a list that begins at an offset, with their lines."""
    decoder = json.JSONDecoder()
    line = _lines_until(text, start)
    counted = start
    position = _after_blanks(text, start + 1)
    while position < len(text) and text[position] != "]":
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name} is not JSON that can be read: {error}") from error
        line += text.count("\n", counted, position)
        last_line = line + text.count("\n", position, end)
        yield _Value(value, line, last_line)
        line, counted = last_line, end
        separator = _BLANK_OR_COMMA.match(text, end)
        position = separator.end() if separator else end


def _after_blanks(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _lines_until(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _title(record: Record) -> str:
    for key in ("title", "subject", "topic", "name", "id"):
        if isinstance(record.get(key), str) and record[key].strip():
            return " ".join(record[key].split())[:200]
    return ""


def _loads(text: str, name: str, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = line + error.lineno - 1
        raise BadInput(
            f"{name} is not JSON: line {where}: {error.msg}", hint="mend that line and add it again"
        ) from error
    except RecursionError as error:
        raise BadInput(
            f"{name} is JSON that is nested too deeply", hint="no text is kept that deep; flatten it"
        ) from error
    except ValueError as error:  # an integer of thousands of digits
        raise BadInput(f"{name} is not JSON that can be read: line {line}: {error}"[:300]) from error
