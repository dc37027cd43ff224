"""How long a sound file says it is, where its header can be trusted to say so.

Needed for two things: a length without decoding, and noticing that a file was cut short, which FFmpeg does not tell:
it takes a file's end for the end of the sound. Knows nothing of decoding.

Sources: Microsoft RIFF/WAVE; the Xing, Info and VBRI headers of mp3 as LAME's documentation describes them; RFC 7845
(Ogg Opus: the pre-skip counts in the granule position but is never heard).
"""

from __future__ import annotations

import struct
from typing import Final

from hausmusik.audio.opening import OpenSound

# Headers of these count the samples. Others (adts, amr, mpegts, mp3 without a Xing header) leave libavformat guessing
# from the bit rate.
_EXACT: Final = frozenset({"wav", "w64", "flac", "aiff", "mov,mp4,m4a,3gp,3g2,mj2", "tta", "ape", "ogg", "caf", "wv"})
# Of those, the ones where a shorter file means that something is missing. Ogg's length is that of its last page, so it
# is always there; wav's is clipped to the file by libavformat, so the header is read here.
_BINDING: Final = frozenset({"flac", "aiff", "mov,mp4,m4a,3gp,3g2,mj2", "tta", "ape"})
_PCM_CODINGS: Final = frozenset({1, 3, 0xFFFE})
# Programs that write to a pipe cannot know the length and leave one of these in the data chunk.
_UNKNOWN_SIZES: Final = ((0, 0), (0x7FFF_F000, 0x8000_0000), (0xFFFF_F000, 0xFFFF_FFFF))
_OPUS_RATE_HZ: Final = 48_000
_XING_SEARCH_BYTES: Final = 4096


def exact_duration_s(sound: OpenSound) -> float | None:
    """Return the length in seconds as the header says, None where it does not say or only guesses."""
    stream = sound.stream
    if stream.duration is None or stream.time_base is None:
        return None
    if sound.format not in _EXACT and not _has_xing(sound):
        return None
    duration_s = float(stream.duration * stream.time_base)
    return max(0.0, duration_s - _opus_pre_skip_s(sound))


def promised_duration_s(sound: OpenSound) -> float | None:
    """Return the length that a whole file must reach, None where a shorter one proves nothing."""
    if sound.format == "wav":
        return _wav_duration_s(sound.head)
    if sound.format in _BINDING or _has_xing(sound):
        return exact_duration_s(sound)
    return None


def _has_xing(sound: OpenSound) -> bool:
    """Whether an mp3 file counts its frames in the first of them."""
    if sound.format != "mp3":
        return False
    start = _after_id3(sound.head)
    if start >= len(sound.head) and start:
        # A tag with a large cover fills the whole look; what libavformat found decides: only a counted length gives it
        # an encoder delay, which shows as a start after zero.
        return bool(sound.stream.start_time)
    frame = sound.head[start : start + _XING_SEARCH_BYTES]
    return any(name in frame for name in (b"Xing", b"Info", b"VBRI"))


def _after_id3(head: bytes) -> int:
    """Return where an ID3v2 tag ends (ID3v2.4 section 3.1: 28 bits in four bytes of seven)."""
    if not head.startswith(b"ID3") or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _opus_pre_skip_s(sound: OpenSound) -> float:
    extra = sound.stream.codec_context.extradata or b""
    if sound.format != "ogg" or not extra.startswith(b"OpusHead") or len(extra) < 12:
        return 0.0
    return struct.unpack("<H", extra[10:12])[0] / _OPUS_RATE_HZ


def _wav_duration_s(head: bytes) -> float | None:
    """Return what the chunks of a RIFF file say, None for compressed codings and unknown lengths."""
    if not head.startswith(b"RIFF"):
        return None
    position, bytes_per_s = 12, 0
    while position + 8 <= len(head):
        name, size = struct.unpack("<4sI", head[position : position + 8])
        body = head[position + 8 : position + 24]
        if name == b"fmt " and len(body) == 16:
            coding, _, rate, _, frame_bytes, _ = struct.unpack("<HHIIHH", body)
            bytes_per_s = rate * frame_bytes if coding in _PCM_CODINGS else 0
        if name == b"data":
            unknown = any(low <= size <= high for low, high in _UNKNOWN_SIZES)
            return size / bytes_per_s if bytes_per_s and not unknown else None
        position += 8 + size + size % 2
    return None
