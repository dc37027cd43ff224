"""Keys are set and unset in files that people wrote: nothing else of them changes."""

from __future__ import annotations

import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.config import set_value, unset_value
from hausmusik.config.toml_lines import line_numbers
from hausmusik.errors import ConfigError
from tests.unit.configured import load, user

COMMENTED = """\
# my house
[local]   # this machine
workers = 2  # "two" # of them
idle_unload_s = 60

# money comes last
[money]
day_usd = 1.50
"""


def test_setting_a_key_changes_its_line_only(home: Path) -> None:
    path = user(home, COMMENTED)
    set_value(path, "local.workers", "3")
    assert path.read_text() == COMMENTED.replace("workers = 2", "workers = 3")
    set_value(path, "money.day_usd", Decimal("0.10"))
    set_value(path, "money.run_usd", "5")
    set_value(path, "local.memory_mib", 100)
    assert path.read_text() == COMMENTED.replace("workers = 2", "workers = 3").replace(
        "1.50", "0.10\nrun_usd = 5"
    ).replace("= 60\n", "= 60\nmemory_mib = 100\n")


def test_setting_and_unsetting_from_nothing(home: Path, tmp_path: Path) -> None:
    path = home / "deep" / "config.toml"
    set_value(path, "environments.piper", "bin/python", cwd=tmp_path)
    set_value(path, "weights.folders", f'a"b{os.pathsep}/c\\d', cwd=tmp_path)
    assert tomllib.loads(path.read_text()) == {
        "environments": {"piper": str(tmp_path / "bin/python")},
        "weights": {"folders": [str(tmp_path / 'a"b'), "/c\\d"]},
    }
    assert unset_value(path, "weights.folders") is True
    assert unset_value(path, "weights.folders") is False
    assert unset_value(home / "none.toml", "weights.folders") is False
    assert tomllib.loads(path.read_text())["environments"]


@pytest.mark.parametrize(
    "text",
    [
        "local = { workers = 2, idle_unload_s = 1.5 }\n",
        "local = { workers = 2 }\n",
        "local = {}\n",
        "local.workers = 2\nlocal.idle_unload_s = 1.5\n[money]\n",
        "[ local ]\n'workers' = 2",
        '[weights]\nfolders = [\n "a=b", # one\n "[local]",\n]\n[local]\n"workers"=2#c\n[money]\n',
        "[local]",
        "",
    ],
)
def test_every_way_of_writing_a_key_can_be_edited(home: Path, text: str) -> None:
    path = user(home, text)
    before = tomllib.loads(text)
    before.setdefault("local", {})["workers"] = 7
    set_value(path, "local.workers", 7)
    assert {k: v for k, v in tomllib.loads(path.read_text()).items() if v} == {k: v for k, v in before.items() if v}
    set_value(path, "local.memory_mib", 5)
    assert tomllib.loads(path.read_text())["local"]["memory_mib"] == 5
    assert unset_value(path, "local.workers")
    assert "workers" not in tomllib.loads(path.read_text())["local"]


def test_an_edit_that_fails_leaves_the_file_alone(home: Path) -> None:
    path = user(home, COMMENTED)
    for key, value in (
        ("local.workers", "many"),
        ("local.nothing", 1),
        ("hub.token", "x"),
        ("local", 3),
        ("local.workers", None),
    ):
        with pytest.raises(ConfigError):
            set_value(path, key, value)
    assert path.read_text() == COMMENTED
    for broken in ("[local\n", "[[local]]\nworkers = 2\n", "[local]\nnothing = 2\n"):
        path.write_text(broken)
        with pytest.raises(ConfigError):
            set_value(path, "local.workers", 3)
        assert path.read_text() == broken
    assert unset_value(path, "local.nothing")  # what is wrong can be taken out
    with pytest.raises(ConfigError, match="characters"):
        set_value(path, "weights.folder", "/a/\udcff")
    with pytest.raises(ConfigError, match="cannot change"):
        set_value(path / "below", "local.workers", 3)
    assert [each.name for each in home.iterdir() if ".toml." in each.name and "lock" not in each.name] == []


def test_links_modes_and_newlines_survive(home: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_bytes(b"[local]\r\nworkers = 1\r\n")
    real.chmod(0o640)
    (home / "config.toml").symlink_to(real)
    set_value(home / "config.toml", "local.workers", 2)
    assert (home / "config.toml").is_symlink()
    assert real.read_bytes() == b"[local]\r\nworkers = 2\r\n"
    assert real.stat().st_mode & 0o777 == 0o640


def test_edits_at_once_lose_nothing(home: Path) -> None:
    path = home / "config.toml"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: set_value(path, f"environments.e{n}", f"/p{n}"), range(12)))
    assert set(tomllib.loads(path.read_text())["environments"]) == {f"e{n}" for n in range(12)}


NAMES = st.sampled_from(
    ["local.workers", "local.memory_mib", "money.day_usd", "weights.offline", "defaults.speak", "environments.a"]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "local.workers": st.integers(0, 256),
    "local.memory_mib": st.integers(0, 10**6),
    "money.day_usd": st.decimals(0, 1000, places=4),
    "weights.offline": st.booleans(),
    "defaults.speak": st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
    "environments.a": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).map(
        lambda t: "/" + t
    ),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), edits=st.lists(NAMES, max_size=8))
def test_any_sequence_of_edits_reads_back_as_meant(tmp_path: Path, data: st.DataObject, edits: list[str]) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        data.draw(st.sampled_from(["", COMMENTED, "local = { workers = 2 }\n", "local.workers = 1\n# end"]))
    )
    comments = [line for line in path.read_text().split("\n") if line.startswith("#")]
    wanted = {row.key: row.value for row in load(tmp_path, tmp_path).rows()}
    for key in edits:
        if data.draw(st.booleans()):
            value = data.draw(VALUES[key])
            set_value(path, key, value)
            default = value
        else:
            unset_value(path, key)
            default = {row.key: row.value for row in load(tmp_path / "none", tmp_path).rows()}.get(key)
        wanted[key] = os.path.abspath(default) if key == "environments.a" and default else default  # noqa: PTH100
    rows = {row.key: row.value for row in load(tmp_path, tmp_path).rows()}
    for key, value in wanted.items():
        assert rows.get(key) == (str(value) if isinstance(value, Decimal) else value)
    assert all(comment in path.read_text() for comment in comments)


def test_lines_are_found_through_strings_and_lists() -> None:
    text = 'x = """\n[a]\nb = 1\n"""\n[a]\nb = [\n  1, # c\n]\nc.d = 1\n[e.f]\ng = 2\n[[h]]\ni = 1'
    assert line_numbers(text) == {"x": 1, "a": 5, "a.b": 6, "a.c": 9, "e": 10, "e.f": 10, "h": 12, "h.i": 13}
