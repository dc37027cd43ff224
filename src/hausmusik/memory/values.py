"""What is asked of a memory and what it tells: values for every interface."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.codec import Failure
from hausmusik.memory.extraction.prompts import DEFAULT_TYPES
from hausmusik.memory.store.entry import Recipe

RULES: Final = "rules"
"""Instead of an instrument: extraction in code alone."""

Change: TypeAlias = Literal["new", "changed", "same"]


class AddOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is added to a memory, and how.

    Args:
        sources: Files and folders; `-` is stdin.
        extractor: `rules`, or an instrument of the task chat that follows instructions.
        budget_tokens: Of a passage.
        overlap_tokens: Between two passages.
        types: The ontology for a model, name to description.
        embedder: Instrument; empty: the settings' default.
        ignore: Patterns of names that are left out, besides those of `.hausignore` files.
        concurrency: Documents at once; 0: as many as the host takes.
    """

    sources: tuple[Path, ...]
    extractor: str = RULES
    budget_tokens: int = 1200
    overlap_tokens: int = 100
    types: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(DEFAULT_TYPES))
    embedder: str = ""
    ignore: tuple[str, ...] = ()
    concurrency: int = 0


class AddItem(msgspec.Struct, frozen=True, kw_only=True):
    """One file that is to be added.

    Args:
        path: Where it is.
        name: What it is called in the memory.
        sha256: Of its bytes.
        size_bytes: Of it.
        change: Whether it is there already.
    """

    path: Path
    name: str
    sha256: str
    size_bytes: int
    change: Change


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is left out, and why."""

    path: str
    reason: str


class AddPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What adding would do.

    Args:
        memory: Name of the memory.
        options: As asked, with the instruments that play.
        recipe: By which documents are made.
        items: All files, those that are there already among them.
        skipped: What is left out.
        characters: To be embedded, estimated.
        passages: To be extracted, estimated.
        concurrency: Documents at once.
    """

    memory: str
    options: AddOptions
    recipe: Recipe
    items: tuple[AddItem, ...]
    skipped: tuple[Skipped, ...] = ()
    characters: int = 0
    passages: int = 0
    concurrency: int = 1

    @property
    def to_do(self) -> tuple[AddItem, ...]:
        """Files that are new or changed."""
        return tuple(item for item in self.items if item.change != "same")


class AddProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far adding is.

    Args:
        done: Documents in the memory.
        failed: Documents that cannot be added.
        total: Documents to be added.
        document: The one that was last begun.
        calls: Answers of language models so far.
        eta_s: Seconds until the rest is in; None where unknown.
        waiting: What the host said when it last took nothing.
    """

    done: int
    failed: int
    total: int
    document: str = ""
    calls: int = 0
    eta_s: float | None = None
    waiting: str = ""


class FileProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A file that could not be added."""

    name: str
    error: Failure

    def __str__(self) -> str:
        hint = f" ({self.error.hint})" if self.error.hint else ""
        named = self.error.message.startswith(self.name)  # as most of them do by themselves
        return f"{'' if named else f'{self.name}: '}{self.error.message}{hint}"


class AddReport(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of an adding.

    Args:
        memory: Name of the memory.
        added: Documents that are new in it.
        changed: Documents of which something was replaced.
        same: Documents that were there already.
        failed: Documents that could not be added.
        skipped: Files that were left out.
        passages: In the memory now.
        entities: In the memory now.
        facts: In the memory now.
        calls: Answers of language models that were asked for now.
        spent_usd: What the plays have cost.
        problems: What could not be added.
    """

    memory: str
    added: int
    changed: int
    same: int
    failed: int
    skipped: tuple[Skipped, ...]
    passages: int
    entities: int
    facts: int
    calls: int = 0
    spent_usd: Decimal = Decimal(0)
    problems: tuple[FileProblem, ...] = ()
