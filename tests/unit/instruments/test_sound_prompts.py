from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import BadInput
from hausmusik.instruments.sound_prompts import recipe_of, what_is_known
from hausmusik.instruments.sound_vocabulary import texture_words, tokens


def layers(prompt: str) -> dict[str, dict[str, float | str]]:
    return {layer.texture: layer.settings for layer in recipe_of(prompt).layers}


@pytest.mark.parametrize(
    ("prompt", "texture", "settings"),
    [
        ("steady rain on leaves", "rain", {"surface": "leaves", "unsteadiness": 0.1}),
        ("Heavy rain on a tin roof!", "rain", {"surface": "roof", "intensity": 0.85}),
        ("raindrops against the window pane", "rain", {"surface": "window"}),
        ("gentle wind with slow gusts", "wind", {"strength": 0.22, "gustiness": 0.85}),
        ("wind howling round the house", "wind", {"place": "house"}),
        ("rustling leaves", "wind", {"place": "trees", "howl": 0.0}),
        ("calm sea, slow waves on sand", "waves", {"shore": "sand", "energy": 0.25}),
        ("waves crashing on shingle", "waves", {"shore": "shingle", "energy": 0.8}),
        ("crackling fireplace", "fire", {"place": "room", "crackle": 0.75}),
        ("roaring campfire", "fire", {"size": 0.95}),
        ("a babbling brook", "stream", {"size": 0.3}),
        ("grandfather clock", "clock", {"kind": "grandfather", "rate_hz": 1.0}),
        ("footsteps in the snow", "footsteps", {"surface": "snow"}),
        ("thunder rumbling in the distance", "thunder", {"nearness": 0.1, "distance": 0.75}),
        ("brown noise", "noise", {"colour": "brown"}),
        ("crickets on a summer night", "crickets", {"warmth": 0.75}),
    ],
)
def test_words_shape_the_texture(prompt: str, texture: str, settings: dict[str, float | str]) -> None:
    found = layers(prompt)
    assert list(found) == [texture]
    assert {name: found[texture][name] for name in settings} == settings


def test_a_word_is_about_the_nearest_texture_that_knows_it() -> None:
    found = layers("light rain on a tent with distant thunder")
    assert found["rain"]["intensity"] == 0.22
    assert found["rain"]["surface"] == "tent"
    assert found["rain"]["distance"] == 0.0
    assert found["thunder"]["distance"] == 0.75
    assert layers("distant waves and a campfire")["fire"]["distance"] == 0.0
    assert layers("heavy wind and light rain")["rain"]["intensity"] == 0.22


def test_scenes_bring_several_textures_and_negations_take_them_away() -> None:
    assert list(layers("a thunderstorm")) == ["rain", "thunder", "wind"]
    assert list(layers("a thunderstorm without thunder")) == ["rain", "wind"]
    assert list(layers("rain, no wind")) == ["rain"]
    assert layers("stormy sea")["waves"]["energy"] == 0.95


def test_weak_names_count_only_alone() -> None:
    assert list(layers("night")) == ["crickets"]
    recipe = recipe_of("rain at night")
    assert [layer.texture for layer in recipe.layers] == ["rain"]
    assert recipe.ignored == ("night",)


def test_a_name_that_is_a_word_about_another_name_is_that_word() -> None:
    assert list(layers("rain in the forest")) == ["rain"]
    assert list(layers("birds in the forest")) == ["birds", "wind"]
    assert layers("rain on the sea")["rain"]["surface"] == "water"


def test_the_first_layer_leads() -> None:
    rain, thunder, room = recipe_of("rain, distant thunder and room tone").layers
    assert rain.level_db == 0.0
    assert thunder.level_db < -6
    assert room.level_db <= -12


def test_what_was_used_and_what_was_not() -> None:
    recipe = recipe_of("distant waves and a foghorn")
    assert recipe.understood == ("distant", "wave")
    assert recipe.ignored == ("foghorn",)
    assert recipe.fit == pytest.approx(2 / 3)
    assert recipe.first == 1
    assert recipe.duration_s == 40.0


def test_unknown_prompts_are_refused_with_guesses() -> None:
    with pytest.raises(BadInput, match="trombone") as caught:
        recipe_of("a trombone")
    assert "rain" in caught.value.hint
    assert "did you mean crickets" in what_is_known(["crikets"]).replace("cricket?", "crickets?")


@given(st.text(max_size=80))
def test_any_text_is_a_recipe_or_refused(text: str) -> None:
    try:
        recipe = recipe_of(text)
    except BadInput:
        return
    assert recipe.layers
    assert 0 < recipe.fit <= 1


def test_the_vocabulary_is_consistent() -> None:
    vocabulary = texture_words()
    known = {texture.id: texture for texture in vocabulary.texture}
    assert len(known) == len(vocabulary.texture)
    names = [name for texture in vocabulary.texture for name in (*texture.names, *texture.weak_names)]
    names += [name for scene in vocabulary.scene for name in scene.names]
    normal = [" ".join(tokens(name)) for name in names]
    assert len(set(normal)) == len(normal), [name for name in normal if normal.count(name) > 1]
    for texture in vocabulary.texture:
        for phrase, changes in texture.words.items():
            for name, value in changes.items():
                assert type(value) is type(texture.settings[name]), (texture.id, phrase, name)
                if isinstance(value, float) and "_" not in name and name != "count":
                    assert 0 <= value <= 1, (texture.id, phrase, name)
    for scene in vocabulary.scene:
        for layer in scene.layers:
            assert set(layer.settings) <= set(known[layer.texture].settings), scene.names


def test_plurals_are_cut() -> None:
    assert tokens("Waves, leaves & glasses: ponds' bushes") == ["wave", ",", "leaf", "&", "glass", ":", "pond", "bush"]
    assert tokens("glass bus crickets") == ["glass", "bus", "cricket"]
