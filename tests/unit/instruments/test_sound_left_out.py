"""What is said of a prompt's words that one instrument does not play."""

from __future__ import annotations

import pytest

from hausmusik.instruments.clip_search import search
from hausmusik.instruments.sound_left_out import left_out_of_clip, left_out_of_recipe
from hausmusik.instruments.sound_prompts import recipe_of


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("steady rain on leaves", ""),
        ("a very quiet wind in the trees, somewhere", ""),
        ("rain and a barking dog", "left out, though it can be had as a recording: dog (give it a cue of its own)"),
        ("storm at sea with zeppelins", "not understood: zeppelin"),
    ],
)
def test_textures_say_what_they_leave_out(prompt: str, told: str) -> None:
    assert left_out_of_recipe(recipe_of(prompt)) == told


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("a barking dog", ""),
        ("a barking dog and rain", "left out, though it can be computed: rain (give it a cue of its own)"),
        ("a barking dog, no rain", ""),
        ("a barking dog in a zeppelin", "not understood: zeppelin"),
        ("dog, rain, wind", "left out, though it can be computed: rain, wind (give them cues of their own)"),
    ],
)
def test_recordings_say_what_they_leave_out(prompt: str, told: str) -> None:
    assert left_out_of_clip(prompt, search(prompt)[0]) == told
