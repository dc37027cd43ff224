"""Says in plain words what pydantic found: which key, in which line, why, and what to do.

Knows the score's models only to suggest the key that was meant.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from hausmusik.score import schema
from hausmusik.score.reading import Document, Path, Problem, spell


def schema_problems(error: ValidationError, document: Document) -> list[Problem]:
    """Return every error of a validation in our own words, with path, line, reason and fix."""
    problems: list[Problem] = []
    for each in error.errors(include_url=False):
        path = _real_path(each["loc"], document.value)
        if each["type"] == "too_short" and _at(document.value, path):
            continue  # a list that only seems short because its members, told on their own, do not fit
        reason, fix = _in_words(each["type"], each["msg"], each.get("ctx") or {}, path, document.value)
        problem = Problem(path=spell(path), line=document.line(path), reason=reason, fix=fix)
        if problem not in problems:
            problems.append(problem)
    return problems


def _real_path(location: tuple[str | int, ...], value: Any) -> Path:
    """Drop what pydantic puts into a location besides keys and indexes (names of union branches)."""
    path: list[str | int] = []
    node: Any = value
    for index, step in enumerate(location):
        last = index == len(location) - 1
        if isinstance(node, dict) and isinstance(step, str) and (step in node or (last and not _is_branch(step))):
            path.append(step)
            node = cast("dict[str, Any]", node).get(step)
        elif isinstance(node, list) and isinstance(step, int):
            items = cast("list[Any]", node)
            path.append(step)
            node = items[step] if 0 <= step < len(items) else None
    return tuple(path)


def _is_branch(step: str) -> bool:
    return step in ("voice", "music", "sound", "file") or "[" in step or step in ("bool", "str", "int", "float")


def _in_words(kind: str, message: str, context: Mapping[str, Any], path: Path, value: Any) -> tuple[str, str]:
    name = str(path[-1]) if path else "score"
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(name, _known_keys(path), n=1, cutoff=0.6)
        fix = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(_known_keys(path))}"
        return f"unknown key {name!r}", fix
    if kind == "missing":
        return f"{name!r} is missing", "add it"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return "a cue needs a layer", 'add "layer": "voice", "music", "sound" or "file"'
    if kind == "value_error":
        return message.removeprefix("Value error, "), ""
    if kind == "string_pattern_mismatch" and name != "date":
        return f"{_shown(path, value)} is not a valid name", "use letters, digits, '-' and '_', at most 64"
    if kind == "literal_error":
        return f"{_shown(path, value)} is not one of the choices", f"use {context.get('expected', '')}"
    plain = re.sub(r"^[A-Z]\w* should ", "it should ", message)  # "String should have at least 1 character"
    plain = plain[:1].lower() + plain[1:].replace("Input", "it")
    return f"{_shown(path, value)} does not fit", plain if plain.startswith("it") else f"it should be {plain}"


def _at(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _shown(path: Path, value: Any) -> str:
    text = json.dumps(_at(value, path), ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}…"


def _known_keys(path: Path) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "transition": schema.Transition,
        "duck": schema.Ducking,
        "gain_points": schema.GainPoint,
        "markers": schema.Marker,
        "master": schema.Master,
        "defaults": schema.Defaults,
        "voices": schema.VoiceDefinition,
        "segments": schema.Segment,
    }
    around = [step for step in path[:-1] if isinstance(step, str)]
    if "cues" in around and around[-1] == "cues":
        kinds: tuple[type[BaseModel], ...] = (
            schema.VoiceCue,
            schema.MusicCue,
            schema.SoundCue,
            schema.FileCue,
        )
        return sorted({field.alias or name for kind in kinds for name, field in kind.model_fields.items()})
    if "defaults" in around and around[-1] != "defaults" and around[-1] not in models:
        return sorted(schema.Shape.model_fields)
    model = next((models[step] for step in reversed(around) if step in models), schema.Score)
    return sorted(field.alias or name for name, field in model.model_fields.items())
