"""A cover picture as bytes: what it is, how large, and the block that Vorbis comments carry it in.

Reads only the header of a PNG or JPEG; never decodes a pixel. Knows nothing of containers.
"""

from __future__ import annotations

import base64
import struct
from typing import Final

import msgspec

from hausmusik.errors import BadInput

# FLAC's picture block has a 24-bit length; players choke long before.
LARGEST_COVER_BYTES: Final = 8 * 1024 * 1024
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_FRONT_COVER: Final = 3
# Start-of-frame markers of JPEG (ITU-T T.81 table B.1), without DHT, JPG and DAC, which share the range.
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that travels inside an audio file.

    Args:
        data: The PNG or JPEG file, as it is.
        codec: libavcodec's name: `png` or `mjpeg`.
        media_type: `image/png` or `image/jpeg`.
        width: In pixels.
        height: In pixels.
    """

    data: bytes
    codec: str
    media_type: str
    width: int
    height: int


def read_cover(data: bytes) -> Cover:
    """Look at the header of a picture file.

    Raises:
        BadInput: neither PNG nor JPEG, larger than 8 MiB, or cut off within the header.
    """
    if len(data) > LARGEST_COVER_BYTES:
        raise BadInput(f"the cover picture has {len(data):,} bytes, more than 8 MiB", hint="use a smaller picture")
    if data.startswith(_PNG) and len(data) >= 26:
        width, height = struct.unpack(">II", data[16:24])
        return Cover(data=data, codec="png", media_type="image/png", width=width, height=height)
    if data.startswith(b"\xff\xd8"):
        width, height = _jpeg_size(data)
        return Cover(data=data, codec="mjpeg", media_type="image/jpeg", width=width, height=height)
    raise BadInput("the cover picture is neither a PNG nor a JPEG file", hint="convert it to PNG or JPEG")


def picture_block(cover: Cover) -> str:
    """Return METADATA_BLOCK_PICTURE: FLAC's picture block (RFC 9639, section 8.8) in base64, for Ogg files."""
    media_type = cover.media_type.encode()
    head = struct.pack(">II", _FRONT_COVER, len(media_type)) + media_type
    no_description = struct.pack(">I", 0)
    bits_per_pixel, not_indexed = 24, 0
    size = struct.pack(">IIII", cover.width, cover.height, bits_per_pixel, not_indexed)
    return base64.b64encode(head + no_description + size + struct.pack(">I", len(cover.data)) + cover.data).decode()


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        if marker == 0xFF:  # padding between segments
            position += 1
            continue
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    raise BadInput("the cover picture is a damaged JPEG file", hint="save it again, or use a PNG")
