"""The README's numbers, names and lists are the program's."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hausmusik.instruments.catalogue import Catalogue
from hausmusik.score.check import open_score
from hausmusik.score.targets import targets_for
from tests.docs.blocks import README, ROOT

TEXT = README.read_text("utf-8")
EXAMPLE = ROOT / "examples" / "strange-loops.json"


def test_the_table_of_instruments_is_that_of_the_catalogue_that_plays() -> None:
    catalogue = Catalogue.load()
    rows = re.findall(r"^\| `([\w.-]+)` \| (\w+) \| .* \| (\d+ MB|none) \| ([\w.-]+)[^|]*\|$", TEXT, re.MULTILINE)
    shown = {}
    for each in (one for one in catalogue.instruments() if not one.planned):
        size_bytes = sum(one.size_bytes for one in catalogue.weights_of(each))
        size = f"{size_bytes / 1e6:.0f} MB" if size_bytes else "none"
        shown[each.id] = (each.task, size, each.licence.weights)
    assert {name: (task, size, licence) for name, task, size, licence in rows} == shown
    assert f"{len(catalogue.instrument('kokoro').voices)} English voices" in TEXT


def test_the_weights_of_the_example_are_as_large_as_it_says() -> None:
    catalogue = Catalogue.load()
    size_bytes = sum(one.size_bytes for name in ("kokoro", "composer") for one in catalogue.pullable(name))
    assert f"({size_bytes / 1e6:.0f} MB, each file checked" in TEXT


def test_the_files_are_those_that_a_render_writes(tmp_path: Path) -> None:
    listed = TEXT.partition("## What you get\n\n")[2].partition("\n\n")[0]
    names = {f"strange-loops{ending}" for ending in re.findall(r"(?<=\s|s)\.[\w.]+(?=\s)", listed)}
    formats = tuple(json.loads(EXAMPLE.read_text("utf-8"))["master"]["formats"])
    targets = targets_for(EXAMPLE, tmp_path / "out" / "strange-loops.flac", formats)
    layers = {cue.layer for segment in open_score(EXAMPLE).score.segments for cue in segment.cues}
    files = [*map(targets.piece, formats), *map(targets.stem, sorted(layers))]
    files += [targets.srt, targets.vtt, targets.picture, targets.cover, targets.credits, targets.report]
    assert names == {path.name for path in files}


def test_loudness_and_peak_are_those_of_the_example() -> None:
    master = open_score(EXAMPLE).score.master
    assert f"−{-master.loudness_lufs:g} LUFS, true peak below −{-master.true_peak_dbtp:g} dBTP" in TEXT
