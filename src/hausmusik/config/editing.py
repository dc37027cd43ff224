"""Changing one key of a settings file and nothing else: comments, order and layout stay.

The edit is made on lines, then the result is parsed again and compared with what was meant before it replaces the
file; where a line edit cannot say it, the file is left alone and the error names the line. Safe for two processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tomllib
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from hausmusik.atomic import private_folder, write_whole
from hausmusik.config.layers import Layer, from_overrides, parse, read_text
from hausmusik.config.loading import leaves
from hausmusik.config.toml_lines import Statement, statements
from hausmusik.errors import ConfigError

LOCK_TIMEOUT_S: Final = 10.0
_BARE_KEY: Final = re.compile(r"^[A-Za-z0-9_-]+$")


def set_value(path: Path, key: str, value: Any, *, cwd: Path | None = None) -> None:
    """Give one key of a settings file a value; the file and its folder are made when they are not there.

    Args:
        path: The file, usually `Folders.config_file`.
        key: `section.key`.
        value: Typed, or as text like in the environment.
        cwd: Where a relative path in `value` starts. Default: the working directory.

    Raises:
        ConfigError: no such key, a bad value, or a file that cannot be changed; it is then as it was.
    """
    typed = dict(leaves(from_overrides({key: value}, cwd or Path.cwd()).settings(), given=True))
    if key not in typed:
        raise ConfigError(f"there is no value for {key}", hint=f"`haus config unset {key}` takes a key out")

    _edit(path, key, _toml(typed[key]))


def unset_value(path: Path, key: str) -> bool:
    """Take one key out of a settings file, known or not; returns whether it was there.

    Raises:
        ConfigError: the file cannot be changed; it is then as it was.
    """
    before = read_text(path) or ""
    if _value(parse(before, path), key) is None:
        return False
    _edit(path, key, None)
    return True


def _edit(path: Path, key: str, value: str | None) -> None:
    target = Path(os.path.realpath(path))  # a link into a folder of dotfiles stays one
    section, _, name = key.partition(".")
    with _locked(target):
        before = read_text(target) or ""
        expected = parse(before, path)
        if not isinstance(expected.setdefault(section, {}), dict):
            raise _by_hand(path, key)
        after = _with_value(before, key, value)
        expected[section].pop(name, None)
        if value is not None:
            expected[section][name] = tomllib.loads(f"x = {value}", parse_float=Decimal)["x"]
        try:
            data = tomllib.loads(after, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise _by_hand(path, key) from error
        if _full(data) != _full(expected):
            raise _by_hand(path, key)
        if value is not None:
            Layer(label=str(path), data=data, base=path.parent).settings()
        _replace(target, after)


def _full(data: dict[str, Any]) -> dict[str, Any]:
    return {section: values for section, values in data.items() if values != {}}


def _value(data: dict[str, Any], key: str) -> Any:
    section, _, name = key.partition(".")
    inner: Any = data.get(section)
    return cast("dict[str, Any]", inner).get(name) if isinstance(inner, dict) else None


def _by_hand(path: Path, key: str) -> ConfigError:
    return ConfigError(f"{key} is written in {path} in a way that cannot be changed safely", hint="edit it by hand")


def _with_value(text: str, key: str, value: str | None) -> str:
    """Return the text with one key changed, added or (None) taken out."""
    lines = text.split("\n")
    section, _, name = key.partition(".")
    found = list(statements(text))
    top = [each for each in found if not each.table and each.keys[0].split(".")[0] == section]
    inline = next((each for each in top if _left(lines, each)[1] == {section: 0}), None)
    said = inline or next((each for each in found if key in each.keys), None)
    mine = [each for each in found if each.table == (section,)]
    if said is not None:
        old = lines[said.first : said.last + 1]
        new = _inline(old, section, name, value) if inline else _line(old, _left(lines, said)[0], value)
        lines[said.first : said.last + 1] = new
    elif mine:
        lines.insert(mine[-1].last + 1, f"{_key(name)} = {value}")
    elif top:
        lines.insert(top[-1].last + 1, f"{_key(section)}.{_key(name)} = {value}")
    else:
        body = text.rstrip("\n")
        return (body + "\n\n" if body else "") + f"[{_key(section)}]\n{_key(name)} = {value}\n"
    return "\n".join(lines)


def _left(lines: list[str], said: Statement) -> tuple[str, dict[str, Any]]:
    """Return what stands before the equals sign of a statement, as text and as the data that it makes."""
    chunk = "\n".join(lines[said.first : said.last + 1])
    for mark in re.finditer("=", chunk):
        left = chunk[: mark.start()].rstrip()
        with contextlib.suppress(tomllib.TOMLDecodeError):
            return left, tomllib.loads(f"{left} = 0")
    raise ValueError("a statement without an equals sign")


def _inline(old: list[str], section: str, name: str, value: str | None) -> list[str]:
    data = tomllib.loads("\n".join(old), parse_float=Decimal)[section]
    inner = {each: _toml(kept) for each, kept in data.items() if each != name}
    inner |= {} if value is None else {name: value}
    return [f"{_key(section)} = {{ " + ", ".join(f"{_key(each)} = {new}" for each, new in inner.items()) + " }"]


def _line(old: list[str], left: str, value: str | None) -> list[str]:
    chunk = "\n".join(old)
    return [] if value is None else [f"{left} = {value}{_comment(chunk, tomllib.loads(chunk))}"]


def _comment(chunk: str, whole: dict[str, Any]) -> str:
    if "\n" in chunk:
        return ""
    for mark in re.finditer(r"\s*#", chunk):
        with contextlib.suppress(tomllib.TOMLDecodeError):
            if tomllib.loads(chunk[: mark.start()]) == whole:
                return chunk[mark.start() :]
    return ""


def _key(name: str) -> str:
    return name if _BARE_KEY.match(name) else _toml(name)


def _toml(value: Any) -> str:
    """Return a value of ours as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in cast("list[Any]", value)) + "]"
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        return "{ " + ", ".join(f"{_key(each)} = {_toml(new)}" for each, new in inner.items()) + " }"
    # JSON's escapes are TOML's, save that TOML wants DEL escaped too
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    import filelock  # noqa: PLC0415 -- 40 ms, and only edits need it

    try:
        private_folder(path.parent)
        with filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_TIMEOUT_S):
            yield
    except filelock.Timeout as error:
        raise ConfigError(f"another process is changing {path}", hint="try again") from error
    except OSError as error:
        raise ConfigError(f"cannot change {path}: {error.strerror}", hint="is the folder writable?") from error


def _replace(path: Path, text: str) -> None:
    """Put a text in place of a file, all or nothing, keeping its mode and its kind of newlines."""
    raw = path.read_bytes() if path.exists() else b""
    try:
        data = text.replace("\n", "\r\n").encode() if b"\r\n" in raw else text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError("a value has characters that TOML cannot hold", hint="rename the file or folder") from error
    mode = path.stat().st_mode & 0o777 if raw else 0o600  # settings are the user's own business
    write_whole(path, data, mode=mode)
