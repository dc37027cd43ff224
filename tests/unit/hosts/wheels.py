"""Wheels made on the spot, so that pip can be tested without a network."""

from __future__ import annotations

import importlib.metadata
import zipfile
from pathlib import Path


def tiny_wheel(folder: Path, name: str, version: str, source: str) -> Path:
    """A wheel with one module."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", source)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def repacked(folder: Path, name: str) -> Path:
    """The wheel of an installed package, put together again from its files."""
    found = importlib.metadata.distribution(name)
    tags = [
        line.removeprefix("Tag: ") for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")
    ]
    interpreter, abi, platforms = (
        tags[0].split("-")[0],
        tags[0].split("-")[1],
        ".".join(tag.split("-")[2] for tag in tags),
    )
    path = folder / f"{found.name}-{found.version}-{interpreter}-{abi}-{platforms}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        for file in found.files or ():
            if (
                ".." not in file.parts
                and "__pycache__" not in file.parts
                and file.name not in {"INSTALLER", "REQUESTED"}
            ):
                wheel.write(str(found.locate_file(file)), str(file))
    return path
