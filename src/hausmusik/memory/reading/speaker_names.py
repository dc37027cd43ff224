"""What can be the name of somebody who speaks, as written before a colon.

`Anna`, `Dr. Meier`, `Ludwig van Beethoven`, `Speaker 1`, `PhD A`, `SPEAKER_00`, `ChaeSong-hwa`, `李华`, `Anna (Acme)`;
not `Note`, `For snacks, how about`, `https`. Judges one name alone; how often it comes is for the readers to weigh.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 50
_MOST_WORDS: Final = 5
_FORBIDDEN: Final = re.compile(r"[,;!?\"“”„/\\=<>{}|`$%^~\[\]…]")
_ASIDE: Final = re.compile(r"\s*\([^()]{0,40}\)$")
_NICK: Final = re.compile(r"[a-z][a-z0-9_.-]{0,24}")
_SMALL: Final = """
    van von de der den del della di da do dos du la le of and und y e el bin ibn al zu
"""
_PARTICLES: Final = frozenset(_SMALL.split())
# Words that begin a remark, a field or a part of a program rather than a turn.
_REMARKS: Final = """
    note notes warning caution important tip tips hint example examples todo fixme xxx hack see source sources ref
    date time datum zeit when where what why who how subject re fwd fw from to cc bcc sent reply-to title author
    authors summary abstract introduction conclusion conclusions background agenda attendees participants present
    absent location topic topics action actions decision decisions result results step steps usage args arguments
    parameters params returns return raises yields attributes default case http https ftp file version description
    name type status id url email phone address price total table figure fig chapter section part appendix
    definition theorem proof remark lemma keywords license licence copyright ps p.s edit update info debug error
    fatal trace severity hinweis achtung beispiel betreff von an ort thema ergebnis quelle titel zusammenfassung
    remarque exemple objet pros cons signed-off-by co-authored-by reviewed-by fixes closes ingredients directions
    instructions duration recording recorded host content-type cache-control user-agent accept server public private
    protected else try finally
"""
_NOT_NAMES: Final = frozenset(_REMARKS.split())


def is_name(text: str) -> bool:
    """Tell whether something written like this before a colon can be a speaker."""
    text = _ASIDE.sub("", text.strip(" \t*_\u200e\u200f\u202a\u202c~"))
    if not 0 < len(text) <= _LONGEST or _FORBIDDEN.search(text):
        return False
    words = text.split()
    if len(words) > _MOST_WORDS or _is_listed(text, words):
        return False
    if not any(letter.isalpha() for letter in words[0]) and not text.startswith("+"):
        return False
    return all(_fits(word, first=index == 0) for index, word in enumerate(words))


def is_nick(text: str) -> bool:
    """Tell whether it is one word in lower case, as in chats of old: a name only if it comes again and again."""
    return bool(_NICK.fullmatch(text)) and text not in _NOT_NAMES


def bare_name(text: str) -> str:
    """Return a name without the marks and the invisible characters around it."""
    return " ".join(text.strip(" \t*_\u200e\u200f\u202a\u202c~<>").split())


def _is_listed(text: str, words: list[str]) -> bool:
    low = words[0].lower().rstrip(".")
    is_numbered = len(words) == 2 and words[1].strip("().").isdecimal()
    return text.lower() in _NOT_NAMES or (low in _NOT_NAMES and (len(words) == 1 or is_numbered))


def _fits(word: str, *, first: bool) -> bool:
    if "." in word.rstrip(".") or (word.endswith(".") and len(word) > 5):
        return len(word) <= 6 and word[0].isupper()  # `J.R.` is an initial, `main.py` is none
    head = word[0]
    if head.isalpha():
        return head.isupper() or not head.islower() or (not first and word.lower() in _PARTICLES)
    return head.isdecimal() or head in "+#@&('-_"
