"""What stands under a heading that is a day was written on it, and its passages are of no other day."""

from __future__ import annotations

import io

import docx

from hausmusik.memory.cutting import cut
from hausmusik.memory.reading.files import read_bytes
from hausmusik.memory.reading.limits import ReadLimits

DIARY = """# Diary

## 2026-05-04
Ella came by. We talked of bread.

## 2026-05-06, late
Han was ill.

### evening
Ella moved the table.

## Thursday, 21 May 2026
Ella moved to Freiburg.

# Recipes
Bread is good.
"""


def days(data: bytes, name: str) -> list[tuple[str, str]]:
    return [(each.at, each.text.split()[-1]) for each in cut(read_bytes(data, name, ReadLimits()))]


def test_a_diary_has_passages_of_its_days() -> None:
    assert days(DIARY.encode(), "diary.md") == [
        ("2026-05-04", "bread."),
        ("2026-05-06", "table."),
        ("2026-05-21", "Freiburg."),
        ("", "good."),
    ]


def test_a_word_file_too() -> None:
    document, file = docx.Document(), io.BytesIO()
    for text in ("2026-05-04", "2026-05-06"):
        document.add_heading(text, level=1)
        document.add_paragraph(f"Ella slept on {text}.")
    document.save(file)
    assert days(file.getvalue(), "diary.docx") == [("2026-05-04", "2026-05-04."), ("2026-05-06", "2026-05-06.")]


def test_one_day_and_what_is_due_on_some_are_no_journal() -> None:
    for text in (
        "# Plan\n\n## 2026-05-04\nWe begin.\n\n## Later\nWe end.\n",
        "# Plan\n\n## Due 2026-05-04\nWe begin.\n\n## Until 2026-06-04\nWe end.\n",
    ):
        assert [at for at, _ in days(text.encode(), "plan.md")] == [""]
