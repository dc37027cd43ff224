from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from hausmusik.audio.files import decode, probe, write_audio
from hausmusik.audio.wav import write_wav
from hausmusik.clock import SystemClock, TimeIds
from hausmusik.errors import (
    Cancelled,
    EngineError,
    NotFoundError,
    OutputError,
    PartialFailure,
    ScoreError,
    StoreError,
    UsageError,
)
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.model import NewStep
from hausmusik.jobs.stop import Stop
from hausmusik.score.check import open_score
from hausmusik.score.compose import ComposeOptions, Composer
from hausmusik.score.history import load_history
from hausmusik.score.plan import locked_name
from hausmusik.score.progress import Finished, Progress
from hausmusik.score.rounds import _step_key
from hausmusik.takes.store import TakeStore, copy_take
from hausmusik.testing import FakePlayer, Fault, FaultSchedule, sine
from hausmusik.types import Run
from tests.unit.score.build import music, segment, sound, voice, write

DEFAULTS: dict[Any, str] = {"speak": "tone-speak", "music": "tone-music", "sound": "tone-sound"}


class Studio:
    """A composer over the tone engine, in one folder."""

    def __init__(self, folder: Path, player: FakePlayer | None = None) -> None:
        self.folder = folder
        self.player = player or FakePlayer()
        self.takes = TakeStore(folder / "takes")
        clock = SystemClock()
        self.journal = Journal(folder / "jobs.sqlite", clock=clock, ids=TimeIds(clock))
        self.composer = Composer(
            self.player, self.takes, self.journal, clock=clock, renders=folder / "renders", defaults=DEFAULTS,
            capacity=lambda _run, _instruments: 2,
        )  # fmt: skip
        self.told: list[Progress] = []

    async def compose(
        self, *segments: dict[str, Any], stop: Stop | None = None, options: dict[str, Any] | None = None, **more: Any
    ) -> Finished:
        opened = open_score(write(self.folder, *segments, **more))
        given = {"out": self.folder / "out" / "piece.flac", **(options or {})}
        (self.folder / "out").mkdir(exist_ok=True)
        return await self.composer.compose(
            opened, ComposeOptions(**given), run=Run(id="r"), stop=stop or Stop(), on_progress=self.told.append
        )


@pytest.fixture
def studio(tmp_path: Path, plain_pictures: None):
    made = Studio(tmp_path)
    yield made
    made.journal.close()


PIECE = segment(
    voice("Hello there, this is a test.", id="a", at_s=1.0),
    voice("And this is the end.", id="b"),
    music(id="m"),
    sound(id="s", gain_db=-10),
    tail_s=0.5,
    title="Only part",
)


def out_files(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "out").iterdir())
        if not path.name.startswith(".")
    }


async def test_what_instruments_remark_is_told_once_with_its_cue(tmp_path: Path) -> None:
    studio = Studio(tmp_path, FakePlayer(options={"remark": "there is no theremin here"}))
    finished = await studio.compose(segment(music(id="m"), sound(id="s"), duration_s=2))
    again = await studio.compose(segment(music(id="m"), sound(id="s"), duration_s=2))
    assert again.reused
    assert again.warnings == finished.warnings
    assert [each for each in finished.warnings if "theremin" in each] == ["one/m: there is no theremin here"]
    studio.journal.close()


