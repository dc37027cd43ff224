"""What authors of catalogue files are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.instruments.problems import known_keys, nearest, parse
from tests.unit.instruments.entries import instrument, router, voices, weights

UNPINNED = "not pinned to one version of a package (write name==version)"


def told(text: str) -> list[str]:
    content, problems = parse(text, "x.toml")
    assert content.instrument == ()
    return [str(problem) for problem in problems]


def test_a_good_file_has_no_problems():
    content, problems = parse(instrument("a") + weights("w") + router("r", "a"), "x.toml")
    assert problems == ()
    assert content.instrument[0].id == "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            instrument("kokoro", sample_rate="24000"),
            'x.toml: instrument "kokoro" sample_rate: unknown key (did you mean sample_rate_hz?)',
        ),
        (
            instrument("kokoro", memory_mib="0"),
            'x.toml: instrument "kokoro" memory_mib: Input should be greater than 0 (correct it)',
        ),
        (
            instrument("kokoro", voices='[{ id = "a", language = "en", titel = "x" }]'),
            'x.toml: instrument "kokoro" voices[0].titel: unknown key (did you mean title?)',
        ),
        (
            weights("w", sources='[{ kind = "npm", package = "a@1.0.0", menber = "x" }]'),
            'x.toml: weights "w" sources[0].menber: unknown key (did you mean member?)',
        ),
        ('[weights]\nid = "w"\n', "x.toml: weights must be a list (write [[weights]] with two brackets)"),
        ("[[instrumnet]]\n", "x.toml: instrumnet: unknown key (did you mean instrument?)"),
        ('[[environment]]\nid = "e"\n', 'x.toml: environment "e" requirements is missing (add it)'),
        (
            instrument("kokoro", memory_mib='"512"'),
            'x.toml: instrument "kokoro" memory_mib: Input should be a valid integer (write it without quotes)',
        ),
        (
            instrument("kokoro", sample_rate_hz="24000.0"),
            'x.toml: instrument "kokoro" sample_rate_hz: Input should be a valid integer (correct it)',
        ),
        (
            instrument("kokoro", licence='{ code = "MIT", weights = "MIT", commercial = "off", credit = "c" }'),
            'x.toml: instrument "kokoro" licence.commercial: Input should be a valid boolean (write it without quotes)',
        ),
        (
            instrument("kokoro", licence='{ code = "MIT", weights = "MIT", commercial = 1, credit = "c" }'),
            'x.toml: instrument "kokoro" licence.commercial: Input should be a valid boolean (correct it)',
        ),
        (
            instrument("kokoro", measured='{ cpu_s_per_unit = "1", cold_start_s = inf, on = "m" }'),
            'x.toml: instrument "kokoro" measured.cpu_s_per_unit: Input should be a valid number (write it without quotes)',
        ),
        (
            instrument("kokoro", measured='{ cpu_s_per_unit = 1, cold_start_s = inf, on = "m" }'),
            'x.toml: instrument "kokoro" measured.cold_start_s: Input should be a finite number (correct it)',
        ),
        (
            instrument("kokoro", title="7"),
            'x.toml: instrument "kokoro" title: Input should be a valid string (correct it)',
        ),
        *(
            (
                f'[[environment]]\nid = "e"\nrequirements = ["a==1", "{requirement}"]\n',
                f"x.toml: environment \"e\" requirements[1]: '{requirement}' is {UNPINNED}",
            )
            for requirement in (
                *("piper-tts", "requests>=2", "requests==2.*", "git+https://example.org/evil.git", "--pre"),
                *("a @ https://example.org/a.whl", "./a.whl", "a==1; python_version > '3'", "a==1,==2", ""),
            )
        ),
        (
            '[[environment]]\nid = "e"\nrequirements = []\napt = ["--reinstall"]\n',
            "x.toml: environment \"e\" apt[0]: String should match pattern '^[a-z0-9][a-z0-9+.-]+$' (correct it)",
        ),
        ("[[environment]]\n", "x.toml: environment number 1 id is missing (add it)"),
    ],
)
def test_each_mistake_has_place_reason_and_fix(text: str, expected: str):
    assert expected in told(text)


def test_a_pinned_requirement_may_have_extras_and_whole_numbers_may_stand_for_seconds() -> None:
    text = '[[environment]]\nid = "e"\nrequirements = ["piper-tts==1.8.0", "onnx_runtime[cuda,x]==1!2.0rc1+cu12"]\n'
    content, problems = parse(
        text + instrument("a", measured='{ cpu_s_per_unit = 1, cold_start_s = 2, on = "m" }'), "x.toml"
    )
    assert problems == ()
    assert len(content.environment[0].requirements) == 2
    assert content.instrument[0].measured.cold_start_s == 2.0


def test_every_mistake_is_told_at_once():
    assert len(told(instrument("kokoro", sample_rate="1", memory_mib="-1", workers="0"))) == 3


def test_far_from_everything_the_known_keys_are_listed():
    (line,) = told(instrument("a", xyzzy="1"))
    assert "known here: id, task, title, engine" in line


def test_keys_are_known_at_every_depth():
    assert "instrument" in known_keys(())
    assert "cold_start_s" in known_keys(("instrument", 0, "measured"))
    assert known_keys(("weights", 1, "files", 2, "sources", 0, "deb")) == ("kind", "package", "member", "archive_bytes")


def test_nearest_is_silent_when_nothing_is_near():
    assert nearest("kokoro", ["kokoro-v1", "piper"]) == "did you mean kokoro-v1?"
    assert nearest("qqq", ["kokoro"]) == ""


TOML_VALUE = st.recursive(
    st.one_of(st.integers(-5, 5), st.booleans(), st.sampled_from(["a", "speak", "x.y:Z"]), st.floats(0, 1)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "kind", "files"]), inner),
    max_leaves=5,
)


def as_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


@given(
    st.sampled_from(["instrument", "weights", "router", "environment", "other"]),
    st.dictionaries(
        st.sampled_from(["id", "task", "files", "sources", "voices", "licence", "measured", "options", "zzz"]),
        TOML_VALUE,
    ),
)
def test_whatever_a_file_says_it_is_a_problem_and_never_a_crash(table: str, fields: dict[str, object]):
    text = f"[[{table}]]\n" + "\n".join(f"{key} = {as_toml(value)}" for key, value in fields.items())
    _, problems = parse(text, "x.toml")
    assert problems
    assert all(problem.reason and problem.fix for problem in problems)


def test_a_default_voice_must_be_one_of_the_voices():
    (line,) = told(instrument("a", voices=voices("joe"), default_voice='"jo"'))
    assert "the default voice jo is not among its voices" in line
