from __future__ import annotations

import contextlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.batch import lines
from hausmusik.batch.lines import MAX_LINE_BYTES, iter_lines, object_of
from hausmusik.errors import BadInput

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\r\n  \t\n"])


@given(
    st.lists(st.tuples(st.dictionaries(st.text(), JSON, max_size=4), ENDS), max_size=8), st.booleans(), st.booleans()
)
def test_what_was_written_is_read_whatever_the_line_ends(
    written: list[tuple[dict[str, object], bytes]], mark: bool, ends: bool
) -> None:
    data = b"\xef\xbb\xbf" * mark
    for value, end in written:
        data += json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + end
    data = data if ends else data.rstrip(b"\r\n \t")
    found = list(iter_lines(io.BytesIO(data)))
    wanted = [json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) for value, _ in written]
    assert [object_of(line.data) for line in found] == wanted
    assert [line.number for line in found] == sorted({line.number for line in found})
    for line in found:
        assert data[line.offset : line.offset + len(line.data)] == line.data


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_told_to_be_none(data: bytes) -> None:
    for line in iter_lines(io.BytesIO(data)):
        with contextlib.suppress(BadInput):
            assert isinstance(object_of(line.data), dict)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ('{"a": 1e999}', "too large a number"),
        ('{"a": 1' + "0" * 5000 + "}", "thousands of digits"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "not an object"),
        ('{"a": 1', "at character 8"),
        ("\x00", "not JSON"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        object_of(text.encode())


def test_another_encoding_is_said() -> None:
    with pytest.raises(BadInput, match="not UTF-8, at byte 7"):
        object_of('{"a":"ä"}'.encode("latin-1"))


def test_a_long_line_is_read_and_a_longer_one_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(object_of(b'{"text": "' + b"a" * 5_000_000 + b'"}')["text"]) == 5_000_000
    assert MAX_LINE_BYTES > 5_000_000
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 10)
    data = b'{"a": 1}\n' + b"x" * 35 + b'\n{"b": 2}\n' + b"y" * 35
    found = list(iter_lines(io.BytesIO(data)))
    assert [(line.number, line.offset, len(line.data)) for line in found] == [
        (1, 0, 9),
        (2, 9, 11),
        (3, 45, 9),
        (4, 54, 11),
    ]
    with pytest.raises(BadInput, match="longer than"):
        object_of(found[1].data)


def test_an_empty_file_has_no_lines() -> None:
    for data in (b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n \r\n"):
        assert list(iter_lines(io.BytesIO(data))) == []
