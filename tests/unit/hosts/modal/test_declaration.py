"""A catalogue entry as a deployment: what goes into it, what makes it another one."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import msgspec
import pytest

from hausmusik.errors import ConfigError
from hausmusik.hosts.modal.declaration import ENGINES, Declaration, declare
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Instrument


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue.load(tmp_path_factory.mktemp("instruments"))


def declared(catalogue: Catalogue, name: str, instrument: Instrument | None = None) -> Declaration:
    instrument = instrument or catalogue.instrument(name)
    environment = catalogue.environment(instrument.environment) if instrument.environment else None
    return declare(instrument, weights=catalogue.weights_of(instrument), environment=environment)


def test_paths_are_those_of_the_container_and_nothing_of_this_machine_is_in_it(catalogue: Catalogue) -> None:
    kokoro = declared(catalogue, "kokoro")
    assert kokoro.app == "hausmusik-kokoro"
    assert kokoro.order.context.files
    for name, path in kokoro.order.context.files.items():
        assert path.startswith(name.partition("/")[0] + "/")
        assert not Path(path).is_absolute()
    assert str(Path.home()) not in msgspec.json.encode(kokoro.order).decode()


def test_our_own_engines_get_what_they_import_as_it_is_here(catalogue: Catalogue) -> None:
    requirements = declared(catalogue, "kokoro").requirements
    pinned = {name: importlib.metadata.version(name) for name in ("num2words", "numpy", "onnxruntime")}
    assert requirements[:3] == tuple(f"{name}=={version}" for name, version in pinned.items())
    assert [re.split("[<>=]", each)[0] for each in requirements[3:]] == [
        "msgspec",
        "pydantic",
        "filelock",
        "platformdirs",
    ]
    assert not any("==" in each for each in requirements[3:])


def test_an_engine_that_does_not_say_gets_all_that_one_could_import(catalogue: Catalogue) -> None:
    entry = catalogue.instrument("kokoro").model_copy(update={"packages": ()})
    names = {each.partition("==")[0] for each in declared(catalogue, "", entry).requirements}
    assert {"av", "faster-whisper", "msgspec", "num2words", "numpy", "onnxruntime", "soxr"} <= names
    assert not names & {"modal", "pillow", "pytest", "rich", "typer"}


@pytest.mark.parametrize(
    ("upgraded", "same"), [("rich", True), ("msgspec", True), ("numpy", False), ("onnxruntime", False)]
)
def test_only_what_an_engine_imports_makes_another_deployment(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, upgraded: str, *, same: bool
) -> None:
    before, version = declared(catalogue, "kokoro").digest, importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == upgraded else version(name))
    assert (declared(catalogue, "kokoro").digest == before) is same


def test_what_is_not_installed_here_is_asked_for_as_we_take_it(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    (asked,) = (each for each in declared(catalogue, "kokoro").requirements if each.startswith("onnxruntime"))
    assert set(asked.removeprefix("onnxruntime").split(",")) == {">=1.22", "<2"}


def test_the_python_is_the_callers_unless_the_environment_has_one(catalogue: Catalogue) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {declared(catalogue, name).python for name in ("kokoro", "piper")} == {here}
    assert declared(catalogue, "qwen2.5-7b").python == "3.12"


def test_an_environment_of_its_own_comes_first_and_the_worker_gets_what_it_needs(catalogue: Catalogue) -> None:
    requirements = declared(catalogue, "piper").requirements
    assert requirements[0].startswith("piper-tts==")
    assert any(each.startswith("msgspec") for each in requirements)


def test_small_weights_go_into_the_image(catalogue: Catalogue) -> None:
    assert declared(catalogue, "kokoro").weights_in == "image"


def test_the_digest_changes_with_whatever_would_be_deployed(catalogue: Catalogue) -> None:
    plain = declared(catalogue, "procedural")
    entry = catalogue.instrument("procedural")
    assert plain.digest == declared(catalogue, "procedural").digest
    others = [
        entry.model_copy(update={"options": {**entry.options, "x": 1}}),
        entry.model_copy(update={"serving": entry.serving.model_copy(update={"scaledown_window_s": 7})}),
        entry.model_copy(update={"serving": entry.serving.model_copy(update={"region": "eu"})}),
    ]
    assert len({plain.digest, *(declared(catalogue, "", each).digest for each in others)}) == 4
    assert msgspec.structs.replace(plain, requirements=("a==1",)).digest != plain.digest
    assert msgspec.structs.replace(plain, weights_sha256="0").digest != plain.digest


def test_the_digest_changes_with_what_is_taken_of_a_repository(catalogue: Catalogue) -> None:
    instrument = catalogue.instrument("musicgen-small")
    (checkpoint,) = catalogue.checkpoints_of(instrument)
    others = [{"revision": "0" * 40}, {"files": ("*.json",)}, {"repo": "somebody/else"}, {"title": "The same thing"}]
    digests = [declare(instrument, checkpoints=[checkpoint.model_copy(update=each)]).digest for each in ({}, *others)]
    assert len(set(digests)) == 4
    assert digests[-1] == digests[0]


def test_an_engine_file_lies_beside_our_package_and_its_content_counts(catalogue: Catalogue, tmp_path: Path) -> None:
    file = tmp_path / "bells.py"
    file.write_text("one")
    entry = catalogue.instrument("procedural").model_copy(update={"engine": f"{file}:Bells"})
    first = declared(catalogue, "", entry)
    assert first.order.engine == f"{ENGINES}/bells.py:Bells"
    assert first.engine_file == str(file)
    file.write_text("two")
    assert declared(catalogue, "", entry).digest != first.digest
    file.unlink()
    with pytest.raises(ConfigError, match=r"bells\.py: No such file"):
        declared(catalogue, "", entry)


def test_the_worst_case_is_what_modal_enforces_with_a_second_container(catalogue: Catalogue) -> None:
    one = declared(catalogue, "procedural")
    assert one.worst_s == 2 * (one.startup_timeout_s + one.timeout_s) + one.scaledown_window_s
