"""Looking things up, and what happens to files that are wrong or clash."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.errors import ConfigError, NotFoundError, UsageError
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.discovery import Plugin
from hausmusik.instruments.model import Instrument
from hausmusik.instruments.routing import Facts
from hausmusik.types import MusicRequest, SpeakRequest
from tests.unit.instruments.entries import environment, instrument, package, router, weights

HELLO = SpeakRequest(text="hello")


def load(tmp_path: Path, **files: str) -> Catalogue:
    return Catalogue.load(packages=[package(tmp_path, "ours", **files)])


def reasons(catalogue: Catalogue) -> list[str]:
    return [problem.reason for problem in catalogue.problems]


class TestLookUp:
    def test_entries_are_found_by_name(self, tmp_path: Path):
        catalogue = load(
            tmp_path,
            a=instrument("kokoro", weights='["kw"]', environment='"env"') + weights("kw") + environment("env"),
            b=router("speak", "kokoro"),
        )
        assert catalogue.problems == ()
        kokoro = catalogue.instrument("kokoro")
        assert kokoro.title == "The kokoro"
        assert [each.id for each in catalogue.weights_of(kokoro)] == ["kw"]
        assert catalogue.environment("env").requirements == ("x==1",)
        assert catalogue.router("speak").candidates == ("kokoro",)
        assert catalogue.file_of("speak") == "ours: b.toml"

    def test_unknown_names_get_the_closest_ones(self, tmp_path: Path):
        catalogue = load(tmp_path, a=instrument("kokoro") + instrument("piper") + weights("kokoro-v1"))
        with pytest.raises(NotFoundError) as caught:
            catalogue.instrument("kokorro")
        assert str(caught.value) == "there is no instrument 'kokorro' (did you mean kokoro?)"
        with pytest.raises(NotFoundError, match="haus instruments"):
            catalogue.instrument("zzzzzz")
        for look_up in (catalogue.router, catalogue.environment, catalogue.weight_set, catalogue.pullable):
            with pytest.raises(NotFoundError):
                look_up("nothing")

    def test_a_router_is_not_an_instrument(self, tmp_path: Path):
        with pytest.raises(UsageError, match="router") as caught:
            load(tmp_path, a=instrument("kokoro") + router("speak", "kokoro")).instrument("speak")
        assert "kokoro" in caught.value.hint

    def test_lists_are_sorted_and_by_task(self, tmp_path: Path):
        catalogue = load(tmp_path, a=instrument("b") + instrument("a") + instrument("m", "music"))
        assert [each.id for each in catalogue.instruments()] == ["m", "a", "b"]
        assert [each.id for each in catalogue.instruments("speak")] == ["a", "b"]
        assert catalogue.routers("music") == ()

    def test_pullable_takes_sets_instruments_and_routers(self, tmp_path: Path):
        catalogue = load(
            tmp_path,
            a=weights("w1") + weights("w2") + weights("w3"),
            b=instrument("x", weights='["w1", "w2"]') + instrument("y", weights='["w2", "w3"]'),
            c=router("speak", "x", "y"),
        )
        assert [each.id for each in catalogue.pullable("w2")] == ["w2"]
        assert [each.id for each in catalogue.pullable("x")] == ["w1", "w2"]
        assert [each.id for each in catalogue.pullable("speak")] == ["w1", "w2", "w3"]

    def test_the_embedded_tier_leaves_out_what_needs_more(self, tmp_path: Path):
        catalogue = load(
            tmp_path,
            a=weights("w1") + weights("w2") + weights("w3") + weights("w4") + environment("env"),
            b=instrument("x", weights='["w1"]') + instrument("own", weights='["w2"]', environment='"env"'),
            c=instrument("cloud", weights='["w3"]', places='["modal"]') + instrument("alone", weights='["w4"]'),
            d=router("speak", "x", "own", "cloud"),
        )
        assert [each.id for each in catalogue.embedded()] == ["w1"]

    def test_the_embedded_tier_leaves_out_what_is_had_on_demand(self, tmp_path: Path):
        large = weights("w2").replace('id = "w2"', 'id = "w2"\non_demand = true')
        catalogue = load(
            tmp_path,
            a=weights("w1") + large,
            b=instrument("x", weights='["w1"]') + instrument("y", weights='["w2"]'),
            c=router("speak", "x", "y"),
        )
        assert [each.id for each in catalogue.embedded()] == ["w1"]
        assert [each.id for each in catalogue.pullable("speak")] == ["w1", "w2"]


class TestResolve:
    def test_an_instrument_is_itself(self, tmp_path: Path):
        assert load(tmp_path, a=instrument("kokoro")).resolve("kokoro", HELLO, Facts()).id == "kokoro"

    def test_a_router_chooses_by_its_rule(self, tmp_path: Path):
        text = weights("w") + instrument("kokoro", weights='["w"]') + instrument("piper")
        catalogue = load(tmp_path, a=text, b=router("speak", "kokoro", "piper"))
        assert catalogue.resolve("speak", HELLO, Facts()).id == "piper"
        assert catalogue.resolve("speak", HELLO, Facts(weights_here=frozenset({"w"}))).id == "kokoro"

    def test_another_task_is_refused_with_what_does_it(self, tmp_path: Path):
        catalogue = load(tmp_path, a=instrument("kokoro") + instrument("composer", "music"))
        with pytest.raises(UsageError, match="kokoro does `speak`, not `music`") as caught:
            catalogue.resolve("kokoro", MusicRequest(prompt="x", duration_s=1.0), Facts())
        assert "composer" in caught.value.hint

    def test_an_unknown_name_is_not_found(self, tmp_path: Path):
        with pytest.raises(NotFoundError, match="there is no instrument 'kokor'"):
            load(tmp_path, a=instrument("kokoro")).resolve("kokor", HELLO, Facts())

    @pytest.mark.parametrize("rule", ["nowhere.at.all:rule", "hausmusik.instruments.routing:nothing"])
    def test_a_rule_that_cannot_be_loaded_is_said(self, tmp_path: Path, rule: str):
        catalogue = load(tmp_path, a=instrument("kokoro") + router("speak", "kokoro", rule=f'"{rule}"'))
        with pytest.raises(ConfigError, match="cannot be loaded"):
            catalogue.resolve("speak", HELLO, Facts())

    def test_a_rule_that_chooses_a_stranger_is_said(self, tmp_path: Path):
        rule = '"tests.unit.instruments.test_catalogue:choose_a_stranger"'
        catalogue = load(tmp_path, a=instrument("kokoro") + instrument("x") + router("speak", "kokoro", rule=rule))
        with pytest.raises(ConfigError, match="'x', which is not a candidate"):
            catalogue.resolve("speak", HELLO, Facts())


def choose_a_stranger(request: object, candidates: tuple[Instrument, ...], facts: Facts) -> str:
    return "x"


class TestBroken:
    def test_one_broken_file_costs_no_other(self, tmp_path: Path):
        catalogue = load(tmp_path, a="this is not toml", b=instrument("kokoro"))
        assert catalogue.instrument("kokoro")
        (problem,) = catalogue.problems
        assert problem.file == "ours: a.toml"
        assert "not TOML" in problem.reason
        assert "line 1" in problem.reason

    def test_a_broken_package_costs_no_other(self, tmp_path: Path):
        def explode() -> object:
            raise RuntimeError("boom")

        good = package(tmp_path, "good", a=instrument("kokoro"))
        catalogue = Catalogue.load(packages=[Plugin("bad", explode), good])
        assert catalogue.instrument("kokoro")
        (problem,) = catalogue.problems
        assert problem.file == "package bad"
        assert "RuntimeError: boom" in problem.reason

    def test_the_first_to_define_a_name_keeps_it(self, tmp_path: Path):
        first = package(tmp_path, "first", a=instrument("kokoro", memory_mib="1"))
        second = package(tmp_path, "second", b=instrument("kokoro", memory_mib="2") + instrument("other"))
        catalogue = Catalogue.load(packages=[first, second])
        assert catalogue.instrument("kokoro").memory_mib == 1
        assert catalogue.instrument("other")
        (problem,) = catalogue.problems
        assert problem.file == "second: b.toml"
        assert problem.reason == "instrument 'kokoro' is defined also by first: a.toml"

    def test_twice_in_one_file_is_said(self, tmp_path: Path):
        assert reasons(load(tmp_path, a=weights("w") * 2)) == ["weights 'w' is defined twice in this file"]

    def test_a_router_may_not_take_an_instruments_name(self, tmp_path: Path):
        catalogue = load(tmp_path, a=instrument("speak") + router("speak", "speak"))
        assert reasons(catalogue) == ["instrument 'speak' is defined twice in this file"]

    def test_dangling_references_cost_the_entry_and_are_explained(self, tmp_path: Path):
        catalogue = load(
            tmp_path,
            a=weights("kokoro-v1") + instrument("kokoro", weights='["kokoro-v2"]') + instrument("fine"),
            b=instrument("piper", environment='"pipe"') + environment("piper"),
            c=router("speak", "kokoro", "fine") + router("talk", "kokoro"),
        )
        assert [each.id for each in catalogue.instruments()] == ["fine"]
        assert catalogue.router("speak").candidates == ("fine",), "a router lives as long as one candidate does"
        assert [each.id for each in catalogue.routers()] == ["speak"]
        assert sorted(f"{problem.reason}; {problem.fix}" for problem in catalogue.problems) == [
            "instrument 'kokoro' refers to the weights 'kokoro-v2', which nobody defines; did you mean kokoro-v1?",
            "instrument 'piper' refers to the environment 'pipe', which nobody defines; did you mean piper?",
            "router 'speak' refers to the instrument 'kokoro', which nobody defines; add a [[instrument]] table for it",
            "router 'talk' refers to the instrument 'kokoro', which nobody defines; add a [[instrument]] table for it",
        ]

    def test_candidates_of_another_task_are_left_out(self, tmp_path: Path):
        catalogue = load(tmp_path, a=instrument("m", "music") + instrument("s") + router("speak", "m", "s"))
        assert catalogue.router("speak").candidates == ("s",)
        assert reasons(catalogue) == ["router 'speak' does `speak`, its candidate 'm' `music`"]

    def test_a_rule_in_a_file_is_refused(self, tmp_path: Path):
        catalogue = load(tmp_path, a=instrument("s") + router("speak", "s", rule='"mine.py:rule"'))
        assert catalogue.routers() == ()
        assert "rule" in reasons(catalogue)[0]

    def test_an_absent_licence_text_costs_the_set(self, tmp_path: Path):
        catalogue = load(tmp_path, a=weights("w", licence_text='"Nowhere.txt"'))
        assert catalogue.weight_sets() == ()
        assert "'Nowhere.txt', which is not there" in reasons(catalogue)[0]


class TestUserFolder:
    def test_engines_and_licences_beside_the_file_are_found(self, tmp_path: Path):
        folder = tmp_path / "instruments.d"
        folder.mkdir()
        (folder / "mine.toml").write_text(
            instrument("mine", engine='"mine.py:Engine"', weights='["mw"]') + weights("mw", licence_text='"mine.txt"')
        )
        (folder / "mine.py").write_text("raise SystemExit('never run')")
        (folder / "mine.txt").write_text("my licence")
        catalogue = Catalogue.load(folder, packages=[])
        assert catalogue.problems == ()
        assert catalogue.instrument("mine").engine == f"{folder / 'mine.py'}:Engine"
        assert catalogue.weight_set("mw").licence_text == str(folder / "mine.txt")

    @pytest.mark.parametrize("engine", ["gone.py:Engine", "../mine.py:Engine", "/etc/mine.py:Engine"])
    def test_an_engine_must_lie_beside_its_file(self, tmp_path: Path, engine: str):
        (tmp_path / "mine.py").write_text("")
        folder = tmp_path / "instruments.d"
        folder.mkdir()
        (folder / "mine.toml").write_text(instrument("mine", engine=f'"{engine}"'))
        catalogue = Catalogue.load(folder, packages=[])
        assert catalogue.instruments() == ()
        assert "not beside it" in reasons(catalogue)[0]

    def test_users_files_come_after_packages(self, tmp_path: Path):
        folder = tmp_path / "instruments.d"
        folder.mkdir()
        (folder / "a.toml").write_text(instrument("kokoro", memory_mib="99"))
        catalogue = Catalogue.load(folder, packages=[package(tmp_path, "ours", a=instrument("kokoro"))])
        assert catalogue.instrument("kokoro").memory_mib == 10
        assert catalogue.problems[0].file == str(folder / "a.toml")

    def test_an_unreadable_file_is_a_problem(self, tmp_path: Path):
        folder = tmp_path / "instruments.d"
        folder.mkdir()
        (folder / "bad.toml").write_bytes(b"\xff\xfe\x00bad")
        (folder / "folder.toml").mkdir()
        assert [problem.file for problem in Catalogue.load(folder, packages=[]).problems] == [
            str(folder / "bad.toml"),
            str(folder / "folder.toml"),
        ]

    def test_no_folder_is_no_problem(self, tmp_path: Path):
        assert Catalogue.load(tmp_path / "absent", packages=[]).problems == ()
