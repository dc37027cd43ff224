"""Titles in the properties of a file that its writer never wrote: the program's own, the template's, a file's name.

Told by how programs call them; in any other language than listed they pass for titles.
"""

from __future__ import annotations

import re
from typing import Final

from hausmusik.memory.documents import Block

_GENERIC: Final = re.compile(
    r"(?:(?:new|neues|nouveau|nuevo|nuovo|nieuw|novo) )?(?:(?:microsoft )?(?:word|office|powerpoint|excel)[ -]?)?"
    r"(?:do[ck]umento?|presentation|präsentation|worksheet|spreadsheet)(?: sans titre| sin título| senza titolo"
    r"| sem título)?(?:[ _-]?\d+| \(\d+\))?|(?:untitled|unbenannt(?:es)?|naamloos|nameless)(?: do[ck]umento?"
    r"| presentation| spreadsheet)?(?:[ _-]?\d+| \(\d+\))?|sans titre|no title|title|titel"
    r"|microsoft word - .*|.*\.(?:docx?|dot[xm]?|odt|rtf|pdf|pptx?|xlsx?|indd|tex|dvi)",
    re.IGNORECASE,
)
_LONGEST: Final = 200


def written_title(title: str, blocks: tuple[Block, ...], text: str, *, template: str = "") -> str:
    """Return the title of a file; empty where nobody gave it one.

    Args:
        title: As its properties say.
        blocks: Of its text; the first heading is the title where the properties say nothing.
        text: That the blocks are of.
        template: What it was made from, with or without an ending.
    """
    plain = " ".join(title.split())
    is_template = plain.casefold() in {template.casefold(), template.rpartition(".")[0].casefold()}
    if plain and not is_template and not _GENERIC.fullmatch(plain):
        return plain
    heading = next((block for block in blocks if block.is_heading), None)
    return " ".join(text[heading.start : heading.end].split())[:_LONGEST] if heading else ""
