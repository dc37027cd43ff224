"""Where things lie on this machine: settings, data, cache, state.

Knows the names of the folders and of the files in them, creates nothing and reads nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

HOME_VARIABLE: Final = "HAUSMUSIK_HOME"


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """The four folders, absolute.

    Args:
        config: What the user writes: `config.toml`, `prices.toml`, `instruments.d`.
        data: What may have cost money or work and must not be lost: takes, ledger, jobs.
        cache: What can be had again: weights.
        state: Logs and locks.
    """

    config: Path
    data: Path
    cache: Path
    state: Path

    @property
    def config_file(self) -> Path:
        """The user's settings."""
        return self.config / "config.toml"

    @property
    def prices(self) -> Path:
        """The user's own prices of clouds."""
        return self.config / "prices.toml"

    @property
    def account_rates(self) -> Path:
        """What the user's cloud account said that it pays."""
        return self.state / "rates.json"

    @property
    def instruments(self) -> Path:
        """The user's own catalogue files."""
        return self.config / "instruments.d"

    @property
    def takes(self) -> Path:
        """The store of takes."""
        return self.data / "takes"

    @property
    def ledger(self) -> Path:
        """The SQLite file of ledger and budget."""
        return self.data / "ledger.sqlite"

    @property
    def jobs(self) -> Path:
        """The SQLite file of jobs and steps."""
        return self.data / "jobs.sqlite"

    @property
    def memories(self) -> Path:
        """The folder of memories, one SQLite file each."""
        return self.data / "memories"

    @property
    def weights(self) -> Path:
        """Where weights are kept unless `weights.folder` says otherwise."""
        return self.cache / "weights"


def absolute(given: str, base: Path | None = None) -> Path:
    """Return an absolute path without `..`, `~` expanded, relative ones under `base` (default: working directory).

    Symlinks are kept as they are: the `python` of a virtual environment is one, and works only under its own name.
    """
    # pathlib's expanduser raises for an unknown user and its resolve() follows symlinks
    path = os.path.expanduser(given)  # noqa: PTH111
    return Path(os.path.abspath(path if base is None else os.path.join(base, path)))  # noqa: PTH100, PTH118


def find_folders(environ: Mapping[str, str] | None = None) -> Folders:
    """Return the folders: all under `HAUSMUSIK_HOME` when it is set, else where the system keeps such things.

    Without `HAUSMUSIK_HOME` the answer is platformdirs', which reads the process's own environment (`XDG_CONFIG_HOME`
    and so on), whatever `environ` is.
    """
    given = (os.environ if environ is None else environ).get(HOME_VARIABLE, "")
    if given:
        home = absolute(given)
        return Folders(config=home, data=home / "data", cache=home / "cache", state=home / "state")
    import platformdirs  # noqa: PLC0415 -- 20 ms, and not needed under HAUSMUSIK_HOME

    here = platformdirs.PlatformDirs("hausmusik", appauthor=False)
    return Folders(
        config=here.user_config_path, data=here.user_data_path, cache=here.user_cache_path, state=here.user_state_path
    )
