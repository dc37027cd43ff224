"""How `first_ready` chooses."""

from __future__ import annotations

import pytest

from hausmusik.instruments.routing import Facts, first_ready
from hausmusik.types import MusicRequest, SpeakRequest
from tests.unit.instruments.entries import as_instrument, instrument, voices

KOKORO = as_instrument(instrument("kokoro", weights='["kw", "styles"]', voices=voices("af_heart", "am_michael")))
PIPER = as_instrument(instrument("piper", weights='["pw"]', environment='"piper"', voices=voices("joe")))
CLOUD = as_instrument(instrument("cloud", places='["modal"]', weights='["huge"]'))
BOTH = KOKORO, PIPER
PIPER_HERE = Facts(weights_here=frozenset({"pw", "kw"}), environments_here=frozenset({"piper"}))


def chosen(facts: Facts, *, voice: dict[str, float] | None = None, candidates=BOTH) -> str:
    return first_ready(SpeakRequest(text="x", voice=voice or {}), candidates, facts)


@pytest.mark.parametrize("field", ["weights_here", "weights_obtainable"])
def test_the_first_that_is_or_can_be_here_plays(field: str):
    assert chosen(Facts(**{field: frozenset({"kw", "styles"})})) == "kokoro"


def test_without_style_vectors_the_next_plays():
    assert chosen(PIPER_HERE) == "piper"


def test_an_environment_that_is_not_installed_is_not_ready():
    facts = Facts(weights_here=frozenset({"pw"}))
    assert chosen(facts, candidates=(PIPER, KOKORO)) == "piper", "none is ready: the first says what it lacks"
    assert chosen(facts, candidates=(KOKORO, PIPER)) == "kokoro"


def test_offline_what_could_be_pulled_does_not_count():
    facts = Facts(weights_obtainable=frozenset({"kw", "styles"}), weights_here=PIPER_HERE.weights_here, offline=True)
    assert chosen(facts) == "kokoro", "none is ready"
    ready = Facts(
        weights_obtainable=frozenset({"kw", "styles"}),
        weights_here=PIPER_HERE.weights_here,
        environments_here=PIPER_HERE.environments_here,
        offline=True,
    )
    assert chosen(ready) == "piper"


def test_a_named_voice_goes_to_the_one_that_has_it():
    everything = Facts(weights_here=frozenset({"pw", "kw", "styles"}), environments_here=frozenset({"piper"}))
    assert chosen(everything, voice={"joe": 1.0}) == "piper"
    assert chosen(everything, voice={"af_heart": 0.5, "am_michael": 0.5}) == "kokoro"
    assert chosen(PIPER_HERE, voice={"af_heart": 1.0}) == "kokoro", "it will say which weights it lacks"


def test_a_voice_that_nobody_lists_leaves_the_order():
    assert chosen(PIPER_HERE, voice={"mine": 1.0}) == "piper"


def test_elsewhere_weights_and_environment_are_that_hosts_business():
    assert chosen(Facts(places=("modal",)), candidates=(KOKORO, CLOUD)) == "cloud"
    assert chosen(Facts(places=("local",)), candidates=(CLOUD, KOKORO)) == "cloud", "none is ready"


def test_other_tasks_have_no_voices_to_match():
    request = MusicRequest(prompt="x", duration_s=1.0)
    assert first_ready(request, (KOKORO, PIPER), PIPER_HERE) == "piper"
