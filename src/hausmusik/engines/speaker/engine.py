"""Says whose voice a recording is: one vector of 256 numbers, in which cosine measures likeness.

Resemblyzer's weights (Corentin Jemine, Apache-2.0) in numpy, no torch. Mind the limits: trained on English telephone
and audiobook speech; a recording of another room or microphone moves the vector too. Knows nothing of thresholds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from threading import Event
from typing import Final

import numpy as np

from hausmusik.engines.listening import SAMPLE_RATE_HZ, mono_16k
from hausmusik.engines.speaker.hearing import HOP, MEL_BANDS, levelled, mel_filters, mel_frames, without_silences
from hausmusik.engines.speaker.network import PARTIAL_FRAMES, Encoder, partial_starts
from hausmusik.engines.speaker.torchfile import read_tensors
from hausmusik.errors import BadInput, GenerationFailed
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import Audio, Done, Embeddings, FloatArray, JudgeRequest, Phase, Request, Usage
from hausmusik.types import Event as PlayEvent

WEIGHTS: Final = "resemblyzer/pretrained.pt"
REVISION: Final = "1"
MIN_VOICED_S: Final = 0.5
_BATCH: Final = 16  # partial utterances at once: 11 MB of gates, 0.2 s between two looks at `cancel`


class SpeakerEngine:
    """The `judge` engine for speakers; reads the weight file `resemblyzer/pretrained.pt`."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._encoder: Encoder | None = None
        self._filters: FloatArray | None = None
        self._model = ""

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="resemblyzer", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Read and check the weights; they are 17 MB and need no device."""
        yield Phase(name="load", done=0.0)
        path = self._context.path(WEIGHTS)
        self._encoder = Encoder.from_tensors(read_tensors(path, "model_state"), MEL_BANDS)
        self._filters = mel_filters()
        self._model = f"resemblyzer@{REVISION}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        yield Phase(name="load", done=1.0)

    def load(self, device: str) -> Iterator[Phase]:
        """Nothing to move: numpy computes where the weights already are."""
        if device != "cpu":
            raise BadInput(f"the speaker encoder runs on a processor, not on {device}")
        return iter(())

    def warm_up(self) -> Iterator[Phase]:
        """Judge a second of noise, so that the BLAS and resampling libraries are up."""
        yield Phase(name="warm_up", done=0.0)
        noise = 0.1 * np.random.Generator(np.random.PCG64(1)).standard_normal(24_000)
        self._embed(JudgeRequest(audio=Audio.mono(noise, 24_000)), Event())
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, PlayEvent]]:
        """Yield `Embeddings` of shape `(1, 256)`, `Usage` and `Done` for each request.

        Raises:
            BadInput: another task, or less than 0.5 s of voice.
            GenerationFailed: the network answers with nothing.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, JudgeRequest):
                raise BadInput(f"the speaker encoder judges recordings, it cannot play a {type(request).__name__}")
            vector = self._embed(request, cancel)
            if vector is None:
                return
            yield index, Embeddings(values=vector, model=self._model)
            yield index, Usage(audio_s=request.audio.duration_s)
            yield index, Done()

    def close(self) -> None:
        """Forget the weights."""
        self._encoder = self._filters = None

    def _ready(self) -> tuple[Encoder, FloatArray]:
        if self._encoder is None or self._filters is None:
            raise RuntimeError("the speaker encoder was asked to play before it was loaded")
        return self._encoder, self._filters

    def _embed(self, request: JudgeRequest, cancel: Cancel) -> FloatArray | None:
        """Return the mean of the partial utterances' vectors, length 1, shape `(1, 256)`; None when cancelled."""
        encoder, filters = self._ready()
        voice = without_silences(levelled(mono_16k(request.audio)))
        if voice.size < MIN_VOICED_S * SAMPLE_RATE_HZ:
            raise BadInput(
                f"there is only {voice.size / SAMPLE_RATE_HZ:.1f} s of sound in this recording, a speaker needs 0.5 s",
                hint="give a few seconds of speech",
            )
        total = np.zeros(256, dtype=np.float64)
        starts = partial_starts(voice.size, HOP)
        for first in range(0, len(starts), _BATCH):
            if cancel.is_set():
                return None
            vectors = encoder.embed(_partials(voice, starts[first : first + _BATCH], filters), cancel.is_set)
            if vectors is None:
                return None
            total += vectors.sum(axis=0)
        length = float(np.linalg.norm(total))
        if not length > 0:
            raise GenerationFailed("the speaker encoder heard nothing in this recording")
        return (total / length).astype(np.float32).reshape(1, -1)


def _partials(voice: FloatArray, starts: range, filters: FloatArray) -> FloatArray:
    """Return the mel frames of some partial utterances, `(n, 160, 40)`; sound beyond the end is silence.

    Frames are computed with two frames of context before and after (a window spans 2.5), so that blocks join exactly.
    """
    context = 2
    begin = max(0, starts[0] - context)
    end = starts[-1] + PARTIAL_FRAMES + context
    block = voice[begin * HOP : end * HOP]
    block = np.pad(block, (0, end * HOP - begin * HOP - block.size))
    frames = mel_frames(block, filters)
    return np.stack([frames[start - begin : start - begin + PARTIAL_FRAMES] for start in starts])
