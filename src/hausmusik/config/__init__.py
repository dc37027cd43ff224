"""Settings: where they come from, what each of them means. This page is the manual of every key.

Where a value comes from, the first that has one wins:

1. an explicit override (a flag of the command line, an argument in Python);
2. the environment: `HAUSMUSIK_SECTION__KEY`, e.g. `HAUSMUSIK_LOCAL__WORKERS=2`; set but empty counts as not set;
3. the project file: `hausmusik.toml` in the working directory or the nearest folder above it;
4. the user file: `config.toml` in the config folder;
5. the default.

`HAUSMUSIK_HOME` puts everything under one folder: `config.toml` in it, and its `data`, `cache` and `state`.

An unknown section or key is an error, wherever it stands. Relative paths in a file start at that file's folder, in the
environment and in overrides at the working directory; `~` is your home. Lists of folders in the environment are
separated as in PATH. Secrets come from the environment only, and are masked wherever settings are shown.

A project file may be somebody else's, so it can do no harm: `environments.*`, `hub.*`, `score.allow_outside` and
`weights.folder` are refused there (files in that folder count as checked, and a copied project could bring others), the
paths of `weights.folders` must stay inside the project's folder (what is found there is checked by its hash), and a
limit in `money` can only lower the one that your own settings set.

    [weights]
    folder = PATH           Where pulled weights are kept. Default: `weights` in the cache folder.
    folders = [PATH, ...]   Further folders that are searched for weights first and never written to. Default: none.
    offline = false         Never use the network; what is missing is an error.

    [local]
    workers = 0             Most engine processes at once on this machine, 0 to 256; 0: one per core.
    idle_unload_s = 300     An engine unused for so many seconds is stopped; 0: at once after each play.
    memory_mib = 0          Most memory of all engines together, in MiB, by what each says it takes; 0: no limit.
    start_timeout_s = 120   An engine that is not ready after so many seconds is given up.
    stall_timeout_s = 300   An engine that says nothing for so many seconds while playing is given up.

    [defaults]
    speak = "speak"         Instrument or router used when none is named, one for each task.
    music = "music"
    sound = "sound"
    transcribe = "transcribe"
    judge = "judge"
    chat = "chat"
    embed = "embed"
    host = "local"          Where instruments play when nothing else says so.

    [money]
    run_usd = DOLLARS       Most one run may cost; a run's own budget can only be lower. Default: no limit.
    day_usd = DOLLARS       Most that may be spent in one day (UTC). Default: no limit.
    house_usd = DOLLARS     Most that may ever be spent with this data folder. Default: no limit.

    [score]
    allow_outside = false   Scores may name files outside their own folder.

    [environments]
    NAME = PATH             Interpreter of the engine environment of that name, e.g. `piper = "~/piper/bin/python"`.

    [modal]
    profile = ""            Profile of Modal's own settings file; empty: the active one. Tokens stay with Modal's tools.
    environment = ""        Environment of the Modal workspace; empty: its default.
    windows = {}            Seconds that idle containers stay, 2 to 3600, by instrument: `{ kokoro = 120 }`. Instead of
                            the catalogue's `serving.scaledown_window_s`, from the next deployment on.

    [hub]
    endpoint = ADDRESS      A mirror of the Hugging Face hub, by https. Where nothing else says it, from `HF_ENDPOINT`.
    token                   Key for the Hugging Face hub. Only from `HAUSMUSIK_HUB__TOKEN`, else `HF_TOKEN`.

Dollars are exact decimals, written as numbers or as text (`2.50`, `"2.50"`).

The package also holds `hausmusik.config.database`, the one way in which SQLite files in these folders are opened. Names
are imported when they are asked for: worker processes need the folders, and not the 50 ms that pydantic takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hausmusik.config.editing import set_value, unset_value
    from hausmusik.config.folders import Folders, find_folders
    from hausmusik.config.loading import LoadedSettings, SettingRow, load_settings
    from hausmusik.config.model import Settings

__all__ = [
    "Folders",
    "LoadedSettings",
    "SettingRow",
    "Settings",
    "find_folders",
    "load_settings",
    "set_value",
    "unset_value",
]


def __getattr__(name: str) -> Any:
    import importlib  # noqa: PLC0415 -- kept out of the package's own names

    places = {
        "folders": ("Folders", "find_folders"),
        "loading": ("LoadedSettings", "SettingRow", "load_settings"),
        "editing": ("set_value", "unset_value"),
        "model": ("Settings",),
    }
    for module, names in places.items():
        if name in names:
            return getattr(importlib.import_module(f"hausmusik.config.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
