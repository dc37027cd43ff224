from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import hausmusik.config
from hausmusik.config import find_folders
from hausmusik.config.layers import unknown
from hausmusik.config.model import Settings, known_keys
from hausmusik.errors import ConfigError
from tests.unit.configured import load, project, user


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty working directory."""
    return tmp_path


# -- folders ----------------------------------------------------------------------------------------------------------


def test_one_variable_puts_everything_under_one_home(tmp_path: Path) -> None:
    folders = find_folders({"HAUSMUSIK_HOME": str(tmp_path / "a" / ".." / "h")})
    home = tmp_path / "h"
    assert folders.config_file == home / "config.toml"
    assert folders.instruments == home / "instruments.d"
    assert (folders.takes, folders.ledger, folders.jobs) == (
        home / "data" / "takes",
        home / "data" / "ledger.sqlite",
        home / "data" / "jobs.sqlite",
    )
    assert folders.weights == home / "cache" / "weights"
    assert folders.state == home / "state"
    assert not home.exists()


def test_without_it_the_system_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    monkeypatch.delenv("HAUSMUSIK_HOME")
    assert find_folders().data == tmp_path / "d" / "hausmusik"
    assert find_folders({"HAUSMUSIK_HOME": ""}).data == tmp_path / "d" / "hausmusik"


# -- precedence -------------------------------------------------------------------------------------------------------


def test_flag_beats_environment_beats_project_beats_user_beats_default(home: Path, work: Path) -> None:
    inner = work / "a" / "b"
    inner.mkdir(parents=True)
    seen: list[tuple[int, str]] = []

    def look(env: dict[str, str] | None = None, **overrides: Any) -> None:
        loaded = load(home, inner, env, **overrides)
        seen.append((loaded.settings.local.workers, loaded.sources["local.workers"]))

    look()
    ours = user(home, "# mine\n[local]\nworkers = 1\n")
    look()
    theirs = project(work, "\n\nlocal.workers = 2\n")
    look()
    look({"HAUSMUSIK_LOCAL__WORKERS": "3"})
    look({"HAUSMUSIK_LOCAL__WORKERS": "3"}, local__workers=4)
    look({"HAUSMUSIK_LOCAL__WORKERS": ""}, local__workers=None)
    assert seen == [
        (0, "default"),
        (1, f"user file {ours}:3"),
        (2, f"project file {theirs}:3"),
        (3, "environment variable HAUSMUSIK_LOCAL__WORKERS"),
        (4, "override"),
        (2, f"project file {theirs}:3"),
    ]


def test_the_nearest_project_file_counts_and_a_pipe_of_that_name_does_not_hold_us(home: Path, work: Path) -> None:
    inner = work / "a"
    inner.mkdir()
    os.mkfifo(inner / "hausmusik.toml")
    theirs = project(work, "")
    assert load(home, inner).project == theirs
    assert load(home, Path("/")).project is None


def test_every_kind_of_value_can_come_as_text(home: Path, work: Path) -> None:
    env = {
        "HAUSMUSIK_WEIGHTS__FOLDERS": f"one{os.pathsep}/two",
        "HAUSMUSIK_WEIGHTS__OFFLINE": "Yes",
        "HAUSMUSIK_LOCAL__IDLE_UNLOAD_S": "1.5",
        "HAUSMUSIK_MONEY__DAY_USD": "2.50",
        "HAUSMUSIK_ENVIRONMENTS__PIPER": "~/piper/bin/python",
        "HAUSMUSIK_DEFAULTS__SPEAK": "kokoro",
        "HAUSMUSIK_TEST_WEIGHTS": "not a setting",
    }
    found = load(home, work, env).settings
    assert found.weights.folders == [work / "one", Path("/two")]
    assert found.weights.offline is True
    assert found.local.idle_unload_s == 1.5
    assert found.money.day_usd == Decimal("2.50")
    assert found.environments == {"piper": Path.home() / "piper/bin/python"}
    assert found.defaults.speak == "kokoro"


def test_paths_in_a_file_start_at_its_folder_and_links_are_kept(home: Path, work: Path) -> None:
    (home / "bin").mkdir()
    (home / "bin" / "python").symlink_to(sys.executable)
    user(home, '[environments]\npiper = "bin/python"\n[weights]\nfolder = "w/../v"\n')
    loaded = load(home, work)
    assert loaded.settings.environments["piper"] == home / "bin" / "python"
    assert loaded.weights_folder == home / "v"
    assert load(home, work, weights__folder="x").weights_folder == work / "x"


def test_dollars_are_exact(home: Path, work: Path) -> None:
    user(home, '[money]\nrun_usd = 0.10\nday_usd = "$2.30"\nhouse_usd = 7\n')
    money = load(home, work).settings.money
    assert (money.run_usd, money.day_usd, money.house_usd) == (Decimal("0.10"), Decimal("2.30"), Decimal(7))


# -- what is wrong is said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[local]\nworkes = 2", "config.toml:2: unknown key 'local.workes'; did you mean 'local.workers'?"),
        ("[wieghts]\noffline = true", "config.toml:1: unknown section 'wieghts'; did you mean 'weights'?"),
        ("workers = 2", "config.toml:1: unknown key 'workers'; did you mean 'local.workers'?"),
        ("[zzz]\nq = 2", "config.toml:1: unknown section 'zzz'"),
        ("[weights]\nworkers = 2", "did you mean 'local.workers'?"),
        ("\n[local]\nworkers = '2'", "config.toml:3: local.workers: must be a valid integer"),
        ("[local]\nworkers = 257", "local.workers: must be less than or equal to 256"),
        ("[local]\nworkers = -1", "greater than or equal to 0"),
        ("[local]\nidle_unload_s = true", "must be a number"),
        ("[local]\nidle_unload_s = nan", "local.idle_unload_s"),
        ("[local]\nidle_unload_s = 1e999", "local.idle_unload_s"),
        ("[local]\nstart_timeout_s = 0", "greater than 0"),
        ("[weights]\noffline = 1", "must be a valid boolean"),
        ("[weights]\nfolder = ''", "must be a path"),
        ('[weights]\nfolder = "a\\u0000b"', "must be a path"),
        ("[weights]\nfolders = 'one'", "must be a valid list"),
        ("[money]\nday_usd = -1", "greater than or equal to 0"),
        ("[money]\nday_usd = nan", "money.day_usd"),
        ("[money]\nday_usd = 'lots'", "like 2.50"),
        ("[money]\nday_usd = true", "must be an amount"),
        ("[environments]\n'No Such' = 'x'", "environments.No Such"),
        ("weights = 3", "weights: must be a table"),
        ("environments = 3", "environments: must be a table"),
        ("[hub]\ntoken = 'hf_sekrit'", "hub.token: is a secret"),
        ("[hub]\nendpoint = 'http://mirror.example'", "hub.endpoint: must be an https address"),
        ("[hub]\nendpoint = 'https://me:hf_sekrit@mirror.example'", "without a name or key"),
        ("[hub]\nendpoint = 3", "hub.endpoint: must be a valid string"),
        ("[local\n", "not valid TOML"),
        ("[local]\nworkers = 1\nworkers = 2", "not valid TOML"),
        ("x = " + "[" * 2000 + "]" * 2000, "not valid TOML"),
        ("x = " + "1" * 5000, "not valid TOML"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_the_place(home: Path, work: Path, text: str, reason: str) -> None:
    path = user(home, text)
    with pytest.raises(ConfigError) as caught:
        load(home, work)
    assert reason in caught.value.message
    assert str(path) in caught.value.message
    assert "sekrit" not in str(caught.value)
    assert caught.value.hint


def test_all_problems_are_told_at_once(home: Path, work: Path) -> None:
    user(home, "[local]\nworkers = -1\nspeed = 3\n[money]\nday_usd = 'x'\n")
    with pytest.raises(ConfigError, match="3 problems") as caught:
        load(home, work)
    assert all(f"config.toml:{line}:" in caught.value.message for line in (2, 3, 5))


def test_wrong_variables_and_overrides_name_themselves(home: Path, work: Path) -> None:
    with pytest.raises(ConfigError, match=r"HAUSMUSIK_LOCAL__WORKERS: local\.workers: must be a whole number"):
        load(home, work, {"HAUSMUSIK_LOCAL__WORKERS": "two"})
    with pytest.raises(ConfigError, match="HAUSMUSIK_LOCL__WORKERS: unknown section 'locl'; did you mean 'local'"):
        load(home, work, {"HAUSMUSIK_LOCL__WORKERS": "2"})
    with pytest.raises(ConfigError, match="must be true or false"):
        load(home, work, {"HAUSMUSIK_WEIGHTS__OFFLINE": "maybe"})
    with pytest.raises(ConfigError, match=r"override: unknown key 'local.x'"):
        load(home, work, local__x=1)
    with pytest.raises(ConfigError, match=r"did you mean 'local.workers'"):
        load(home, work, workers=1)


def test_files_that_cannot_be_read(home: Path, work: Path) -> None:
    path = home / "config.toml"
    path.write_bytes(b"\xff\xfe[local]")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(home, work)
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(ConfigError, match="larger"):
        load(home, work)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="not a file"):
        load(home, work)
    with pytest.raises(ConfigError, match="cannot read"):
        load(home / ("x" * 300), work)


def test_windows_newlines_and_byte_order_marks_are_fine(home: Path, work: Path) -> None:
    (home / "config.toml").write_bytes(b"\xef\xbb\xbf[local]\r\n# c\r\nworkers = 2\r\n")
    loaded = load(home, work)
    assert loaded.settings.local.workers == 2
    assert loaded.sources["local.workers"].endswith("config.toml:3")


# -- somebody else's project file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[environments]\npiper = '/tmp/evil'", "environments.piper"),
        ("environments.piper = '/tmp/evil'", "environments.piper"),
        ("environments = { piper = '/tmp/evil' }", "environments.piper"),
        ("[score]\nallow_outside = true", "score.allow_outside"),
        ("[hub]\ntoken = 'x'", "hub.token"),
        ("[hub]\nendpoint = 'https://elsewhere.example'", "hub.endpoint"),
        ("[weights]\nfolder = 'inside'", "weights.folder"),
        ("[weights]\nfolders = ['ok', '/etc']", "weights.folders"),
        ("[weights]\nfolders = ['link/w']", "weights.folders"),
    ],
)
def test_a_project_file_cannot_do_harm(home: Path, work: Path, text: str, key: str) -> None:
    inner = work / "project"
    inner.mkdir()
    (inner / "link").symlink_to("/")
    path = project(inner, text)
    with pytest.raises(ConfigError, match=r"project file|secret") as caught:
        load(home, inner)
    assert key in caught.value.message
    assert str(path) in caught.value.message
    user(home, "[environments]\npiper = '/tmp/fine'\n[score]\nallow_outside = true\n[weights]\nfolder = '/tmp/w'")
    path.unlink()
    assert load(home, inner).settings.score.allow_outside


def test_a_project_file_can_only_lower_limits_and_only_turn_the_network_off(home: Path, work: Path) -> None:
    path = project(
        work, "[money]\nday_usd = 5\nrun_usd = 5\nhouse_usd = 5\n[weights]\noffline = false\nfolders = ['w']"
    )
    mine = user(home, "[money]\nday_usd = 2\nrun_usd = 9\n[weights]\noffline = true")
    loaded = load(home, work)
    money = loaded.settings.money
    assert (money.day_usd, money.run_usd, money.house_usd) == (2, 5, 5)
    assert loaded.settings.weights.offline is True
    assert loaded.sources["money.day_usd"] == f"user file {mine}:2"
    assert loaded.sources["money.run_usd"] == f"project file {path}:3"
    assert loaded.settings.weights.folders == [work / "w"]
    assert load(home, work, money__day_usd="8").settings.money.day_usd == 8
    mine.unlink()
    path.write_text("[weights]\noffline = true")
    assert load(home, work).settings.weights.offline is True


# -- secrets and showing ----------------------------------------------------------------------------------------------


def test_secrets_are_never_shown(home: Path, work: Path) -> None:
    loaded = load(home, work, {"HF_TOKEN": "hf_other", "HAUSMUSIK_HUB__TOKEN": "hf_sekrit"})
    token = loaded.settings.hub.token
    assert token is not None
    assert token.get_secret_value() == "hf_sekrit"
    assert loaded.sources["hub.token"] == "environment variable HAUSMUSIK_HUB__TOKEN"
    for shown in (repr(loaded), str(loaded.settings), repr(loaded.rows()), loaded.settings.model_dump_json()):
        assert "sekrit" not in shown
    assert load(home, work, {"HF_TOKEN": "hf_other"}).sources["hub.token"] == "environment variable HF_TOKEN"
    with pytest.raises(ConfigError, match="secret"):
        load(home, work, hub__token="hf_sekrit")


def test_variables_of_other_tools_are_the_weakest_and_never_an_error(home: Path, work: Path) -> None:
    file = home / "config.toml"
    file.write_text('[hub]\nendpoint = "https://mine.example"\n')
    loaded = load(home, work, {"HF_ENDPOINT": "https://other.example", "HF_TOKEN": "hf_key\n"})
    assert loaded.settings.hub.endpoint == "https://mine.example"
    token = loaded.settings.hub.token
    assert token is not None
    assert token.get_secret_value() == "hf_key"
    file.unlink()
    for useless in (
        "http://mirror.corp",
        "hf-mirror.com",
        " ",
        "https://m?token=a",
        "https://hub..example",
        "https://hüb.example",
    ):
        assert load(home, work, {"HF_ENDPOINT": useless}).settings.hub.endpoint is None
        if useless.strip():
            with pytest.raises(ConfigError, match="https address"):
                load(home, work, {"HAUSMUSIK_HUB__ENDPOINT": useless})
    assert load(home, work, {"HF_TOKEN": "hf a\nb"}).settings.hub.token is None
    with pytest.raises(ConfigError, match="no key has") as refused:
        load(home, work, {"HAUSMUSIK_HUB__TOKEN": "hf_sek rit"})
    assert "rit" not in str(refused.value).replace("characters", "")


def test_rows_list_every_key_for_programs(home: Path, work: Path) -> None:
    import msgspec

    loaded = load(home, work, {"HAUSMUSIK_ENVIRONMENTS__PIPER": "/p", "HAUSMUSIK_MONEY__RUN_USD": "0.50"})
    rows = {row.key: row for row in loaded.rows()}
    assert set(rows) == {key for key in known_keys() if "*" not in key} | {"environments.piper"}
    assert set(rows) == set(loaded.sources)
    assert rows["money.run_usd"].value == "0.50"
    assert rows["hub.token"].value is None
    assert rows["environments.piper"].value == "/p"
    assert msgspec.json.encode(loaded.rows())


def test_the_manual_has_every_key_with_its_default() -> None:
    manual = hausmusik.config.__doc__ or ""
    plain = {str: '"{}"', int: "{}", float: "{:g}", bool: "{}"}
    for key in known_keys():
        section, name = key.split(".")
        part = manual.split(f"[{section}]")[1].split("\n\n")[0]
        if name == "*":
            continue
        assert f"\n    {name}" in part, key
        default = getattr(getattr(Settings(), section), name)
        if type(default) in plain:
            assert f"{name} = {plain[type(default)].format(default).lower()}" in part, key


def test_the_package_itself_loads_no_pydantic() -> None:
    code = "import sys, hausmusik.config.folders, hausmusik.config.database; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError):
        hausmusik.config.nothing  # noqa: B018
    assert all(getattr(hausmusik.config, name) for name in hausmusik.config.__all__)


def test_suggestions() -> None:
    assert unknown("local.stall_timeout") == "unknown key 'local.stall_timeout'; did you mean 'local.stall_timeout_s'?"
    assert unknown("budget.day_usd") == "unknown key 'budget.day_usd'; did you mean 'money.day_usd'?"
