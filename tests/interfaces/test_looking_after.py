"""instruments, pull, doctor, config, costs: the commands that look after the house."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from hausmusik.cli import completing
from hausmusik.clock import SystemClock, TimeIds
from hausmusik.config.folders import find_folders
from hausmusik.jobs import Journal, NewStep
from tests.interfaces import tones
from tests.interfaces.conftest import Haus


def test_the_list_of_instruments(haus: Haus) -> None:
    done = haus("instruments")
    header, *rows = done.out.splitlines()
    assert header.split() == ["name", "task", "MB", "licence", "commercial", "on", "ready", "title"]
    names = [row.split()[0] for row in rows]
    assert {"tone-speak", "whisper-base", "resemblyzer"} <= set(names)
    whisper = next(row for row in rows if row.startswith("whisper-base"))
    assert "pulls 148 MB first" in whisper
    assert "MIT" in whisper
    assert "speak = tone-speak" in done.err
    only = haus("instruments", "--task", "judge", "--json").json
    assert {row["task"] for row in only["instruments"]} == {"judge"}
    assert only["defaults"] == {"judge": "tone-judge"}


def test_one_instrument_and_one_router(haus: Haus) -> None:
    shown = haus("instruments", "show", "tone-speak").out
    assert "voices:\n  anna  en-GB" in shown
    assert "commercial use allowed" in shown
    router = haus("instruments", "show", "transcribe").out
    assert "chooses from: whisper-base" in router
    assert haus("instruments", "show", "transcribe", "--json").json["candidates"] == ["whisper-base"]


def test_add_and_remove(haus: Haus, here: Path) -> None:
    (here / "extra.toml").write_text(tones.instrument("extra", "sound"))
    assert haus("instruments", "add", "extra.toml").out == "extra\n"
    assert "exists already" in haus("instruments", "add", "extra.toml").err
    (here / "odd.toml").write_text(tones.instrument("odd", "sound").replace("memory_mib", "memory_mbi"))
    odd = haus("instruments", "add", "odd.toml")
    assert odd.code == 3
    assert "memory_mib" in odd.err
    assert haus("instruments", "remove", "extra").err == "extra is removed\n"
    assert haus("instruments", "remove", "extra").code == 5


def test_an_instrument_without_weights_is_pulled_at_once(haus: Haus) -> None:
    assert haus("pull", "tone-speak").err == "everything is here\n"


@pytest.mark.parametrize("words", [("pull", "whisper-base"), ("transcribe", "a.wav", "-i", "whisper-base")])
def test_without_a_network_missing_weights_are_named(
    haus: Haus, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    haus("sound", "rain", "--seconds", "1", "-o", "a.wav")
    monkeypatch.setenv("HAUSMUSIK_WEIGHTS__OFFLINE", "true")
    done = haus(*words)
    assert done.code == 7
    assert "whisper-base" in done.err


def test_doctor_says_what_is_wrong_first(haus: Haus, home: Path) -> None:
    (home / "instruments.d" / "broken.toml").write_text("[[instrument]]\nid = 'x'\n")
    done = haus("doctor")
    assert done.code == 1
    assert done.out.startswith("bad   catalogue")
    states = [line.split()[0] for line in done.out.splitlines() if not line.startswith(" ")]
    assert states == sorted(states, key=("bad", "note", "good").index)
    findings = haus("doctor", "--json").json
    assert findings["ok"] is False
    assert {each["state"] for each in findings["findings"]} == {"bad", "note", "good"}


def test_doctor_says_where_weights_are_kept(haus: Haus, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAUSMUSIK_WEIGHTS__FOLDER", str(here / "disk"))
    found = {each["what"]: each["how"] for each in haus("doctor", "--json").json["findings"]}
    assert found["folder weights"].startswith(f"{here / 'disk'}, ")


def test_weights_that_can_only_be_read_are_nothing_to_worry_about(haus: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "HAUSMUSIK_WEIGHTS__FOLDER", "/proc/self/weights"
    )  # where nobody can make a folder, not even root
    done = haus("doctor")
    assert (done.code, "all is well" in done.err) == (0, True)
    said = r"^note +folder weights: /proc/self/weights cannot be written\n +-> set weights.folder"
    assert re.search(said, done.out, re.MULTILINE)


def test_what_killed_processes_left_is_told_and_collected(haus: Haus, home: Path) -> None:
    draft = home / "data" / "takes" / ".staging" / ".1111.0123abcd.part"
    draft.mkdir(parents=True)
    download = home / "cache" / "weights" / ".staging" / "whisper-base-0123456789ab" / "x.whl"
    download.parent.mkdir(parents=True)
    download.write_bytes(bytes(5_000_000))
    (home / ".config.toml.0123abcd.part").touch()
    found = {each["what"]: each for each in haus("doctor", "--json").json["findings"]}
    assert found["takes"]["fix"] == "haus takes gc"
    assert "5 MB" in found["pull whisper-base"]["how"]
    assert ".config.toml.0123abcd.part" in found[f"folder {home}"]["how"]
    assert {found[what]["state"] for what in ("takes", "pull whisper-base")} == {"note"}

    assert "would remove 1 half-made take" in haus("takes", "gc", "--dry-run").out
    assert draft.exists()
    assert haus("takes", "gc", "--json").json == {"found": [], "removed": [], "size_bytes": 0, "half_made": 1}
    assert not draft.exists()
    haus("pull", "--remove", "whisper-base", "--yes")
    assert not download.parent.exists()
    haus("config", "set", "local.idle_unload_s", "12")
    after = {each["what"] for each in haus("doctor", "--json").json["findings"]}
    assert not after & {"takes", "pull whisper-base", f"folder {home}"}


def test_settings_are_set_shown_and_unset(haus: Haus, home: Path) -> None:
    assert haus("config", "path").out == f"{home / 'config.toml'}\n"
    assert haus("config", "set", "local.idle_unload_s", "12").code == 0
    shown = haus("config", "show", "--sources").out.splitlines()
    assert f"local.idle_unload_s = 12.0  (user file {home / 'config.toml'}:2)" in shown
    assert 'defaults.speak = "tone-speak"  (environment variable HAUSMUSIK_DEFAULTS__SPEAK)' in shown
    assert "money.day_usd = (not set)  (default)" in shown
    assert haus("config", "unset", "local.idle_unload_s", "--json").json["changed"] is True
    assert "was not set" in haus("config", "unset", "local.idle_unload_s").err


def test_secrets_are_masked(haus: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAUSMUSIK_HUB__TOKEN", "very-secret")
    for words in (("config", "show"), ("config", "show", "--json"), ("doctor",)):
        done = haus(*words)
        assert "very-secret" not in done.out + done.err


def test_costs(haus: Haus) -> None:
    assert haus("costs").err == "nothing was played yet\n"
    haus("sound", "rain", "--seconds", "2", "-o", "a.wav")
    table = haus("costs", "--by", "instrument", "--since", "1d").out.splitlines()
    assert table[1].split()[:2] == ["tone-sound", "1"]
    assert "$0.00" in table[1]
    rows = haus("costs", "--json").json["rows"]
    assert [row["label"] for row in rows] == ["sound"]
    csv = haus("costs", "--csv").out.splitlines()
    assert len(csv) == 2


def test_what_the_shell_is_offered(haus: Haus, home: Path) -> None:
    assert completing.instruments("tone-s") == ["tone-sound", "tone-speak"]
    assert "whisper-base" in completing.pullable("w")
    assert completing.voices("an") == ["anna"]
    assert completing.voices("bert(2)+an") == ["bert(2)+anna"]
    assert completing.tasks("s") == ["sound", "speak"]
    assert completing.formats("m") == ["m4a", "mp3"]
    assert completing.settings("local.w") == ["local.workers"]
    assert completing.groupings("d") == ["day", "document"]
    (home / "config.toml").write_text("rubbish [")
    assert completing.settings("") == []
    del haus


def test_completion_through_the_shell_protocol(haus: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_HAUS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "haus speak hello --voice an")
    monkeypatch.setenv("COMP_CWORD", "4")
    done = haus()
    assert done.out.split() == ["anna"]
    monkeypatch.setenv("COMP_WORDS", "haus co")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert sorted(haus().out.split()) == ["compose", "config", "cool", "costs"]


def test_json_stays_json_with_every_option(haus: Haus) -> None:
    assert json.loads(haus("-v", "instruments", "--json", "--no-color").out)["instruments"]


def test_a_job_that_nobody_wants_to_go_on_with_is_given_up(haus: Haus, home: Path) -> None:
    assert haus("jobs", "list").err == "no job is left unfinished\n"
    journal = Journal(find_folders().jobs, clock=SystemClock(), ids=TimeIds())
    job = journal.open_job("compose", "Strange Loops", key="/piece.json", steps=[NewStep(key="a"), NewStep(key="b")])
    step = journal.claim(job.id, "somebody")
    assert step is not None
    journal.finish(step)
    assert f"or `haus jobs cancel {job.id}` to give it up" in haus("doctor").out
    header, row = haus("jobs", "list").out.splitlines()
    assert header.split()[:3] == ["id", "state", "steps"]
    assert row.split()[:3] == [job.id, "open", "1/2"]
    assert row.endswith("compose Strange Loops")
    (listed,) = haus("jobs", "list", "--json").json["jobs"]
    assert (listed["job"]["id"], listed["steps"]["done"], listed["steps"]["pending"]) == (job.id, 1, 1)

    assert haus("jobs", "cancel", job.id, "nothing").code == 5
    assert journal.job(job.id).state == "open", "a wrong name among them cancels nothing"
    assert haus("jobs", "cancel", job.id).err == f"{job.id} is cancelled\n"
    assert journal.job(job.id).state == "cancelled"
    assert journal.claim(job.id, "somebody") is None
    assert haus("jobs", "list", "--json").json == {"jobs": []}
    assert haus("jobs", "list", "--all", "--json").json["jobs"][0]["job"]["state"] == "cancelled"
    assert haus("jobs", "cancel", job.id, "--json").json["jobs"][0]["state"] == "cancelled"
    assert "none left unfinished" in haus("doctor").out
    assert haus("jobs", "cancel", "nothing").code == 5
    journal.close()


def test_doctor_knows_the_libraries_and_opens_the_memories(haus: Haus, home: Path, here: Path) -> None:
    (here / "meeting.txt").write_text("Anna: The launch is on 14 March.\nBen: Nordwind is late, Anna.\n" * 3)
    haus("memory", "add", "notes", "meeting.txt")
    (home / "data" / "memories" / "broken.sqlite").write_bytes(b"no database" * 100)
    found = {each["what"]: each for each in haus("doctor", "--json").json["findings"]}
    assert {"library rapidfuzz", "library tokenizers", "library numpy", "library modal"} <= found.keys()
    assert (found["memory notes"]["state"], found["memory notes"]["how"]) == ("good", "1 document")
    assert found["memory broken"]["state"] == "bad"
    assert found["memory broken"]["fix"]


def test_doctor_names_the_extra_of_a_library_that_is_missing(haus: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = metadata.version

    def version(name: str) -> str:
        if name in {"rapidfuzz", "modal"}:
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", version)
    found = {each["what"]: each for each in haus("doctor", "--json").json["findings"]}
    assert (found["library rapidfuzz"]["state"], found["library modal"]["state"]) == ("bad", "note")
    assert found["library rapidfuzz"]["fix"] == "pip install 'hausmusik[memory]'"
