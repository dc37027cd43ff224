"""What the speaker encoder hears: speech at 16 kHz, levelled, with long silences taken out, as 40 mel bands.

Follows Resemblyzer's preprocessing, with an energy gate in place of its WebRTC voice detector. Knows nothing of the
network.

Sources: resemblyzer/audio.py and hparams.py (CorentinJ, Apache-2.0) for the figures; Slaney, Auditory Toolbox (1998),
for the mel scale and the area normalisation that librosa uses by default.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hausmusik.engines.listening import SAMPLE_RATE_HZ
from hausmusik.types import FloatArray

HOP: Final = 160  # 10 ms
WINDOW: Final = 400  # 25 ms
MEL_BANDS: Final = 40
LEVEL_DBFS: Final = -30.0

_GATE_WINDOW: Final = 480  # 30 ms
_SMOOTH: Final = 8
_KEEP_SILENT: Final = 6  # windows; longer silences are shortened to this


def levelled(samples: FloatArray) -> FloatArray:
    """Raise quiet recordings to -30 dBFS RMS; louder ones and pure silence come back as they are."""
    rms = float(np.sqrt(np.mean(np.square(samples), dtype=np.float64))) if samples.size else 0.0
    gain = 10 ** (LEVEL_DBFS / 20) / rms if rms > 0 else 1.0
    return samples * np.float32(gain) if gain > 1 else samples


def without_silences(samples: FloatArray) -> FloatArray:
    """Return only the parts with a voice, silences of up to 0.2 s between them kept.

    A 30 ms window counts as voiced when it is above -60 dBFS, within 36 dB of the loud windows (95th percentile) and,
    in a noisy recording, 4 dB above the quiet ones (5th percentile; never closer than 18 dB to the loud ones, so that
    speech without pauses stays whole). The decision is smoothed over 8 windows and widened by 3 to each side. On 24
    sentences the result was within 0.1 s of the WebRTC detector's, with and without noise. Steady noise and music
    pass: this is a gate, not a detector of speech. Empty when nothing is loud enough.
    """
    count = samples.size // _GATE_WINDOW
    if not count:
        return samples[:0]
    windows = samples[: count * _GATE_WINDOW].reshape(count, _GATE_WINDOW)
    level_db = 10 * np.log10(np.einsum("ij,ij->i", windows, windows).astype(np.float64) / _GATE_WINDOW + 1e-12)
    quiet_db, loud_db = np.percentile(level_db, (5, 95))
    voiced = level_db > max(-60.0, loud_db - 36.0, min(quiet_db + 4.0, loud_db - 18.0))
    padded = np.concatenate([np.zeros((_SMOOTH - 1) // 2), voiced, np.zeros(_SMOOTH // 2)])
    smooth = np.convolve(padded, np.full(_SMOOTH, 1 / _SMOOTH), mode="valid") > 0.5
    near = np.convolve(np.pad(smooth, _KEEP_SILENT // 2), np.ones(_KEEP_SILENT + 1), mode="valid") > 0.5
    return windows[near].reshape(-1)


def mel_filters() -> FloatArray:
    """Return triangular filters on Slaney's mel scale, 0 to 8 kHz, area-normalised; shape `(201, 40)`."""
    mels = np.linspace(0.0, _hz_to_mel(SAMPLE_RATE_HZ / 2), MEL_BANDS + 2)
    edges = _mel_to_hz(mels)
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    weights = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return weights.astype(np.float32)


def mel_frames(samples: FloatArray, filters: FloatArray) -> FloatArray:
    """Return mel power (not its logarithm), shape `(1 + samples // 160, 40)`; frames are centred, ends zero-padded."""
    padded = np.pad(samples, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(frames * window, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return power @ filters


def _hz_to_mel(hz: float) -> float:
    """Slaney: linear below 1 kHz (66.67 Hz per mel), logarithmic above (27 mels per factor 6.4)."""
    linear = hz / (200.0 / 3)
    return linear if hz < 1000.0 else 15.0 + np.log(hz / 1000.0) * 27.0 / np.log(6.4)


def _mel_to_hz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < 15.0, mels * (200.0 / 3), 1000.0 * np.exp((mels - 15.0) * np.log(6.4) / 27.0))
