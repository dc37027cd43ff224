"""Requests checked before anybody is asked: the ranges are those of their types, the errors are for people.

A request made in Python is not checked by its constructor, and the first to notice would be the far end of a wire. So
every door through which requests come (the verbs, the player, each host) has them checked here, by the very decoding
that the far end would do. Knows nothing of what an instrument can play.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final, TypeVar, cast

import msgspec
import numpy as np

from hausmusik.codec import CodecError, decode, encode
from hausmusik.errors import UsageError
from hausmusik.types import Audio, ChatRequest, EmbedRequest, Request

RequestT = TypeVar("RequestT", bound=Request)

_SILENCE: Final = ((0.0,), 8_000)


def checked(request: RequestT) -> RequestT:
    """Return the request as the far end of a wire would see it; recordings are not copied, numpy's numbers plain.

    Raises:
        UsageError: a field is of another type or out of its range; says which and the range, in words.
    """
    given = {name: getattr(request, name) for name in request.__struct_fields__}
    numbers: dict[str, Any] = {
        name: cast("Any", value).item() for name, value in given.items() if isinstance(value, np.generic)
    }
    request = msgspec.structs.replace(request, **numbers)
    audio = given.get("audio")
    # A recording has checked itself when it was made, and an hour of it would be copied twice for nothing.
    light = msgspec.structs.replace(request, audio=Audio.mono(*_SILENCE)) if isinstance(audio, Audio) else request
    try:
        found = decode(encode(light), type(request))
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{_unfit(request) or 'it'} has characters that are not Unicode",
            hint="read files and arguments as UTF-8, without `surrogateescape`",
        ) from error
    except (CodecError, NotImplementedError, OverflowError) as error:
        raise _out_of_range(request, error) from error
    return msgspec.structs.replace(found, audio=audio) if isinstance(audio, Audio) else found


def playable(request: RequestT) -> RequestT:
    """Return the checked request, unless there is nothing in its words that could be played.

    Raises:
        UsageError: as `checked`; neither a letter nor a digit is in its words.
    """
    request = checked(request)
    words = words_in(request)
    if words is not None and not any(unicodedata.category(letter)[0] in "LN" for letter in words):
        raise UsageError("there is nothing to play: no letters or digits", hint="write it in words")
    return request


def words_in(request: Request) -> str | None:
    """Return all words of a request as one text; None where it has a recording instead."""
    if isinstance(request, ChatRequest):
        return "\n".join(message.content for message in request.messages)
    if isinstance(request, EmbedRequest):
        return "\n".join(request.texts)
    return getattr(request, "text", getattr(request, "prompt", None)) if not hasattr(request, "audio") else None


def _unfit(request: Request) -> str:
    """Return the name of the first field that cannot be encoded, empty when each of them can."""
    for name in request.__struct_fields__:
        value = getattr(request, name)
        try:
            msgspec.msgpack.encode(None if isinstance(value, Audio) else value)
        except (UnicodeEncodeError, OverflowError, TypeError):
            return name
    return ""


def _out_of_range(request: Request, error: Exception) -> UsageError:
    """Say `Expected `float` > 0.0 - at `$.duration_s`` as `duration_s must be above 0.0, not -3`."""
    message = str(error).removeprefix("a frame does not fit: ")
    expected, _, place = message.partition(" - at `$.")
    name = place.rstrip("`").partition("[")[0] or _unfit(request)
    fields = {field.name: field.type for field in _fields(type(request))}
    if name not in fields:
        return UsageError(f"this cannot be asked for: {message}", hint=f"see the fields of {type(request).__name__}")
    given = getattr(request, name)
    hint = f"{name} is {_in_words(fields[name])}"
    _, _, limit = expected.partition("` ")
    for sign, word in ((">=", "at least"), ("<=", "at most"), (">", "above"), ("<", "below")):
        if limit.startswith(f"{sign} "):
            return UsageError(f"{name} must be {word} {limit.removeprefix(sign).strip()}, not {given}", hint=hint)
    return UsageError(f"{name} cannot be {given!r}, {type(given).__name__}", hint=hint)


def _fields(kind: type[Request]) -> tuple[msgspec.inspect.Field, ...]:
    return cast("msgspec.inspect.StructType", msgspec.inspect.type_info(kind)).fields


def _in_words(kind: msgspec.inspect.Type) -> str:
    """Return what a field takes: `a number from 0.5 to 2.0`."""
    match kind:
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            what = "a whole number" if isinstance(kind, msgspec.inspect.IntType) else "a number"
            bounds: list[tuple[str, Any]] = [(" from", kind.ge), (" above", kind.gt)]
            bounds.append((", at most" if kind.ge is None else " to", kind.le))
            return what + "".join(f"{word} {bound:.15g}" for word, bound in bounds if bound is not None)
        case msgspec.inspect.DictType():
            return f"a dict from text to {_in_words(kind.value_type)}"
        case msgspec.inspect.LiteralType():
            return " or ".join(map(repr, kind.values))
        case msgspec.inspect.BoolType():
            return "True or False"
        case msgspec.inspect.StrType():
            return "text"
        case msgspec.inspect.VarTupleType():
            items = _in_words(kind.item_type)
            return f"a list, each of it {items}" + (" (at least one)" if kind.min_length else "")
        case msgspec.inspect.StructType() if kind.cls is not Audio:
            return f"a {kind.cls.__name__}"
        case msgspec.inspect.UnionType():
            return " or ".join(_in_words(each) for each in kind.types)
        case msgspec.inspect.NoneType():
            return "left out"
        case _:
            return "a recording"
