"""What an image has, against what is imported in its containers: at any depth, at any moment, as the source says."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import hausmusik
from hausmusik.hosts.modal.declaration import FETCH_NEEDS, declare
from hausmusik.instruments.catalogue import Catalogue

SOURCE = Path(hausmusik.__file__).parents[1]
CATALOGUE = Catalogue.load()
PLAYED = [each.id for each in CATALOGUE.instruments() if not each.planned]
WORKER = ("hausmusik.hosts.modal.container", "hausmusik.hosts.modal.fetching")
STORE = [re.split(r"[<>=]", each)[0] for each in FETCH_NEEDS]
BY_MODAL = {"modal", "huggingface_hub"}
"""Modal puts its own package into every container; the hub's client is in images that fetch whole repositories."""


def file_of(module: str) -> Path | None:
    path = SOURCE.joinpath(*module.split("."))
    return next((each for each in (path / "__init__.py", path.with_suffix(".py")) if each.is_file()), None)


@functools.cache  # most engines import the same modules
def imported_by(module: str) -> tuple[str, ...]:
    return tuple(_imported_by(module))


def _imported_by(module: str) -> Iterator[str]:
    tree = ast.parse((file_of(module) or Path()).read_text("utf-8"))
    guarded = [
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and node not in guarded:
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node not in guarded:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def foreign(*modules: str) -> set[str]:
    """Return the top-level modules of others that these of ours may import."""
    found, seen, queue = set[str](), set[str](), list(modules)
    while queue:
        module = queue.pop()
        if module in seen:
            continue
        seen.add(module)
        if not module.startswith("hausmusik"):
            found.add(module.partition(".")[0])
        elif file_of(module):
            queue += [module.rpartition(".")[0] or module, *imported_by(module)]
    return found - set(sys.stdlib_module_names)


def engine_modules(engine: str) -> list[str]:
    """Return the engine's module, and all of its folder: a package imports its parts when they are asked for."""
    module = engine.partition(":")[0]
    folder = SOURCE.joinpath(*module.split("."))
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else []
    return [module, *(".".join(each.relative_to(SOURCE).with_suffix("").parts) for each in files)]


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("-", "_")


def names(requirements: Iterable[str]) -> set[str]:
    return {name_of(each) for each in requirements}


def needed_by(packages: Iterable[str]) -> set[str]:
    return names(need for each in packages for need in importlib.metadata.requires(each) or ())


@pytest.mark.parametrize("name", PLAYED)
def test_what_an_engine_imports_is_in_its_image_and_nothing_is_pinned_that_it_does_not(name: str) -> None:
    instrument = CATALOGUE.instrument(name)
    environment = CATALOGUE.environment(instrument.environment) if instrument.environment else None
    there = names(declare(instrument, environment=environment).requirements)
    engine = foreign(*engine_modules(instrument.engine))
    assert "numpy" in engine
    assert engine | foreign(*WORKER) <= there | needed_by(STORE) | BY_MODAL
    assert instrument.packages or environment
    assert names(instrument.packages) <= engine | needed_by(instrument.packages)


def test_imports_inside_functions_are_seen() -> None:
    assert "onnxruntime" in foreign("hausmusik.engines.kokoro.network")
    assert not foreign("hausmusik.errors")
