"""From a folder of LightRAG's to what goes into a memory: documents, passages, and in each what is said of whom.

A chunk is a passage. A name is put where it stands in the chunk; where it does not stand there, as written, the chunk
mentions it without a place. LightRAG describes an entity and a relation once for all chunks: the description goes to
the first of them. Relations that our own export wrote are what they were; others are called by their first keyword and
hold from nobody knows when. Knows nothing of files, vectors or stores.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final, get_args

import msgspec

from hausmusik.config.database import storable
from hausmusik.errors import BadInput
from hausmusik.memory.cutting import approximate_tokens
from hausmusik.memory.documents import Document, Kind, Passage
from hausmusik.memory.exchange.graph_reading import GraphEdge, GraphNode
from hausmusik.memory.exchange.lightrag_files import OURS
from hausmusik.memory.exchange.lightrag_reading import Chunk, Folder, Origin, Status
from hausmusik.memory.exchange.lightrag_view import SEPARATOR, Saying
from hausmusik.memory.extraction.values import OTHER, Extraction, FoundEntity, FoundRelation
from hausmusik.memory.reading.language import language_of
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry

MOST_PLACES: Final = 10
"""Of one name in one chunk."""

LONGEST_CHUNK: Final = 1_000_000
"""Characters; it has no more tokens, whatever the folder says."""

UNSAID: Final = "related to"
_NOBODY: Final = frozenset({"", "unknown", "other", "none", "null"})


def entries_of(folder: Folder) -> list[DocumentEntry]:
    """Return the documents of a folder, by path, without vectors.

    Raises:
        BadInput: nothing is in it, or what is makes no sense.
    """
    chunks = {id_: chunk for id_, chunk in folder.chunks.items() if chunk.content.strip()}
    if not chunks:
        raise BadInput("there are no chunks in the folder", hint="let LightRAG finish its documents first")
    for id_, chunk in chunks.items():
        if len(chunk.content) > LONGEST_CHUNK:
            raise BadInput(f"chunk {id_} has {len(chunk.content)} characters", hint="LightRAG's have some thousand")
    said = _Said(chunks)
    for node in folder.graph.nodes:
        said.add_node(node)
    for edge in folder.graph.edges:
        said.add_edge(edge)
    taken: set[str] = set()
    return sorted(
        (_entry(folder, id_, ids, said, taken) for id_, ids in sorted(_by_document(chunks).items())),
        key=lambda entry: entry.document.path,
    )


def _by_document(chunks: Mapping[str, Chunk]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for id_, chunk in chunks.items():
        found.setdefault(chunk.full_doc_id or chunk.file_path or id_, []).append(id_)
    for ids in found.values():
        ids.sort(key=lambda id_: (chunks[id_].chunk_order_index or 0, id_))
    return found


def _entry(folder: Folder, id_: str, chunk_ids: list[str], said: _Said, taken: set[str]) -> DocumentEntry:
    contents = [_storable(folder.chunks[each].content) for each in chunk_ids]
    full = folder.documents.get(id_)
    text = _storable((full and full.content) or "") or "\n\n".join(contents)
    status = folder.statuses.get(id_, Status())
    origin = status.origin
    names = (origin.path, status.file_path, full and full.file_path, folder.chunks[chunk_ids[0]].file_path, id_)
    path = _path(next(name for name in names if name and name != "unknown_source"), taken)
    passages: list[PassageEntry] = []
    at = 0
    for each, content in zip(chunk_ids, contents, strict=True):
        found = text.find(content, at)
        start = found if found >= 0 else max(at, passages[-1].passage.end if passages else 0)
        at = start + 1 if found >= 0 else start
        tokens = folder.chunks[each].tokens
        passage = Passage(
            text=content,
            start=start,
            end=start + len(content),
            tokens=min(tokens, LONGEST_CHUNK) if tokens and tokens > 0 else approximate_tokens(content),
        )
        passages.append(PassageEntry(passage=passage, extraction=said.extraction(each)))
    return DocumentEntry(document=_document(path, text, origin), passages=tuple(passages))


def _document(path: str, text: str, origin: Origin) -> Document:
    data = text.encode()
    return Document(
        path=path,
        kind=origin.kind if origin.kind in get_args(Kind) else "text",  # pyright: ignore[reportArgumentType] -- is one
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        language=origin.language or language_of(text),
        title=_storable(origin.title) or PurePosixPath(path).stem,
        date=origin.date if re.fullmatch(r"\d{4}(-\d\d(-\d\d(T[\d:.+-]+)?)?)?", origin.date) else "",
    )


class _Said:
    """What is said in each chunk.

    Args:
        chunks: By id.
    """

    def __init__(self, chunks: Mapping[str, Chunk]) -> None:
        self._texts = {id_: _storable(chunk.content) for id_, chunk in chunks.items()}
        self._types: dict[str, str] = {}
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._entities: dict[str, dict[str, list[FoundEntity]]] = {}
        self._relations: dict[str, list[FoundRelation]] = {}

    def extraction(self, chunk: str) -> Extraction:
        """Return what is said in a chunk."""
        found = self._entities.get(chunk, {})
        return Extraction(
            entities=tuple(each for several in found.values() for each in several),
            relations=tuple(self._relations.get(chunk, ())),
        )

    def add_node(self, node: GraphNode) -> None:
        """Take an entity with the chunks that it was found in."""
        name = node.id
        type_ = _words(node.values.get("entity_type", "")).lower()
        self._types[name] = OTHER if type_ in _NOBODY else type_
        others = _parts(node.values.get("names", ""))
        spelt = sorted({name, *others}, key=lambda each: (-len(each), each))
        words = "|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in spelt if each)
        self._patterns[name] = re.compile(words or r"(?!)", re.IGNORECASE)  # without a name there is nothing to find
        description = _words(node.values.get("description", "").replace(SEPARATOR, " "))
        for chunk in self._known(node.values):
            self._mention(chunk, name, description)
            description = ""

    def add_edge(self, edge: GraphEdge) -> None:
        """Take a relation with the chunks that say it."""
        if edge.source == edge.target:
            return
        for chunk, relation in self._ours(edge) or self._theirs(edge):
            self._mention(chunk, relation.source)
            self._mention(chunk, relation.target)
            self._relations.setdefault(chunk, []).append(relation)

    def _ours(self, edge: GraphEdge) -> list[tuple[str, FoundRelation]]:
        try:
            sayings = msgspec.json.decode(edge.values.get(OURS, "[]"), type=list[Saying])
        except (msgspec.DecodeError, RecursionError):
            return []
        return [
            (each.chunk, _relation(each, len(self._texts[each.chunk])))
            for each in sayings
            if each.chunk in self._texts and {each.source, each.target} == {edge.source, edge.target}
        ]

    def _theirs(self, edge: GraphEdge) -> Iterator[tuple[str, FoundRelation]]:
        keywords = [word for each in re.split("[,，]", edge.values.get("keywords", "")) if (word := _words(each))]
        description = _words(edge.values.get("description", "").replace(SEPARATOR, " "))
        for chunk in self._known(edge.values):
            saying = Saying(
                source=edge.source,
                target=edge.target,
                kind=keywords[0].lower() if keywords else UNSAID,
                keywords=", ".join(keywords),
                description=description,
                end=len(self._texts[chunk]),
                weight=1.0,
            )
            yield chunk, _relation(saying, len(self._texts[chunk]))
            description = ""

    def _known(self, values: Mapping[str, str]) -> Iterator[str]:
        """Yield the chunks that something comes from; LightRAG may name some that are gone."""
        return (each for each in _parts(values.get("source_id", "")) if each in self._texts)

    def _mention(self, chunk: str, name: str, description: str = "") -> None:
        found = self._entities.setdefault(chunk, {})
        if name in found:
            return
        places = [
            match.span()
            for match, _ in zip(self._patterns[name].finditer(self._texts[chunk]), range(MOST_PLACES), strict=False)
        ]
        found[name] = [
            FoundEntity(
                name=_storable(name),
                type=self._types[name],
                start=start,
                end=end,
                description="" if place else _storable(description),
            )
            for place, (start, end) in enumerate(places or [(-1, -1)])
        ]


def _relation(saying: Saying, length: int) -> FoundRelation:
    start = min(max(0, saying.start), length)
    return FoundRelation(
        source=saying.source,
        target=saying.target,
        kind=_storable(saying.kind)[:100] or UNSAID,
        keywords=_storable(saying.keywords),
        description=_storable(saying.description),
        start=start,
        end=min(max(start, saying.end), length),
        when=saying.valid_from if re.fullmatch(r"[\dT:.+Z-]{4,40}", saying.valid_from) else "",
        weight=min(1.0, max(0.0, saying.weight)),
    )


def _path(name: str, taken: set[str]) -> str:
    """Return a document's name: relative, without steps upwards, and no other document's."""
    parts = [part for part in PurePosixPath(_words(name).replace("\\", "/")).parts if part not in ("/", "..")]
    path = storable("/".join(parts))[:1000] or "document"
    found, number = path, 2
    while found in taken:
        found, number = f"{path} ({number})", number + 1
    taken.add(found)
    return found


def _parts(values: str) -> list[str]:
    return list(dict.fromkeys(filter(None, values.split(SEPARATOR))))


def _words(text: str) -> str:
    return " ".join(_storable(text).split())


def _storable(text: str) -> str:
    return storable(text.replace("\x00", ""))
