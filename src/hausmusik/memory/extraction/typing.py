"""What kind of thing a name is, as far as its words and its neighbours tell; `other` where they do not.

The types are those of the default ontology. A guess by rules is often none at all, and that is the honest answer: a
language model, where one is at hand, is asked for those (see `asking`). Knows nothing of spans.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from hausmusik.memory.extraction.values import OTHER
from hausmusik.memory.naming import HONORIFICS, LEGAL_FORMS, parted
from hausmusik.memory.wordset import word_set

ORGANIZATIONS: Final = word_set(
    """
    university institute institut college school academy hospital clinic bank ministry department office agency
    committee council commission parliament senate assembly association society union federation foundation trust
    board group team club company studio studios laboratory laboratories labs lab systems technologies solutions
    services logistics partners holdings industries airlines press times police government party church museum
    orchestra court universität hochschule verein gesellschaft stiftung
    """
)
PLACES: Final = word_set(
    """
    street st avenue ave road rd lane square plaza park river lake mountain mount island islands bay beach city town
    village county province state district region valley bridge airport station north south east west straße strasse
    platz hall building tower centre center hotel restaurant cafe café bistro bar pub gym library theatre theater
    cinema market mall garden zoo
    """
)
EVENTS: Final = word_set(
    """
    conference meeting summit festival workshop championship cup olympics games war battle election party concert
    exhibition fair marathon tour ceremony awards day week christmas easter thanksgiving halloween
    """
)
_SAYING: Final = re.compile(
    r"\s*,?\s*(?:said|says|asked|asks|replied|told|tells|thinks|thought|agreed|agrees|wants|will|is going|has|who)\b"
)


def type_of(surface: str, after: str, people: Collection[str]) -> str:
    """Return a type of the default ontology, or `other`.

    Args:
        surface: The name as written.
        after: Some characters behind it.
        people: Words of names of people, lower case: speakers and those addressed.
    """
    words = [word.strip(".,'’").lower() for word in parted(surface).split()]
    if words[0] in HONORIFICS and len(words) > 1:
        return "person"
    if words[-1] in LEGAL_FORMS and len(words) > 1:
        return "organization"
    if words[-1] in ORGANIZATIONS or (words[0] in ORGANIZATIONS and len(words) > 1):
        return "organization"
    if words[-1] in PLACES and len(words) > 1:
        return "location"
    if words[-1] in EVENTS and len(words) > 1:
        return "event"
    if all(word in people for word in words):
        return "person"
    if len(words) <= 3 and words[0] in people and _SAYING.match(after):
        return "person"
    return OTHER
