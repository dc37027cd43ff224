"""What one line of a batch asks for: its id and its request, checked as strictly as any other request.

A line has the fields of the request that its instrument takes, and may have an `id`. A voice may be written as people
do (`a(2)+b(1)`); a recording is a file beside the batch. Knows nothing of files of lines, nor of who plays.
"""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from hausmusik.asking import checked, playable
from hausmusik.audio.files import decode
from hausmusik.errors import BadInput, UsageError
from hausmusik.inside import file_inside
from hausmusik.takes.key import canonical_request
from hausmusik.types import Audio, JudgeRequest, Request, TranscribeRequest
from hausmusik.voice_names import parse_voice

MAX_NAME_BYTES: Final = 200
DERIVED_ID: Final = 16
_UNHEARD: Final = ((0.0,), 8_000)
_MISSING: Final = msgspec.UNSET


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose recording, if it has one, is still a file.

    Args:
        request: Checked; a recording in it is a moment of silence.
        recording: The file to be heard.
        content: All that the result depends on besides the instrument; of a recording its hash.
    """

    request: Request
    recording: Path | None
    content: bytes

    def loaded(self) -> Request:
        """Return the request with its recording; reads and decodes the file.

        Raises:
            BadInput: it cannot be decoded.
        """
        if self.recording is None:
            return self.request
        return msgspec.structs.replace(self.request, audio=decode(self.recording))


def identified(fields: dict[str, Any]) -> tuple[str, dict[str, Any], bytes]:
    """Return the id of a line, its other fields, and a hash of those.

    Without an id of its own a line gets one that depends on nothing but its fields, so that it stays the same when
    lines are added or moved.

    Raises:
        BadInput: the id cannot be one, or a text is not Unicode.
    """
    given = fields.pop("id", _MISSING)
    try:
        content = hashlib.sha256(msgspec.json.encode(fields, order="deterministic")).digest()
        name = quote(given, safe="") if isinstance(given, str) else ""
    except UnicodeEncodeError as error:
        raise BadInput("a \\u escape is half a character", hint="write the character itself") from error
    except OverflowError as error:
        raise BadInput("a number has too many digits", hint="write a smaller one") from error
    if given is _MISSING:
        return content.hex()[:DERIVED_ID], fields, content
    if not isinstance(given, str) or not given.strip() or not given.isprintable():
        raise BadInput(f"{str(given)[:40]!r} is no id", hint="an id is a text, or left out")
    if len(name) > MAX_NAME_BYTES:
        raise BadInput(f"the id {given[:40]!r}… is too long", hint=f"use at most {MAX_NAME_BYTES} letters")
    return given, fields, content


def asked(fields: dict[str, Any], kind: type[Request], folder: Path) -> Asked:
    """Return what the fields of a line ask for.

    Args:
        fields: Without the id.
        kind: The request that the instrument takes.
        folder: Where the file of lines is; recordings are named relative to it and lie in it.

    Raises:
        UsageError: a field is unknown, missing, of another type or out of its range; a recording lies elsewhere.
        NotFoundError: there is no such recording.
    """
    for name in fields:
        if name not in kind.__struct_fields__:
            close = difflib.get_close_matches(name, kind.__struct_fields__, 1)
            known = f"it has {', '.join(('id', *kind.__struct_fields__))}"
            hint = f"did you mean {close[0]}?" if close else known
            raise UsageError(f"a {kind.__name__} has no field {name!r}", hint=hint)
    if isinstance(fields.get("voice"), str):
        fields = fields | {"voice": parse_voice(fields["voice"])}
    if not issubclass(kind, TranscribeRequest | JudgeRequest):
        request = playable(_built(kind, fields))
        return Asked(request=request, recording=None, content=canonical_request(request))
    path = fields.get("audio")
    if not isinstance(path, str):
        raise UsageError("audio is the name of a file", hint="write its path, relative to the file of lines")
    recording = file_inside(folder, path, whose="the batch", hint="copy the recording into the batch's folder")
    silent: dict[str, Any] = fields | {"audio": Audio.mono(*_UNHEARD)}
    request = checked(_built(kind, silent))
    plain = {name: getattr(request, name) for name in kind.__struct_fields__ if name != "audio"}
    try:
        with recording.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path!r} cannot be read: {error.strerror}", hint="make it readable for you") from error
    content = msgspec.json.encode([kind.__name__, digest, plain], order="sorted")
    return Asked(request=request, recording=recording, content=content)


def _built(kind: type[Request], fields: dict[str, Any]) -> Request:
    """Return a request that is not checked yet; its fields are known, but some may be missing."""
    try:
        return kind(**fields)
    except TypeError as error:
        missing = [each.name for each in msgspec.structs.fields(kind) if each.required and each.name not in fields]
        raise UsageError(
            f"the field {missing[0]!r} is missing", hint=f"a {kind.__name__} needs {', '.join(missing)}"
        ) from error


def file_name(item: str) -> str:
    """Return the name of the file of an item's sound: its id, percent-encoded, so that none is a path."""
    return f"{quote(item, safe='')}.wav"
