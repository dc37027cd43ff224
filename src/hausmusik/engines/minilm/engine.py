"""Turns texts into vectors in which cosine says how near their meanings are: 384 numbers each, on a processor.

Mind the limits: MiniLM knows English, and of each text the first 256 word pieces (about 200 words); what is longer
counts with its beginning alone, which a remark tells. Knows nothing of documents, indexes and thresholds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Annotated, Final

import msgspec
import numpy as np

from hausmusik.engines.minilm.batches import batches
from hausmusik.engines.minilm.bert import Bert, read_bert
from hausmusik.engines.minilm.network import Network
from hausmusik.engines.minilm.tokens import Pieces, Tokens
from hausmusik.errors import BadInput, ConfigError, WeightsError
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import Done, Embeddings, EmbedRequest, FloatArray, Phase, Remark, Request, Usage
from hausmusik.types import Event as PlayEvent

REVISION: Final = "1"
_NAMED: Final = 40  # letters of a text that an error quotes


class MiniLmOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A catalogue entry's options.

    Args:
        model: What its vectors are said to be of.
        max_tokens: Word pieces of a text that are read, marks at begin and end included.
        dimension: Numbers per vector; weights with another are refused.
        heads: Of attention, which weights do not tell.
        passage: Put before a text that is looked up.
        query: Put before a text that is looked for.
    """

    model: str = "minilm"
    max_tokens: Annotated[int, msgspec.Meta(ge=3)] = 256
    dimension: Annotated[int, msgspec.Meta(ge=1)] = 384
    heads: Annotated[int, msgspec.Meta(ge=1)] = 12
    passage: str = ""
    query: str = ""


class MiniLmEngine:
    """The `embed` engine; reads `model.safetensors` and `tokenizer.json` of one weight set, and the options above."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._options = MiniLmOptions()
        self._bert: Bert | None = None
        self._tokens: Tokens | None = None
        self._network: Network | None = None
        self._model = ""

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="minilm", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Read and check the files; raises ConfigError, MissingExtra, WeightsError."""
        yield Phase(name="load", done=0.0)
        try:
            self._options = msgspec.convert(self._context.options, MiniLmOptions)
        except msgspec.ValidationError as error:
            raise ConfigError(f"the encoder's options are wrong: {error}") from error
        path = self._file("model.safetensors")
        self._tokens = Tokens(self._file("tokenizer.json"), self._options.max_tokens)
        self._bert = read_bert(path)
        if self._bert.hidden != self._options.dimension:
            wanted = self._options.dimension
            raise WeightsError(f"{path.name} makes vectors of {self._bert.hidden} numbers, not of {wanted}")
        if self._bert.positions.shape[0] < self._options.max_tokens:
            raise WeightsError(f"{path.name} has no places for {self._options.max_tokens} tokens")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._model = f"{self._options.model}@{REVISION}-{digest[:12]}"
        yield Phase(name="load", done=0.6)

    def load(self, device: str) -> Iterator[Phase]:
        """Build the graph; raises BadInput for another device than a processor, MissingExtra, WeightsError."""
        if device != "cpu":
            raise BadInput(f"this encoder runs on a processor, not on {device}")
        if self._bert is None:
            raise RuntimeError("the encoder was to be loaded before it was prepared")
        self._network = Network(self._bert, self._options.heads, self._context.threads)
        self._bert = None
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Read one sentence, so that the runtime has its memory."""
        yield Phase(name="warm_up", done=0.0)
        self._vectors(EmbedRequest(texts=("Good evening, my friend.",)), Event())
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, PlayEvent]]:
        """Yield `Embeddings` of shape `(texts, 384)`, a `Remark` on cut texts, `Usage` and `Done` for each request.

        Raises:
            BadInput: another task, or a text with nothing in it; says which.
            GenerationFailed: the network gives no numbers.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, EmbedRequest):
                raise BadInput(f"this encoder makes vectors of texts, it cannot play a {type(request).__name__}")
            found = self._vectors(request, cancel)
            if found is None:
                return
            vectors, pieces = found
            yield index, Embeddings(values=vectors, model=self._model)
            if cut := sum(each.cut for each in pieces):
                yield index, Remark(text=self._remark(cut, len(pieces)))
            read = sum(len(each.numbers) for each in pieces)
            yield index, Usage(tokens_in=read, characters=sum(map(len, request.texts)))
            yield index, Done()

    def close(self) -> None:
        """Forget the weights."""
        self._bert = self._tokens = self._network = None

    def _file(self, name: str) -> Path:
        """Return the path of a file, whatever its weight set is called; raises WeightsError."""
        full = next((each for each in self._context.files if each.endswith(f"/{name}")), name)
        return self._context.path(full)

    def _vectors(self, request: EmbedRequest, cancel: Cancel) -> tuple[FloatArray, list[Pieces]] | None:
        """Return the vectors in the order of the texts, and what was read of each; None when cancelled."""
        if self._tokens is None or self._network is None:
            raise RuntimeError("the encoder was asked to play before it was loaded")
        before = self._options.query if request.purpose == "query" else self._options.passage
        pieces: list[Pieces] = []
        for number, text in enumerate(request.texts, 1):
            if cancel.is_set():
                return None
            if not text.strip():
                raise _nothing(number, request.texts)
            pieces.append(self._tokens.read(before + text))
            if len(pieces[-1].numbers) <= pieces[-1].marks:
                raise _nothing(number, request.texts)
        vectors = np.empty((len(pieces), self._network.dim), dtype=np.float32)
        for batch in batches([len(each.numbers) for each in pieces]):
            if cancel.is_set():
                return None
            vectors[batch] = self._network.embed([pieces[each].numbers for each in batch])
        return vectors, pieces

    def _remark(self, cut: int, count: int) -> str:
        whose = "the text is" if count == 1 else f"{cut} of {count} texts are"
        return (
            f"{whose} longer than the {self._options.max_tokens} word pieces that are read, only the beginning counts"
        )


def _nothing(number: int, texts: Sequence[str]) -> BadInput:
    which = "the text" if len(texts) == 1 else f"text {number} of {len(texts)}"
    text = texts[number - 1]
    said = f"has nothing in it that can be read: {text[:_NAMED]!r}" if text.strip() else "is empty"
    return BadInput(f"{which} {said}", hint="leave it out")
