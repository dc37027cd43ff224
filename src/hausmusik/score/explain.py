"""Says in plain words what pydantic found: which key, in which line, why, and what to do.

Knows the score's models only to suggest the key that was meant.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from pydantic import BaseModel, ValidationError

from hausmusik.score import schema
from hausmusik.score.reading import Document, Path, Problem, spell

_CUES: Final[dict[str, type[schema.Cue]]] = {
    "voice": schema.VoiceCue,
    "music": schema.MusicCue,
    "sound": schema.SoundCue,
    "file": schema.FileCue,
}
_LAYERS: Final = tuple(_CUES)
_SHOULD_BE: Final = "it should be "
_NUMBER_WITH_UNIT: Final = re.compile(
    r"\s*([+-]?\d+(?:\.\d+)?)\s*(?:s|sec|secs|seconds?|db|bpm|lufs|dbtp|hz|%)\s*", re.IGNORECASE
)
_MEANT: Final[dict[str, tuple[str, ...]]] = {  # what other programs call it, or how people say it
    "volume": ("gain_db",),
    "vol": ("gain_db",),
    "gain": ("gain_db",),
    "level": ("gain_db",),
    "at": ("at_s",),
    "start": ("at_s",),
    "start_s": ("at_s",),
    "time": ("at_s",),
    "length": ("duration_s", "length_s"),
    "duration": ("duration_s",),
    "seconds": ("duration_s",),
    "fade_in": ("fade_in_s",),
    "fade_out": ("fade_out_s",),
    "fade": ("fade_out_s",),
    "gap": ("gap_s",),
    "pause": ("gap_s",),
    "bpm": ("tempo_bpm",),
    "tempo": ("tempo_bpm",),
    "speaker": ("voice",),
    "file": ("path",),
    "source": ("path",),
    "say": ("text",),
    "description": ("prompt",),
    "loop": ("fit",),
    "ducking": ("duck",),
    "lufs": ("loudness_lufs",),
    "name": ("title", "id"),
}


def schema_problems(error: ValidationError, document: Document) -> list[Problem]:
    """Return every error of a validation in our own words, with path, line, reason and fix."""
    problems: dict[Path, list[Problem]] = {}
    for each in error.errors(include_url=False):
        path = _real_path(each["loc"], document.value)
        if each["type"] == "too_short" and _at(document.value, path):
            continue  # a list that only seems short because its members, told on their own, do not fit
        reason, fix = _in_words(each["type"], each["msg"], each.get("ctx") or {}, path, document.value)
        problem = Problem(path=spell(path), line=document.line(path), reason=reason, fix=fix)
        known = problems.setdefault(path, [])
        if problem not in known:
            known.append(problem)
    inside = {path[:length] for path in problems for length in range(len(path))}
    # Where a member is told, the other branch of the union around it was not meant.
    told = {path: known for path, known in problems.items() if path not in inside or not _is_of_branches(known)}
    return [problem for known in told.values() for problem in _joined(known)]


def _is_of_branches(problems: list[Problem]) -> bool:
    return all(problem.fix.startswith(_SHOULD_BE) for problem in problems)


def numbers_for_texts(error: ValidationError, document: Document) -> bool:
    """Write out the variables that are numbers where a text is wanted, in place; returns whether there were any."""
    found = False
    for each in error.errors(include_url=False):
        path = _real_path(each["loc"], document.value)
        value = _at(document.value, path)
        if each["type"] == "string_type" and path in document.filled and type(value) in (int, float):
            _at(document.value, path[:-1])[path[-1]] = str(value)
            found = True
    return found


def _joined(problems: list[Problem]) -> list[Problem]:
    """Tell the branches of one union together: `it should be an object or true or false`."""
    alike = [each for each in problems if each.reason == problems[0].reason and each.fix.startswith(_SHOULD_BE)]
    if len(alike) < 2:
        return problems
    fix = _SHOULD_BE + " or ".join(dict.fromkeys(each.fix.removeprefix(_SHOULD_BE) for each in alike))
    return [msgspec.structs.replace(alike[0], fix=fix), *(each for each in problems if each not in alike)]


def _real_path(location: tuple[str | int, ...], value: Any) -> Path:
    """Drop what pydantic puts into a location besides keys and indexes (names of union branches)."""
    path: list[str | int] = []
    node: Any = value
    for index, step in enumerate(location):
        last = index == len(location) - 1
        if path[-2:-1] == ["cues"] and index == len(path) and step in _LAYERS:
            continue  # the step after a cue is its layer, even where the cue has a key `voice`
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
        known = _known_keys(path, value)
        meant = [each for each in _MEANT.get(name.lower(), ()) if each in known]
        close = meant or difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        fix = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return f"unknown key {name!r}", fix
    if kind == "missing":
        return f"{name!r} is missing", "add it"
    if kind == "union_tag_not_found":
        return "a cue needs a layer", 'add "layer": "voice", "music", "sound" or "file"'
    if kind == "union_tag_invalid":
        tag = str(context.get("tag", ""))
        close = difflib.get_close_matches(tag, _LAYERS, n=1)
        fix = f"did you mean {close[0]!r}?" if close else 'use "voice", "music", "sound" or "file"'
        return f"there is no layer {tag!r}", fix
    if kind == "value_error":
        return message.removeprefix("Value error, "), ""
    if kind == "string_pattern_mismatch" and name != "date":
        return f"{_shown(path, value)} is not a valid name", "use letters, digits, '-' and '_', at most 64"
    if kind == "literal_error":
        return f"{_shown(path, value)} is not one of the choices", f"use {context.get('expected', '')}"
    given = _at(value, path)
    number = _NUMBER_WITH_UNIT.fullmatch(given) if isinstance(given, str) and kind == "float_type" else None
    if number:
        return f"{_shown(path, value)} does not fit", f"write the number alone: {number.group(1)}"
    plain = re.sub(r"^[A-Z]\w* should ", "it should ", message)  # "String should have at least 1 character"
    plain = plain[:1].lower() + plain[1:].replace("Input", "it")
    plain = plain.replace("a valid boolean", "true or false").replace("an object", f"an object{_example(name)}")
    return f"{_shown(path, value)} does not fit", plain if plain.startswith("it") else f"{_SHOULD_BE}{plain}"


def _example(name: str) -> str:
    examples = {
        "duck": '{"depth_db": 12}',
        "blend": '{"af_heart": 0.5, "am_michael": 0.5}',
        "transition": '{"seconds": 2}',
    }
    return f" like {examples[name]}" if name in examples else ""


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


def _known_keys(path: Path, value: Any) -> list[str]:
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
        kind = _CUES.get(str(_at(value, (*path[:-1], "layer"))), schema.Cue)
        return sorted(field.alias or name for name, field in kind.model_fields.items())
    if "defaults" in around and around[-1] != "defaults" and around[-1] not in models:
        return sorted(schema.Shape.model_fields)
    model = next((models[step] for step in reversed(around) if step in models), schema.Score)
    return sorted(field.alias or name for name, field in model.model_fields.items())
