"""Adding and removing a user's own instruments."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.errors import ConfigError, NotFoundError, UsageError
from hausmusik.instruments.additions import add, remove
from hausmusik.instruments.catalogue import Catalogue
from tests.unit.instruments.entries import instrument, package, router, weights

ENGINE = "raise SystemExit('an engine must not run when it is added')\n\nclass Engine:\n    pass\n"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Where the user writes: a catalogue file with an engine and a licence text beside it."""
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        instrument("mine", engine='"mine.py:Engine"', weights='["mw"]')
        + weights("mw", licence_text='"mine.txt"')
        + router("talk", "mine")
    )
    (folder / "mine.py").write_text(ENGINE)
    (folder / "mine.txt").write_text("my licence")
    return folder


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "home" / "instruments.d"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_everything_a_file_names_is_copied(desk: Path, there: Path):
    added = add(desk / "mine.toml", there, packages=[])
    assert added.names == ("mine", "talk")
    assert names_in(there) == ["mine.py", "mine.toml", "mine.txt"]
    catalogue = Catalogue.load(there, packages=[])
    assert catalogue.problems == ()
    assert catalogue.instrument("mine").engine == f"{there / 'mine.py'}:Engine"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def broken(:\n", "mine.py, line 1: it is not valid Python"),
        (
            "class Engin:\n    pass\n",
            "mine.py defines no class 'Engine' for the instrument 'mine' (did you mean Engin?)",
        ),
        ("x = 1\n", "it defines: no class at all"),
        ("def f():\n    class Engine: pass\n", "defines no class 'Engine'"),
        ("\0", "it is not valid Python"),
    ],
)
def test_an_engine_is_parsed_but_not_run(desk: Path, there: Path, body: str, said: str):
    (desk / "mine.py").write_text(body)
    with pytest.raises(ConfigError) as caught:
        add(desk / "mine.toml", there, packages=[])
    assert said in caught.value.message
    assert not there.exists()


def test_every_problem_is_told_and_nothing_copied(desk: Path, there: Path):
    (desk / "mine.toml").write_text(
        instrument("mine", engine='"mine.py:Wrong"', weights='["absent"]')
        + instrument("two", engine='"gone.py:Engine"')
        + instrument("kokoro")
    )
    ours = package(desk.parent, "ours", a=instrument("kokoro"))
    with pytest.raises(ConfigError) as caught:
        add(desk / "mine.toml", there, packages=[ours])
    message = caught.value.message
    assert "'absent', which nobody defines" in message
    assert "'gone.py', which is not beside it" in message
    assert "'kokoro' is defined also by ours: a.toml" in message
    assert "no class 'Wrong'" in message
    assert not there.exists()


def test_problems_of_other_files_do_not_matter(desk: Path, there: Path):
    there.mkdir(parents=True)
    (there / "broken.toml").write_text("not toml")
    assert add(desk / "mine.toml", there, packages=[]).names == ("mine", "talk")


def test_a_second_one_of_the_same_name_needs_replace(desk: Path, there: Path):
    add(desk / "mine.toml", there, packages=[])
    (desk / "mine.py").write_text(ENGINE + "# newer\n")
    with pytest.raises(UsageError, match="exists already"):
        add(desk / "mine.toml", there, packages=[])
    add(desk / "mine.toml", there, replace=True, packages=[])
    assert (there / "mine.py").read_text().endswith("# newer\n")


def test_another_files_engine_is_not_overwritten(desk: Path, there: Path):
    add(desk / "mine.toml", there, packages=[])
    (desk / "other.toml").write_text(instrument("other", engine='"mine.py:Engine"'))
    assert add(desk / "other.toml", there, packages=[]).names == ("other",), "the same bytes may be shared"
    (desk / "mine.py").write_text(ENGINE + "# changed\n")
    with pytest.raises(UsageError, match=r"mine\.py exists already and belongs to mine\.toml"):
        add(desk / "other.toml", there, replace=True, packages=[])
    assert "changed" not in (there / "mine.py").read_text()


def test_a_stray_engine_of_the_users_is_not_overwritten(desk: Path, there: Path):
    there.mkdir(parents=True)
    (there / "mine.py").write_text("# work in progress\n")
    with pytest.raises(UsageError, match="exists already"):
        add(desk / "mine.toml", there, packages=[])
    assert (there / "mine.py").read_text() == "# work in progress\n"


@pytest.mark.parametrize("name", ["gone.toml", "mine.py"])
def test_what_is_no_catalogue_file_is_refused(desk: Path, there: Path, name: str):
    with pytest.raises((NotFoundError, UsageError)):
        add(desk / name, there, packages=[])


def test_binary_and_huge_files_are_refused(desk: Path, there: Path):
    (desk / "mine.toml").write_bytes(b"\xff\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        add(desk / "mine.toml", there, packages=[])
    (desk / "mine.toml").write_text("#" * 2_000_000)
    with pytest.raises(ConfigError, match="larger"):
        add(desk / "mine.toml", there, packages=[])


@pytest.mark.parametrize("name", ["mine", "mine.toml", "talk"])
def test_it_is_removed_by_any_of_its_names(desk: Path, there: Path, name: str):
    add(desk / "mine.toml", there, packages=[])
    removed = remove(name, there)
    assert [Path(path).name for path in removed] == ["mine.toml", "mine.py", "mine.txt"]
    assert names_in(there) == []
    assert (desk / "mine.py").exists()


def test_what_another_file_uses_stays(desk: Path, there: Path):
    add(desk / "mine.toml", there, packages=[])
    (desk / "other.toml").write_text(instrument("other", engine='"mine.py:Engine"'))
    add(desk / "other.toml", there, packages=[])
    remove("mine", there)
    assert names_in(there) == ["mine.py", "other.toml"]


def test_only_what_was_added_can_be_removed(desk: Path, there: Path):
    add(desk / "mine.toml", there, packages=[])
    with pytest.raises(NotFoundError, match="did you mean mine"):
        remove("minne", there)
    with pytest.raises(NotFoundError):
        remove("kokoro", there.parent / "absent")


def test_a_crash_before_the_catalogue_file_leaves_the_catalogue_whole(
    desk: Path, there: Path, monkeypatch: pytest.MonkeyPatch
):
    real = Path.replace

    def crash_at_toml(self: Path, target: Path) -> Path:
        if target.suffix == ".toml":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", crash_at_toml)
    with pytest.raises(ConfigError, match="cannot be written"):
        add(desk / "mine.toml", there, packages=[])
    assert Catalogue.load(there, packages=[]).problems == ()
    assert not [name for name in names_in(there) if name.startswith(".")]
