"""Read the tensors of a legacy `torch.save` file without torch and without unpickling anything.

Such a file is four small pickles (magic number, version, machine, the object tree), a pickled list of storage keys
and then every storage as a count (int64) and raw little-endian numbers. Unpickling runs whatever a file names, so
nothing is unpickled here: `pickletools` only splits the bytes into opcodes, and a stack machine that knows the two
dozen harmless ones builds dicts, tuples and tensor descriptions. Every other opcode, every name besides the three
that tensors need, every size out of range is refused. Knows nothing of networks; the newer zip form is not read.

Source: the layout in torch/serialization.py (`_legacy_save`), the opcodes in CPython's pickletools.
"""

from __future__ import annotations

import io
import math
import os
import pickletools
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import numpy as np

from hausmusik.errors import WeightsError
from hausmusik.types import FloatArray

MAGIC: Final = 0x1950A86A20F9469CFC6C
MAX_FILE_BYTES: Final = 256 << 20
MAX_HEADER_BYTES: Final = 4 << 20
MAX_OPCODES: Final = 200_000
MAX_MEMO: Final = 50_000

_TENSOR: Final = "torch._utils _rebuild_tensor_v2"
_DICT: Final = "collections OrderedDict"
_FLOATS: Final = "torch FloatStorage"
_TENSOR_ARGUMENTS: Final = 6  # storage, offset, shape, stride, requires_grad, hooks
_NAMES: Final = frozenset({_TENSOR, _DICT, _FLOATS})


class _Refused(Exception):
    """The file is not what this reader allows; says why."""


class _Name(msgspec.Struct, frozen=True):
    """An importable name that the file mentions; never imported."""

    text: str


class _Storage(msgspec.Struct, frozen=True):
    """A block of numbers that follows the pickles."""

    key: str
    size: int


class _Tensor(msgspec.Struct, frozen=True):
    """A view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


_MARK: Final = object()


class _Machine:
    """A stack machine for the opcodes that describe tensors; builds plain values only."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: io.BytesIO) -> Any:
        """Return the value of the next pickle in `data`; raises `_Refused` at the first thing not allowed."""
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count > MAX_OPCODES:
                raise _Refused("its description of tensors is far too long")
            if opcode.name == "STOP":
                return self.pop()
            step = _STEPS.get(opcode.name)
            if step is None:
                raise _Refused(f"it uses the pickle opcode {opcode.name}, which tensors do not need")
            step(self, argument)
        raise _Refused("a pickle in it does not end")

    def pop(self) -> Any:
        if not self.stack:
            raise _Refused("a pickle in it takes from an empty stack")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def remember(self, index: int) -> None:
        if not 0 <= index < MAX_MEMO or not self.stack:
            raise _Refused("a pickle in it numbers its values out of range")
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise _Refused("a pickle in it recalls a value that was never kept")
        self.push(self.memo[index])

    def name(self, text: str) -> None:
        if text not in _NAMES:
            raise _Refused(f"it names {text.replace(' ', '.')}, which tensors do not need")
        self.push(_Name(text))

    def storage(self, _: object) -> None:
        match self.pop():
            case ("storage", _Name() as kind, str(key), str(), int(size), None) if kind.text == _FLOATS:
                if not 0 <= size <= MAX_FILE_BYTES // 4:
                    raise _Refused("it names a block of numbers larger than any allowed file")
                self.push(_Storage(key, size))
            case _:
                raise _Refused("it keeps numbers in something other than blocks of float32")

    def reduce(self, _: object) -> None:
        arguments, function = self.pop(), self.pop()
        if function == _Name(_DICT) and arguments == ():
            self.push({})
        elif function == _Name(_TENSOR):
            self.push(_tensor(arguments))
        else:
            raise _Refused("it calls something other than the two functions that tensors need")

    def build(self, _: object) -> None:
        """`BUILD` sets attributes; the only ones here are version notes on a state dict, which are dropped."""
        self.pop()
        if not self.stack or not isinstance(self.stack[-1], dict):
            raise _Refused("it sets attributes on something other than a dict")

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1] if self.stack else None
        if not isinstance(target, dict) or len(items) % 2:
            raise _Refused("it fills a dict that is none")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise _Refused("a dict in it has a key that is neither text nor a number")
            cast("dict[Any, Any]", target)[key] = value

    def append(self, items: list[Any]) -> None:
        target = self.stack[-1] if self.stack else None
        if not isinstance(target, list):
            raise _Refused("it fills a list that is none")
        cast("list[Any]", target).extend(items)


