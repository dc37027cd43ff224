"""Texts made harmless for what they are written into: XML without characters it cannot have, CSV without formulas.

Sources: https://www.w3.org/TR/xml/#charsets, https://owasp.org/www-community/attacks/CSV_Injection.
Knows nothing of what is written.
"""

from __future__ import annotations

import html
import re
from typing import Final

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula, also behind white space that it drops."""


def plain(text: str) -> str:
    """Return a text without the characters that XML 1.0 cannot hold: control characters and lone surrogates."""
    return _NOT_XML.sub("", text)


def xml(text: str) -> str:
    """Return a text as it stands between tags or quotes in XML."""
    return html.escape(plain(text)).replace("\r", "&#13;")


def cell(value: str | float | None) -> str | float:
    """Return a value for a cell; what looks like a formula gets an apostrophe before it, which makes it a text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text
