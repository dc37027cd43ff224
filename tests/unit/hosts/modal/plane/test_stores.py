"""Volumes of both versions, blobs, dicts and secrets, through the ordinary SDK; no container is needed."""

from __future__ import annotations

from pathlib import Path

import modal
import pytest

from hausmusik.hosts.modal.plane import Plane


def volume_of(plane: Plane, name: str, version: int) -> modal.Volume:
    return modal.Volume.from_name(name, create_if_missing=True, version=version, client=plane.client())


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Files to be uploaded; from memory the SDK leaves a buffer behind that Python 3.13 warns of."""
    for name in ("one", "two", "new"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture(params=[1, 2])
def volume(request: pytest.FixtureRequest, dry_plane: Plane, local: Path) -> modal.Volume:
    volume = volume_of(dry_plane, "v", request.param)
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


def test_large_files_of_several_blocks_with_zeros_at_their_ends(dry_plane: Plane, tmp_path: Path) -> None:
    """The first version sends a blob, the second blocks of 8 MiB without their trailing zeros."""
    data = bytes(8 * 1024 * 1024) + b"x" * 100 + bytes(5 * 1024 * 1024) + b"end" + bytes(3)
    (tmp_path / "large.bin").write_bytes(data)
    for version in (1, 2):
        volume = volume_of(dry_plane, f"large-{version}", version)
        with volume.batch_upload() as batch:
            batch.put_file(tmp_path / "large.bin", "/large.bin")
        assert (dry_plane.volumes()[f"large-{version}"] / "large.bin").read_bytes() == data
        assert b"".join(volume.read_file("large.bin")) == data


def test_volumes_are_found_again_and_deleted(dry_plane: Plane) -> None:
    with pytest.raises(modal.exception.NotFoundError):
        modal.Volume.from_name("later", client=dry_plane.client()).hydrate()
    made = volume_of(dry_plane, "later", 1).hydrate()
    assert modal.Volume.from_name("later", client=dry_plane.client()).hydrate().object_id == made.object_id
    modal.Volume.objects.delete("later", client=dry_plane.client())
    with pytest.raises(modal.exception.NotFoundError):
        modal.Volume.from_name("later", client=dry_plane.client()).hydrate()


def test_dicts(dry_plane: Plane) -> None:
    first = modal.Dict.from_name("d", create_if_missing=True, client=dry_plane.client())
    first["a"] = {"nested": 1}
    first.update({"b": 2, "c": 3})
    second = modal.Dict.from_name("d", client=dry_plane.client())
    assert second["a"] == {"nested": 1}
    assert second.len() == 3
    assert second.contains("b")
    assert second.pop("b") == 2
    assert second.get("b", "gone") == "gone"
    assert sorted(second.keys()) == ["a", "c"]
    assert 3 in list(second.values())
    assert dict(second.items()) == {"a": {"nested": 1}, "c": 3}
    assert not second.put("a", 0, skip_if_exists=True)
    second.clear()
    assert first.len() == 0
    with pytest.raises(modal.exception.NotFoundError):
        modal.Dict.from_name("other", client=dry_plane.client()).hydrate()


def test_secrets_are_made_once(dry_plane: Plane) -> None:
    client = dry_plane.client()
    modal.Secret.objects.create("s", {"A": "1"}, client=client)
    with pytest.raises(modal.exception.AlreadyExistsError):
        modal.Secret.objects.create("s", {"A": "2"}, client=client)
    modal.Secret.from_name("s", required_keys=["A"], client=client).hydrate()
