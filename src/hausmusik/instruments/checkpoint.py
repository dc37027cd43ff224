"""A Hugging Face repository that an engine loads as a whole, where a set of single files would be too many to name.

Only what is needed of it is taken, by patterns. Pinned to a commit: without one its bytes may change, so that is
allowed for planned instruments only (`gathering` sees to it). Pure data; nothing here fetches anything.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hausmusik.instruments.values import Bytes, Name, RepoName, Strict


class Checkpoint(Strict):
    """A repository of weights.

    Args:
        id: Name by which instruments refer to it.
        title: For people.
        repo: `owner/name`.
        revision: The full commit; empty: not known.
        files: Patterns of the files to take, as the hub's own library reads them: `*` stands for anything, folders too,
            so `*.json` is every JSON file and `voices/*` all that is below `voices`.
        size_bytes: Of all that is taken, or of its weight files; a fetch that finds another size than that is refused.
        size_source: Where the size comes from: read somewhere, or computed and how.
        licence: SPDX or short name.
        origin: Who made it, for credits and for trust.
        gated: Whether the hub wants a key of somebody who accepted its terms.
    """

    id: Name
    title: str
    repo: RepoName
    revision: Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")] = ""
    files: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9_.*-]*(/[A-Za-z0-9_*][A-Za-z0-9_.*-]*)*$")], ...],
        Field(min_length=1),
    ]
    size_bytes: Bytes
    size_source: Annotated[str, Field(min_length=1)]
    licence: str
    origin: str
    gated: bool = False
