"""Files that cannot be read: one clear error of ours each, that names the file."""

from __future__ import annotations

import builtins
import io
import os
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest

from hausmusik.errors import BadInput, HausmusikError, MissingExtra, NotFoundError
from hausmusik.memory.reading import ReadLimits, files, read_bytes, read_document
from tests.unit.memory.reading.samples import LIMITS, read


def _docx(**parts: bytes) -> bytes:
    file = io.BytesIO()
    docx.Document().save(file)
    if parts:
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name.replace("__", "/") + ".xml", data)
    return file.getvalue()


def _pdf(password: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_blank_page(100, 100)
    if password:
        writer.encrypt(password)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        ("\ufeff\n".encode(), "is empty"),
        (b"{}", "is empty"),
        (b"abc\0def", "NUL"),
        (bytes(range(1, 32)) * 50, "control characters"),
        (b"\xff\xfea", "utf-16"),
        (b"\x1f\x8b\x08abc", "gzip"),
        (b"\xd0\xcf\x11\xe0abc", "old Office"),
        (b"PK\x03\x04abc", "zip archive"),
        (b"PK\x03\x04word/document.xml", "DOCX"),
        (b"%PDF-1.7 nonsense", "PDF"),
        (_pdf(), "only pictures"),
        (_pdf("secret"), "encrypted"),
        (_docx(), "no text"),
        (_docx(word__bomb=b" " * 30_000_000), "zip bomb"),
        (_docx(word__entities=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "entities"),
        (b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_bytes(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        read(data, "folder/file")
    assert "folder/file" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ('{"a": 1}\n{"a": oops}\n', "a.jsonl", "line 2"),
        ('{"a": ', "a.json", "line 1"),
        ("[" * 200_000, "a.json", "deep|JSON"),
        ("no cue\n", "a.srt", "a.srt"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", "a.vtt", "line 3"),
    ],
)
def test_text(text: str, name: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read(text, name)


def test_limits_of_packed_files() -> None:
    with pytest.raises(BadInput, match="2 pages"):
        read_bytes(_pdf(), "a.pdf", ReadLimits(max_pages=1))
    with pytest.raises(BadInput, match="unpacked"):
        read_bytes(_docx(), "a.docx", ReadLimits(max_unpacked_bytes=1000))


def test_a_file_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "loop", Path("a\0b"), tmp_path / ("x" * 300)):
        with pytest.raises(BadInput):
            read_document(path, name="it", limits=LIMITS)
    with pytest.raises(NotFoundError):
        read_document(tmp_path / "missing", name="it", limits=LIMITS)


def test_a_file_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(10_000_000_000)  # sparse
    with pytest.raises(BadInput, match="larger"):
        read_document(tmp_path / "large", name="large", limits=ReadLimits(max_bytes=1000))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.txt").chmod(0)
    with pytest.raises(BadInput, match="ermission"):
        read_document(tmp_path / "a.txt", name="a.txt", limits=LIMITS)


@pytest.mark.parametrize(
    ("library", "data"), [("pypdf", _pdf()), ("docx", _docx()), ("charset_normalizer", "größer".encode("latin-1"))]
)
def test_a_missing_library_is_named(library: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.partition(".")[0] == library:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra) as caught:
        read(data)
    assert caught.value.hint == "pip install 'hausmusik[memory]'"


@pytest.mark.parametrize("error", [RecursionError("deep"), MemoryError(), KeyError("/Root"), AssertionError()])
def test_whatever_a_library_raises_is_bad_input(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    files = (_pdf(), _docx())
    monkeypatch.setattr(pypdf, "PdfReader", broken)
    monkeypatch.setattr(docx, "Document", broken)
    for data in files:
        with pytest.raises(BadInput, match="cannot be read"):
            read(data)


def test_cut_off_files_are_bad_input() -> None:
    for whole in (_pdf(), _docx()):
        for length in range(10, len(whole), max(1, len(whole) // 40)):
            with pytest.raises(HausmusikError):
                read(whole[:length])


def test_files_whose_names_are_no_utf_8_keep_two_names() -> None:
    one, other = (read(b"Anna was here.", os.fsdecode(name)).path for name in (b"caf\xe9.txt", b"caf\xea.txt"))
    assert one != other


@pytest.mark.parametrize("number", ["1e999", "-1e999", "Infinity", "NaN", "1" * 300])
def test_a_number_that_is_no_time_is_a_field(number: str) -> None:
    for name, text in (
        ("a.jsonl", f'{{"text":"Anna was here","time":{number}}}\n{{"text":"b"}}\n'),
        ("a.json", f'[{{"text":"Anna was here","ts":{number}}}]'),
    ):
        found = read(text.encode(), name)
        assert "Anna was here" in found.text
        assert not any(block.at or block.at_s for block in found.blocks)


@pytest.mark.parametrize("error", [OverflowError("cannot convert"), ValueError("too many digits")])
def test_whatever_a_reader_stumbles_over_is_bad_input(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise error

    monkeypatch.setattr(files, "read_prose", stumble)
    with pytest.raises(BadInput, match=r"^a\.txt "):
        read(b"Anna was here.", "a.txt")