async def test_a_piece_and_its_companions(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    finished = await studio.compose(PIECE, master={"formats": ["flac", "mp3"]})
    assert set(out_files(studio.folder)) == {
        "piece.flac", "piece.mp3", "piece.voice.flac", "piece.music.flac", "piece.sound.flac", "piece.srt",
        "piece.vtt", "piece.png", "piece.cover.jpg", "piece.credits.md", "piece.report.json",
    }  # fmt: skip
    assert (finished.made, finished.kept, finished.reused) == (4, 0, False)
    assert finished.loudness_lufs == pytest.approx(-16, abs=0.5)
    assert finished.true_peak_dbtp <= -1
    report = json.loads((studio.folder / "out" / "piece.report.json").read_text())
    pieces = [entry for entry in report["files"] if entry["role"] == "piece"]
    assert all(entry["true_peak_dbtp"] <= -1 for entry in pieces)
    assert probe(finished.path).duration_s == pytest.approx(report["duration_s"], abs=0.001)
    assert "Hello there" in (studio.folder / "out" / "piece.srt").read_text()
    assert "CC0-1.0" in (studio.folder / "out" / "piece.credits.md").read_text()
    studio.journal.close()


async def test_stems_sum_to_the_mix_before_mastering(studio: Studio) -> None:
    finished = await studio.compose(PIECE)
    report = json.loads((studio.folder / "out" / "piece.report.json").read_text())
    stems = [decode(studio.folder / "out" / f"piece.{layer}.flac").samples for layer in ("voice", "music", "sound")]
    total = np.sum(stems, axis=0) * 10 ** (-report["stems_gain_db"] / 20)
    piece = decode(finished.path).samples
    if report["master"]["limiter_max_reduction_db"] == 0:
        residual = piece - total * 10 ** (report["master"]["gain_db"] / 20)
        assert 20 * np.log10(np.abs(residual).max() + 1e-12) < -90


async def test_run_again_nothing_is_played_or_written(studio: Studio) -> None:
    await studio.compose(PIECE)
    before, plays = out_files(studio.folder), len(studio.player.plays)
    finished = await studio.compose(PIECE)
    assert finished.reused
    assert len(studio.player.plays) == plays
    assert out_files(studio.folder) == before


@pytest.mark.slow
async def test_a_companion_that_was_lost_or_changed_is_written_again(studio: Studio) -> None:
    await studio.compose(PIECE)
    before = out_files(studio.folder)
    (studio.folder / "out" / "piece.srt").unlink()
    (studio.folder / "out" / "piece.flac").write_bytes(b"broken")
    assert not (await studio.compose(PIECE)).reused
    assert out_files(studio.folder) == before


async def test_one_changed_line_makes_one_take(studio: Studio) -> None:
    fixed = {**PIECE, "duration_s": 9}
    await studio.compose(fixed, segment(music(duration_s=3), id="two"))
    studio.player.plays.clear()
    changed = {**fixed, "cues": [{**PIECE["cues"][0], "text": "Hello here, this is a test."}, *PIECE["cues"][1:]]}
    finished = await studio.compose(changed, segment(music(duration_s=3), id="two"))
    assert finished.made == 1
    assert studio.player.counts == {"tone-speak": 1}


async def test_a_changed_gain_plays_nothing(studio: Studio) -> None:
    await studio.compose(PIECE)
    studio.player.plays.clear()
    finished = await studio.compose({**PIECE, "cues": [*PIECE["cues"][:3], {**PIECE["cues"][3], "gain_db": -20}]})
    assert (finished.made, finished.reused) == (0, False)
    assert not studio.player.plays


@pytest.mark.slow
async def test_two_studios_give_equal_bytes(tmp_path: Path) -> None:
    results = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        studio = Studio(tmp_path / name)
        await studio.compose(PIECE, master={"formats": ["flac", "mp3", "opus", "m4a", "wav"]})
        studio.journal.close()
        results.append(out_files(tmp_path / name))
    assert results[0] == results[1]


async def test_a_failed_take_keeps_the_others_and_the_next_run_makes_only_it(tmp_path: Path) -> None:
    studio = Studio(tmp_path, FakePlayer(faults=FaultSchedule({1: Fault(error=EngineError("boom"))})))
    with pytest.raises((PartialFailure, EngineError)):
        await studio.compose(PIECE)
    kept = len(list(studio.takes))
    assert kept >= 1
    finished = await studio.compose(PIECE)
    assert finished.made == 4 - kept
    studio.journal.close()


async def test_asked_to_stop_it_finishes_the_take_in_flight_and_keeps_it(tmp_path: Path) -> None:
    studio = Studio(tmp_path, FakePlayer(faults=FaultSchedule(otherwise=Fault(delay_s=0.02))))
    stop = Stop()

    async def interrupt() -> None:
        await asyncio.sleep(0.05)
        stop.drain()

    task = asyncio.create_task(interrupt())
    with pytest.raises(Cancelled, match="kept"):
        await studio.compose(PIECE, stop=stop)
    await task
    assert list(studio.takes)
    assert not (tmp_path / "out" / "piece.flac").exists()
    studio.journal.close()


async def test_preview_makes_only_what_is_heard(studio: Studio) -> None:
    two = segment(voice("Never heard in the preview.", id="z"), id="two")
    finished = await studio.compose(PIECE, two, options={"preview": (0.0, 1.5)})
    assert finished.path.name == "piece.preview.flac"
    assert probe(finished.path).duration_s == pytest.approx(1.5, abs=0.01)
    assert "two/z" not in {play.run.cue for play in studio.player.plays}
    with pytest.raises(OutputError, match="only"):
        await studio.compose(PIECE, options={"preview": (500.0, 501.0)})


async def test_only_limits_what_is_made_and_force_makes_it_anew(studio: Studio) -> None:
    with pytest.raises(NotFoundError, match="no take yet"):
        await studio.compose(PIECE, options={"only": ("one/a",)})
    assert studio.player.counts == {"tone-speak": 1}
    await studio.compose(PIECE)
    studio.player.plays.clear()
    await studio.compose(PIECE, options={"only": ("voice",), "force": True})
    assert studio.player.counts == {"tone-speak": 2}
    with pytest.raises(NotFoundError, match="no cue, segment or layer"):
        await studio.compose(PIECE, options={"only": ("nothing",)})


async def test_a_locked_take_whose_sound_was_edited_is_rendered_again(studio: Studio) -> None:
    piece = segment(voice("Hello there, this is a test.", id="a"))
    first = await studio.compose(piece)
    (take,) = studio.takes
    kept = copy_take(take, open_score(studio.folder / "piece.json").takes_folder / locked_name("one/a"))
    write_wav(kept.audio_path, sine(880, take.record.duration_s, rate_hz=take.record.sample_rate_hz))
    again = await studio.compose(piece)
    assert not again.reused
    assert again.files[0].sha256 != first.files[0].sha256
    assert (await studio.compose(piece)).reused


async def test_a_locked_take_is_heard_and_not_the_one_of_the_same_key_in_the_store(studio: Studio) -> None:
    piece = segment(voice("Hello there, this is a test.", id="a"))
    first = await studio.compose(piece)
    (take,) = studio.takes
    copy_take(take, open_score(studio.folder / "piece.json").takes_folder / locked_name("one/a"))
    write_wav(take.audio_path, sine(880, take.record.duration_s, rate_hz=take.record.sample_rate_hz))
    assert (await studio.compose(piece)).files[0].sha256 == first.files[0].sha256


async def test_a_step_that_another_process_took_for_a_leftover_is_made_after_all(studio: Studio) -> None:
    piece = segment(voice("Hello there, this is a test.", id="a"))
    path = write(studio.folder, piece)
    (cue,) = studio.composer.planner(open_score(path), run=Run(id="r")).plan().cues
    job = studio.journal.open_job("compose", key=str(path.resolve()), steps=[NewStep(key=_step_key(cue))])
    step = studio.journal.claim(job.id, "somebody else")
    assert step is not None
    studio.journal.finish(step)
    finished = await studio.compose(piece)
    assert (finished.made, studio.player.counts) == (1, {"tone-speak": 1})


async def test_jobs_that_ended_long_ago_are_forgotten(studio: Studio) -> None:
    past = Journal(studio.folder / "jobs.sqlite", clock=_Earlier(31), ids=TimeIds())
    for key in "ab":
        past.open_job("compose", key=key, steps=[NewStep(key="x")])
    past.cancel(past.jobs()[0].id)
    past.close()
    await studio.compose(segment(voice("Hello there.", id="a")))
    assert [job.state for job in studio.journal.jobs()] == ["done", "open"], "one that is open is never forgotten"


class _Earlier(SystemClock):
    def __init__(self, days: int) -> None:
        self._days = days

    def now(self) -> datetime:
        return super().now() - timedelta(days=self._days)


@pytest.mark.slow
async def test_a_history_that_cannot_be_kept_costs_nothing_and_a_preview_forgets_nothing(studio: Studio) -> None:
    two = (PIECE, segment(voice("Two.", id="z"), id="two"))
    await studio.compose(*two)
    before = load_history(studio.folder / "renders", studio.folder / "piece.json")
    assert set(before) == {"one/a", "one/b", "one/m", "one/s", "two/z"}
    await studio.compose(*two, options={"preview": (0.0, 1.5)})
    assert load_history(studio.folder / "renders", studio.folder / "piece.json") == before
    shutil.rmtree(studio.folder / "renders")
    (studio.folder / "renders").write_text("in the way")
    assert (await studio.compose(*two, seed=3)).path.is_file()


@pytest.mark.slow
async def test_ducking_lowers_music_under_speech_by_its_depth(studio: Studio) -> None:
    piece = segment(
        voice("One two three four five six.", id="v", at_s=3), music(id="m", duck={"depth_db": 12}), duration_s=9
    )
    await studio.compose(piece, options={"formats": ("wav",)})
    ducked = decode(studio.folder / "out" / "piece.music.flac").samples
    await studio.compose({**piece, "cues": [piece["cues"][0], {**piece["cues"][1], "duck": False}]})
    plain = decode(studio.folder / "out" / "piece.music.flac").samples
    rate, rms = 48_000, lambda x: np.sqrt(np.mean(np.square(x)))
    during, before = slice(int(3.2 * rate), int(4.0 * rate)), slice(int(1.0 * rate), int(2.0 * rate))
    assert 20 * np.log10(rms(ducked[:, during]) / rms(plain[:, during])) == pytest.approx(-12, abs=0.1)
    assert 20 * np.log10(rms(ducked[:, before]) / rms(plain[:, before])) == pytest.approx(0, abs=0.1)


async def test_a_file_of_ones_own_is_placed_and_can_duck_others(studio: Studio) -> None:
    write_audio(studio.folder / "talk.wav", sine(440, 1.0, level_db=-12))
    cues = [
        {
            "layer": "file",
            "id": "talk",
            "path": "talk.wav",
            "at_s": 2.0,
            "bus": "voice",
            "credit": "Me",
            "commercial": False,
        },
        music(id="m", duck={"by": ["talk"], "depth_db": 20}),
    ]
    finished = await studio.compose(segment(*cues, duration_s=5))
    assert "NON-COMMERCIAL" in finished.use
    stem = decode(studio.folder / "out" / "piece.music.flac").samples
    rms = [np.sqrt(np.mean(np.square(stem[:, int(a * 48_000) : int(b * 48_000)]))) for a, b in ((2.2, 2.8), (0.8, 1.4))]
    assert 20 * np.log10(rms[0] / rms[1]) < -15
    assert np.abs(decode(studio.folder / "out" / "piece.voice.flac").samples[:, :48_000]).max() < 1e-4


@pytest.mark.slow
async def test_every_fit(studio: Studio) -> None:
    write_audio(studio.folder / "x.wav", sine(440, 1.0))
    for fit, sounding_s in (("trim", 1.0), ("loop", 2.5), ("stretch", 1.8)):
        slot = sounding_s if fit != "trim" else 2.5
        cue = {"layer": "file", "path": "x.wav", "fit": fit, "duration_s": slot}
        finished = await studio.compose(segment(cue, duration_s=4))
        samples = decode(finished.path).samples[0]
        heard = np.flatnonzero(np.abs(samples) > 0.01)[-1] / 48_000
        assert heard == pytest.approx(sounding_s, abs=0.08), fit
    with pytest.raises(ScoreError, match="cannot be stretched"):
        await studio.compose(
            segment({"layer": "file", "path": "x.wav", "fit": "stretch", "duration_s": 3}, duration_s=4)
        )


async def test_outputs_that_cannot_be(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no audio format"):
        await studio.compose(PIECE, options={"out": tmp_path / "piece.xyz"})
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(OutputError):
        await studio.compose(PIECE, options={"out": tmp_path / "blocked" / "piece.flac"})
    assert not studio.player.plays


async def test_a_render_that_was_killed_leaves_scratch_that_the_next_one_removes(studio: Studio) -> None:
    (studio.folder / "out").mkdir()
    scratch = studio.folder / "out" / ".piece.rendering-abc"
    scratch.mkdir()
    (scratch / "master.wav").write_bytes(b"half")
    (scratch / ".in-use").touch()
    await studio.compose(PIECE)
    assert not scratch.exists()
    assert not [path for path in (studio.folder / "out").iterdir() if path.name.startswith(".")]


async def test_the_scratch_of_a_render_that_goes_on_stays(studio: Studio) -> None:
    scratch = studio.folder / "out" / ".piece.rendering-abc"
    scratch.mkdir(parents=True)
    begun = studio.folder / "out" / ".piece.rendering-def"  # its lock is not yet there
    begun.mkdir()
    with FileLock(scratch / ".in-use"):
        await studio.compose(PIECE)
        assert scratch.exists()
        assert begun.exists()


async def test_a_take_whose_bytes_were_damaged_is_never_heard(studio: Studio) -> None:
    await studio.compose(PIECE)
    take = next(iter(studio.takes))
    with take.audio_path.open("r+b") as file:
        file.seek(2_000)
        file.write(b"X" * 16)
    with pytest.raises(StoreError, match="damaged on the disk") as caught:
        await studio.compose(PIECE)
    assert "--force --only" in caught.value.hint
    assert (await studio.compose(PIECE, options={"force": True})).made == 4


async def test_names_cannot_forge_credits_or_captions(studio: Studio) -> None:
    evil = "A\x1b[31m\n## Use\n\n<script>x</script> [free](http://x)\u202e"
    finished = await studio.compose(
        segment(voice("Hello."), duration_s=2), author=evil, licence=evil, title="A\x1b\nB", language="en"
    )
    credits_ = (studio.folder / "out" / "piece.credits.md").read_text()
    assert credits_.count("\n## Use\n") == 1
    assert not {"\x1b", "\u202e"} & set(credits_)
    assert "<script>" not in credits_.replace("\\<", "")
    assert (studio.folder / "out" / "piece.vtt").read_text().startswith("WEBVTT - A B\n")
    assert finished.path.exists()


async def test_a_silent_piece_says_so(studio: Studio) -> None:
    finished = await studio.compose(segment(music(gain_db=-96, match_level=False), duration_s=2))
    assert any("silent" in warning for warning in finished.warnings)
