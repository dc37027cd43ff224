"""The `speak` engine Kokoro: text in, speech out chunk by chunk, with the time of every word.

Deterministic: the same request gives the same bytes with the same weights and one thread. Nothing here is GPL. Knows
nothing of money, hosts or files beyond the weights it is handed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from hausmusik.engines.english.frontend import English, Portion
from hausmusik.engines.kokoro.alphabet import MAX_SYMBOLS, SAMPLE_RATE_HZ, numbers, v1
from hausmusik.engines.kokoro.network import Network
from hausmusik.engines.kokoro.voices import ROWS, WEIGHTS, Voices
from hausmusik.engines.speech.chunks import Chunk, Piece, pieces, plan
from hausmusik.engines.speech.shaping import Shaped, shape, with_silence
from hausmusik.engines.speech.timing import word_timings
from hausmusik.errors import BadInput, EngineError
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import Audio, AudioChunk, Done, Event, FloatArray, Phase, Remark, Request, SpeakRequest, Usage

REVISION: Final = "3"
MODEL: Final = "kokoro-v1-int8/model.onnx"
DEFAULT_VOICE: Final = "af_heart"
MAX_CHARACTERS: Final = 1_000_000
_MOST_SHOWN, _LONGEST_SHOWN = 5, 20
LEAD_S: Final = 0.05
"""A sound begins so much before the frame its duration gives it, because the decoder's filters look ahead: measured as
the median onset after pauses of four voices, within 0.03 s for eight in ten."""


class KokoroEngine:
    """Speaks English with one of 28 voices or a blend of them.

    Options: `default_voice`, used when a request names none (`af_heart`).

    Args:
        context: Hands over `kokoro-v1-int8`, `kokoro-voices-en`, `misaki-en`, `cmudict` and `g2p-en`.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._english = English(context)
        self._voices: Voices | None = None
        self._network: Network | None = None

    @property
    def spec(self) -> EngineSpec:
        """Static description."""
        return EngineSpec(name="kokoro", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Find the voices and load the American dictionaries; raises WeightsError."""
        yield Phase(name="prepare", done=0.0)
        self._find_voices()
        self._english.prepare("us")
        yield Phase(name="prepare", done=1.0)

    def load(self, device: str) -> Iterator[Phase]:
        """Load the model (92 MB).

        Raises:
            BadInput: another device than the CPU.
            MissingExtra: onnxruntime is not installed.
            WeightsError: the file cannot be read.
        """
        if device != "cpu":
            raise BadInput(f"Kokoro plays on a CPU here, not on {device}")
        yield Phase(name="load", done=0.0)
        self._find_voices()
        self._network = Network(self._context.path(MODEL), self._context.threads)
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Say a short sentence to nobody."""
        yield Phase(name="warm_up", done=0.0)
        for _ in self._speak(SpeakRequest(text="All is ready now."), _Never(), []):
            pass
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield for each request `AudioChunk`s, each followed by its `WordTiming`s, then `Usage` and `Done`.

        Chunks are contiguous, mono, 24 kHz, at most about 10 s; the first is short. Silence between sentences is part
        of the chunk before it. `WordTiming.text` is the word as written with its punctuation. A `Remark` before `Usage`
        says which words were left out because they are in another script. Ends without `Done` when cancelled, within
        0.1 s even inside a chunk.

        Raises:
            BadInput: another task, no words in the text, an unknown voice or language, a bad lexicon entry.
            GenerationFailed: the model gave nothing usable.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, SpeakRequest):
                raise BadInput(f"Kokoro speaks, it cannot play a {type(request).__name__}")
            spoken_s: list[float] = []
            for event in self._speak(request, cancel, spoken_s):
                yield index, event
            if cancel.is_set():
                return
            yield index, Usage(audio_s=sum(spoken_s), characters=len(request.text))
            yield index, Done()

    def close(self) -> None:
        """Give the model's memory back."""
        self._network = None

    def _find_voices(self) -> Voices:
        if self._voices is None:
            files = {
                name.removeprefix(WEIGHTS).removesuffix(".bin"): self._context.path(name)
                for name in self._context.files
                if name.startswith(WEIGHTS)
            }
            self._voices = Voices(files, str(self._context.options.get("default_voice", DEFAULT_VOICE)))
        return self._voices

    def _speak(self, request: SpeakRequest, cancel: Cancel, spoken_s: list[float]) -> Iterator[Event]:
        """Yield the chunks and words of one request, appending each chunk's length to `spoken_s`."""
        if self._network is None:
            raise EngineError("Kokoro was asked to play before it was loaded")
        voices = self._find_voices()
        unsaid: list[str] = []
        chunks, style = self._chunks(request, unsaid), voices.table(request.voice)
        chunk = next(chunks, None)
        if chunk is None:
            raise BadInput("there is nothing to say in this text", hint="write at least one word in Latin letters")
        position = 0
        while chunk is not None:
            if cancel.is_set():
                return
            shaped = self._shaped(chunk, style, request.speed, cancel)
            if shaped is None:
                return
            following = next(chunks, None)
            pause_s = max(chunk.pause_s / request.speed, chunk.silence_s) if following else 0.0
            samples = with_silence(shaped.samples, pause_s, SAMPLE_RATE_HZ)
            start_s = position / SAMPLE_RATE_HZ
            yield AudioChunk(start_s=start_s, audio=Audio.mono(samples, SAMPLE_RATE_HZ))
            yield from word_timings(chunk.words, shaped, start_s, LEAD_S)
            spoken_s.append(samples.size / SAMPLE_RATE_HZ)
            position += samples.size
            chunk = following
        if unsaid:
            yield Remark(text=_left_out(unsaid))

    def _chunks(self, request: SpeakRequest, unsaid: list[str]) -> Iterator[Chunk]:
        """Return the chunks of a text, lazily; words that cannot be said are added to `unsaid` on the way."""
        if len(request.text) > MAX_CHARACTERS:
            raise BadInput(
                f"the text has {len(request.text)} characters, more than {MAX_CHARACTERS}", hint="split it into parts"
            )
        accent = self._find_voices().accent(request.voice, request.language)

        def paragraphs() -> Iterator[tuple[Iterator[list[Piece]], bool]]:
            for portion in self._english.portions(request.text, accent, request.lexicon):
                unsaid.extend(portion.unsaid)
                yield _pieces(portion), portion.ends_paragraph

        return plan(paragraphs(), request.speed)

    def _shaped(self, chunk: Chunk, style: FloatArray, speed: float, cancel: Cancel) -> Shaped | None:
        assert self._network is not None  # noqa: S101 -- checked by the caller, for the type checker
        symbols = numbers(chunk.symbols)[:MAX_SYMBOLS]
        row = style[min(len(symbols), ROWS) - 1]
        made = self._network.run(symbols, row, speed, cancel)
        return None if made is None else shape(*made, chunk.rests, SAMPLE_RATE_HZ)


def _left_out(words: Sequence[str]) -> str:
    shown = [word if len(word) <= _LONGEST_SHOWN else f"{word[:_LONGEST_SHOWN]}…" for word in dict.fromkeys(words)]
    listed = ", ".join(shown[:_MOST_SHOWN]) + (", …" if len(shown) > _MOST_SHOWN else "")
    return f"Kokoro reads Latin letters and left {_counted(len(words))} out: {listed}"


def _counted(number: int) -> str:
    return "1 word" if number == 1 else f"{number} words"


def _pieces(portion: Portion) -> Iterator[list[Piece]]:
    """Yield each sentence as the model reads it."""
    for sounds in portion.sentences:
        yield pieces((msgspec.structs.replace(sound, phonemes=v1(sound.phonemes)) for sound in sounds), portion.text)


class _Never:
    """A caller who stays."""

    def is_set(self) -> bool:
        return False
