from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hausmusik.engines.loading import engine_class, load_engine
from hausmusik.engines.tone import ToneEngine
from hausmusik.errors import ConfigError, EngineError, HausmusikError, MissingExtra
from hausmusik.seams import EngineContext

GOOD = """
import dataclasses

@dataclasses.dataclass
class Note:  # dataclasses look their module up in sys.modules
    pitch: "int"

class Own:
    spec = None
    def __init__(self, context):
        self.context = context
    def prepare(self): ...
    def load(self, device): ...
    def warm_up(self): ...
    def play(self, requests, cancel): ...
    def close(self): ...

class Half:
    spec = None
    def prepare(self): ...

class Greedy(Own):
    def __init__(self, context, more): ...

function = len
"""


@pytest.fixture
def engine_file(tmp_path: Path) -> Path:
    path = tmp_path / "my engine.py"
    path.write_text(GOOD)
    return path


def test_a_class_of_a_module() -> None:
    assert engine_class("hausmusik.engines.tone:ToneEngine") is ToneEngine
    assert isinstance(load_engine("hausmusik.engines.tone:ToneEngine", EngineContext()), ToneEngine)


def test_a_class_of_a_file(engine_file: Path) -> None:
    context = EngineContext(options={"a": 1})
    assert load_engine(f"{engine_file}:Own", context).context is context  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("entry_point", "says", "hint"),
    [
        ("tone", "not an engine's entry point", "package.module:Class"),
        (":Class", "not an engine's entry point", ""),
        ("a.b:not a name", "not an engine's entry point", ""),
        ("hausmusik.engines.tonne:ToneEngine", "no Python module", "spelling"),
        ("nowhere.at.all:Engine", "no Python module", "spelling"),
        ("hausmusik.engines.tone:TonEngine", "no class TonEngine", "did you mean ToneEngine"),
        ("relative/engine.py:Own", "absolute", ""),
        ("/nowhere/engine.py:Own", "no engine file", "TOML"),
        ("{file}:Half", "lacks load, warm_up, play, close", "seams.Engine"),
        ("{file}:function", "lacks", ""),
        ("{file}:Nothing", "no class Nothing", "it has"),
    ],
)
def test_what_is_wrong_with_an_entry_point_is_said(engine_file: Path, entry_point: str, says: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        engine_class(entry_point.format(file=engine_file))
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("source", "kind", "says"),
    [
        ("def broken(:\n", ConfigError, "line 1 of"),
        ("import a_library_nobody_has\n", MissingExtra, "a_library_nobody_has"),
        ("1 / 0\n", EngineError, "ZeroDivisionError"),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path: Path, source: str, kind: type[HausmusikError], says: str) -> None:
    path = tmp_path / "engine.py"
    path.write_text(source)
    with pytest.raises(kind, match=says):
        engine_class(f"{path}:Engine")
    assert not any(name.startswith("hausmusik_engine_engine_") for name in sys.modules)


@pytest.mark.parametrize(
    ("source", "kind", "says"),
    [("import a_library_nobody_has\n", MissingExtra, "a_library_nobody_has"), ("1 / 0\n", EngineError, "ZeroDivision")],
)
def test_a_module_that_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, kind: type[HausmusikError], says: str
) -> None:
    (tmp_path / "plugin_under_test.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(kind, match=says):
        engine_class("plugin_under_test:Engine")


def test_a_constructor_of_another_shape(engine_file: Path) -> None:
    with pytest.raises(EngineError, match="cannot be built") as caught:
        load_engine(f"{engine_file}:Greedy", EngineContext())
    assert "exactly one argument" in caught.value.hint
