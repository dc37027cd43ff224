"""Protocol Buffers as far as ONNX models need them written: whole numbers, and fields that say their length.

Source: https://protobuf.dev/programming-guides/encoding/. Knows nothing of ONNX.
"""

from __future__ import annotations


def varint(number: int) -> bytes:
    """Return a whole number, 0 or above, seven bits in each byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    """Return one length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload
