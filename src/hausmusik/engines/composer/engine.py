"""The composer engine: a music request in; audio, the MIDI file and a page on what was understood out.

Knows nothing of money, clouds or HTTP, and gets no Player.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from hausmusik.engines.composer.compose import compose
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.performance import Performance, play_piece
from hausmusik.engines.composer.prompt import Brief, read_prompt
from hausmusik.engines.composer.render import render
from hausmusik.engines.composer.sampler.samples import SampleStore
from hausmusik.engines.composer.sampler.soundfont import SoundFont
from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ, ToneStore
from hausmusik.engines.composer.score_midi import midi_of
from hausmusik.engines.composer.tables import Tables, load_tables
from hausmusik.errors import BadInput, WeightsError
from hausmusik.seams import Cancel, EngineContext, EngineSpec
from hausmusik.types import Artifact, Audio, AudioChunk, Done, Event, MusicRequest, Phase, Remark, Request, Usage

REVISION: Final = "2"
LONGEST_S: Final = 3600.0


class ComposerEngine:
    """Composes and samples music.

    Args:
        context: Hands over one General MIDI bank, an .sf2 or .sf3 file; no options.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._tables: Tables | None = None
        self._bank: SoundFont | None = None
        self._tones: ToneStore | None = None

    @property
    def spec(self) -> EngineSpec:
        """One request at a time, CPU only."""
        return EngineSpec(name="composer", revision=REVISION)

    def prepare(self) -> Iterator[Phase]:
        """Read the data files."""
        self._tables = load_tables()
        yield Phase(name="prepare", done=1.0)

    def load(self, device: str) -> Iterator[Phase]:
        """Open the bank; samples are decoded when a piece needs them.

        Raises:
            BadInput: another device than the CPU.
            WeightsError: the bank is damaged, or no file or several were handed over.
        """
        if device != "cpu":
            raise BadInput(f"the composer plays on the cpu, not on {device}")
        self.close()
        self._tables = self._tables or load_tables()
        if len(self._context.files) != 1:
            raise WeightsError(
                f"the composer plays from one sound bank, but was given {len(self._context.files)} files",
                hint="name one set with one .sf2 or .sf3 file as the instrument's weights",
            )
        self._bank = SoundFont(self._context.path(next(iter(self._context.files))))
        self._tones = ToneStore(self._bank, SampleStore(self._bank))
        yield Phase(name="load", done=1.0)

    def warm_up(self) -> Iterator[Phase]:
        """Compose and render two seconds."""
        for _ in self.play([MusicRequest(prompt="piano", duration_s=2.0)], _Never()):
            pass
        yield Phase(name="warm_up", done=1.0)

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield for each request: phases, the MIDI file and the brief, audio in blocks of 4 s, usage, done.

        Stops silently once cancelled.

        Raises:
            BadInput: it is no music request, or longer than an hour.
        """
        for index, request in enumerate(requests):
            if not isinstance(request, MusicRequest):
                raise BadInput("the composer makes music only", hint="choose another instrument for this request")
            if not 0 < request.duration_s <= LONGEST_S:
                raise BadInput(
                    f"the composer cannot make a piece of {request.duration_s:g} s",
                    hint=f"ask for more than 0 and at most {LONGEST_S:g} s",
                )
            try:
                for event in self._play(request, cancel):
                    yield index, event
                    _go_on(cancel)
            except _Stopped:
                return
            yield index, Done()

    def close(self) -> None:
        """Let go of the bank and everything decoded from it."""
        if self._tones is not None:
            self._tones.clear()
        if self._bank is not None:
            self._bank.close()
        self._tones = self._bank = None

    def _play(self, request: MusicRequest, cancel: Cancel) -> Iterator[Event]:
        if self._tones is None or self._tables is None:
            raise RuntimeError("the composer was asked to play before it was loaded")
        yield Phase(name="compose", done=0.0)
        dice = Dice(request.seed)
        brief = read_prompt(request.prompt, self._tables, dice, request.tempo_bpm)
        piece = compose(brief, self._tables, request.duration_s, dice, pause=lambda: _go_on(cancel))
        performance = play_piece(piece, dice)
        _go_on(cancel)
        yield Artifact(name="brief.json", media_type="application/json", data=_brief_page(brief, performance))
        yield Artifact(name="piece.mid", media_type="audio/midi", data=midi_of(performance, self._tables))
        yield Phase(name="render", done=0.0)
        position = 0
        for block in render(performance, self._tables, self._tones, cancel.is_set):
            yield AudioChunk(start_s=position / SAMPLE_RATE_HZ, audio=Audio(block, SAMPLE_RATE_HZ))
            position += block.shape[1]
        _go_on(cancel)  # the blocks also end when it was cancelled
        if brief.ignored:
            yield Remark(text=_not_understood(brief.ignored))
        yield Usage(audio_s=position / SAMPLE_RATE_HZ, characters=len(request.prompt))


_MOST_TOLD: Final = 12


class _Never:
    def is_set(self) -> bool:
        return False


class _Stopped(Exception):
    """Somebody cancelled; never leaves this module."""


def _go_on(cancel: Cancel) -> None:
    if cancel.is_set():
        raise _Stopped


def _not_understood(words: tuple[str, ...]) -> str:
    told = list(dict.fromkeys(words))
    more = "" if len(told) <= _MOST_TOLD else f" and {len(told) - _MOST_TOLD} more words"
    return f"not understood: {', '.join(told[:_MOST_TOLD])}{more}"


def _brief_page(brief: Brief, performance: Performance) -> bytes:
    """Return what was understood and what was made of it, as JSON."""
    piece = performance.piece
    page = {
        "prompt": brief.prompt,
        "understood": [{"words": words, "as": meaning} for words, meaning in brief.understood],
        "ignored": list(brief.ignored),
        "style": brief.style,
        "moods": list(brief.moods),
        "key": piece.key.title,
        "metre": f"{piece.metre.beats}/{piece.metre.unit}",
        "tempo_bpm": round(piece.tempo[0][1], 2),
        "tempo_asked_bpm": round(brief.tempo_bpm, 2),
        "energy": round(brief.energy, 3),
        "density": round(brief.density, 3),
        "instruments_asked": list(brief.instruments),
        "instruments_excluded": sorted(brief.excluded),
        "parts": [
            {"name": part.name, "instrument": part.instrument, "role": part.role} for part, _ in performance.parts
        ],
        "form": [phrase.letter for phrase in piece.phrases],
        "room": piece.room,
        "note": "composed by rules and played from samples; no neural network was used",
    }
    return json.dumps(page, indent=2, ensure_ascii=False).encode()
