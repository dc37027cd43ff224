"""Finding catalogue files in packages and folders."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from hausmusik.instruments import discovery
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.discovery import OUR_ENTRY_POINT, Plugin, find, plugins
from hausmusik.instruments.problems import Problem
from tests.unit.instruments.entries import instrument


def test_ours_come_by_the_same_door_or_from_the_source_folder(monkeypatch: pytest.MonkeyPatch):
    assert any(file.name.endswith("routers.toml") for file in find(None, plugins()) if not isinstance(file, Problem))
    monkeypatch.setattr(discovery.metadata, "entry_points", lambda **_: [])
    assert [each.name for each in plugins()] == ["hausmusik"]
    assert Catalogue.load().weight_sets()


def test_ours_come_first_and_once(monkeypatch: pytest.MonkeyPatch):
    entry = importlib.metadata.EntryPoint
    listed = [entry("aaa", "their.module:f", discovery.GROUP), entry("ours", OUR_ENTRY_POINT, discovery.GROUP)]
    monkeypatch.setattr(discovery.metadata, "entry_points", lambda **_: listed)
    assert [each.name for each in plugins()] == ["ours", "aaa"]


def test_an_installed_third_party_package_brings_instruments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A real package with real metadata, on the path as pip would put it there."""
    place = tmp_path / "site"
    (place / "theirs").mkdir(parents=True)
    (place / "theirs" / "__init__.py").write_text("")
    (place / "theirs" / "bells.toml").write_text(instrument("bells", "music"))
    info = place / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hausmusik.instruments]\ntheirs = theirs\nbroken = theirs:nothing\n")
    monkeypatch.syspath_prepend(str(place))
    catalogue = Catalogue.load()
    assert catalogue.instrument("bells").task == "music"
    assert catalogue.file_of("bells") == "theirs: bells.toml"
    (problem,) = [each for each in catalogue.problems if "broken" in each.file]
    assert "AttributeError" in problem.reason
    sys.modules.pop("theirs", None)


def test_an_entry_point_may_give_paths_as_text(tmp_path: Path):
    path = tmp_path / "x.toml"
    path.write_text(instrument("x"))
    (file,) = find(None, [Plugin("p", lambda: [str(path)])])
    assert not isinstance(file, Problem)
    assert file.name == "p: x.toml"
    assert file.folder == tmp_path


def test_nonsense_from_an_entry_point_is_a_problem():
    (problem,) = find(None, [Plugin("p", lambda: 42)])
    assert isinstance(problem, Problem)
    assert "TypeError" in problem.reason
