"""Catalogue files for tests, as TOML text and as packages that bring them."""

from __future__ import annotations

from pathlib import Path

from hausmusik.instruments.discovery import Plugin
from hausmusik.instruments.model import Instrument

SHA = "0" * 64


def instrument(name: str, task: str = "speak", **more: str) -> str:
    """An `[[instrument]]` table; `more` are further lines as TOML values."""
    lines = {
        "id": f'"{name}"',
        "task": f'"{task}"',
        "title": f'"The {name}"',
        "engine": '"somewhere.else:Engine"',
        "licence": '{ code = "MIT", weights = "MIT", commercial = true, credit = "me" }',
        "memory_mib": "10",
        "measured": '{ cpu_s_per_unit = 0.1, cold_start_s = 1.0, on = "here" }',
        **more,
    }
    return "[[instrument]]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items()) + "\n\n"


def router(name: str, *candidates: str, task: str = "speak", **more: str) -> str:
    listed = ", ".join(f'"{each}"' for each in candidates)
    lines = {
        "id": f'"{name}"',
        "task": f'"{task}"',
        "title": f'"{name}"',
        "candidates": f"[{listed}]",
        "rule": '"hausmusik.instruments.routing:first_ready"',
        **more,
    }
    return "[[router]]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items()) + "\n\n"


def weights(name: str, **more: str) -> str:
    lines = {
        "id": f'"{name}"',
        "title": f'"{name}"',
        "licence": '"MIT"',
        "licence_text": '"MIT.txt"',
        "origin": '"here"',
        "files": f'[{{ name = "m.bin", sha256 = "{SHA}", size_bytes = 1 }}]',
        **more,
    }
    return "[[weights]]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items()) + "\n\n"


def environment(name: str) -> str:
    return f'[[environment]]\nid = "{name}"\nrequirements = ["x==1"]\n\n'


def package(folder: Path, name: str, **files: str) -> Plugin:
    """A package that brings `files` (name without `.toml` -> text), written below `folder`."""
    place = folder / name
    place.mkdir(parents=True)
    for stem, text in files.items():
        (place / f"{stem}.toml").write_text(text)
    return Plugin(name, lambda: lambda: sorted(place.glob("*.toml")))


def voices(*names: str) -> str:
    return "[" + ", ".join(f'{{ id = "{name}", language = "en" }}' for name in names) + "]"


def as_instrument(text: str) -> Instrument:
    import tomllib

    return Instrument.model_validate(tomllib.loads(text)["instrument"][0])
