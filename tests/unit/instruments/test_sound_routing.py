from __future__ import annotations

import pytest

from hausmusik.errors import BadInput
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Instrument
from hausmusik.instruments.routing import Facts
from hausmusik.instruments.sound_routing import by_sound_class, known_sounds, natural_duration_s, refuse_unknown
from hausmusik.types import MusicRequest, SoundRequest

ALL_HERE = Facts(weights_here=frozenset({"sonic-pi-samples", "ovos-sounds"}))


@pytest.fixture(scope="module")
def candidates() -> list[Instrument]:
    catalogue = Catalogue.load()
    return [catalogue.instrument(name) for name in catalogue.router("sound").candidates]


def routed(candidates: list[Instrument], prompt: str, facts: Facts = ALL_HERE) -> str:
    return by_sound_class(SoundRequest(prompt=prompt), candidates, facts)


def test_our_router_names_this_rule(candidates: list[Instrument]) -> None:
    router = Catalogue.load().router("sound")
    assert router.rule == "hausmusik.instruments.sound_routing:by_sound_class"
    assert [each.id for each in candidates] == ["procedural", "clips"]


@pytest.mark.parametrize(
    ("prompt", "instrument"),
    [
        ("steady rain on leaves", "procedural"),
        ("crackling fire", "procedural"),
        ("vinyl crackle", "procedural"),
        ("heavy footsteps on wooden stairs", "procedural"),
        ("wind chimes", "procedural"),
        ("crow", "clips"),
        ("a dog barking in the rain", "clips"),
        ("door slam", "clips"),
        ("owl at night", "clips"),
        ("vinyl_hiss", "clips"),
    ],
)
def test_textures_are_made_and_events_are_recordings(
    candidates: list[Instrument], prompt: str, instrument: str
) -> None:
    assert routed(candidates, prompt) == instrument


def test_the_order_of_candidates_does_not_decide(candidates: list[Instrument]) -> None:
    for prompt in ("rain", "crow", "owl at night"):
        assert routed(candidates[::-1], prompt) == routed(candidates, prompt)


def test_what_is_not_ready_steps_back_only_where_another_can_answer(candidates: list[Instrument]) -> None:
    nothing_here = Facts(offline=True)
    assert routed(candidates, "a dog barking in the rain", nothing_here) == "procedural"
    assert routed(candidates, "a dog barking", nothing_here) == "clips"


def test_what_no_vocabulary_knows_goes_to_a_model_that_generates(candidates: list[Instrument]) -> None:
    generator = candidates[0].model_copy(update={"id": "generator", "options": {}})
    absent = generator.model_copy(update={"id": "absent", "weights": ("nowhere",)})
    assert routed([*candidates, absent, generator], "bagpipes in a tunnel") == "generator"
    assert routed([*candidates, absent], "bagpipes in a tunnel") == "procedural"
    assert routed([generator, *candidates], "rain") == "procedural"


def test_other_requests_do_not_break_it(candidates: list[Instrument]) -> None:
    assert by_sound_class(MusicRequest(prompt="rain", duration_s=1), candidates, ALL_HERE) == "procedural"


def test_what_a_vocabulary_refuses_and_what_it_has() -> None:
    refuse_unknown("rain", "procedural")
    refuse_unknown("crow", "clips")
    refuse_unknown("bagpipes", "")
    for vocabulary in ("procedural", "clips"):
        with pytest.raises(BadInput, match="bagpipes"):
            refuse_unknown("bagpipes", vocabulary)
        assert len(known_sounds(vocabulary)) > 20
    assert known_sounds("") == ()


def test_natural_lengths() -> None:
    assert natural_duration_s("crow", "clips") == 0.481
    assert natural_duration_s("waves", "procedural") == 40.0
    for vocabulary in ("procedural", "clips", ""):
        assert natural_duration_s("bagpipes", vocabulary) == 30.0
    assert natural_duration_s("waves", "") == 30.0, "an instrument without a vocabulary knows no waves"


def test_a_loop_of_a_recording_is_shorter_by_its_crossfade() -> None:
    assert natural_duration_s("crow", "clips", loop=True) == pytest.approx(0.481 * 3 / 4)
    assert natural_duration_s("glass hum", "clips", loop=True) == pytest.approx(10.0 - 0.4)
    assert natural_duration_s("waves", "procedural", loop=True) == 40.0
