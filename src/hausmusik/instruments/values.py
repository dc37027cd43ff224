"""The small strict values that catalogue entries are made of: names, hashes, paths, pinned packages.

Knows nothing of what an entry says.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeAlias, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
EntryPoint: TypeAlias = Annotated[str, Field(pattern=r"^[^:]+:[A-Za-z_][A-Za-z0-9_]*$")]
Bytes: TypeAlias = Annotated[int, Field(gt=0)]

# Package names end up in argument lists of pip, npm and apt-get: none may look like an option, all are pinned.
PinnedWheel: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]
PinnedNpm: TypeAlias = Annotated[
    str, Field(pattern=r"^(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*@[0-9][A-Za-z0-9.+-]*$")
]
RepoName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")]
DebName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]


def inside(path: str) -> str:
    """Refuse a path that could leave its root on any system: absolute, `..`, backslash, drive, control character."""
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} for part in parts) or re.search(r'[\\:*?"<>|\x00-\x1f]', path):
        raise ValueError("must be a relative path with '/' between its parts and without '..'")
    return path


RelativePath: TypeAlias = Annotated[str, AfterValidator(inside)]
Member: TypeAlias = RelativePath


def _pinned(requirement: str) -> str:
    """Refuse what is not one exact version: it would be another engine tomorrow, under the same take keys."""
    if _REQUIREMENT.fullmatch(requirement) is None:
        told = {"requirement": requirement, "fix": "write name==version"}
        raise PydanticCustomError("unpinned", "'{requirement}' is not pinned to one version of a package", told)
    return requirement


PackageName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
"""Name of a distribution: PyPA's name format."""

_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w.,-]+\])?==[A-Za-z0-9][A-Za-z0-9.!+_-]*", re.ASCII)
PinnedRequirement: TypeAlias = Annotated[str, AfterValidator(_pinned)]


class Strict(BaseModel):
    """Frozen; unknown keys, other types and numbers that are none are errors, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _arrays(cls, given: Any) -> Any:
        """Take the arrays of a TOML file as the tuples that they become."""
        if not isinstance(given, dict):
            return given
        table = cast("dict[str, Any]", given)
        return {key: tuple(cast("list[Any]", each)) if isinstance(each, list) else each for key, each in table.items()}
