"""Markdown: front matter, headings, fences."""

from __future__ import annotations

from tests.unit.memory.reading.samples import read, texts

PAGE = """---
title: "The house"
date: 2026-03-01
tags: [a, b]
---

# The house

It is **old**.

```sh
# no heading

ls
```

Rooms
-----

- kitchen
- cellar

### Deep ###

End.
"""


def test_headings_paragraphs_and_code() -> None:
    document = read(PAGE, "notes/house.md")
    assert (document.kind, document.title, document.date) == ("markdown", "The house", "2026-03-01")
    assert texts(document)[1:] == [
        "# The house",
        "It is **old**.",
        "```sh\n# no heading\n\nls\n```",
        "Rooms\n-----",
        "- kitchen\n- cellar",
        "### Deep ###",
        "End.",
    ]
    assert document.blocks[-1].headings == ("The house", "Rooms", "Deep")
    assert [block.line for block in document.blocks] == [1, 7, 9, 11, 17, 20, 23, 25]
    assert [block.is_heading for block in document.blocks] == [False, True, False, False, True, False, True, False]


def test_an_open_fence_ends_with_the_file() -> None:
    assert texts(read("# A\n\n~~~\ncode\n\n# B\n", "a.md")) == ["# A", "~~~\ncode\n\n# B"]


def test_without_headings_the_name_is_the_title() -> None:
    assert read("Some words.\n", "notes/old house.md").title == "old house"


def test_languages() -> None:
    assert read("Das ist ein Haus, und wir sind nicht in dem Haus, aber die Tür ist auf.\n").language == "de"
    assert read("This is the house that we have, and it is not what they want for this.\n").language == "en"
    assert read("xyzzy plugh\n").language == ""
