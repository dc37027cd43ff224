"""The settings as strict models; what each key means is said in `hausmusik.config`.

A value comes typed from TOML or Python, or as text from the environment or a command line: the validation context says
which, and where relative paths start. Knows nothing of files, variables or precedence.
"""

from __future__ import annotations

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypedDict, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo

from hausmusik.config.folders import absolute

_ON: Final = ("true", "yes", "on", "1")
_OFF: Final = ("false", "no", "off", "0")


class Reading(TypedDict):
    """The validation context.

    Args:
        base: Where relative paths start.
        text: Whether numbers, switches and lists come as text.
    """

    base: Path
    text: bool


def _is_text(value: Any, info: ValidationInfo) -> bool:
    return isinstance(value, str) and bool(info.context) and cast("Reading", info.context)["text"]


def _switch(value: Any, info: ValidationInfo) -> Any:
    if not _is_text(value, info):
        return value
    if value.strip().lower() not in _ON + _OFF:
        raise ValueError("must be true or false")
    return value.strip().lower() in _ON


def _whole(value: Any, info: ValidationInfo) -> Any:
    if not _is_text(value, info):
        return value
    try:
        return int(value)
    except ValueError as error:
        raise ValueError("must be a whole number") from error


def _number(value: Any, info: ValidationInfo) -> Any:
    # TOML's floats are read as exact decimals, for money's sake; the others become floats again here.
    if isinstance(value, bool) or not (isinstance(value, int | float | Decimal) or _is_text(value, info)):
        raise ValueError("must be a number")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise ValueError("must be a number") from error


def _dollars(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be an amount in dollars")  # noqa: TRY004 -- pydantic collects ValueErrors
    try:
        return Decimal(str(value).strip().removeprefix("$"))
    except InvalidOperation as error:
        raise ValueError("must be an amount in dollars, like 2.50") from error


def _path(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("must be a path, as text")
    return absolute(value, cast("Reading", info.context)["base"] if info.context else None)


def _paths(value: Any, info: ValidationInfo) -> Any:
    return [part for part in value.split(os.pathsep) if part] if _is_text(value, info) else value


def address(value: str) -> str:
    """Return the address of a server, bare; raises ValueError for one that is not https (or on loopback)."""
    parts = urlsplit(value.strip())
    loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    named = bool(parts.hostname) and all(parts.hostname.split(".")) and value.strip().isascii()
    if not named or (parts.scheme != "https" and not loopback) or {"@", "?", "#"} & set(value):
        raise ValueError("must be an https address, without a name or key in it")
    return value.strip().rstrip("/")


def secret(value: SecretStr) -> SecretStr:
    """Return a key that fits into a header; raises ValueError for one that does not, without repeating it."""
    bare = value.get_secret_value().strip()
    if not bare.isascii() or not bare.isprintable() or " " in bare:
        raise ValueError("has characters that no key has")
    return SecretStr(bare)


Switch: TypeAlias = Annotated[bool, BeforeValidator(_switch)]
Whole: TypeAlias = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Seconds: TypeAlias = Annotated[float, BeforeValidator(_number), Field(ge=0, le=30 * 86_400, allow_inf_nan=False)]
Limit: TypeAlias = Annotated[Decimal, BeforeValidator(_dollars), Field(ge=0, le=10**9, allow_inf_nan=False)]
Location: TypeAlias = Annotated[Path, BeforeValidator(_path)]
Locations: TypeAlias = Annotated[list[Location], BeforeValidator(_paths)]
Address: TypeAlias = Annotated[str, AfterValidator(address)]
Secret: TypeAlias = Annotated[SecretStr, AfterValidator(secret)]
Id: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Section(BaseModel):
    """Frozen, no silent conversions, unknown keys are errors; offending values are never repeated in messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class WeightSettings(Section):
    """`[weights]`."""

    folder: Location | None = None
    folders: Locations = []
    offline: Switch = False


class LocalSettings(Section):
    """`[local]`."""

    workers: Annotated[Whole, Field(le=256)] = 0
    idle_unload_s: Seconds = 300.0
    memory_mib: Whole = 0
    start_timeout_s: Annotated[Seconds, Field(gt=0)] = 120.0
    stall_timeout_s: Annotated[Seconds, Field(gt=0)] = 300.0


class DefaultSettings(Section):
    """`[defaults]`."""

    speak: Id = "speak"
    music: Id = "music"
    sound: Id = "sound"
    transcribe: Id = "transcribe"
    judge: Id = "judge"
    chat: Id = "chat"
    embed: Id = "embed"
    host: Id = "local"


class MoneySettings(Section):
    """`[money]`."""

    run_usd: Limit | None = None
    day_usd: Limit | None = None
    house_usd: Limit | None = None


class ScoreSettings(Section):
    """`[score]`."""

    allow_outside: Switch = False


class ModalSettings(Section):
    """`[modal]`."""

    profile: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$")] = ""
    environment: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$")] = ""
    windows: dict[Id, Annotated[Whole, Field(ge=2, le=3600)]] = {}


class HubSettings(Section):
    """`[hub]`."""

    endpoint: Address | None = None
    token: Secret | None = None


class Settings(Section):
    """All settings, one attribute per section; what each key means is said in `hausmusik.config`."""

    weights: WeightSettings = WeightSettings()
    local: LocalSettings = LocalSettings()
    defaults: DefaultSettings = DefaultSettings()
    money: MoneySettings = MoneySettings()
    score: ScoreSettings = ScoreSettings()
    environments: dict[Id, Location] = {}
    modal: ModalSettings = ModalSettings()
    hub: HubSettings = HubSettings()


def known_keys() -> tuple[str, ...]:
    """Return every `section.key`; a section of free names stands as `section.*`."""
    keys: list[str] = []
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        inner = kind.model_fields if isinstance(kind, type) and issubclass(kind, Section) else ("*",)
        keys += [f"{section}.{key}" for key in inner]
    return tuple(keys)
