"""The one wire form of requests and events: msgpack by msgspec, arrays as raw little-endian bytes.

A frame is `HM`, one version byte and a msgpack map tagged with the class name. Decoding checks every field's type and
range, refuses unknown tags and fields, and never runs code from the wire, so the two ends may run different Pythons and
different numpys. Errors travel as `Failure`. Used by every host; knows nothing of pipes or sockets.

Sources: msgpack (https://msgpack.org), msgspec tagged unions (https://jcristharif.com/msgspec/structs.html).
"""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.errors import EngineError, HausmusikError, error_table

MAGIC: Final = b"HM\x01"
MAX_FRAME_BYTES: Final = 1 << 31
_DTYPES: Final = frozenset({"<f4", "<f8", "<i2", "<i4", "<i8", "|u1"})

T = TypeVar("T")


class CodecError(EngineError):
    """Bytes that are not a frame of ours; the other end speaks another version or is not ours at all."""

    code = "codec"


class Failure(msgspec.Struct, frozen=True, tag=True):
    """An error on its way to the caller."""

    code: str
    message: str
    hint: str = ""


class _Array(msgspec.Struct, frozen=True, array_like=True):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


def _encode_hook(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        given = cast("npt.NDArray[np.generic]", value)
        array = np.ascontiguousarray(given, dtype=given.dtype.newbyteorder("<"))
        return _Array(array.dtype.str, array.shape, array.tobytes())
    raise NotImplementedError(f"{type(value).__name__} cannot travel")


def _decode_hook(kind: type[Any], value: Any) -> Any:
    if getattr(kind, "__origin__", kind) is not np.ndarray:
        raise NotImplementedError(f"{kind} cannot travel")
    header = msgspec.convert(value, _Array)
    if header.dtype not in _DTYPES:
        raise ValueError(f"an array of {header.dtype} cannot travel")
    if any(side < 0 for side in header.shape):
        raise ValueError("an array has a negative side")
    array = np.frombuffer(header.data, dtype=np.dtype(header.dtype))
    if array.size != int(np.prod(header.shape, dtype=np.int64)):
        raise ValueError(f"an array of shape {header.shape} came with {array.size} values")
    return array.reshape(header.shape)


def encode(value: msgspec.Struct) -> bytes:
    """Return the frame of a request, an event, a `Failure` or any other tagged struct."""
    return MAGIC + msgspec.msgpack.Encoder(enc_hook=_encode_hook, decimal_format="string").encode(value)


def decode(frame: bytes | bytearray | memoryview, kind: type[T]) -> T:
    """Return the value in a frame.

    Args:
        frame: What `encode` returned.
        kind: The expected type or union, e.g. `Event | Failure`.

    Raises:
        CodecError: not a frame, another version, an unknown tag or field, a value out of range.
    """
    view = memoryview(frame)
    if bytes(view[:2]) != MAGIC[:2]:
        raise CodecError("these bytes are not a Hausmusik frame")
    if bytes(view[2:3]) != MAGIC[2:3]:
        raise CodecError(
            f"the other end speaks version {view[2] if len(view) > 2 else '?'} of the wire form, this one {MAGIC[2]}",
            hint="install the same version of hausmusik on both ends",
        )
    try:
        return msgspec.msgpack.decode(view[3:], type=kind, dec_hook=_decode_hook)
    except (msgspec.DecodeError, ValueError) as error:
        raise CodecError(f"a frame does not fit: {error}") from error


def failure_of(error: BaseException) -> Failure:
    """Return what travels of an error: code, message and hint of ours; of a foreign one only its type and text."""
    if isinstance(error, HausmusikError):
        return Failure(error.code, error.message, error.hint)
    return Failure(EngineError.code, f"{type(error).__name__}: {error}"[:2000])


def error_of(failure: Failure) -> HausmusikError:
    """Return the error that a `Failure` stands for; an unknown code becomes `EngineError`."""
    return error_table().get(failure.code, EngineError)(failure.message, hint=failure.hint)
