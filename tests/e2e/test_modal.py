"""Show 1: every embedded instrument, deployed to a control plane, plays the bytes there that it plays at home."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("modal")

import hausmusik
from hausmusik import ComposeOptions
from hausmusik.audio.files import decode
from hausmusik.codec import encode
from hausmusik.facade import House
from hausmusik.hosts.modal.plane import Declared
from hausmusik.hosts.modal.plane.options import own_interpreter
from hausmusik.types import (
    Done,
    EmbedRequest,
    JudgeRequest,
    MusicRequest,
    Phase,
    Request,
    SoundRequest,
    SpeakRequest,
    TranscribeRequest,
    Usage,
)
from tests.e2e.cloud import Desk, behind, desk
from tests.unit.hosts.modal.plane.deploying import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "strange-loops.json"
SPEECH = Path(__file__).parents[1] / "data" / "speech" / "heart_box.opus"
SETS = ("all-minilm-l6-v2", "sonic-pi-samples", "ovos-sounds", "timgm6mb")
REQUESTS: dict[str, Request] = {
    "kokoro": SpeakRequest(text="Hello from the cloud. It is the same voice.", voice={"bf_emma": 2.0, "am_adam": 1.0}),
    "composer": MusicRequest(prompt="calm piano and strings, D minor", duration_s=8, seed=3),
    "composer-small": MusicRequest(prompt="a slow waltz", duration_s=6, seed=4),
    "procedural": SoundRequest(prompt="steady rain on leaves", duration_s=5, seed=5),
    "clips": SoundRequest(prompt="a dog barks"),
    "whisper-base": TranscribeRequest(audio=decode(SPEECH), language="en"),
    "resemblyzer": JudgeRequest(audio=decode(SPEECH)),
    "minilm": EmbedRequest(texts=("A door slams shut.", "Rain drums on the roof. " * 90)),
}
DRAFT = SpeakRequest(text="The draft voice, too, costs $12.50.", seed=6)


@pytest.fixture(scope="module")
def piper_too(interpreter_of: Callable[[str], Path], weights: Callable[..., dict[str, str]]) -> Path:
    weights("piper-joe")
    return interpreter_of("piper")


@pytest.fixture(scope="module")
def cloud(
    house: House, weights: Callable[..., dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A desk from which all embedded instruments were deployed; `house` says that its weights are here."""
    weights(*SETS)
    with desk(tmp_path_factory.mktemp("modal")) as opened:
        opened.haus("deploy", *REQUESTS, "--yes")
        yield opened


@pytest.fixture(scope="module")
def both(cloud: Desk) -> Iterator[House]:
    """A house on that desk, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.plane.variables().items():
            patch.setenv(name, value)
        with opened(cloud.home) as house:
            yield house


def opened(home: Path, **environments: Path) -> House:
    settings = {"weights.folder": Path(os.environ["HAUSMUSIK_TEST_WEIGHTS"]), "weights.offline": True}
    return hausmusik.open(
        home=home, settings=settings | {f"environments.{name}": environments[name] for name in environments}
    )


def results(house: House, instrument: str, request: Request, on: str) -> list[bytes]:
    """Return all that was delivered but phases and what it took and cost."""
    events = house.play(instrument, request, run=house.new_run("comparison", on=on))
    return [encode(event) for event in events if not isinstance(event, Phase | Usage | Done)]


def answered(desk: Desk, instrument: str) -> int:
    """Return how many plays of an instrument the plane saw succeed."""
    calls = [each for each in desk.plane.calls() if (each.app, each.method) == (f"hausmusik-{instrument}", "play")]
    return sum(each.outcomes.count("success") for each in calls)


def test_every_embedded_instrument_is_deployed(cloud: Desk) -> None:
    assert cloud.versions() == dict.fromkeys(REQUESTS, "current")
    assert cloud.plane.unimplemented() == {}


@pytest.mark.parametrize("instrument", REQUESTS)
def test_the_same_bytes_as_at_home(both: House, cloud: Desk, instrument: str) -> None:
    before = answered(cloud, instrument)
    there = results(both, instrument, REQUESTS[instrument], "modal")
    until(lambda: answered(cloud, instrument) == before + 1)  # it ends a moment after its last result
    assert there
    assert there == results(both, instrument, REQUESTS[instrument], "local")


def test_the_same_files_from_the_command_line(cloud: Desk) -> None:
    for on in ("local", "modal"):
        cloud.haus("speak", "One line.", "-i", "kokoro", "--on", on, "-o", f"{on}.wav")
        cloud.haus("sound", "a dog barks", "--on", on, "-o", f"{on}.flac")  # by the router
    for kind in ("wav", "flac"):
        assert (cloud.folder / f"local.{kind}").read_bytes() == (cloud.folder / f"modal.{kind}").read_bytes()
    words = {on: cloud.haus("transcribe", str(SPEECH), "--json", "--on", on).json for on in ("local", "modal")}
    assert words["local"]["text"]
    assert words["local"]["text"] == words["modal"]["text"]


def test_the_example_is_the_same_piece(cloud: Desk, house: House, tmp_path: Path) -> None:
    """All takes are made there, from a home without any; the master is made here, of equal takes."""
    shutil.copy(EXAMPLE, tmp_path)
    score = tmp_path / EXAMPLE.name
    names = ("kokoro", "composer", "procedural", "clips")
    before = sum(answered(cloud, name) for name in names)
    finished = cloud.haus("compose", str(score), "--on", "modal", "-o", str(tmp_path / "there.flac"), "--json").json
    assert finished["made"] > 20
    until(lambda: sum(answered(cloud, name) for name in names) - before == finished["made"])
    house.compose(score, options=ComposeOptions(out=tmp_path / "here.flac"))
    there = {path.name.partition(".")[2]: path.read_bytes() for path in tmp_path.glob("there.*")}
    here = {path.name.partition(".")[2]: path.read_bytes() for path in tmp_path.glob("here.*")}
    assert there.keys() == here.keys() >= {"flac", "mp3", "voice.flac", "music.flac", "sound.flac", "srt", "png"}
    assert {name for name in there if there[name] != here[name]} <= {"report.json"}  # it names its own files


def test_the_draft_voice_in_its_own_interpreter(
    piper_too: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("modal-piper")
    python = str(behind(folder / "interpreter", piper_too))

    def interpreter(declared: Declared) -> str:
        return python if declared.app == "hausmusik-piper" else own_interpreter(declared)

    with desk(folder, interpreter=interpreter, ENVIRONMENTS__PIPER=str(piper_too)) as cloud:
        cloud.haus("deploy", "piper", "--yes")
        for name, value in cloud.plane.variables().items():
            monkeypatch.setenv(name, value)
        with opened(cloud.home, piper=piper_too) as house:
            there = results(house, "piper", DRAFT, "modal")
            assert there
            assert there == results(house, "piper", DRAFT, "local")
        until(lambda: answered(cloud, "piper") == 1)
