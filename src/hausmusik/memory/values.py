"""What is asked of a memory and what it tells: values for every interface."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.codec import Failure
from hausmusik.memory.extraction.prompts import AnswerForm
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
        form: In which a model answers: JSON under a schema, or LightRAG's lines.
        types: The ontology, name to description; None: the memory's own.
        embedder: Instrument; empty: the settings' default.
        ignore: Patterns of names that are left out, besides those of `.hausignore` files.
        concurrency: Documents at once; 0: as many as the host takes. A model is never asked more at once than that.
        llm_minutes: How long a small language model that is here may be asked what rules could not tell, once the
            documents are in; 0: nobody is asked.
    """

    sources: tuple[Path, ...]
    extractor: str = RULES
    budget_tokens: int = 1200
    overlap_tokens: int = 100
    form: AnswerForm = "schema"
    types: Mapping[str, str] | None = None
    embedder: str = ""
    ignore: tuple[str, ...] = ()
    concurrency: int = 0
    llm_minutes: float = 20.0


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
        options: As asked, with the instruments that play and the ontology.
        recipe: By which documents are made.
        items: All files, those that are there already among them.
        skipped: What is left out.
        gone: Documents whose files are no longer in the folders that were named; they stay in the memory.
        places: Folders and files that the items are from, and what those are called in the memory; see
            `places.Places`.
        characters: To be embedded, estimated.
        passages: To be extracted, estimated.
        concurrency: Documents at once.
        has_new_types: Whether the ontology is another one than the memory's.
        asker: Instrument that is asked what rules could not tell; empty: nobody.
        questions: How many it would be asked, estimated: names without a type.
    """

    memory: str
    options: AddOptions
    recipe: Recipe
    items: tuple[AddItem, ...]
    skipped: tuple[Skipped, ...] = ()
    gone: tuple[str, ...] = ()
    places: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    characters: int = 0
    passages: int = 0
    concurrency: int = 1
    has_new_types: bool = False
    asker: str = ""
    questions: int = 0

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
        asker: Who is being asked what rules could not tell; empty: that has not begun.
        asked: Questions that it has answered now.
        questions: That there are.
    """

    done: int
    failed: int
    total: int
    document: str = ""
    calls: int = 0
    eta_s: float | None = None
    waiting: str = ""
    asker: str = ""
    asked: int = 0
    questions: int = 0


class FileProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A file that could not be added."""

    name: str
    error: Failure

    def __str__(self) -> str:
        hint = f" ({self.error.hint})" if self.error.hint else ""
        named = self.error.message.startswith(self.name)  # as most of them do by themselves
        return f"{'' if named else f'{self.name}: '}{self.error.message}{hint}"


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What a small language model was asked of names that rules could not tell.

    Args:
        asker: Which one; empty: none was asked.
        asked: Questions that it answered now.
        typed: Names that got a type by it.
        left: Questions that are open: no time was left for them, or the answer was of no use.
        problem: Why nothing more could be asked; empty: nothing was in the way.
    """

    asker: str = ""
    asked: int = 0
    typed: int = 0
    left: int = 0
    problem: str = ""


class AddReport(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of an adding.

    Args:
        memory: Name of the memory.
        added: Documents that are new in it.
        changed: Documents of which something was replaced.
        same: Documents that were there already.
        failed: Documents that could not be added.
        gone: As of the plan.
        skipped: Files that were left out.
        passages: In the memory now.
        entities: In the memory now.
        facts: In the memory now.
        calls: Answers of language models that were asked for now.
        spent_usd: What the plays of the run have cost, as the ledger has it.
        problems: What could not be added.
        empty: Passages of which a model and rules agreed now that they name nobody.
        settled: What a small language model was asked of names, and what became of it.
    """

    memory: str
    added: int
    changed: int
    same: int
    failed: int
    skipped: tuple[Skipped, ...]
    gone: tuple[str, ...] = ()
    passages: int
    entities: int
    facts: int
    calls: int = 0
    spent_usd: Decimal = Decimal(0)
    problems: tuple[FileProblem, ...] = ()
    empty: int = 0
    settled: Settled = Settled()
