"""Files are written here by hand, opcode by opcode, and the hostile ones with the real pickle module."""

from __future__ import annotations

import os
import pickle
import struct
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hausmusik.engines.speaker import torchfile
from hausmusik.engines.speaker.torchfile import MAGIC, MAX_HEADER_BYTES, read_tensors
from hausmusik.errors import WeightsError


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def tensor(key: str, shape: tuple[int, ...], stride: tuple[int, ...], *, size: int, offset: int = 0) -> bytes:
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + number(size) + b"Nt" + b"Q"
    sides = b"(" + b"".join(number(side) for side in shape) + b"t"
    steps = b"(" + b"".join(number(step) for step in stride) + b"t"
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + sides + steps + b"\x89" + hooks + b"tR"


def pickled(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


def torch_file(entries: dict[str, bytes], blocks: dict[str, np.ndarray], *, tree: bytes | None = None) -> bytes:
    state = b"ccollections\nOrderedDict\n)R(" + b"".join(text(name) + body for name, body in entries.items()) + b"u"
    tree = pickled(b"}(" + text("model_state") + state + text("step") + number(7) + b"u") if tree is None else tree
    head = pickle.dumps(MAGIC, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    body = b"".join(struct.pack("<q", block.size) + block.astype("<f4").tobytes() for block in blocks.values())
    return head + tree + pickle.dumps(list(blocks), 2) + body


def write(folder: Path, data: bytes) -> Path:
    path = folder / "weights.pt"
    path.write_bytes(data)
    return path


def test_reads_tensors_with_their_shapes(tmp_path: Path) -> None:
    numbers = np.arange(6, dtype=np.float32)
    entries = {"a": tensor("1", (2, 3), (3, 1), size=6), "b": tensor("1", (3,), (1,), size=6, offset=2)}
    found = read_tensors(write(tmp_path, torch_file(entries, {"1": numbers})), "model_state")
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["b"], [2, 3, 4])


def test_reads_a_transposed_view(tmp_path: Path) -> None:
    data = torch_file({"a": tensor("1", (3, 2), (1, 3), size=6)}, {"1": np.arange(6)})
    np.testing.assert_array_equal(read_tensors(write(tmp_path, data), "model_state")["a"], [[0, 3], [1, 4], [2, 5]])


class Hostile:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.target),)


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    hostile = pickle.dumps({"model_state": Hostile(trap)}, 2)
    pickle.loads(hostile)
    assert trap.exists(), "the trap itself must work"
    trap.rmdir()
    for data in (torch_file({}, {}, tree=hostile), hostile, pickle.dumps(MAGIC, 2) + hostile):
        with pytest.raises(WeightsError, match=r"posix\.mkdir|does not begin|names"):
            read_tensors(write(tmp_path, data), "model_state")
        assert not trap.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_hostile_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    data = torch_file({}, {}, tree=pickle.dumps({"model_state": Hostile(tmp_path / "trap")}, protocol))
    with pytest.raises(WeightsError):
        read_tensors(write(tmp_path, data), "model_state")
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"a": tensor("1", (2, 4), (4, 1), size=6)}, "outside"),
        ({"a": tensor("1", (6,), (1,), size=6, offset=1)}, "outside"),
        ({"a": tensor("1", (1 << 10, 1 << 10), (0, 0), size=6)}, "outside"),
        ({"a": tensor("1", (1 << 20, 1 << 20), (0, 0), size=6)}, "together larger"),
        ({"a": tensor("1", (1 << 28,) * 60, (0,) * 60, size=6)}, "together larger"),
        ({"a": tensor("1", (1,) * 80, (1,) * 80, size=6)}, "can be read"),
        ({"a": tensor("1", (-1,), (1,), size=6)}, "out of range"),
        ({"a": tensor("1", (6,), (-1,), size=6)}, "out of range"),
        ({"a": tensor("2", (6,), (1,), size=6)}, "missing"),
        ({"a": tensor("1", (6,), (1,), size=5)}, "missing"),
        ({"a": tensor("1", (6,), (1,), size=-6)}, "larger"),
        ({"a": number(3)}, "not a tensor"),
        ({"a": b"r" + struct.pack("<I", 0xFFFFFFF0)}, "out of range"),
        ({"a": b"cos\nsystem\n"}, r"names os\.system"),
        ({"a": b"ctorch\nFloatStorage\n)R"}, "calls something"),
        ({"a": b"\x82\x01"}, "opcode EXT1"),
    ],
)
def test_refuses_what_tensors_do_not_need(tmp_path: Path, entries: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(WeightsError, match=sentence):
        read_tensors(write(tmp_path, torch_file(entries, {"1": np.arange(6)})), "model_state")


def doubled(depth: int) -> list[object]:
    nest: list[object] = [1]
    for _ in range(depth):
        nest = [nest, nest]
    return nest


@pytest.mark.parametrize("key", [doubled(60), 7, None, ("1",)], ids=["nested", "number", "none", "tuple"])
def test_storages_are_named_by_text_and_nothing_else(tmp_path: Path, key: object) -> None:
    head = b"".join(pickle.dumps(each, 2) for each in (MAGIC, 1001, {"little_endian": True}, {}, [key]))
    began = time.process_time()
    with pytest.raises(WeightsError, match="names a storage"):
        read_tensors(write(tmp_path, head + struct.pack("<q", 0)), "model_state")
    assert time.process_time() - began < 0.5


def test_many_tensors_of_one_block_may_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchfile, "MAX_FILE_BYTES", 1 << 20)
    block = np.zeros(100_000, np.float32)
    entries = {f"t{number}": tensor("1", block.shape, (1,), size=block.size) for number in range(4)}
    with pytest.raises(WeightsError, match="together larger than 1 MiB"):
        read_tensors(write(tmp_path, torch_file(entries, {"1": block})), "model_state")


