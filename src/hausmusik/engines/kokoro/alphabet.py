"""Kokoro v1.0's symbols: which numbers stand for which phonemes and marks.

The numbers are the model's own (its `config.json`); only symbols that English text can produce are listed. Version 1.0
was trained with `T` for the American flap and `t` for the glottal stop. Knows nothing of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15,
        " ": 16, "A": 24, "I": 25, "O": 31, "Q": 33, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "d": 46,
        "e": 47, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58, "r": 60,
        "s": 61, "t": 62, "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72,
        "β": 75, "ɔ": 76, "ç": 78, "ð": 81, "ʤ": 82, "ə": 83, "ɛ": 86, "ɜ": 87, "ɡ": 92, "ɪ": 102, "ɯ": 110, "ŋ": 112,
        "ɲ": 114, "ø": 116, "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ʁ": 128, "ʃ": 131, "ʧ": 133, "ʊ": 135, "ʌ": 138,
        "ɣ": 139, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157, "ː": 158, "ᵻ": 177,
    }
)  # fmt: skip
MAX_SYMBOLS: Final = 510
"""What the model takes in one go, without the two paddings."""
FRAME_SAMPLES: Final = 600
"""Samples for which one unit of a symbol's duration stands: 25 ms at 24 kHz."""
SAMPLE_RATE_HZ: Final = 24_000

_V1: Final = str.maketrans({"ɾ": "T", "ʔ": "t"})


def v1(phonemes: str) -> str:
    """Return phonemes as version 1.0 of the model writes them; symbols it does not have are left out."""
    return "".join(symbol for symbol in phonemes.translate(_V1) if symbol in NUMBERS)


def numbers(phonemes: str) -> list[int]:
    """Return one number per symbol, in order."""
    return [NUMBERS[symbol] for symbol in phonemes]
