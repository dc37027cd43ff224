"""`haus` with a control plane of its own for a Modal account, and the real weights of the test tier."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hausmusik.hosts.modal.plane import Declared, Plane, PlaneOptions

MAIN = [sys.executable, "-c", "from hausmusik.cli import main; main()"]


class Told(msgspec.Struct, frozen=True):
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A user's machine: a home, weights, and a plane that its Modal settings name.

    Args:
        folder: For the home and for what commands write.
        plane: The account.
        settings: Further HAUSMUSIK_ variables, without the prefix.
    """

    def __init__(self, folder: Path, plane: Plane, **settings: str) -> None:
        self.folder = folder
        self.plane = plane
        self.home = folder / "home"
        self._settings = {f"HAUSMUSIK_{name}": value for name, value in settings.items()}

    def variables(self) -> dict[str, str]:
        plain = {name: each for name, each in os.environ.items() if not name.startswith(("MODAL_", "HAUSMUSIK_"))}
        ours = {
            "HAUSMUSIK_HOME": str(self.home),
            "HAUSMUSIK_WEIGHTS__FOLDER": os.environ.get("HAUSMUSIK_TEST_WEIGHTS", str(self.folder / "weights")),
            "HAUSMUSIK_WEIGHTS__OFFLINE": "true",
            "HF_ENDPOINT": "http://127.0.0.1:9",
        }
        return plain | ours | self._settings | self.plane.variables()

    def haus(self, *words: str, code: int = 0, account: dict[str, str] | None = None) -> Told:
        """Run a command in this folder; fails unless it exits with `code`.

        Args:
            account: MODAL_ variables instead of the plane's own.
        """
        environment = self.variables()
        if account is not None:
            environment = {name: each for name, each in environment.items() if not name.startswith("MODAL_")} | account
        done = subprocess.run(
            [*MAIN, *words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == code, f"haus {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return Told(done.returncode, done.stdout, done.stderr)

    def versions(self) -> dict[str, str]:
        """Return what `haus status` says of each deployed instrument."""
        return {each["instrument"]: each["version"] for each in self.haus("status", "--json").json["deployed"]}


@contextmanager
def desk(folder: Path, *, interpreter: Callable[[Declared], str] | None = None, **settings: str) -> Iterator[Desk]:
    """Open a desk; the plane's copies of all weights are removed with it."""
    options = PlaneOptions(interpreter=interpreter) if interpreter else PlaneOptions()
    with Plane(folder / "plane", options) as plane:
        yield Desk(folder, plane, **settings)
    shutil.rmtree(folder / "plane", ignore_errors=True)


def behind(folder: Path, front: Path) -> Path:
    """Return an interpreter with the packages of another one, and behind them those of this process.

    Args:
        folder: Where to make it.
        front: The other one; of the same Python version.
    """
    told = [str(front), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip()
    venv.create(folder, with_pip=False)
    (own,) = folder.glob("lib/python*/site-packages")
    places = [site, *(each for each in sys.path if each.endswith("site-packages"))]
    (own / "both.pth").write_text("".join(f"import site; site.addsitedir({each!r})\n" for each in places))
    return folder / "bin" / "python"
