"""Reading members of wheels, tarballs and Debian packages, good, odd and hostile."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.weights.archives import unpack_with_dpkg
from hausmusik.weights.tools import BadArchive, SourceFailed, ToolRunner, WrongBytes
from hausmusik.weights.unpack import NeedsDpkg, Sink, ar_entries, archive_errors, members_of
from tests.unit.weights.shelf import ar_of, deb_of, noise, sha256, tar_of

DATA = noise(30_001, 4)


def taken(archive: Path, *wanted: str) -> dict[str, bytes]:
    with archive_errors(archive.name):
        return {name: stream.read() for name, stream in members_of(archive, wanted, scratch=archive.parent)}


@pytest.mark.parametrize("compression", ["xz", ""])
def test_a_debian_package_is_read_without_dpkg(tmp_path: Path, compression: str):
    path = tmp_path / "x.deb"
    path.write_bytes(deb_of({"usr/a.bin": DATA, "usr/b.bin": b"b"}, compression=compression))
    assert taken(path, "usr/a.bin", "usr/none") == {"usr/a.bin": DATA}


def test_a_debian_package_with_gzip_is_read(tmp_path: Path):
    path = tmp_path / "x.deb"
    path.write_bytes(ar_of({"debian-binary": b"2.0\n", "data.tar.gz": tar_of({"./a": DATA}, "w:gz")}))
    assert taken(path, "a") == {"a": DATA}


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed here")
def test_zstd_goes_through_dpkg(tmp_path: Path):
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: me\nDescription: x\n"
    )
    (tree / "a.bin").write_bytes(DATA)
    path = tmp_path / "x.deb"
    subprocess.run(["dpkg-deb", "-Zzstd", "--build", str(tree), str(path)], check=True, capture_output=True)
    with pytest.raises(NeedsDpkg) as need:
        taken(path, "a.bin")
    list(unpack_with_dpkg(path, need.value.target, ToolRunner()))
    assert taken(path, "a.bin") == {"a.bin": DATA}


def test_zstd_without_dpkg_is_a_reason(tmp_path: Path):
    with pytest.raises(SourceFailed, match="dpkg-deb is not installed"):
        list(unpack_with_dpkg(tmp_path / "x.deb", tmp_path / "y", ToolRunner({"dpkg-deb": ()})))


def test_links_and_folders_are_not_members(tmp_path: Path):
    link, hard, folder = tarfile.TarInfo("link"), tarfile.TarInfo("hard"), tarfile.TarInfo("folder")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
    folder.type = tarfile.DIRTYPE
    path = tmp_path / "x.tgz"
    path.write_bytes(tar_of({"real": DATA}, "w:gz", extra=(link, hard, folder)))
    assert taken(path, "link", "hard", "folder", "real") == {"real": DATA}


def wheel_of(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def test_members_of_a_zip_within_a_wheel_are_read(tmp_path: Path):
    inner = wheel_of({"a.bin": DATA, "deep/b.bin": b"b", "folder/": b""})
    path = tmp_path / "x.whl"
    path.write_bytes(wheel_of({"package/inner.zip": inner, "plain.bin": b"p"}))
    wanted = ("plain.bin", "package/inner.zip!/a.bin", "package/inner.zip!/deep/b.bin", "package/inner.zip!/folder/")
    assert taken(path, *wanted, "package/inner.zip!/none", "no.zip!/a.bin") == {
        "plain.bin": b"p",
        "package/inner.zip!/a.bin": DATA,
        "package/inner.zip!/deep/b.bin": b"b",
    }
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


def test_a_zip_within_that_would_swell_is_not_unpacked(tmp_path: Path):
    path = tmp_path / "x.whl"
    path.write_bytes(wheel_of({"inner.zip": wheel_of({"a": bytes(1 << 20)}, zipfile.ZIP_STORED)}))
    with pytest.raises(BadArchive, match="far larger"):
        taken(path, "inner.zip!/a")


def test_a_damaged_zip_within_is_a_reason(tmp_path: Path):
    path = tmp_path / "x.whl"
    path.write_bytes(wheel_of({"inner.zip": DATA}))
    with pytest.raises(BadArchive):
        taken(path, "inner.zip!/a")


@pytest.mark.parametrize("cut", [0, 7, 30, 70, 2_000, 20_000])
def test_a_debian_package_cut_anywhere_is_a_reason(tmp_path: Path, cut: int):
    path = tmp_path / "x.deb"
    path.write_bytes(deb_of({"a": DATA})[:cut])
    with pytest.raises(BadArchive):
        taken(path, "a")


@pytest.mark.parametrize("suffix", [".whl", ".tgz", ".deb"])
@given(body=st.binary(max_size=300), magic=st.sampled_from([b"", b"!<arch>\n", b"PK\x03\x04", b"\x1f\x8b\x08\x00"]))
def test_any_bytes_give_a_reason_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, body: bytes, magic: bytes
):
    path = tmp_path_factory.mktemp("any") / f"x{suffix}"
    path.write_bytes(magic + body)
    with suppress(SourceFailed):
        assert taken(path, "a") == {}


@given(st.dictionaries(st.from_regex(r"[a-z][a-z.\-]{0,14}", fullmatch=True), st.binary(max_size=50), max_size=5))
def test_every_entry_of_an_ar_archive_is_found(entries: dict[str, bytes]):
    file = io.BytesIO(ar_of(entries))
    found = {name: file.read(size) for name, size in ar_entries(file)}
    assert found == entries


class TestSink:
    def test_it_hashes_what_it_writes(self, tmp_path: Path):
        sink = Sink(tmp_path / "x", 30_001)
        sink.write_all(io.BytesIO(DATA))
        assert sink.close() == sha256(DATA)
        assert (tmp_path / "x").read_bytes() == DATA

    def test_it_takes_no_byte_too_many(self, tmp_path: Path):
        sink = Sink(tmp_path / "x", 30_000)
        with pytest.raises(WrongBytes):
            sink.write_all(io.BytesIO(DATA))
        sink.drop()
        assert not (tmp_path / "x").exists()
