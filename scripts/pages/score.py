"""The format of a score, from its JSON Schema and its models."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from hausmusik.score import schema
from hausmusik.score.effective import with_defaults
from pages.markdown import code, doc, paragraphs, table, value

PATTERNS: Final = {
    TypeAdapter(schema.Id).json_schema()["pattern"]: "id",
    TypeAdapter(schema.Reference).json_schema()["pattern"]: "`cue` or `segment/cue`",
    schema.Score.model_json_schema()["properties"]["language"]["pattern"]: "BCP 47 language",
}
DATE: Final = "date: `2026`, `2026-11` or `2026-11-24`"
LAYERS: Final[dict[schema.Layer, tuple[str, dict[str, str]]]] = {
    "voice": ("VoiceCue", {"text": "x"}),
    "music": ("MusicCue", {"prompt": "x"}),
    "sound": ("SoundCue", {"prompt": "x"}),
    "file": ("FileCue", {"path": "x"}),
}
"""Each layer's model, and the least that a cue of it must say."""


def page() -> str:
    whole = schema.json_schema()
    parts = whole["$defs"]
    shape = _names(schema.Shape)
    every = [name for name in _names(schema.Cue) if name not in shape]
    out = [
        "# The format of a score\n\n",
        paragraphs(
            """A score is one JSON object in UTF-8. Unknown keys are errors. Units are in the names: seconds (`_s`),
            decibels (`_db`), LUFS and dBTP. An id is up to 64 letters, digits, `_` and `-`. `haus schema` prints the same
            as JSON Schema, `haus check SCORE` tells what is wrong with a score."""
        ),
        _section("Score", whole),
        *(_section(name, parts[name]) for name in ("Segment", "Transition", "Marker")),
        _section("Cue", {**parts["VoiceCue"], "description": doc(schema.Cue)}, every),
        "\n",
        paragraphs(
            """Besides these, every cue has a `layer`, the keys of its layer, and those of its [shape](#shape). A line of
            speech without a place starts after the line before it in its segment; anything else at its segment's start.
            Music, and sounds that loop, last until their segment ends unless they say how long they are."""
        ),
    ]
    for layer, (model, _) in LAYERS.items():
        own = [name for name in parts[model]["properties"] if name not in {*shape, *every, "layer"}]
        said = f'`"layer": "{layer}"`: {parts[model]["description"]}'
        out.append(f"\n### {model}\n\n{said}\n\n{_fields(parts[model], own)}")
    out += [
        _section("Shape", parts["Shape"]),
        f"\nWhat a cue and its layer's `defaults` leave out is:\n\n{_built_in_shapes()}",
        *(_section(name, parts[name]) for name in ("Ducking", "GainPoint", "VoiceDefinition", "Defaults", "Master")),
    ]
    return "".join(out)


def _section(name: str, model: dict[str, Any], chosen: Iterable[str] | None = None) -> str:
    return f"\n## {name}\n\n{model['description']}\n\n{_fields(model, chosen or model['properties'])}"


def _fields(model: dict[str, Any], names: Iterable[str]) -> str:
    found, required = model["properties"], model.get("required", ())
    rows = [
        (
            code(name),
            _kind(found[name]),
            "required" if name in required else _default(found[name]),
            found[name].get("description", ""),
        )
        for name in names
    ]
    return table(("key", "value", "default", "meaning"), rows)


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "" if isinstance(default, dict) else value(default)


def _kind(field: dict[str, Any]) -> str:
    """Say in words what a JSON Schema accepts."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        kinds = [_kind(each) for each in field["anyOf"] if each.get("type") != "null"]
        return " or ".join(each for each in kinds if each != "whole number" or "number" not in kinds)
    if "discriminator" in field:
        return "[cues](#cue)"
    if "enum" in field or "const" in field:
        return ", ".join(value(each) for each in field.get("enum", [field.get("const")]))
    match field["type"]:
        case "array":
            return f"list of {_kind(field['items'])}"
        case "object":
            values = field.get("additionalProperties") or next(iter(field["patternProperties"].values()))
            return f"object of {_kind(values)}"
        case "boolean":
            return "true or false"
        case "string" if "pattern" in field:
            return PATTERNS.get(field["pattern"], DATE)
        case "string":
            return f"text, at most {field['maxLength']:,} characters" if "maxLength" in field else "text"
        case kind:
            return f"{'whole number' if kind == 'integer' else 'number'}{_limits(field)}"


def _limits(field: dict[str, Any]) -> str:
    words = {"exclusiveMinimum": "above", "minimum": "from", "maximum": "to"}
    return "".join(f" {word} {field[key]:.10g}" for key, word in words.items() if key in field)


def _built_in_shapes() -> str:
    cues = [{"layer": layer, **least} for layer, (_, least) in LAYERS.items()]
    document = {"hausmusik": 1, "title": "x", "segments": [{"id": "x", "cues": cues}]}
    filled = with_defaults(schema.Score.model_validate_json(json.dumps(document))).segments[0].cues
    rows = [(code(name), *(value(getattr(cue, name)) for cue in filled)) for name in schema.Shape.model_fields]
    return table(("key", *LAYERS), [row for row in rows if any(row[1:])])


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