def _tensor(arguments: Any) -> _Tensor:
    if isinstance(arguments, tuple) and len(cast("tuple[Any, ...]", arguments)) == _TENSOR_ARGUMENTS:
        storage, offset, shape, stride, *_ = cast("tuple[Any, ...]", arguments)
        sides, steps, (start,) = _sizes(shape), _sizes(stride), _sizes((offset,))
        if isinstance(storage, _Storage) and len(sides) == len(steps):
            return _Tensor(storage, start, sides, steps)
    raise _Refused("it describes a tensor in an unknown way")


def _sizes(value: Any) -> tuple[int, ...]:
    """Return a tuple of whole numbers that fit a file, else refuse."""
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        if all(isinstance(item, int) and 0 <= item <= MAX_FILE_BYTES for item in items):
            return items
    raise _Refused("it describes a tensor with sizes out of range")


def _literal(machine: _Machine, argument: Any) -> None:
    machine.push(argument)


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    def step(machine: _Machine, _: Any) -> None:
        machine.push(tuple([machine.pop() for _ in range(count)][::-1]))

    return step


_STEPS: Final[dict[str, Callable[[_Machine, Any], None]]] = {
    "PROTO": lambda _machine, _: None,
    "MARK": lambda machine, _: machine.push(_MARK),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"), _literal),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "GLOBAL": _Machine.name,
    "BINPERSID": _Machine.storage,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    "SETITEM": lambda machine, _: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
}


def read_tensors(path: Path, entry: str) -> dict[str, FloatArray]:
    """Return the float32 tensors kept under one key of a legacy torch file.

    Args:
        path: The file; at most 256 MiB.
        entry: Key of the outer dict, e.g. `model_state`.

    Returns:
        Arrays by name, in the file's order; each a copy of its own.

    Raises:
        WeightsError: the file cannot be read, is not a legacy torch file, or holds anything but tensors and numbers.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE_BYTES:
                raise _Refused(f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
            return _read(file.read(size), entry)
    except (_Refused, ValueError, struct.error, UnicodeError, DeprecationWarning) as error:
        # pickletools warns of names with a backslash; they are refused also where warnings are no errors.
        raise WeightsError(
            f"{path.name} is not a file of tensors that can be read: {error}",
            hint="pull the weights again; a file from elsewhere must be the pinned one",
        ) from error
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read: {error.strerror}", hint="see `haus doctor`") from error


def _read(data: bytes, entry: str) -> dict[str, FloatArray]:
    head = io.BytesIO(data[:MAX_HEADER_BYTES])
    if _Machine().run(head) != MAGIC:
        raise _Refused("it does not begin like a torch file")
    _Machine().run(head)
    machine = _Machine().run(head)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise _Refused("it was not written on a little-endian machine")
    tree, keys = _Machine().run(head), _Machine().run(head)
    blocks = _blocks(data, head.tell(), keys)
    state = cast("dict[Any, Any]", tree).get(entry) if isinstance(tree, dict) else None
    if not isinstance(state, dict):
        raise _Refused(f"it has no entry {entry!r}")
    tensors: dict[str, FloatArray] = {}
    room = MAX_FILE_BYTES // 4
    for name, tensor in cast("dict[Any, Any]", state).items():
        if not isinstance(tensor, _Tensor):
            raise _Refused(f"its entry {name!r} is not a tensor")
        room -= math.prod(tensor.shape)  # each is copied, and all may name the same block
        if room < 0:
            raise _Refused(f"its tensors are together larger than {MAX_FILE_BYTES >> 20} MiB")
        tensors[str(name)] = _view(blocks, tensor)
    return tensors


def _blocks(data: bytes, position: int, keys: Any) -> dict[str, FloatArray]:
    if not isinstance(keys, list) or len(cast("list[Any]", keys)) > MAX_MEMO:
        raise _Refused("it has no list of storages")
    blocks: dict[str, FloatArray] = {}
    for key in cast("list[Any]", keys):
        # Lists may hold themselves many times over: a few hundred bytes whose text would fill the memory.
        if not isinstance(key, str):
            raise _Refused("it names a storage by something other than text")
        (count,) = struct.unpack_from("<q", data, position)
        position += 8
        if not 0 <= count <= (len(data) - position) // 4:
            raise _Refused("it is cut short")
        blocks[key] = np.frombuffer(data, dtype="<f4", count=count, offset=position)
        position += count * 4
    return blocks


def _view(blocks: dict[str, FloatArray], tensor: _Tensor) -> FloatArray:
    block = blocks.get(tensor.storage.key)
    if block is None or block.size != tensor.storage.size:
        raise _Refused("a tensor's numbers are missing")
    last = tensor.offset + sum((side - 1) * step for side, step in zip(tensor.shape, tensor.stride, strict=True))
    size = math.prod(tensor.shape)
    if size == 0 or last >= block.size or size > block.size:
        raise _Refused("a tensor reaches outside its numbers")
    strides = tuple(step * 4 for step in tensor.stride)
    view = np.lib.stride_tricks.as_strided(block[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.array(view, dtype=np.float32)
