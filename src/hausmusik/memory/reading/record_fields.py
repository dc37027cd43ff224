"""Which field of a JSON record is its text, who says it and when; all others are kept as `key: value`.

Names of fields are those of Slack, Whisper, chat completions, meeting services and structured logs. A record without
a text is its fields.
"""

from __future__ import annotations

import html
import json
import math
import re
from typing import Any, Final, TypeAlias, cast

import msgspec

from hausmusik.memory.reading.dates import moment
from hausmusik.memory.reading.log_lines import level_of

Record: TypeAlias = dict[str, Any]

_TEXT: Final = ("text", "content", "message", "body", "msg", "utterance", "sentence", "transcript", "description")
_WHO: Final = ("speaker", "author", "from", "name", "user", "role", "sender", "username", "from_name", "speaker_name")
_WHEN: Final = (
    "timestamp",
    "time",
    "date",
    "ts",
    "created_at",
    "datetime",
    "@timestamp",
    "sent_at",
    "start_time",
    "start",
)
_LEVEL: Final = ("level", "severity", "levelname", "loglevel", "log.level", "lvl")
_LISTS: Final = (
    "meeting_transcripts", "messages", "transcript", "segments", "utterances", "turns", "conversation", "monologues",
)  # fmt: skip
_SLACK_MENTION: Final = re.compile(r"<([@#!]?)([^<>|]{1,2000})(?:\|([^<>|]{0,2000}))?>")
_DEEPEST: Final = 6


class Said(msgspec.Struct, frozen=True):
    """What a record says.

    Args:
        text: Its text, with its other fields below it.
        speaker: As written.
        at: ISO 8601.
        at_s: Seconds from the beginning.
        level: Of a structured log.
    """

    text: str
    speaker: str = ""
    at: str = ""
    at_s: float | None = None
    level: str = ""


def is_slack(records: list[Record]) -> bool:
    """Tell whether records are a day of a Slack export."""
    return bool(records) and all(
        each.get("type") == "message" and isinstance(each.get("ts"), str) and "text" in each for each in records
    )


def turns_in(record: Record) -> str:
    """Return the name of the field that is a list of turns; empty where there is none."""
    for key in _LISTS:
        value = record.get(key)
        listed = cast("list[Any]", value) if isinstance(value, list) else []
        if all(isinstance(each, dict) for each in listed) and any(_first(each, _TEXT) for each in listed):
            return key
    return ""


def said_by(record: Record) -> Said:
    """Return what any record says."""
    text_key, who_key, when_key = _first(record, _TEXT), _who(record), _when(record)
    if text_key and not isinstance(record[text_key], str):
        text, rest_of_text = _content(record[text_key]), not _content(record[text_key])
    else:
        text, rest_of_text = str(record[text_key]) if text_key else "", False
    at, at_s = _time(record[when_key]) if when_key else ("", None)
    speaker = _name(record[who_key]) if who_key else ""
    level_key = _first(record, _LEVEL)
    level = level_of(str(record[level_key])) if level_key else ""
    used = {who_key if speaker else "", when_key if at or at_s is not None else "", "" if rest_of_text else text_key}
    rest = field_lines({key: value for key, value in record.items() if key not in used})
    head = f"{speaker}: {text.strip()}" if speaker and text.strip() else text.strip()
    if speaker and not head:
        rest = [f"{who_key}: {speaker}", *rest]
    return Said("\n".join([head, *rest] if head else rest), speaker, at, at_s, level)


def said_in_slack(record: Record) -> Said:
    """Return what a Slack message says: the name instead of the id where there is one, links and mentions readable."""
    profile = record.get("user_profile")
    named = cast("Record", profile) if isinstance(profile, dict) else {}
    candidates = (named.get("display_name"), named.get("real_name"), record.get("username"), record.get("user"))
    speaker = next((name for name in candidates if isinstance(name, str) and name.strip()), "").strip()
    text = html.unescape(_SLACK_MENTION.sub(_mention, str(record.get("text") or ""))).strip()
    files = record.get("files")
    for each in cast("list[Any]", files) if isinstance(files, list) else []:
        if isinstance(each, dict):
            text += f"\n[file: {cast('Record', each).get('title') or cast('Record', each).get('name') or 'unnamed'}]"
    return Said(
        f"{speaker}: {text.strip()}" if speaker and text.strip() else text.strip(), speaker, moment(record["ts"])
    )


def field_lines(record: Record) -> list[str]:
    """Return fields as `key: value` lines, those inside others with dots; empty ones are left out."""
    lines: list[str] = []
    _flatten("", record, lines, 0)
    return lines


def _mention(found: re.Match[str]) -> str:
    mark, target, label = found[1], found[2], found[3]
    if label:
        return (
            f"{mark if mark != '!' else '@'}{label}" if mark else (f"{label} ({target})" if label != target else target)
        )
    return f"@{target}" if mark in ("@", "!") else mark + target


def _first(record: Record, keys: tuple[str, ...]) -> str:
    return next((key for key in keys if record.get(key) not in (None, "", [], {})), "")


def _who(record: Record) -> str:
    return next((key for key in _WHO if record.get(key) and _name(record[key])), "")


def _when(record: Record) -> str:
    for key in _WHEN:
        if key in record and _time(record[key]) != ("", None):
            return key
    return ""


def _name(value: object) -> str:
    if isinstance(value, str):
        return " ".join(value.split())[:100]
    if isinstance(value, dict):
        named = cast("Record", value)
        return next((_name(named[key]) for key in ("name", "display_name", "real_name", "login") if key in named), "")
    return ""


def _content(value: object) -> str:
    """Return the text of content in parts, as chat completions have it; empty where it is something else."""
    if not isinstance(value, list):
        return ""
    parts = cast("list[Any]", value)
    texts = [cast("Record", each).get("text") if isinstance(each, dict) else each for each in parts]
    return "\n".join(each for each in texts if isinstance(each, str)) if all(isinstance(t, str) for t in texts) else ""


def _time(value: object) -> tuple[str, float | None]:
    if isinstance(value, bool):
        return "", None
    if isinstance(value, int | float):
        if 100_000_000 <= value < math.inf:  # JSON as it is written has infinite numbers, and no integer is one
            return moment(str(int(value))), None
        return ("", float(value)) if 0 <= value < 1_000_000 else ("", None)
    return (moment(value), None) if isinstance(value, str) else ("", None)


def _flatten(prefix: str, value: object, lines: list[str], depth: int) -> None:
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in cast("Record", value).items():
            _flatten(f"{prefix}.{key}" if prefix else str(key), inner, lines, depth + 1)
    elif isinstance(value, list) and not any(isinstance(each, dict | list) for each in cast("list[Any]", value)):
        listed = ", ".join(str(each) for each in cast("list[Any]", value) if each not in (None, ""))
        if listed:
            lines.append(f"{prefix}: {listed}")
    elif isinstance(value, dict | list):
        if value:
            lines.append(f"{prefix}: {json.dumps(value, ensure_ascii=False)}")
    elif value not in (None, ""):
        shown = str(value).lower() if isinstance(value, bool) else str(value).strip()
        lines.append(f"{prefix}: {shown}")
