"""One place that settings come from, read and checked on its own: a file, the environment, explicit overrides.

Every problem of a layer is found at once and said with file, line, key and reason. Knows nothing of which layer wins.
"""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hausmusik.config.folders import absolute
from hausmusik.config.model import HubSettings, Reading, Settings, known_keys
from hausmusik.config.toml_lines import line_numbers
from hausmusik.errors import ConfigError

PREFIX: Final = "HAUSMUSIK_"
ALIASES: Final = {"HF_ENDPOINT": "hub.endpoint", "HF_TOKEN": "hub.token"}
OWN_ONLY: Final = frozenset({"environments", "hub", "score.allow_outside", "weights.folder"})
"""What a project file may not say: which programs run, whom to trust, and where weights lie that count as checked."""

MAX_FILE_BYTES: Final = 1 << 20
FOREIGN: Final = "a project file may be somebody else's: put it into your own settings"


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What one place says.

    Args:
        label: The place in words, e.g. `user file /home/me/.config/hausmusik/config.toml`.
        data: Section -> key -> value, as written.
        base: Where relative paths start.
        text: Whether values are text that stands for numbers, switches and lists.
        places: Exactly where a key is said (`/path:3`, a variable's name), where that is known.
        foreign: Whether somebody else may have written it.
        secret: Whether secrets may stand here.
    """

    label: str
    data: dict[str, Any]
    base: Path
    text: bool = False
    places: dict[str, str] = {}
    foreign: bool = False
    secret: bool = False

    def where(self, key: str) -> str:
        """Return where a key is said, as precisely as is known."""
        return self.places.get(key) or self.places.get(key.split(".", 1)[0]) or self.label

    def settings(self) -> Settings:
        """Return what this layer alone makes of the settings.

        Raises:
            ConfigError: names every unknown key and bad value.
        """
        problems = self._refused()
        found = Settings()
        try:
            found = Settings.model_validate(self.data, context=Reading(base=self.base, text=self.text))
        except ValidationError as error:
            problems += [self._problem(each) for each in error.errors(include_url=False, include_input=False)]
        if self.foreign:
            problems += self._outside(found)
        if problems:
            raise _config_error(problems)
        return found

    def _refused(self) -> list[str]:
        problems: list[str] = []
        for section, values in self.data.items():
            for key in cast("dict[str, Any]", values) if isinstance(values, dict) else ():
                name = f"{section}.{key}"
                if name == "hub.token" and not self.secret:
                    problems.append(f"{self.where(name)}: {name}: is a secret: use the variable {PREFIX}HUB__TOKEN")
                elif self.foreign and (section in OWN_ONLY or name in OWN_ONLY):
                    problems.append(f"{self.where(name)}: {name}: {FOREIGN}")
        return problems

    def _outside(self, found: Settings) -> list[str]:
        key, home = "weights.folders", self.base.resolve()
        return [
            f"{self.where(key)}: {key}: {path} is outside the project's folder; {FOREIGN}"
            for path in found.weights.folders
            if not path.resolve().is_relative_to(home)
        ]

    def _problem(self, error: ErrorDetails) -> str:
        key = ".".join(str(part) for part in error["loc"][:2])
        if error["type"] == "extra_forbidden":
            return f"{self.where(key)}: {unknown(key)}"
        if error["type"] in {"model_type", "model_attributes_type", "dict_type"}:
            return f"{self.where(key)}: {key}: must be a table of keys and values"
        reason = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        return f"{self.where(key)}: {key}: {reason}"


def unknown(key: str) -> str:
    """Return the sentence about a key that does not exist, with the nearest one that does."""
    keys = known_keys()
    sections = {each.split(".", 1)[0] for each in keys}
    section, _, name = key.partition(".")
    own = [each for each in keys if each.startswith(f"{section}.")]
    misplaced = [each for each in keys if each.split(".", 1)[1] == (name or section)]
    near = misplaced or difflib.get_close_matches(key, own, 1, 0.6) or difflib.get_close_matches(key, keys, 1, 0.6)
    if not name and not near:
        near = difflib.get_close_matches(section, sections, 1, 0.6)
    what = "key" if name or misplaced else "section"
    return f"unknown {what} {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def from_file(path: Path, label: str, *, foreign: bool = False) -> Layer | None:
    """Read a TOML file; None when there is none.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    text = read_text(path)
    if text is None:
        return None
    data = parse(text, path)
    places = {key: f"{label} {path}:{line}" for key, line in line_numbers(text).items()}
    return Layer(label=f"{label} {path}", data=data, base=path.parent, places=places, foreign=foreign)


def read_text(path: Path) -> str | None:
    """Return the text of a settings file with plain newlines, None when there is none.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe of that name would hold us for ever
            raise ConfigError(f"{path} is not a file", hint="move it away")
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise ConfigError(f"{path} is larger than a settings file can be", hint="is it the right file?")
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read {path}: {reason}", hint="mend it or move it away") from error


def parse(text: str, path: Path) -> dict[str, Any]:
    """Return the data of a TOML text, floats as exact decimals; raises ConfigError that names the file."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", hint="mend that line, or move the file away") from error


def from_environment(environ: Mapping[str, str], cwd: Path) -> Layer:
    """Read `HAUSMUSIK_SECTION__KEY` variables; set but empty is not set."""
    data: dict[str, Any] = {}
    places: dict[str, str] = {}
    for name in sorted(environ):
        if not (name.startswith(PREFIX) and "__" in name and environ[name]):
            continue
        key = name.removeprefix(PREFIX).lower().replace("__", ".", 1)
        section, _, inner = key.partition(".")
        data.setdefault(section, {})[inner] = environ[name]
        places[key] = f"environment variable {name}"
        places.setdefault(section, places[key])
    return Layer(label="environment", data=data, base=cwd, text=True, places=places, secret=True)


def from_aliases(environ: Mapping[str, str], cwd: Path) -> Layer:
    """Read the variables of other tools that mean the same; what we could not use of theirs is not our error."""
    data: dict[str, Any] = {}
    places: dict[str, str] = {}
    for name, key in ALIASES.items():
        section, _, inner = key.partition(".")
        value = environ.get(name, "").strip()
        try:
            HubSettings.model_validate({inner: value})
        except ValidationError:
            continue
        if value:
            data.setdefault(section, {})[inner] = value
            places[key] = f"environment variable {name}"
    return Layer(label="environment", data=data, base=cwd, text=True, places=places, secret=True)


def from_overrides(overrides: Mapping[str, Any], cwd: Path) -> Layer:
    """Take explicit `section.key` values, typed or as text; None is not given."""
    data: dict[str, Any] = {}
    for name, value in overrides.items():
        section, _, key = name.partition(".")
        if value is None:
            continue
        if not key:
            raise ConfigError(unknown(name))
        data.setdefault(section, {})[key] = value
    return Layer(label="override", data=data, base=cwd, text=True)


def _config_error(problems: list[str]) -> ConfigError:
    hint = "`haus config show --sources` lists every key and where its value comes from"
    if len(problems) == 1:
        return ConfigError(problems[0], hint=hint)
    return ConfigError(f"{len(problems)} problems in the settings:\n  " + "\n  ".join(problems), hint=hint)


def find_project_file(cwd: Path) -> Path | None:
    """Return the nearest `hausmusik.toml` in a folder or above it."""
    here = absolute(os.fspath(cwd))
    files = (each / "hausmusik.toml" for each in (here, *here.parents))
    return next((file for file in files if os.path.isfile(file)), None)  # noqa: PTH113 -- pathlib's raises
