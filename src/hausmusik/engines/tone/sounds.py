"""Sounds made of sines and noise: a babble that keeps word times, a pulsing chord, a band of noise.

Every function is pure: the same arguments give the same bytes within one numeric class. Sounds differ audibly and
measurably by voice, prompt and seed, so that a test which mixes them up fails. Knows nothing of requests and events.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from hausmusik.types import FloatArray

SYLLABLE_S: Final = 0.14
WORD_GAP_S: Final = 0.06
COMMA_GAP_S: Final = 0.15
SENTENCE_GAP_S: Final = 0.3
_HARMONICS: Final = 12
_MARK: Final = re.compile(r"\[[^\]]*\]|[♪*_#]")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+|\n+")
_VOWELS: Final = re.compile(r"[aeiouyäöüáéíóúàèìòù]+", re.IGNORECASE)


class Word(NamedTuple):
    """A word and where its tone lies, in samples from the start of its sentence."""

    text: str
    start: int
    end: int


class Sentence(NamedTuple):
    """One sentence as sound, shape `(samples,)`, with the words in it; the pause after it is part of it."""

    samples: FloatArray
    words: tuple[Word, ...]


def number_of(*parts: object) -> int:
    """Return 64 bits that depend on all the parts and on nothing else."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def sentences_of(text: str) -> list[list[str]]:
    """Return the speakable words of each sentence; stage marks such as `[laughs]` and bare symbols are dropped."""
    sentences = ([w for w in part.split() if re.search(r"\w", w)] for part in _SENTENCE_END.split(_MARK.sub(" ", text)))
    return [words for words in sentences if words]


def voice_pitch_hz(voice: Mapping[str, float]) -> float:
    """Return the pitch of a voice, 90 to 260 Hz; a blend lies between its parts (weighted, on a log scale)."""
    parts = voice or {"tone": 1.0}
    logs = {name: np.log(90.0 + number_of("pitch", name) % 170) for name in parts}
    return float(np.exp(sum(logs[name] * weight for name, weight in parts.items()) / sum(parts.values())))


def speech(
    text: str,
    *,
    voice: Mapping[str, float],
    speed: float,
    lexicon: Mapping[str, str],
    seed: int,
    rate_hz: int,
) -> Iterator[Sentence]:
    """Yield the sentences of a text as babble: one tone per syllable, its pitch from the voice, its colour from it too.

    Args:
        text: Any text; without a single word nothing is yielded.
        voice: Names and weights, as in `SpeakRequest`.
        speed: Above 0; 2.0 halves every duration.
        lexicon: Word -> respelling; only its number of syllables matters here.
        seed: Shifts the pitch by up to 1 %.
        rate_hz: Sample rate.
    """
    pitch = voice_pitch_hz(voice) * (1.0 + (number_of("seed", seed) % 2001 - 1000) / 1e5 if seed else 1.0)
    brightness = 0.5 + (number_of("colour", *sorted(voice)) % 1000) / 1000 * 2.0
    for words in sentences_of(text):
        parts: list[FloatArray] = []
        placed: list[Word] = []
        at = 0
        for position, word in enumerate(words):
            bare = word.strip(".,;:!?…\"'()“”«»")
            spelling = lexicon.get(bare, bare).strip("/")
            tones = [
                _syllable(
                    pitch * 2 ** ((number_of(spelling, index) % 3 - 1) / 24), SYLLABLE_S / speed, brightness, rate_hz
                )
                for index in range(max(1, len(_VOWELS.findall(spelling))))
            ]
            length = sum(tone.size for tone in tones)
            placed.append(Word(bare or word, at, at + length))
            pause_s = COMMA_GAP_S if word[-1] in ",;:" else WORD_GAP_S
            if position == len(words) - 1:
                pause_s = SENTENCE_GAP_S
            pause = round(pause_s / speed * rate_hz)
            parts += [*tones, np.zeros(pause, np.float32)]
            at += length + pause
        yield Sentence(np.concatenate(parts), tuple(placed))


