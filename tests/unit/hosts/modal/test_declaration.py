"""A catalogue entry as a deployment: what goes into it, what makes it another one."""

from __future__ import annotations

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


def test_our_own_engines_get_what_is_installed_here_pinned(catalogue: Catalogue) -> None:
    pins = declared(catalogue, "kokoro").requirements
    assert all("==" in each for each in pins), pins
    assert {"msgspec", "numpy", "onnxruntime", "faster-whisper"} <= {each.partition("==")[0] for each in pins}
    assert not any(each.startswith(("modal", "pytest")) for each in pins)


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
