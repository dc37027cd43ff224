"""Volumes, blobs and secrets, through the ordinary SDK; no container is needed."""

from __future__ import annotations

from pathlib import Path

import modal
import pytest

from hausmusik.hosts.modal.plane import Plane


def volume_of(plane: Plane, name: str) -> modal.Volume:
    return modal.Volume.from_name(name, create_if_missing=True, client=plane.client())


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Files to be uploaded; from memory the SDK leaves a buffer behind that Python 3.13 warns of."""
    for name in ("one", "two", "new"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def volume(dry_plane: Plane, local: Path) -> modal.Volume:
    volume = volume_of(dry_plane, "v")
    with volume.batch_upload() as batch:
        batch.put_file(local / "one", "/a/one.txt")
        batch.put_file(local / "two", "two words.txt")
    return volume


def test_what_was_uploaded_is_there(dry_plane: Plane, volume: modal.Volume) -> None:
    assert sorted(each.path for each in volume.listdir("/", recursive=True)) == ["a", "a/one.txt", "two words.txt"]
    assert sorted(each.path for each in volume.listdir("/")) == ["a", "two words.txt"]
    assert b"".join(volume.read_file("two words.txt")) == b"two"
    assert (dry_plane.volumes()["v"] / "a" / "one.txt").read_bytes() == b"one"


def test_nothing_is_overwritten_unless_that_is_asked_for(volume: modal.Volume, local: Path) -> None:
    with pytest.raises(FileExistsError), volume.batch_upload() as batch:
        batch.put_file(local / "new", "/a/one.txt")
    assert b"".join(volume.read_file("a/one.txt")) == b"one"
    with volume.batch_upload(force=True) as batch:
        batch.put_file(local / "new", "/a/one.txt")
    assert b"".join(volume.read_file("a/one.txt")) == b"new"


def test_files_are_removed(volume: modal.Volume) -> None:
    volume.remove_file("two words.txt")
    volume.remove_file("a", recursive=True)
    assert volume.listdir("/") == []
    with pytest.raises((FileNotFoundError, modal.exception.NotFoundError)):  # by the SDK's version
        volume.remove_file("two words.txt")


def test_missing_files_are_the_sdks_errors(volume: modal.Volume) -> None:
    with pytest.raises(FileNotFoundError):
        b"".join(volume.read_file("missing"))
    with pytest.raises(modal.exception.NotFoundError):
        volume.listdir("missing")


def test_no_file_leaves_the_volume(dry_plane: Plane, volume: modal.Volume, local: Path) -> None:
    with pytest.raises(modal.exception.Error, match="leads out"), volume.batch_upload() as batch:
        batch.put_file(local / "one", "../../escaped")
    with pytest.raises(modal.exception.Error, match="leads out"):
        b"".join(volume.read_file("../../modal.toml"))
    assert not list(dry_plane.folder.rglob("escaped"))


def test_large_files_come_back_in_blocks_of_8_mib(dry_plane: Plane, tmp_path: Path) -> None:
    data = bytes(8 * 1024 * 1024) + b"x" * 100 + bytes(5 * 1024 * 1024) + b"end" + bytes(3)
    (tmp_path / "large.bin").write_bytes(data)
    volume = volume_of(dry_plane, "large")
    with volume.batch_upload() as batch:
        batch.put_file(tmp_path / "large.bin", "/large.bin")
    assert (dry_plane.volumes()["large"] / "large.bin").read_bytes() == data
    assert b"".join(volume.read_file("large.bin")) == data


def test_volumes_of_the_second_version_are_refused(dry_plane: Plane) -> None:
    second = modal.Volume.from_name("v2", create_if_missing=True, version=2, client=dry_plane.client())
    with pytest.raises(modal.exception.Error, match="volumes of the first version only"):
        second.hydrate()
    assert "v2" not in dry_plane.volumes()


def test_volumes_are_found_again_and_deleted(dry_plane: Plane) -> None:
    with pytest.raises(modal.exception.NotFoundError):
        modal.Volume.from_name("later", client=dry_plane.client()).hydrate()
    made = volume_of(dry_plane, "later").hydrate()
    assert modal.Volume.from_name("later", client=dry_plane.client()).hydrate().object_id == made.object_id
    modal.Volume.objects.delete("later", client=dry_plane.client())
    with pytest.raises(modal.exception.NotFoundError):
        modal.Volume.from_name("later", client=dry_plane.client()).hydrate()


def test_secrets_are_made_once(dry_plane: Plane) -> None:
    client = dry_plane.client()
    modal.Secret.objects.create("s", {"A": "1"}, client=client)
    with pytest.raises(modal.exception.AlreadyExistsError):
        modal.Secret.objects.create("s", {"A": "2"}, client=client)
    modal.Secret.from_name("s", required_keys=["A"], client=client).hydrate()