OPCODES = st.one_of(
    st.sampled_from([b"(", b"N", b"\x88", b"}", b"]", b")", b"t", b"\x85", b"\x86", b"\x87", b"R", b"b"]),
    st.sampled_from([b"s", b"u", b"a", b"e", b"Q", b"2", b"0", b"\x80\x02", b"."]),
    st.sampled_from([text("storage"), text("1"), text("cpu"), b"ctorch\nFloatStorage\n", b"cos\nsystem\n"]),
    st.sampled_from([b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n"]),
    st.builds(number, st.integers(-(1 << 31), (1 << 31) - 1)),
    st.builds(lambda index: b"q" + bytes([index]), st.integers(0, 3)),
    st.builds(lambda index: b"h" + bytes([index]), st.integers(0, 3)),
    st.binary(max_size=4),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    tree=st.lists(OPCODES, max_size=60).map(b"".join),
    keys=st.lists(OPCODES, max_size=60).map(b"".join),
    doublings=st.integers(0, 200),
)
def test_no_few_bytes_take_long_or_much(
    tmp_path_factory: pytest.TempPathFactory, tree: bytes, keys: bytes, doublings: int
) -> None:
    """Opcodes in any order, and a value that holds itself twice, as often as it likes."""
    double = b"]q\x00" + b"](h\x00h\x00eq\x00" * doublings
    head = b"".join(pickle.dumps(each, 2) for each in (MAGIC, 1001, {"little_endian": True}))
    data = head + b"\x80\x02" + double + tree + b"." + b"\x80\x02" + double + keys + b"." + struct.pack("<q", 0)
    path = write(tmp_path_factory.mktemp("fuzz"), data)
    tracemalloc.start()
    began = time.process_time()
    try:
        with suppress(WeightsError):
            read_tensors(path, "model_state")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 1.0
    assert peak < 8 << 20


def test_a_very_long_description_is_refused(tmp_path: Path) -> None:
    data = torch_file({}, {}, tree=pickled(b"}" + b"N" * MAX_HEADER_BYTES))
    with pytest.raises(WeightsError):
        read_tensors(write(tmp_path, data), "model_state")


def test_a_missing_entry_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no entry"):
        read_tensors(write(tmp_path, torch_file({}, {})), "another")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_tensors(tmp_path / "absent.pt", "model_state")


GOOD = torch_file({"a": tensor("1", (2, 3), (3, 1), size=6)}, {"1": np.arange(6)})


@example(GOOD.index(b"Ordered") - 1, ord("\\"), False)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_damage_never_shows_a_foreign_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: bool
) -> None:
    damaged = GOOD[:at] if cut else GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    path = write(tmp_path_factory.mktemp("damage"), damaged)
    try:
        found = read_tensors(path, "model_state")
    except WeightsError:
        return
    assert not cut
    assert all(array.dtype == np.float32 for array in found.values())
