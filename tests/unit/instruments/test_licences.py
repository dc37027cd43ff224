"""Licence texts, ours and third parties'."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.errors import ConfigError
from hausmusik.instruments.licences import has_licence_text, licence_text
from tests.unit.weights.shelf import a_file, a_set


def test_notice_credits_and_text_stand_one_after_the_other():
    weights = a_set("s", a_file("crow.flac", b"x", credit="A. Bird, sound 7"), notice="Copyright (c) 1999 A. Bird")
    text = licence_text(weights)
    places = [text.index(part) for part in ("Licence: MIT", "(c) 1999", "crow.flac: A. Bird, sound 7", "Permission")]
    assert places == sorted(places)


def test_a_third_partys_text_is_read_where_it_lies(tmp_path: Path):
    path = tmp_path / "theirs.txt"
    path.write_text("Do what you like.")
    weights = a_set("s", a_file("m", b"x")).model_copy(update={"licence_text": str(path)})
    assert licence_text(weights).endswith("Do what you like.\n")
    path.unlink()
    with pytest.raises(ConfigError, match=r"theirs\.txt of the weights s cannot be read"):
        licence_text(weights)


def test_ours_are_known_by_name():
    assert has_licence_text("Apache-2.0.txt")
    assert not has_licence_text("Nothing.txt")
