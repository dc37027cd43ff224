"""The file of a conversation: one message a line, read before a turn and written whole after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hausmusik.errors import OutputError, UsageError

if TYPE_CHECKING:
    from hausmusik.types import Message


def read_history(path: Path) -> tuple[Message, ...]:
    """Return the messages of a file, none where it is not there yet.

    Raises:
        UsageError: a line is not a message, or it cannot be read.
    """
    import msgspec

    from hausmusik.types import Message

    if not path.exists():
        return ()
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the conversation {path} cannot be read: {error}", hint="name a file of lines in JSON"
        ) from error
    found: list[Message] = []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                found.append(msgspec.json.decode(line.encode(), type=Message))
        except msgspec.MsgspecError as error:
            raise UsageError(
                f"line {number} of {path} is not a message: {error}",
                hint='each line is like {"role": "user", "content": "Hello."}',
            ) from error
    return tuple(found)


def write_history(path: Path, messages: tuple[Message, ...]) -> None:
    """Write a conversation whole or not at all; raises OutputError."""
    from hausmusik.atomic import write_whole

    text = "".join(f"{json.dumps(_plain(message), ensure_ascii=False)}\n" for message in messages)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise OutputError(f"the conversation {path} cannot be written: {reason}", hint="name another file") from error


def _plain(message: Message) -> dict[str, object]:
    """Return a message without what it does not have."""
    import msgspec

    given = msgspec.to_builtins(message)
    return {name: value for name, value in given.items() if name in ("role", "content") or value}
