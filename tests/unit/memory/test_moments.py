"""As of when: the forms in which it may be written, and what had been by then."""

from __future__ import annotations

import pytest

from hausmusik.errors import UsageError
from hausmusik.memory.moments import is_by, read_moment


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ""),
        ("2026-03-01", "2026-03-01"),
        (" 20260301 ", "2026-03-01"),
        ("2026-W10-1", "2026-03-02"),
        ("2026W10", "2026-03-02"),
        ("2026-03-01 09:30", "2026-03-01T09:30"),
        ("20260301T0930", "2026-03-01T09:30"),
        ("2026-03-01T09:30:12.5", "2026-03-01T09:30:12"),
        ("2026-03-01T00:00", "2026-03-01T00:00"),
    ],
)
def test_a_moment_is_read_in_any_form(text: str, read: str) -> None:
    assert read_moment(text) == read
    assert read_moment(read) == read


@pytest.mark.parametrize("text", ["soon", "  ", "2026-02-30", "2026-03", "1.3.2026", "2026-03-01T25:00", "1772357400"])
def test_what_is_no_date_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no date") as caught:
        read_moment(text)
    assert "2026-03-01" in caught.value.hint


@pytest.mark.parametrize("text", ["2026-03-01T09:30Z", "2026-03-01T09:30+01:00"])
def test_a_time_zone_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="time zone") as caught:
        read_moment(text)
    assert caught.value.hint.endswith("2026-03-01T09:30")


@pytest.mark.parametrize(
    ("when", "as_of", "by"),
    [
        ("", "2026-03-01", True),
        ("2026-03-01", "", True),
        ("2026-03-01T23:59:59", "2026-03-01", True),
        ("2026-03-02", "2026-03-01", False),
        ("2026-03-01T09:30:45", "2026-03-01T09:30", True),
        ("2026-03-01T09:30:45", "2026-03-01T09:30:44", False),
        ("2026-03-01T08:00", "2026-03-01T09:30", True),
        ("2026-03-01", "2026-03-01T09:30", True),
        ("2026-03", "2026-03-01", True),
        ("2026-03-01T09:30Z", "2026-03-01T09:30:10", True),
        ("2026-03-01T09:31-05:00", "2026-03-01T09:30:10", False),
    ],
)
def test_what_had_been_by_then(when: str, as_of: str, by: bool) -> None:
    assert is_by(when, as_of) is by
