"""Every page is followed to the letter: with tones for instruments, and with the real ones.

The tones have the voices of the real ones, so that names in a page are names; what a page says that it prints is
compared where the real instruments play.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hausmusik.hosts.modal.plane import Plane
from hausmusik.instruments.catalogue import Catalogue
from tests.docs.blocks import DOCS, README, blocks_of, pages
from tests.docs.outcomes import OUTCOMES
from tests.docs.walk import Walk
from tests.interfaces import tones

REFERENCE = DOCS / "reference"
FOLLOWED = [page for page in pages() if REFERENCE not in page.parents]
NEED_WEIGHTS = {DOCS / "how-to" / "keep-weights.md"}
"""Pages that are about weights: tones have none."""
NEED_AN_ACCOUNT = {DOCS / "how-to" / "play-on-modal.md"}
"""Pages that are about the user's cloud, and name instruments that are there: a control plane stands for the account."""


def _name(page: Path) -> str:
    return page.stem


def _nothing(_folder: Path) -> None:
    """Most pages say all that there is to see."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "page",
    # The first page is worth its 3 s in the unit suite; without weights the others are followed by `scripts/test --all`.
    [
        pytest.param(page, marks=() if page == README else pytest.mark.slow)
        for page in FOLLOWED
        if page not in NEED_WEIGHTS | NEED_AN_ACCOUNT
    ],
    ids=_name,
)
def test_with_tones(page: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voices = [voice.id for voice in Catalogue.load().instrument("kokoro").voices]
    tones.move_in(home, voices=voices)
    for name, value in tones.environment().items():
        monkeypatch.setenv(name, value)
    walk = Walk(tmp_path, compares=False, quick=True)
    walk.follow(page)
    OUTCOMES.get(page.stem, _nothing)(walk.folder)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", FOLLOWED, ids=_name)
def test_with_the_real_instruments(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    weights: Callable[..., dict[str, str]],
    closing: ExitStack,
) -> None:
    weights(*(each.id for each in Catalogue.load().embedded()))
    folder = os.environ["HAUSMUSIK_TEST_WEIGHTS"]
    networked = {"HAUSMUSIK_HOME": str(tmp_path / "networked"), "HAUSMUSIK_WEIGHTS__FOLDERS": folder}
    if page not in NEED_WEIGHTS:
        monkeypatch.setenv("HAUSMUSIK_WEIGHTS__FOLDER", str(_only_embedded(Path(folder), tmp_path / "weights")))
        monkeypatch.setenv("HAUSMUSIK_WEIGHTS__OFFLINE", "true")
    if page in NEED_AN_ACCOUNT:
        plane = closing.enter_context(Plane(tmp_path / "account"))
        for name, value in plane.variables().items():
            monkeypatch.setenv(name, value)
    walk = Walk(tmp_path, compares=True, machines={"networked": networked})  # takes over the variables as they are now
    if page in NEED_WEIGHTS:
        # The page says what is not on the stick.
        for needed in _weights_of("kokoro", "composer"):
            shutil.copytree(Path(folder, needed), walk.folder / "stick" / needed, copy_function=os.symlink)
    walk.follow(page)
    OUTCOMES.get(page.stem, _nothing)(walk.folder)


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _only_embedded(folder: Path, view: Path) -> Path:
    """A reader's own weights: those that `haus pull --embedded` brings, whatever else lies in the kept folder.

    With a language model of 1.1 GB there, `chat` and the types of names would be asked of it, for minutes.
    """
    view.mkdir()
    for each in Catalogue.load().embedded():
        (view / each.id).symlink_to(folder / each.id, target_is_directory=True)
    return view


def _weights_of(*names: str) -> set[str]:
    catalogue = Catalogue.load()
    return {needed for name in names for needed in catalogue.instrument(name).weights}


def test_every_page_has_something_to_follow() -> None:
    assert README in FOLLOWED
    assert all(blocks_of(page) for page in FOLLOWED)
    assert set(OUTCOMES) <= {page.stem for page in FOLLOWED}
