"""haus gpus, and what the commands say of instruments that are planned."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.interfaces.conftest import Haus, score


def test_the_table_of_gpus_has_every_price_with_its_date_and_source(haus: Haus) -> None:
    header, *rows = haus("gpus").out.splitlines()
    assert header.split() == ["name", "GiB", "GB/s", "most", "$/h", "price", "of", "source"]
    by_name = {row.split()[0]: row for row in rows}
    assert len(by_name) == 12
    assert "1.1016  2026-10-04" in by_name["A10"]
    assert "2.0988  2026-11-23 (undated source)" in by_name["A100-40GB"]
    assert "unknown" in by_name["RTX-PRO-6000"]
    assert by_name["cpu_core"].split()[1:4] == ["-", "-", "-"]
    found = {row["name"]: row for row in haus("gpus", "--json").json["gpus"]}
    assert found["T4"]["price"]["usd_per_h"] == "0.5904"
    assert found["T4"]["tier"]["memory_gib"] == 14.56
    assert found["RTX-PRO-6000"]["price"] is None
    assert found["memory_gib"]["tier"] is None


def test_a_choice_is_explained_gpu_by_gpu(haus: Haus) -> None:
    done = haus("gpus", "--for", "qwen2.5-7b")
    rows = {row.split()[0]: row for row in done.out.splitlines()[1:]}
    assert rows["L4"].endswith("the choice")
    assert rows["A10"].endswith("fallback")
    assert "bf16 needs compute capability 8.0" in rows["T4"]
    assert "the price of RTX-PRO-6000 is not known" in rows["RTX-PRO-6000"]
    assert "sporadic use: L4 + 2 cores" in done.err
    batch = haus("gpus", "--for", "qwen2.5-7b", "--use", "batch", "--json").json
    assert batch["use"] == "batch"
    assert batch["options"][0]["usd_per_play"] < batch["options"][-3]["usd_per_play"]
    assert batch["options"][0]["why_not"] == ""


def test_prices_of_ones_own_are_used_and_wrong_ones_told(haus: Haus, home: Path) -> None:
    file = home / "prices.toml"
    file.write_text("[price.A10G]\nusd_per_h = 0.19\ndate = 2026-11-20\n")
    assert "0.1900  2026-11-20                   your prices.toml" in haus("gpus").out
    assert haus("gpus", "--for", "qwen2.5-7b").out.splitlines()[1].startswith("A10 ")
    file.write_text("[price.A10G]\nusd_per_h = -0.19\ndate = 2026-11-20\n")
    wrong = haus("gpus")
    assert wrong.code == 3
    assert "prices.toml:1: price.A10G.usd_per_h: must be greater than or equal to 0" in wrong.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--for", "flute"), 5, "there is no instrument 'flute'"),
        (("--for", "kokoro"), 2, "kokoro plays on a CPU"),
        (("--for", "speak"), 2, "speak is a router"),
        (("--for", "bark", "--use", "often"), 2, "there is no use 'often'"),
    ],
)
def test_bad_input(haus: Haus, words: tuple[str, ...], code: int, told: str) -> None:
    done = haus("gpus", *words)
    assert done.code == code
    assert told in done.err


def test_planned_instruments_are_marked(haus: Haus) -> None:
    row = next(row for row in haus("instruments").out.splitlines() if row.startswith("musicgen-small"))
    assert row.split()[1:7] == ["music", "2348", "CC-BY-NC-4.0", "no", "modal", "planned"]
    rows = haus("instruments", "--json").json["instruments"]
    assert {each["id"]: each["planned"] for each in rows}.items() >= {"bark": True, "kokoro": False}.items()
    chat = haus("instruments", "--task", "chat", "--json").json
    assert len(chat["instruments"]) == 14
    assert chat["defaults"] == {"chat": "tone-chat"}


@pytest.mark.parametrize("names", [("procedural", "bark"), ("bark", "procedural"), ("procedural", "nothing")])
def test_none_of_several_is_deployed_where_one_cannot_be(haus: Haus, names: tuple[str, ...]) -> None:
    done = haus("deploy", *names, "--yes")
    assert done.code != 0
    assert "bark is planned" in done.err or "nothing" in done.err
    assert "account" not in done.err, "it was not even looked for"


def test_a_name_that_was_given_twice_is_deployed_once(haus: Haus) -> None:
    pytest.importorskip("modal")
    told = haus("deploy", "procedural", "procedural", "--dry-run", "--json").json
    assert [each["instrument"] for each in told["deployments"]] == ["procedural"]


def test_one_planned_instrument_shows_its_memory_and_choice(haus: Haus) -> None:
    shown = haus("instruments", "show", "qwen2.5-32b").out
    assert "32.8 billion parameters in bf16, 4 x 8192 tokens: 71.0 GiB of 71.2 on A100-80GB" in shown
    assert "price of 2026-10-04; `haus gpus --for qwen2.5-32b` explains" in shown
    assert "s per token" in shown
    assert "gpu:" not in haus("instruments", "show", "kokoro").out


@pytest.mark.parametrize(
    "words",
    [
        ("speak", "hi", "-i", "bark", "-o", "a.wav"),
        ("pull", "bark"),
        ("install", "bark"),
        ("install", "--remove", "bark"),
    ],
)
def test_a_planned_instrument_is_not_played_pulled_or_installed(haus: Haus, words: tuple[str, ...]) -> None:
    done = haus(*words)
    assert done.code == 3
    assert "bark is planned: it is not played in this version" in done.err
    assert "what plays speak now: kokoro, piper" in done.err


def test_what_only_plays_on_modal_says_so_here(haus: Haus) -> None:
    for words in (("chat", "hi", "-i", "qwen2.5-7b"), ("install", "qwen2.5-7b"), ("install", "vllm")):
        done = haus(*words)
        assert done.code == 2, words
        assert "plays on Modal alone, not here" in done.err, words
    row = next(row for row in haus("instruments").out.splitlines() if row.startswith("qwen2.5-7b"))
    assert "not here: `haus deploy qwen2.5-7b`" in row
    assert "qwen2.5-7b" not in haus("doctor").out


def test_planned_instruments_are_no_business_of_the_doctors(haus: Haus) -> None:
    assert "bark" not in haus("doctor").out


def test_a_plan_on_modal_says_where_each_instrument_plays_and_why(haus: Haus) -> None:
    name = score(
        {"layer": "sound", "prompt": "steady rain", "duration_s": 3, "instrument": "procedural"},
        {"layer": "music", "prompt": "calm piano", "duration_s": 3, "instrument": "musicgen-small"},
        {"layer": "voice", "text": "Hello.", "instrument": "bark", "host": "local"},
    )
    done = haus("plan", name, "--on", "modal")
    assert done.code == 2
    assert "procedural plays on a processor: 1 core, 0.5 GiB, $0.051 an hour, idle containers stay 60 s" in done.out
    assert "musicgen-small is planned and would play on T4, else L4, A10: needs 3.6 of 13.1 GiB, $0.73" in done.out
    assert "musicgen-small is planned: it is not played in this version" in done.out
    assert "bark is planned: it is not" in done.out
    assert "bark is planned and would" not in done.out, "it was not asked for there"
    found = haus("plan", name, "--on", "modal", "--json").json
    assert [each["instrument"] for each in found["placements"]] == ["musicgen-small", "procedural"]
    assert (found["placements"][0]["gpu"], found["placements"][0]["fallbacks"]) == ("T4", ["L4", "A10"])
    assert haus("plan", name, "--json").json["placements"] == []


def test_a_plan_on_modal_tells_starting_playing_and_idling_apart(haus: Haus) -> None:
    cues = [
        {"layer": "sound", "prompt": f"steady rain {each}", "duration_s": 3, "instrument": "procedural"}
        for each in range(6)
    ]
    done = haus("plan", score(*cues), "--on", "modal")
    told = [row.split() for row in done.out.splitlines() if row.startswith(("  starting", "  playing", "  idle"))]
    assert [row[:3] for row in told] == [
        ["starting", "4", "machines"],
        ["playing", "6", "plays"],
        ["idle", "after", "4"],
    ]
    quote = haus("plan", score(*cues), "--on", "modal", "--json").json["quote"]
    (line,) = quote["lines"]
    assert line["parts"]["idle"]["seconds"] == {"low": 0.0, "mid": 240.0, "high": 240.0}
    parts = [Decimal(each["expected_usd"]) for each in line["parts"].values()]
    assert sum(parts) == Decimal(line["expected_usd"]) == Decimal(quote["expected_usd"])
    assert Decimal(quote["expected_parts_usd"]["idle"]) == parts[2]
    assert "idle after" not in haus("plan", score(*cues)).out, "here it costs nothing"


def test_gpus_for_an_instrument_ends_with_the_same_explanation(haus: Haus) -> None:
    done = haus("gpus", "--for", "qwen2.5-7b")
    assert "qwen2.5-7b plays on L4, else A10: needs 17.9 of 19.8 GiB" in done.err
    assert "the habit for its size, A10: fits as A10, but costs" in done.err
    assert haus("gpus", "--for", "qwen2.5-7b", "--json").json["placement"]["habit"]["agrees"] is False
