"""The five file formats a finished piece can have: what libavformat and libavcodec need to know about each.

Pure data. Says also what each container cannot hold, so that nobody has to find out. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.errors import UsageError

AudioFormat: TypeAlias = Literal["wav", "flac", "mp3", "opus", "m4a"]
Bits: TypeAlias = Literal[16, 24]


class FormatSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How one format is written.

    Args:
        container: libavformat's name of the muxer.
        codec: libavcodec's name of the encoder.
        suffixes: File name endings, the usual one first.
        media_type: For HTTP and for `Artifact`.
        sample_format: What the encoder takes; empty for the two lossless ones, where it follows the bit depth.
        rates_hz: Sample rates the codec knows; empty: any. Audio at another rate is resampled.
        bitrate_per_channel_bps: 0 for lossless and for quality-driven encoders.
        codec_options: Private options of the encoder.
        container_options: Options of the muxer besides bit-exactness.
        chapters: How chapters are stored: by the muxer, as Vorbis comments by us, or not at all.
        cover: How the cover is stored: as an attached picture, as a Vorbis comment, or not at all.
        licence_key: Under which tag the licence goes.
    """

    container: str
    codec: str
    suffixes: tuple[str, ...]
    media_type: str
    sample_format: str = ""
    rates_hz: tuple[int, ...] = ()
    bitrate_per_channel_bps: int = 0
    codec_options: tuple[tuple[str, str], ...] = ()
    container_options: tuple[tuple[str, str], ...] = ()
    chapters: Literal["muxer", "comments", ""] = "muxer"
    cover: Literal["picture", "comment", ""] = "picture"
    licence_key: str = "copyright"

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back the quantised samples."""
        return not self.sample_format


_MPEG_RATES: Final = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)

FORMATS: Final[Mapping[AudioFormat, FormatSpec]] = MappingProxyType(
    {
        "wav": FormatSpec(
            container="wav",
            codec="pcm_s24le",
            suffixes=(".wav",),
            media_type="audio/wav",
            # Above 4 GiB the header becomes RF64 (EBU Tech 3306); below, the reserved room is a skipped JUNK chunk.
            container_options=(("rf64", "auto"),),
            chapters="",  # libavformat writes no cue points, and few players read them
            cover="",
        ),
        "flac": FormatSpec(
            container="flac",
            codec="flac",
            suffixes=(".flac",),
            media_type="audio/flac",
            chapters="comments",
            licence_key="license",
        ),
        "mp3": FormatSpec(
            container="mp3",
            codec="libmp3lame",
            suffixes=(".mp3",),
            media_type="audio/mpeg",
            sample_format="fltp",
            rates_hz=_MPEG_RATES,
            codec_options=(("flags", "+qscale"), ("global_quality", "0")),  # LAME's V0
            # 2.3 is the newest version of ID3 that every player reads.
            container_options=(("id3v2_version", "3"), ("write_id3v1", "0")),
        ),
        "opus": FormatSpec(
            container="ogg",
            codec="libopus",
            suffixes=(".opus", ".ogg"),
            media_type="audio/ogg",
            sample_format="flt",
            rates_hz=(48_000,),
            bitrate_per_channel_bps=64_000,
            codec_options=(("application", "audio"), ("vbr", "on")),
            # libavformat would write them, but rounds 0.5 s to 00:00:01.500 (vorbiscomment.c, seen in FFmpeg 8.1).
            chapters="comments",
            cover="comment",
            licence_key="license",
        ),
        "m4a": FormatSpec(
            # `ipod` would be the exact muxer, but its list of codecs has no picture for the cover; mp4 with the M4A
            # brand writes the same file.
            container="mp4",
            codec="aac",
            suffixes=(".m4a",),
            media_type="audio/mp4",
            sample_format="fltp",
            rates_hz=(96_000, 88_200, 64_000, *_MPEG_RATES),
            bitrate_per_channel_bps=96_000,
            # Noise substitution lets every decoder invent its own noise; at this bit rate real samples fit.
            codec_options=(("aac_pns", "0"),),
            # faststart: the index comes first, so that playing over HTTP starts at once. 48,000 ticks: the edit list
            # says the length in them, and with the default of 1,000 it would be up to 1 ms off.
            container_options=(("brand", "M4A "), ("movflags", "+faststart"), ("movie_timescale", "48000")),
        ),
    }
)


def format_of(path: str | Path) -> AudioFormat:
    """Return the format that a file name's ending stands for; raises UsageError naming the ones there are."""
    suffix = Path(path).suffix.lower()
    for name, spec in FORMATS.items():
        if suffix in spec.suffixes:
            return name
    known = ", ".join(spec.suffixes[0] for spec in FORMATS.values())
    raise UsageError(f"the ending of {path} names no audio format", hint=f"use one of {known}")


def nearest_rate(rate_hz: int, known_hz: tuple[int, ...]) -> int:
    """Return the rate to encode at: the same where it is known, else the next higher one, else the highest."""
    if not known_hz or rate_hz in known_hz:
        return rate_hz
    return min((known for known in known_hz if known > rate_hz), default=max(known_hz))
