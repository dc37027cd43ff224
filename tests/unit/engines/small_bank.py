"""A tiny sound bank with every preset the composer may ask for, so that its tests need no weights.

All presets share one looped sawtooth (drum kits a short burst of noise), written as a plain SoundFont 2.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from hausmusik.engines.composer.tables import load_tables

RATE = 44_100


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + (b"\0" if len(data) % 2 else b"")


def sawtooth(root_key: int = 60) -> tuple[np.ndarray, int, int]:
    """Return 16-bit samples of a sawtooth at a key and its loop: whole periods and whole samples, so it is seamless."""
    period = RATE / (440.0 * 2 ** ((root_key - 69) / 12))
    periods = min(range(20, 60), key=lambda number: abs(number * period - round(number * period)))
    count = round(period * periods)
    phase = np.arange(count + 8) / period % 1.0
    smooth = sum(np.sin(2 * np.pi * n * phase) / n for n in range(1, 9))
    return (smooth * 9_000).astype("<i2"), 0, count


def burst() -> np.ndarray:
    """Return 0.2 s of decaying noise."""
    noise = np.random.default_rng(1).standard_normal(RATE // 5)
    return (noise * np.exp(-np.arange(noise.size) / 2_000) * 9_000).astype("<i2")


def write_bank(
    path: Path, presets: list[tuple[int, int]] | None = None, extra: list[tuple[int, int]] | None = None
) -> Path:
    """Write a bank; `extra` are generators (number, amount) put into every melodic zone."""
    wanted = sorted(
        {tuple(entry.preset) for entry in load_tables().instruments.values()} if presets is None else presets
    )
    saw, start, end = sawtooth()
    noise = burst()
    gap = b"\0" * 92
    pcm = saw.tobytes() + gap + noise.tobytes() + gap
    second = saw.size + 46
    samples = struct.pack("<20sIIIIIBbHH", b"saw", 0, saw.size, start, end, RATE, 60, 0, 0, 1)
    samples += struct.pack(
        "<20sIIIIIBbHH", b"noise", second, second + noise.size, second, second + 8, RATE, 60, 0, 0, 1
    )
    samples += struct.pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    zones = [[*(extra or []), (38, -2400), (54, 1), (53, 0)], [(56, 0), (53, 1)]]  # release 0.25 s; noise has one pitch
    generators, bags = b"", b""
    count = 0
    for zone in zones:
        bags += struct.pack("<HH", count, 0)
        generators += b"".join(struct.pack("<Hh", *each) for each in zone)
        count += len(zone)
    bags += struct.pack("<HH", count, 0)
    instruments = b"".join(struct.pack("<20sH", name, place) for place, name in enumerate((b"saw", b"noise", b"EOI")))
    headers = b""
    for place, (bank, program) in enumerate(wanted):
        headers += struct.pack("<20sHHHIII", f"{bank}:{program}".encode(), program, bank, place, 0, 0, 0)
    headers += struct.pack("<20sHHHIII", b"EOP", 0, 0, len(wanted), 0, 0, 0)
    pbag = b"".join(struct.pack("<HH", place, 0) for place in range(len(wanted) + 1))
    pgen = b"".join(struct.pack("<Hh", 41, 1 if bank == 128 else 0) for bank, _ in wanted) + struct.pack("<Hh", 0, 0)
    modulators = struct.pack("<HHhHH", 0, 0, 0, 0, 0)
    lists = {
        b"phdr": headers,
        b"pbag": pbag,
        b"pmod": modulators,
        b"pgen": pgen,
        b"inst": instruments,
        b"ibag": bags,
        b"imod": modulators,
        b"igen": generators + struct.pack("<Hh", 0, 0),
        b"shdr": samples,
    }
    body = b"sfbk"
    body += _chunk(b"LIST", b"INFO" + _chunk(b"ifil", struct.pack("<HH", 2, 4)))
    body += _chunk(b"LIST", b"sdta" + _chunk(b"smpl", pcm))
    body += _chunk(b"LIST", b"pdta" + b"".join(_chunk(name, data) for name, data in lists.items()))
    path.write_bytes(_chunk(b"RIFF", body))
    return path
