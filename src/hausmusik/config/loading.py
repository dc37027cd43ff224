"""Which value wins, and where it came from. What the keys mean is said in `hausmusik.config`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec
from pydantic import BaseModel, SecretStr

from hausmusik.config.folders import Folders, find_folders
from hausmusik.config.layers import Layer, find_project_file, from_aliases, from_environment, from_file, from_overrides
from hausmusik.config.model import Settings

MASK = "********"


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `haus config show`: JSON-able, secrets masked, dollars as text."""

    key: str
    value: str | int | float | bool | list[str] | None
    source: str


class LoadedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force and where each of them came from.

    Args:
        settings: The values.
        sources: `section.key` -> where, in words: `default`, `user file /…/config.toml:3`, `override` …
        folders: Where things lie.
        project: The project file in force, if any.
    """

    settings: Settings
    sources: dict[str, str]
    folders: Folders
    project: Path | None = None

    @property
    def weights_folder(self) -> Path:
        """Where pulled weights are kept."""
        return self.settings.weights.folder or self.folders.weights

    def rows(self) -> tuple[SettingRow, ...]:
        """Return every setting for people and programs, in the order of the manual, secrets masked."""
        found = dict(leaves(self.settings))
        return tuple(SettingRow(key=key, value=_shown(found[key]), source=self.sources[key]) for key in found)


def load_settings(
    *,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> LoadedSettings:
    """Read all places that settings come from.

    Args:
        overrides: `section.key` -> value, typed or as text; None values are not given. They beat everything else.
        environ: Default: the process's own.
        cwd: Where the search for a project file starts. Default: the working directory.

    Raises:
        ConfigError: an unknown key or a bad value, with file, line, key and reason.
    """
    environ = os.environ if environ is None else environ
    folders = find_folders(environ)
    here = cwd or _working_directory()
    project = find_project_file(here) if here else None
    base = here or folders.config
    own = [
        from_file(folders.config_file, "user file"),
        from_environment(environ, base),
        from_overrides(overrides or {}, base),
    ]
    theirs = from_file(project, "project file", foreign=True) if project else None
    values: dict[str, Any] = dict(leaves(Settings()))
    sources = dict.fromkeys(values, "default")
    for layer in [from_aliases(environ, base), own[0], theirs, *own[1:]]:
        if layer is not None:
            _apply(layer, values, sources)
    nested: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        nested.setdefault(section, {})[name] = value
    return LoadedSettings(settings=Settings.model_validate(nested), sources=sources, folders=folders, project=project)


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # somebody removed it under us
        return None


def _apply(layer: Layer, values: dict[str, Any], sources: dict[str, str]) -> None:
    for key, value in leaves(layer.settings(), given=True):
        if layer.foreign and _widens(key, value, values.get(key)):
            continue
        values[key] = value
        sources[key] = layer.where(key)


def _widens(key: str, theirs: Any, own: Any) -> bool:
    """Whether a project file would allow more than the user's own settings do."""
    if key.startswith("money."):
        return own is not None and (theirs is None or theirs > own)
    return key == "weights.offline" and bool(own) and not theirs


def leaves(settings: Settings, *, given: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield every `section.key` with its value; with `given` only those that were set."""
    for section in settings.model_fields_set if given else type(settings).model_fields:
        inner = getattr(settings, section)
        if isinstance(inner, BaseModel):
            names = inner.model_fields_set if given else type(inner).model_fields
            yield from ((f"{section}.{name}", getattr(inner, name)) for name in names)
        else:
            yield from ((f"{section}.{name}", value) for name, value in inner.items())


def _shown(value: Any) -> str | int | float | bool | list[str] | None:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, list):
        return [str(each) for each in cast("list[Any]", value)]
    return cast("str | int | float | bool | None", value)
