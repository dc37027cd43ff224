"""Environments of engines for the tests that need them, as a pytest plugin.

`HAUSMUSIK_TEST_ENVIRONMENTS` names a folder that `haus install` has filled (`<data>/environments`). Without it, or where
an environment is missing, such a test is skipped; nothing is ever installed here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hausmusik.errors import MissingExtra
from hausmusik.hosts.local.environments import Environments
from hausmusik.instruments.catalogue import Catalogue


@pytest.fixture(scope="session")
def interpreter_of() -> Callable[[str], Path]:
    """A function of environment ids that returns the interpreter."""
    catalogue = Catalogue.load()
    folder = Path(os.environ.get("HAUSMUSIK_TEST_ENVIRONMENTS") or os.devnull)

    def found(environment: str) -> Path:
        try:
            return Environments(folder, {}).interpreter(catalogue.environment(environment))
        except MissingExtra as error:
            pytest.skip(f"{error.message} (HAUSMUSIK_TEST_ENVIRONMENTS names the folder it is looked for in)")

    return found


@pytest.fixture(scope="module")
def importable(interpreter_of: Callable[[str], Path]) -> Iterator[Callable[[str], None]]:
    """A function of environment ids that lets this process import what is in one, behind its own packages.

    The contract suite calls engines directly; that they play in a process of their own is for the end-to-end tests.
    Ends with the module: what can be imported here counts as installed, and no worker would find it.
    """
    before = list(sys.path)

    def added(environment: str) -> None:
        python = interpreter_of(environment)
        if python != Path(sys.executable):
            command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]
            packages = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
            if packages not in sys.path:
                sys.path.append(packages)

    yield added
    sys.path[:] = before
