"""The marks around text that is data to a language model: what stands inside cannot end them."""

from __future__ import annotations

import re


def inside_marks(text: str, mark: str) -> str:
    """Return a text in which `<mark>` and `</mark>` are no marks, however they are written.

    Args:
        text: From a document or a question.
        mark: Name of the mark that is put around it: `excerpt`.
    """
    return re.sub(rf"<(\s*/?\s*{mark})", r"< \1", text, flags=re.IGNORECASE)
