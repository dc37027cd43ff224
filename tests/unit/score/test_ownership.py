"""A render never writes over an author's own files, and may always write over its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hausmusik.audio.files import write_audio
from hausmusik.errors import OutputError
from hausmusik.testing import sine
from tests.unit.score.build import segment, sound, voice
from tests.unit.score.test_compose import Studio

PIECE = segment(sound(id="s"), voice("Hello.", id="v"), duration_s=3)


@pytest.fixture
def studio(tmp_path: Path, plain_pictures: None):
    made = Studio(tmp_path)
    (tmp_path / "out").mkdir()
    yield made
    made.journal.close()


def recording(studio: Studio, name: str) -> dict[str, object]:
    path = studio.folder / name
    path.parent.mkdir(exist_ok=True)
    write_audio(path, sine(440, 2.0))
    return segment({"layer": "file", "path": name}, duration_s=3)


@pytest.mark.parametrize("name", ["out/piece.flac", "out/piece.sound.flac"])
async def test_a_recording_that_the_piece_is_made_from_is_never_written_over(studio: Studio, name: str) -> None:
    score = recording(studio, name)
    before = (studio.folder / name).read_bytes()
    with pytest.raises(OutputError, match="made from"):
        await studio.compose(score, options={"overwrite": True})
    assert (studio.folder / name).read_bytes() == before
    assert not (studio.folder / "out" / "piece.report.json").exists()


async def test_through_a_link_too(studio: Studio) -> None:
    score = recording(studio, "mine.flac")
    (studio.folder / "out" / "piece.flac").symlink_to(studio.folder / "mine.flac")
    with pytest.raises(OutputError, match="made from"):
        await studio.compose(score)


@pytest.mark.parametrize("name", ["piece.flac", "piece.png", "piece.srt", "piece.report.json"])
async def test_somebody_elses_file_stays_unless_it_may_go(studio: Studio, name: str) -> None:
    own = studio.folder / "out" / name
    own.write_text('{"my": "own"}')
    with pytest.raises(OutputError, match=name) as caught:
        await studio.compose(PIECE)
    assert "--overwrite" in caught.value.hint
    assert own.read_text() == '{"my": "own"}'
    assert studio.player.counts == {}, "refused before anything was played"
    await studio.compose(PIECE, options={"overwrite": True})
    assert own.read_bytes() != b'{"my": "own"}'


async def test_a_folder_in_the_way_is_told(studio: Studio) -> None:
    (studio.folder / "out" / "piece.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        await studio.compose(PIECE, options={"overwrite": True})


@pytest.mark.slow
async def test_its_own_files_are_replaced_in_any_format(studio: Studio) -> None:
    folder = studio.folder / "out"
    await studio.compose(PIECE)
    await studio.compose(PIECE, options={"out": folder / "piece.wav"})
    assert {"piece.flac", "piece.wav"} <= {path.name for path in folder.iterdir()}
    (folder / "piece.flac").write_bytes(b"edited")
    await studio.compose(PIECE)
    assert (folder / "piece.flac").stat().st_size > 1_000


async def test_the_name_that_was_asked_for_is_the_name_it_gets(studio: Studio) -> None:
    finished = await studio.compose(PIECE, options={"out": studio.folder / "out" / "piece.ogg"})
    assert finished.path.name == "piece.ogg"
    assert {"piece.ogg", "piece.flac"} <= {path.name for path in (studio.folder / "out").iterdir()}


async def test_a_render_that_was_killed_between_two_files_can_go_on(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[str] = []

    def dying(path: Path, target: Path) -> Path:
        if len(moved) == 2 and target.parent.name == "out" and target.name.startswith("piece"):
            raise RuntimeError
        moved.append(target.name)
        return path.rename(target)

    with monkeypatch.context() as patch:
        patch.setattr(
            "hausmusik.score.render._deliver",
            lambda file, targets: dying(file.path, targets.base.with_name(file.path.name)),
        )
        with pytest.raises(RuntimeError):
            await studio.compose(PIECE)
    claimed = json.loads((studio.folder / "out" / "piece.report.json").read_text())
    assert claimed["inputs"] == ""
    assert set(moved) < set(claimed["written"])
    finished = await studio.compose(PIECE)
    assert not finished.reused
    assert json.loads((studio.folder / "out" / "piece.report.json").read_text())["warnings"] == []


@pytest.mark.slow
async def test_stems_and_captions_that_are_no_longer_made_go_but_edited_ones_stay(studio: Studio) -> None:
    folder = studio.folder / "out"
    await studio.compose(PIECE)
    (folder / "piece.srt").write_text("edited by hand")
    await studio.compose(segment(sound(id="s"), duration_s=3), master={"formats": ["flac"], "stems": False})
    names = {path.name for path in folder.iterdir()}
    assert "piece.sound.flac" not in names
    assert "piece.vtt" not in names
    assert (folder / "piece.srt").read_text() == "edited by hand"


async def test_a_preview_needs_no_leave_but_spares_recordings(studio: Studio) -> None:
    preview = {"preview": (0.0, 1.0)}
    (studio.folder / "out" / "piece.flac").write_text("mine")
    await studio.compose(PIECE, options=preview)
    await studio.compose(PIECE, options=preview)
    assert (studio.folder / "out" / "piece.flac").read_text() == "mine"
    with pytest.raises(OutputError, match="made from"):
        await studio.compose(recording(studio, "out/piece.preview.flac"), options=preview)
