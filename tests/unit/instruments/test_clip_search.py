from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.clip_search import search
from hausmusik.instruments.sound_vocabulary import clip_words


@pytest.mark.parametrize(
    ("prompt", "clip"),
    [
        ("crow", "crow"),
        ("a raven cawing", "crow"),
        ("dog barking in the rain", "dog"),
        ("a door slams shut", "door"),
        ("church bell", "bell-dark"),
        ("a cash register", "cash-register"),
        ("whoosh", "dark-whoosh"),
        ("swoosh", "swoosh"),
        ("misc_crow", "crow"),
        ("misc_crow.flac", "crow"),
        ("ovos-sounds/owl.mp3", "owl"),
        ("glass-hum", "glass-hum"),
        ("kittens meowing", "cat"),
        ("steam hissing", "sauna"),
        ("3d printer", "3d-printer"),
        ("frogs in a pond at night", "frog"),
    ],
)
def test_finds_by_name_and_by_words(prompt: str, clip: str) -> None:
    best = search(prompt)[0]
    assert best.matches
    assert best.clip.id == clip


@pytest.mark.parametrize("prompt", ["", "lion", "steady rain on leaves", "animal", "a bird", "🎉", "the of and"])
def test_says_when_nothing_fits(prompt: str) -> None:
    assert not any(found.matches for found in search(prompt))


def test_near_ones_are_offered() -> None:
    assert {found.clip.id for found in search("some animal")} <= {clip.id for clip in clip_words().clip}
    assert len(search("animal", most=3)) == 3


def test_rarer_words_count_more() -> None:
    both = search("a metal cymbal")
    assert both[0].clip.id == "cymbal"
    assert both[0].matched == ("metal", "cymbal")
    assert both[0].first == 1


@given(st.text(max_size=60))
def test_any_text_is_searched(text: str) -> None:
    assert all(0 < found.fit <= 1 for found in search(text))


def test_captions_agree_with_the_weights() -> None:
    """Every clip is a pinned file with the same credit and licence, and every pinned file has a caption."""
    catalogue = Catalogue.load()
    pinned = {
        f"{weights.id}/{file.name}": (file.credit, weights.licence)
        for weights in (catalogue.weight_set(name) for name in catalogue.instrument("clips").weights)
        for file in weights.files
    }
    assert {clip.file: (clip.credit, clip.licence) for clip in clip_words().clip} == pinned
    assert len({clip.id for clip in clip_words().clip}) == len(pinned)
    assert all(re.fullmatch(r"https://(freesound|bigsoundbank)\.\S+", clip.link) for clip in clip_words().clip)
