from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import ScoreError
from hausmusik.score.reading import read_document, spell

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def paths_of(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path}
    if isinstance(value, dict):
        for key, each in value.items():
            found |= paths_of(each, (*path, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            found |= paths_of(each, (*path, index))
    return found


@given(json_values, st.sampled_from([None, 0, 2]))
def test_every_value_has_a_line_and_no_other_path_does(value: object, indent: int | None) -> None:
    if isinstance(value, dict):
        value.pop("variables", None)
    text = json.dumps(value, indent=indent)
    if "${" in text:
        return
    document = read_document(text)
    assert document.value == value
    assert set(document.lines) == paths_of(value)


def test_lines_are_the_lines_of_the_text() -> None:
    text = '{\n "a": 1,\n "b": [\n  true,\n  {"c":\n   "x\\"y,{"}\n ],\n "d": {}\n}'
    lines = read_document(text).lines
    assert lines == {
        (): 1, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "c"): 6, ("d",): 8,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('{"a": 1,\n}', "comma", 2),
        ('{"a": 1\n "b": 2}', "comma is missing", 2),
        ("{'a': 1}", "double quotes", 1),
        ('{"a": NaN}', "NaN is not a number", 1),
        ('{\n"a": [1,\n -Infinity]}', "-Infinity is not a number", 3),
        ("", "not JSON", 1),
        ('{"a": 1} // done', "not JSON", 1),
        ("[" * 50_000, "nested too deeply", 0),
        ('{"a":\n' + "[" * 60 + "]" * 60 + "}", "nested too deeply", 2),
        ('{"a": ' + "1" * 5_000 + "}", "thousands of digits", 0),
    ],
)
def test_broken_json_is_told_with_its_line(text: str, reason: str, line: int) -> None:
    with pytest.raises(ScoreError) as caught:
        read_document(text)
    (problem,) = caught.value.problems
    assert reason in problem
    assert problem.startswith(f"line {line}: ") or line == 0


def test_a_key_that_stands_twice_is_a_problem_with_both_lines() -> None:
    document = read_document('{"k": {\n"x": 1,\n"x": 2}, "j": {"x": 3}}')
    (problem,) = document.problems
    assert (problem.path, problem.line) == ("k.x", 3)
    assert "line 2" in problem.reason


def test_variables_are_filled_in_with_their_type_or_inside_a_text() -> None:
    text = '{"variables": {"speed": 0.9, "who": "Ada"}, "a": "${speed}", "b": ["Hello ${who}!"]}'
    assert read_document(text).value == {
        "variables": {"speed": 0.9, "who": "Ada"}, "a": 0.9, "b": ["Hello Ada!"],
    }  # fmt: skip
    assert read_document(text, variables={"who": "Bob"}).value["b"] == ["Hello Bob!"]


def test_unknown_variables_are_problems_wherever_they_come_from() -> None:
    document = read_document('{"variables": {"who": "Ada"},\n "a": "${whom}"}', variables={"what": 1})
    assert [(p.path, p.line) for p in document.problems] == [("variables.what", 0), ("a", 2)]
    assert "who" in document.problems[1].fix


def test_a_huge_document_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ScoreError, match="8 MiB"):
        read_document('"' + "x" * (9 << 20) + '"')


def test_paths_are_spelled_as_people_do() -> None:
    assert spell(("segments", 0, "cues", 2, "text")) == "segments[0].cues[2].text"
    assert spell(()) == ""
