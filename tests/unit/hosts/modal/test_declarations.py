"""What every entry of the catalogue would be on Modal, read back and compared with what was reviewed.

The same under each SDK that we take. After a wanted change: `HAUSMUSIK_RENEW=1 scripts/test --all <this file>`, then read what
`git diff tests/data/declarations.json` says before it is committed.
"""

from __future__ import annotations

import asyncio
import difflib
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pytest

pytest.importorskip("modal")

from hausmusik.cloud import MODAL, Cloud
from hausmusik.cloud_reports import Rehearsal
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.plane import Declared
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.money.rates import Rates
from hausmusik.weights.store import WeightsStore

REVIEWED = Path(__file__).parents[3] / "data" / "declarations.json"
pytestmark = pytest.mark.slow  # a dry run of the whole catalogue

RENEW = os.environ.get("HAUSMUSIK_RENEW") == "1"
HOW = f"if that is wanted: HAUSMUSIK_RENEW=1 scripts/test --all {Path(__file__).relative_to(Path(__file__).parents[4])}"
UNSAID = Declared(app="", name="", kind="")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="module")
def rehearsed(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> tuple[Rehearsal, ...]:
    """Every instrument that Modal can have, deployed for show by a machine without weights."""
    folder = tmp_path_factory.mktemp("rehearsal")
    cloud = Cloud(
        lambda: catalogue,
        Rates.load(folder / "prices.toml"),
        WeightsStore(folder / "weights", offline=True),
        Account(),
        learnt=lambda *_: None,
        scratch=folder,
    )
    return asyncio.run(cloud.rehearse([each.id for each in catalogue.instruments() if MODAL in each.places]))


def plain(declared: Declared, *, own: bool) -> dict[str, Any]:
    """Return what was declared, without what nobody said; `own`: with our own dependencies, whose versions vary."""
    said = msgspec.to_builtins(declared)
    silent = msgspec.to_builtins(UNSAID)
    kept = {name: value for name, value in said.items() if value != silent[name] and name != "image"}
    return kept | {"image": dict(steps(declared.image, own=own))}


def steps(lines: tuple[str, ...], *, own: bool) -> Iterator[tuple[str, Any]]:
    """Yield the steps that are ours; the base image and the words around them are the SDK's."""
    environment: dict[str, str] = {}
    for line in lines[lines.index("FROM base") :]:
        match shlex.split(line):
            case ["RUN", "/.uv/uv", "pip", "install", *rest]:
                packages = [each for each in rest if re.match(r"[\w.-]+[=<>]", each)]
                yield "packages", [re.sub("==.*", "==(as here)", each) if own else each for each in packages]
            case ["ENV", assignment]:
                name, _, value = assignment.partition("=")
                environment[name] = value
            case ["RUN_FUNCTION", name]:
                yield "runs", name
            case ["FROM" | "COPY", *_]:
                pass
            case _:
                yield "line", line
    environment.pop("HAUSMUSIK_DIGEST")
    yield "order", order(json.loads(environment.pop("HAUSMUSIK_ORDER")))
    yield "environment", environment


def order(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a container is told to be, with the folders of its weights instead of all their files."""
    told["context"]["files"] = sorted({str(PurePosixPath(path).parent) for path in told["context"]["files"].values()})
    return told


def text(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def test_declarations_are_those_that_were_reviewed(rehearsed: tuple[Rehearsal, ...], catalogue: Catalogue) -> None:
    found = text(
        {
            each.instrument: plain(each.declared, own=not catalogue.instrument(each.instrument).environment)
            for each in rehearsed
        }
    )
    if RENEW:
        REVIEWED.write_text(found, "utf-8")
        pytest.skip("declarations.json is written anew; review it")
    reviewed = REVIEWED.read_text("utf-8")
    if found != reviewed:
        diff = difflib.unified_diff(reviewed.splitlines(), found.splitlines(), "reviewed", "now", n=4, lineterm="")
        pytest.fail("\n".join([*diff, HOW]), pytrace=False)


def test_the_whole_catalogue_is_there(rehearsed: tuple[Rehearsal, ...], catalogue: Catalogue) -> None:
    assert {each.instrument for each in rehearsed} == {each.id for each in catalogue.instruments()}
    assert set(json.loads(REVIEWED.read_text("utf-8"))) == {each.instrument for each in rehearsed}


def test_a_container_has_the_python_of_its_caller_where_one_plays_here_too(
    rehearsed: tuple[Rehearsal, ...], catalogue: Catalogue
) -> None:
    ours = f"FROM python:{sys.version_info.major}.{sys.version_info.minor}."
    for each in rehearsed:
        expected = ours if "local" in catalogue.instrument(each.instrument).places else "FROM python:3.12."
        assert each.declared.image[0].startswith(expected), each.instrument


def test_limits_are_set_and_leave_room_for_a_start(rehearsed: tuple[Rehearsal, ...]) -> None:
    """Modal ends a start after the time of one play unless told otherwise, and without limits spends without end."""
    for each in rehearsed:
        assert each.declared.startup_timeout_s >= 1.5 * each.cold_start_s, each.instrument
        assert each.declared.timeout_s, each.instrument
        assert each.declared.max_containers, each.instrument
        assert each.declared.scaledown_window_s, each.instrument
        assert each.usd_per_day_idle == 0, each.instrument


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda entry: entry.update(gpu="H100"), '-  "gpu": "H100"'),
        (lambda entry: entry["image"]["packages"].append("left-pad==1"), '"left-pad==1"'),
    ],
)
def test_a_change_is_told_as_a_diff_with_what_to_do(
    rehearsed: tuple[Rehearsal, ...],
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], None],
    told: str,
) -> None:
    """The comparison itself, against a file that says something else."""
    other = json.loads(REVIEWED.read_text("utf-8"))
    change(other["kokoro"])
    (tmp_path / "other.json").write_text(text(other), "utf-8")
    monkeypatch.setattr(sys.modules[__name__], "REVIEWED", tmp_path / "other.json")
    monkeypatch.setattr(sys.modules[__name__], "RENEW", False)
    with pytest.raises(pytest.fail.Exception) as failed:
        test_declarations_are_those_that_were_reviewed(rehearsed, catalogue)
    assert told in str(failed.value)
    assert "HAUSMUSIK_RENEW=1" in str(failed.value)
