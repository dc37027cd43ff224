"""A schedule of faults says the same for the same seed, and each kind is a schedule of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import UsageError
from hausmusik.hosts.modal.plane import Faults, Refusal, Storm

NUMBERS = range(30)


@given(st.integers())
def test_the_same_seed_draws_the_same(seed: int) -> None:
    first, second = (
        Faults(seed=seed, kills=0.3, boot_failures=0.2, dropped_outputs=0.1, boot_delay_s=(1, 9), kill_after_s=(0, 5))
        for _ in range(2)
    )
    assert [first.kill_after(n) for n in NUMBERS] == [second.kill_after(n) for n in NUMBERS]
    assert [first.boot_fails(n) for n in NUMBERS] == [second.boot_fails(n) for n in NUMBERS]
    assert [first.boot_delay(n) for n in NUMBERS] == [second.boot_delay(n) for n in NUMBERS]
    assert [first.drops(n) for n in NUMBERS] == [second.drops(n) for n in NUMBERS]


@given(st.integers(), st.floats(0, 1))
def test_one_kind_never_shifts_another(seed: int, kills: float) -> None:
    alone = Faults(seed=seed, boot_failures=0.5)
    among = Faults(seed=seed, boot_failures=0.5, kills=kills, dropped_outputs=kills)
    for n in NUMBERS:
        among.kill_after(n)
        assert among.boot_fails(n) == alone.boot_fails(n)


def test_fractions_are_kept_and_seeds_differ() -> None:
    faults = Faults(seed=1, kills=0.3)
    killed = [n for n in range(2_000) if faults.kill_after(n) is not None]
    assert 500 < len(killed) < 700
    assert killed != [n for n in range(2_000) if Faults(seed=2, kills=0.3).kill_after(n) is not None]


def test_events_can_be_named() -> None:
    faults = Faults(failing_boots=(0,), killing_deliveries=(2,), kill_after_s=(4, 4), dropping_outputs=(1,))
    assert [faults.boot_fails(n) for n in range(3)] == [True, False, False]
    assert [faults.kill_after(n) for n in range(4)] == [None, None, 4, None]
    assert [faults.drops(n) for n in range(3)] == [False, True, False]


def test_without_arguments_nothing_goes_wrong() -> None:
    faults = Faults()
    for n in NUMBERS:
        assert (faults.boot_delay(n), faults.boot_fails(n), faults.kill_after(n), faults.drops(n)) == (
            0.0,
            False,
            None,
            False,
        )
    assert faults.refused_until("H100", 0.0) is None


@given(st.lists(st.text(min_size=1), unique=True, max_size=30), st.floats(0, 1), st.randoms())
def test_a_storm_takes_its_fraction_whatever_the_order(names: list[str], fraction: float, dice: object) -> None:
    faults = Faults(seed=3, storms=(Storm(at_s=1, fraction=fraction),))
    taken = faults.taken_by(0, names)
    assert len(taken) == len(set(taken)) <= len(names)
    assert len(taken) - 1 < fraction * len(names) <= len(taken)
    dice.shuffle(names)  # pyright: ignore[reportAttributeAccessIssue]
    assert faults.taken_by(0, names) == taken


def test_refusals_begin_and_end() -> None:
    faults = Faults(refusals=(Refusal(from_s=10, for_s=5, gpus=("H100",)), Refusal(from_s=12, for_s=1)))
    assert faults.refused_until("H100", 9.9) is None
    assert faults.refused_until("H100", 10) == 15
    assert faults.refused_until("A10", 10) is None
    assert faults.refused_until("A10", 12.5) == 13
    assert faults.refused_until("H100", 12.5) == 15
    assert faults.refused_until("H100", 15) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kills": 1.1},
        {"boot_failures": -0.1},
        {"boot_delay_s": (3, 2)},
        {"kill_after_s": (-1, 2)},
        {"storms": (Storm(at_s=0, fraction=2),)},
        {"storms": (Storm(at_s=-1, fraction=0.5),)},
        {"refusals": (Refusal(from_s=0, for_s=-1),)},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        Faults(**wrong)