def _syllable(frequency_hz: float, duration_s: float, brightness: float, rate_hz: int) -> FloatArray:
    """Harmonics that fall off as 1/n^brightness under a raised cosine: no click at either end. Shape `(samples,)`."""
    count = round(duration_s * rate_hz)
    time_s = np.arange(count) / rate_hz
    wave = np.zeros(count)
    for harmonic in range(1, _HARMONICS + 1):
        if harmonic * frequency_hz < rate_hz * 0.45:
            wave += np.sin(2 * np.pi * harmonic * frequency_hz * time_s) / harmonic**brightness
    envelope = np.sin(np.pi * (np.arange(count) + 0.5) / max(count, 1)) ** 0.5
    peak = float(np.max(np.abs(wave))) if count else 1.0
    return (wave * envelope * (0.4 / max(peak, 1e-9))).astype(np.float32)


def chord_hz(prompt: str, seed: int) -> tuple[float, float, float]:
    """Return the three frequencies of the chord that a prompt and a seed stand for: major, or minor for sad words."""
    root = 110.0 * 2 ** ((number_of("root", prompt, seed) % 12) / 12)
    third = 3 if re.search(r"minor|sad|dark|calm", prompt, re.IGNORECASE) else 4
    return root, root * 2 ** (third / 12), root * 2 ** (7 / 12)


def music(prompt: str, *, duration_s: float, seed: int, tempo_bpm: float, rate_hz: int) -> FloatArray:
    """Return a pulsing chord that starts and ends in silence; shape `(2, samples)`, exactly as long as asked."""
    count = max(1, round(duration_s * rate_hz))
    time_s = np.arange(count) / rate_hz
    left = np.zeros(count)
    right = np.zeros(count)
    for place, frequency in enumerate(chord_hz(prompt, seed)):
        wave = np.sin(2 * np.pi * frequency * time_s + place)
        left += wave * (1.0 - 0.3 * place)
        right += wave * (0.4 + 0.3 * place)
    beat_s = 60.0 / (tempo_bpm or 60.0 + number_of("tempo", prompt) % 80)
    pulse = 0.55 + 0.45 * np.cos(np.pi * (time_s % beat_s) / beat_s)
    return np.stack([left, right]).astype(np.float32) * (pulse * _edges(count, rate_hz, 0.05) * 0.15).astype(np.float32)


def noise(prompt: str, *, duration_s: float, seed: int, loop: bool, rate_hz: int) -> FloatArray:
    """Return a band of noise whose place depends on the prompt; shape `(samples,)`, exactly as long as asked.

    Made in the frequency domain, so its period is its length: a loop has no seam by construction. Without `loop` 5 ms
    of fade keep both ends from clicking.
    """
    count = max(1, round(duration_s * rate_hz))
    generator = np.random.default_rng(number_of("noise", prompt, seed))
    bins = np.fft.rfftfreq(count, 1 / rate_hz)
    centre_hz = 300.0 * 2 ** ((number_of("band", prompt) % 40) / 10)
    shape = np.exp(-0.5 * (np.log2(np.maximum(bins, 1.0) / centre_hz) / 0.7) ** 2)
    spectrum = shape * (generator.standard_normal(bins.size) + 1j * generator.standard_normal(bins.size))
    spectrum[0] = 0.0
    wave = np.fft.irfft(spectrum, count)
    # The level comes from the mean power, not from the highest peak, so that all seeds are equally loud.
    wave *= 0.1 / max(float(np.sqrt(np.mean(wave**2))), 1e-12)
    return (wave if loop else wave * _edges(count, rate_hz, 0.005)).astype(np.float32)


def _edges(count: int, rate_hz: int, fade_s: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A window of ones with raised-cosine ends of at most `fade_s` each."""
    fade = min(round(fade_s * rate_hz), count // 2)
    window = np.ones(count)
    if fade:
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)
        window[:fade] = ramp
        window[count - fade :] = ramp[::-1]
    return window
