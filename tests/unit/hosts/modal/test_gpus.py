"""Which GPUs a container has: by NVIDIA's tool, by the driver, or nobody says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.hosts.modal.gpus import gpu_models

INFORMATION = "Model: \t\t NVIDIA A10G\nIRQ:   \t\t 36\nGPU UUID: \t GPU-6d\nVideo BIOS: \t 94.02.75.00.01\n"


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    for number in range(2):
        folder = tmp_path / "gpus" / f"0000:00:1{number}.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text(INFORMATION)
    return tmp_path / "gpus"


def tool(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_the_tool_is_asked_first(driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path / "bin", 'test "$1 $2" = "--query-gpu=name --format=csv,noheader" && echo "NVIDIA L4"', monkeypatch)
    assert gpu_models(driver) == ("NVIDIA L4",)


@pytest.mark.parametrize("script", ["echo 'NVIDIA-SMI has failed'; exit 9", "exit 0", "kill -9 $$"])
def test_where_it_has_no_answer_the_driver_has(
    driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    tool(tmp_path / "bin", script, monkeypatch)
    assert gpu_models(driver) == ("NVIDIA A10G", "NVIDIA A10G")


def test_without_both_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_models(tmp_path / "none") == ()
