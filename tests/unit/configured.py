"""Settings as a test has them: a home, a working directory, variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hausmusik.config import LoadedSettings, load_settings


def load(home: Path, work: Path, env: dict[str, str] | None = None, **overrides: Any) -> LoadedSettings:
    named = {key.replace("__", "."): value for key, value in overrides.items()}
    return load_settings(overrides=named, environ={"HAUSMUSIK_HOME": str(home), **(env or {})}, cwd=work)


def user(home: Path, text: str) -> Path:
    path = home / "config.toml"
    path.write_text(text)
    return path


def project(work: Path, text: str) -> Path:
    path = work / "hausmusik.toml"
    path.write_text(text)
    return path
