"""Show 1: the example piece, rendered from nothing, is what it promises to be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hausmusik import ComposeOptions, Finished
from hausmusik.audio.caption_files import parse_srt
from hausmusik.audio.clicks import find_clicks
from hausmusik.audio.files import decode, probe
from hausmusik.audio.loudness import measure
from hausmusik.audio.mixing import iter_mix
from hausmusik.facade import House
from hausmusik.score.mixdown import mix_of
from hausmusik.testing import planted_cuts
from hausmusik.testing.wer import total_rate, word_errors
from hausmusik.types import Audio

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "strange-loops.json"


@pytest.fixture(scope="module")
def piece(house: House, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    folder = tmp_path_factory.mktemp("strange-loops")
    score = folder / EXAMPLE.name
    shutil.copy(EXAMPLE, score)
    finished = house.compose(score, options=ComposeOptions(out=folder / "piece.flac"))
    return finished, folder


def report_of(folder: Path) -> dict:
    return json.loads((folder / "piece.report.json").read_text())


def test_length_loudness_and_peak_of_every_format(piece: tuple[Finished, Path]) -> None:
    finished, folder = piece
    assert 165 <= finished.duration_s <= 185
    target = json.loads(EXAMPLE.read_text())["master"]
    for kind in target["formats"]:
        audio = decode(folder / f"piece.{kind}")
        loudness = measure(audio)
        assert loudness.integrated_lufs == pytest.approx(target["loudness_lufs"], abs=0.5), kind
        assert loudness.true_peak_dbtp <= target["true_peak_dbtp"] + 0.005, kind
        assert probe(folder / f"piece.{kind}").duration_s == pytest.approx(finished.duration_s, abs=0.06)


def test_no_click_at_any_edit_by_a_detector_that_finds_planted_ones(piece: tuple[Finished, Path]) -> None:
    _, folder = piece
    voice = decode(folder / "piece.voice.flac")
    spoken = Audio(np.ascontiguousarray(voice.samples[:, : 30 * voice.sample_rate_hz]), voice.sample_rate_hz)
    # Hard cuts in this very voice are found. Its last digits are another processor's (with AVX-512 or without): on some
    # all seven are found, on others one of them falls where a consonant is as steep.
    planted = planted_cuts(spoken, 7)
    assert len(find_clicks([planted.audio.samples], voice.sample_rate_hz, at_s=planted.cuts_s)) >= 6
    for layer in ("voice", "music", "sound"):
        cues = [cue for cue in report_of(folder)["cues"] if cue["layer"] == layer]
        stem = decode(folder / f"piece.{layer}.flac")
        edits = sorted({edge for cue in cues for edge in (cue["start_s"], cue["end_s"]) if edge < stem.duration_s})
        clicks = find_clicks([stem.samples], stem.sample_rate_hz, at_s=edits)
        assert not clicks, (layer, clicks)


def test_stems_sum_to_the_mix(piece: tuple[Finished, Path], house: House) -> None:
    _, folder = piece
    gain = 10 ** (report_of(folder)["stems_gain_db"] / 20)
    plan = house.plan(folder / EXAMPLE.name)
    spec = mix_of(plan, {cue.name: cue.take for cue in plan.cues if cue.take}, {})
    mix = np.concatenate([block.pre_master() for block in iter_mix(spec)], axis=1)
    stems = sum(decode(folder / f"piece.{layer}.flac").samples.astype(np.float64) for layer in spec.layers)
    assert np.abs(stems / gain - mix).max() < 10 ** (-90 / 20)


def test_captions_are_what_is_heard_in_the_voice_stem(piece: tuple[Finished, Path], house: House) -> None:
    _, folder = piece
    captions = parse_srt((folder / "piece.srt").read_text("utf-8"))
    said = " ".join(line for caption in captions for line in caption.lines)
    for speaker in ("Narrator:", "Echo:"):
        said = said.replace(speaker, " ")
    heard = house.transcribe(folder / "piece.voice.flac", language="en")
    rate = total_rate([word_errors(said, heard.text)])
    assert rate <= 0.10, (rate, heard.text)


def test_speech_is_ten_lu_above_ducked_music(piece: tuple[Finished, Path]) -> None:
    _, folder = piece
    voice, music = decode(folder / "piece.voice.flac"), decode(folder / "piece.music.flac")
    rate = voice.sample_rate_hz
    lines = [cue for cue in report_of(folder)["cues"] if cue["layer"] == "voice"]
    spans = [slice(int(cue["start_s"] * rate), int(cue["end_s"] * rate)) for cue in lines]
    loudness = [
        measure(Audio(np.concatenate([stem.samples[:, span] for span in spans], axis=1), rate)).integrated_lufs
        for stem in (voice, music)
    ]
    assert loudness[0] - loudness[1] >= 10, loudness
    for cue, span in zip(lines, spans, strict=True):
        one, other = (measure(Audio(stem.samples[:, span].copy(), rate)) for stem in (voice, music))
        if not other.silent:
            assert one.integrated_lufs - other.integrated_lufs >= 10, cue["name"]


def test_companions_are_there(piece: tuple[Finished, Path]) -> None:
    finished, folder = piece
    names = {path.name for path in folder.iterdir()}
    assert {
        f"piece.{e}" for e in ("flac", "mp3", "srt", "vtt", "png", "cover.jpg", "credits.md", "report.json")
    } <= names
    credits_text = (folder / "piece.credits.md").read_text()
    assert "Kokoro" in credits_text
    assert "MuseScore" in credits_text
    assert finished.made == len({cue["take"] for cue in report_of(folder)["cues"]})


def test_one_changed_line_is_one_take_and_nothing_changed_is_none(piece: tuple[Finished, Path], house: House) -> None:
    _, folder = piece
    score = folder / EXAMPLE.name
    again = house.compose(score, options=ComposeOptions(out=folder / "piece.flac"))
    assert (again.reused, again.made) == (True, 0)
    text = score.read_text("utf-8")
    assert "Which of them is the first?" in text
    score.write_text(text.replace("Which of them is the first?", "Which one of them is the first?"), "utf-8")
    try:
        changed = house.compose(score, options=ComposeOptions(out=folder / "changed.flac"))
    finally:
        score.write_text(text, "utf-8")
    assert changed.made == 1
