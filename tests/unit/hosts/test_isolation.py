from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import hausmusik
from hausmusik.hosts.local.isolation import import_folder, worker_environment

PACKAGE = Path(hausmusik.__file__).resolve().parent


def environment(caller: dict[str, str], *, threads: int = 1, keep: bool = False) -> dict[str, str]:
    return worker_environment(caller, threads=threads, imports=Path("/imports"), keep_python_path=keep)


def test_only_listed_names_pass() -> None:
    caller = {
        "PATH": "/bin",
        "LC_TIME": "de_DE",
        "CUDA_VISIBLE_DEVICES": "0",
        "OPENAI_API_KEY": "secret",
        "HF_TOKEN": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "SSH_AUTH_SOCK": "/s",
        "LD_PRELOAD": "/x.so",
        "PYTHONINSPECT": "1",
    }
    made = environment(caller)
    assert {made["PATH"], made["LC_TIME"], made["CUDA_VISIBLE_DEVICES"]} == {"/bin", "de_DE", "0"}
    assert "secret" not in made.values()
    assert not {"LD_PRELOAD", "PYTHONINSPECT", "SSH_AUTH_SOCK"} & set(made)


def test_threads_are_always_set() -> None:
    assert environment({"OMP_NUM_THREADS": "8"})["OMP_NUM_THREADS"] == "1"
    assert environment({}, threads=3)["MKL_NUM_THREADS"] == "3"
    assert environment({}, threads=0)["OPENBLAS_NUM_THREADS"] == "1"


def test_the_callers_import_path_follows_only_for_its_own_interpreter() -> None:
    caller = {"PYTHONPATH": "/theirs"}
    assert environment(caller)["PYTHONPATH"] == "/imports"
    assert environment(caller, keep=True)["PYTHONPATH"] == f"/imports{os.pathsep}/theirs"
    assert environment({}, keep=True)["PYTHONPATH"] == "/imports"


def test_the_import_folder_holds_our_package_and_nothing_else(tmp_path: Path) -> None:
    folder = import_folder(tmp_path)
    assert [each.name for each in folder.iterdir()] == ["hausmusik"]
    assert (folder / "hausmusik").resolve() == PACKAGE
    assert import_folder(tmp_path) == folder
    assert list(tmp_path.iterdir()) == [folder]


def test_without_links_it_is_a_copy_that_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(1, "not permitted")

    monkeypatch.setattr(Path, "symlink_to", no_links)
    folder = import_folder(tmp_path)
    assert (folder / "hausmusik" / "codec.py").read_bytes() == (PACKAGE / "codec.py").read_bytes()
    assert not (folder / "hausmusik").is_symlink()
    monkeypatch.setattr(shutil, "copytree", no_links)
    assert import_folder(tmp_path) == folder
    assert list(tmp_path.iterdir()) == [folder]


def test_a_link_to_a_package_that_has_gone_is_replaced(tmp_path: Path) -> None:
    folder = import_folder(tmp_path)
    (folder / "hausmusik").unlink()
    (folder / "hausmusik").symlink_to(tmp_path / "gone")
    assert (import_folder(tmp_path) / "hausmusik" / "codec.py").exists()


def test_two_processes_may_make_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = import_folder(tmp_path / "other")

    def faster(self: Path, target: Path, *, target_is_directory: bool = False) -> None:
        os.symlink(target, self, target_is_directory=target_is_directory)  # noqa: PTH211 - Path.symlink_to is replaced
        shutil.copytree(made, tmp_path / "root" / made.name, symlinks=True)

    monkeypatch.setattr(Path, "symlink_to", faster)
    assert import_folder(tmp_path / "root") == tmp_path / "root" / made.name
    assert [each.name for each in (tmp_path / "root").iterdir()] == [made.name]
