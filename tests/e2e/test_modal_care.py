"""Looking after deployments: weights in a Volume, an engine of one's own, other versions, logs, and what is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

modal = pytest.importorskip("modal")

from hausmusik.audio.files import decode
from hausmusik.hosts.modal.app import WEIGHTS_VOLUME
from hausmusik.hosts.modal.places import WEIGHTS_MOUNT
from tests.docs.blocks import blocks_of
from tests.e2e.cloud import Desk, desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-an-instrument.md"
CLIPS = """
[[instrument]]
id = "far-clips"
task = "sound"
one_shot = true
title = "Clips whose weights lie in a Volume"
engine = "hausmusik.engines.clips:ClipsEngine"
weights = ["sonic-pi-samples"]
places = ["local", "modal"]
memory_mib = 160
sample_rate_hz = 44100
options = { vocabulary = "clips" }

[instrument.licence]
code = "Apache-2.0"
weights = "CC0-1.0"
commercial = true
credit = "Sonic Pi samples (freesound.org), CC0"

[instrument.measured]
unit = "audio_s"
cpu_s_per_unit = 0.01
cold_start_s = 0.5
on = "a test"

[instrument.serving]
weights_in = "volume"
"""


@pytest.fixture(scope="module")
def cloud(weights: Callable[..., dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    weights("sonic-pi-samples")
    with desk(tmp_path_factory.mktemp("modal-care")) as opened:
        yield opened


@pytest.fixture
def bells(cloud: Desk) -> Iterator[Path]:
    """The engine of the how-to page, added and deployed; returns its file in `instruments.d`."""
    files = {each.details: each.body for each in blocks_of(PAGE) if each.note == "file"}
    entry = files["bells.toml"].replace('task = "sound"', 'task = "sound"\nplaces = ["local", "modal"]')
    (cloud.folder / "bells.py").write_text(files["bells.py"], "utf-8")
    (cloud.folder / "bells.toml").write_text(entry, "utf-8")
    cloud.haus("instruments", "add", "bells.toml")
    cloud.haus("deploy", "bells", "--yes")
    yield cloud.home / "instruments.d" / "bells.py"
    if "bells" in cloud.versions():
        cloud.haus("undeploy", "bells", "--yes")
    cloud.haus("instruments", "remove", "bells")


def ring(cloud: Desk, on: str, name: str) -> bytes:
    cloud.haus("sound", "a bell", "--seconds", "2", "-i", "bells", "--on", on, "-o", name)
    return (cloud.folder / name).read_bytes()


def test_weights_in_a_volume_are_sent_once_and_read_there(cloud: Desk) -> None:
    (cloud.folder / "far-clips.toml").write_text(CLIPS, "utf-8")
    cloud.haus("instruments", "add", "far-clips.toml")
    assert WEIGHTS_VOLUME not in cloud.plane.volumes()
    cloud.haus("deploy", "far-clips", "--yes")
    sent = cloud.plane.rpcs()["VolumePutFiles"]
    assert sent >= 1
    folder = cloud.plane.volumes()[WEIGHTS_VOLUME]
    (there,) = folder.glob("sonic-pi-samples/*")
    here = Path(os.environ["HAUSMUSIK_TEST_WEIGHTS"]) / there.relative_to(folder)
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {
        path.name: path.read_bytes() for path in here.iterdir()
    }
    (declared,) = (each for each in cloud.plane.declared() if each.app == "hausmusik-far-clips")
    assert declared.volumes == {WEIGHTS_MOUNT: WEIGHTS_VOLUME}
    assert not list(cloud.plane.folder.glob(f"trees/*{WEIGHTS_MOUNT}"))  # so that the Volume is all it can have read
    for on in ("local", "modal"):
        cloud.haus("sound", "vinyl scratch", "-i", "far-clips", "--on", on, "-o", f"far-{on}.wav")
    assert (cloud.folder / "far-local.wav").read_bytes() == (cloud.folder / "far-modal.wav").read_bytes()
    cloud.haus("deploy", "far-clips", "--yes")
    assert cloud.plane.rpcs()["VolumePutFiles"] == sent
    modal.Volume.objects.delete(WEIGHTS_VOLUME, client=cloud.plane.client())
    cloud.haus("deploy", "far-clips", "--yes")
    cloud.haus("sound", "vinyl scratch", "-i", "far-clips", "--on", "modal", "--seed", "1", "-o", "far-again.wav")
    assert cloud.plane.rpcs()["VolumePutFiles"] > sent


def test_an_engine_of_ones_own(cloud: Desk, bells: Path) -> None:
    assert ring(cloud, "local", "here.wav") == ring(cloud, "modal", "there.wav")
    assert decode(cloud.folder / "there.wav").duration_s == pytest.approx(2.0, abs=0.01)
    assert cloud.versions()["bells"] == "current"
    costs = cloud.haus("costs", "--by", "instrument", "--json").json
    assert "bells" in str(costs)


def test_an_edited_engine_plays_only_after_it_was_deployed_again(cloud: Desk, bells: Path) -> None:
    before = ring(cloud, "modal", "before.wav")
    bells.write_text(bells.read_text("utf-8").replace('"tone_hz", 220.0', '"unheard", 220.0'), "utf-8")
    assert cloud.versions()["bells"] == "other"
    assert "haus deploy bells" in cloud.haus("status").err
    refused = cloud.haus("sound", "a bell", "-i", "bells", "--on", "modal", "-o", "none.wav", code=3)
    assert "another version than here" in refused.err
    assert "haus deploy bells" in refused.err
    assert not (cloud.folder / "none.wav").exists()
    cloud.haus("deploy", "bells", "--yes")
    assert cloud.versions()["bells"] == "current"
    after = ring(cloud, "modal", "after.wav")
    assert after != before
    assert after == ring(cloud, "local", "after-here.wav")


def test_what_containers_print_is_shown(cloud: Desk, bells: Path) -> None:
    bells.write_text(bells.read_text("utf-8").replace("    def load(", "    print('bells are cast')\n\n    def load("))
    cloud.haus("deploy", "bells", "--yes")
    ring(cloud, "modal", "logged.wav")
    assert "bells are cast" in cloud.haus("logs", "bells").out


def test_an_undeployed_instrument_is_gone(cloud: Desk, bells: Path) -> None:
    ring(cloud, "modal", "once.wav")
    cloud.haus("undeploy", "bells", "--yes")
    assert "bells" not in cloud.versions()
    assert all(each.why for each in cloud.plane.lives() if each.app == "hausmusik-bells")
    for words in (
        ("sound", "a bell", "-i", "bells", "--on", "modal", "-o", "gone.wav"),
        ("undeploy", "bells", "--yes"),
        ("logs", "bells"),
    ):
        assert "bells" in cloud.haus(*words, code=5).err, words
    assert ring(cloud, "local", "at-home.wav")


def test_what_was_never_deployed(cloud: Desk) -> None:
    told = cloud.haus("speak", "Hello", "-i", "kokoro", "--on", "modal", "-o", "none.wav", code=5)
    assert "haus deploy kokoro" in told.err


def test_a_planned_instrument_is_rehearsed_and_not_deployed(cloud: Desk) -> None:
    (rehearsed,) = cloud.haus("deploy", "bark", "--dry-run", "--json").json["deployments"]
    assert rehearsed["declared"]["gpu"] == "T4"
    for words in (("deploy", "bark", "--yes"), ("speak", "Hello", "-i", "bark", "--on", "modal", "-o", "none.wav")):
        assert "not played in this version" in cloud.haus(*words, code=3).err, words
    assert "bark" not in cloud.versions()


def test_without_a_question_nothing_is_deployed(cloud: Desk) -> None:
    assert "--yes" in cloud.haus("deploy", "procedural", code=2).err
    assert "procedural" not in cloud.versions()


COMMANDS = (
    ("status",),
    ("deploy", "procedural", "--yes"),
    ("undeploy", "procedural", "--yes"),
    ("sound", "rain", "--seconds", "1", "-i", "procedural", "--on", "modal", "-o", "none.wav"),
    ("logs", "procedural"),
    ("cool", "procedural"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_no_token(cloud: Desk, words: tuple[str, ...]) -> None:
    (cloud.folder / "empty.toml").touch()
    nobody = {"MODAL_CONFIG_PATH": str(cloud.folder / "empty.toml"), "MODAL_SERVER_URL": cloud.plane.url}
    told = cloud.haus(*words, code=4, account=nobody)
    assert "there is no Modal token here" in told.err
    assert "modal token new" in told.err


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_token_that_is_not_taken(cloud: Desk, words: tuple[str, ...]) -> None:
    stranger = cloud.plane.variables() | {"MODAL_TOKEN_SECRET": "as-somebody-elses"}
    told = cloud.haus(*words, code=4, account=stranger)
    assert re.search(r"modal token new", told.err), told.err
    assert "somebody" not in told.out + told.err


def test_a_dry_run_needs_no_account(cloud: Desk) -> None:
    (cloud.folder / "empty.toml").touch()
    nobody = {"MODAL_CONFIG_PATH": str(cloud.folder / "empty.toml")}
    rehearsed = cloud.haus("deploy", "kokoro", "clips", "--dry-run", "--json", account=nobody).json["deployments"]
    assert [each["instrument"] for each in rehearsed] == ["kokoro", "clips"]
