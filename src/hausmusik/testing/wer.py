"""Word error rate between what should have been said and what a recogniser heard, both brought to the same form.

Spelling is not pronunciation: figures and the words for them agree however they are grouped, contractions are opened,
British and American spellings and common abbreviations agree, letters of an acronym stand together, and a word written
as one or as two is the same word. What is left counts, names included. Knows nothing of audio.

The rate is the Levenshtein distance over words divided by the number of reference words, as in NIST's sclite.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from hausmusik.engines.english.reading import read
from hausmusik.engines.english.tokens import Word
from hausmusik.engines.english.wordlists import word_list, word_set

_CONTRACTIONS: Final = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not", "ain't": "is not",
    "let's": "let us", "y'all": "you all", "gonna": "going to", "wanna": "want to", "gotta": "got to",
    "'cause": "because", "'til": "until", "'em": "them", "'tis": "it is", "ma'am": "madam", "o'clock": "oclock",
}  # fmt: skip
_ENDINGS: Final = (
    ("n't", " not"),
    ("'re", " are"),
    ("'ve", " have"),
    ("'ll", " will"),
    ("'m", " am"),
    ("'d", " would"),
)
_IS: Final = word_set("it he she that there what who where here how when")
_SAME: Final = {
    "mr": "mister", "mrs": "missus", "ms": "miss", "miz": "miss", "dr": "doctor", "prof": "professor", "st": "saint",
    "vs": "versus", "ok": "okay", "etc": "et cetera", "grey": "gray", "ad": "ad", "programme": "program",
    "cheque": "check", "tyre": "tire", "kerb": "curb", "plough": "plow", "storey": "story", "jewellery": "jewelry",
    "moustache": "mustache", "pyjamas": "pajamas", "mum": "mom", "sceptical": "skeptical", "draught": "draft",
    "enquiry": "inquiry", "towards": "toward", "backwards": "backward", "afterwards": "afterward", "whilst": "while",
    "learnt": "learned", "burnt": "burned", "dreamt": "dreamed", "spelt": "spelled", "percent": "percent",
    "per": "per", "zero": "zero", "oh": "oh", "metre": "meter", "metres": "meters", "litre": "liter",
    "litres": "liters", "kilometre": "kilometer", "kilometres": "kilometers", "centre": "center", "theatre": "theater",
    "fibre": "fiber", "hmm": "hm", "mm": "hm", "ooh": "oh", "alright": "all right",
}  # fmt: skip
_BRITISH: Final = (
    (re.compile(r"(\w{3,})isation(s?)$"), r"\1ization\2"),
    (re.compile(r"(\w{3,})is(e|es|ed|ing|er|ers)$"), r"\1iz\2"),
    (re.compile(r"(\w{3,})ys(e|es|ed|ing)$"), r"\1yz\2"),
    (re.compile(r"(col|fav|hon|lab|neighb|behavi|flav|harb|rum|hum|vap|arm|sav|vig|val|parl)our(\w*)$"), r"\1or\2"),
    (re.compile(r"(\w{2,}[aeiou])ll(ed|ing|er|ers)$"), r"\1l\2"),
    (re.compile(r"(\w{3,})ogue(s?)$"), r"\1og\2"),
    (re.compile(r"(def|off|lic|pret)ence(s?)$"), r"\1ense\2"),
    (re.compile(r"(\w+)aem(\w+)$"), r"\1em\2"),
)  # fmt: skip
_UNDER_TWENTY: Final = word_list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS: Final = word_list("twenty thirty forty fifty sixty seventy eighty ninety")
_VALUES: Final = (
    {word: value for value, word in enumerate(_UNDER_TWENTY)}
    | {word: 10 * value for value, word in enumerate(_TENS, start=2)}
    | {"oh": 0, "hundred": 100, "thousand": 1000}
)
_NUMBER_WORDS: Final = frozenset(_VALUES) | {"million", "billion"}
_MONTHS: Final = "january|february|march|april|may|june|july|august|september|october|november|december"
_DAY: Final = r"(?:(?:twenty|thirty) )?[a-z]+(?:st|nd|rd|th)"
_DATE: Final = re.compile(rf"\b(?:the )?({_DAY}) (?:of )?({_MONTHS})\b")
_MONTH_THE: Final = re.compile(rf"\b({_MONTHS}) the ({_DAY})\b")
_HESITATION: Final = frozenset({"uh", "um", "er", "erm", "hm"})


class Difference(msgspec.Struct, frozen=True):
    """One step of the alignment that is not a match."""

    kind: Literal["substituted", "missing", "added"]
    reference: str
    heard: str


class WordErrors(msgspec.Struct, frozen=True):
    """What was misheard.

    Args:
        words: Words in the reference after normalising.
        differences: One per error.
    """

    words: int
    differences: tuple[Difference, ...]

    @property
    def rate(self) -> float:
        """Errors per reference word; 0 for an empty reference that was heard as nothing, else 1."""
        return len(self.differences) / self.words if self.words else float(bool(self.differences))


def normalised(text: str) -> list[str]:
    """Return a text's words in the one form in which they are compared."""
    spoken: list[str] = []
    for token in read(unicodedata.normalize("NFC", text), "us", {}):
        if isinstance(token, Word):
            spoken += token.spoken
    words = " ".join(_opened(word) for word in spoken).replace("-", " ").split()
    plain = " ".join(_plain(word) for word in words)
    plain = _MONTH_THE.sub(r"\1 \2", _DATE.sub(r"\2 \1", plain))
    return list(_figures(_letters_together([word for word in plain.split() if word not in _HESITATION])))


def _opened(word: str) -> str:
    lower = word.lower().replace("’", "'")
    if lower in _CONTRACTIONS:
        return _CONTRACTIONS[lower]
    for ending, full in _ENDINGS:
        if lower.endswith(ending) and len(lower) > len(ending):
            return lower.removesuffix(ending) + full
    stem = lower.removesuffix("'s")
    return f"{stem} is" if stem != lower and stem in _IS else lower


def _plain(word: str) -> str:
    bare = unicodedata.normalize("NFKD", word.replace("ł", "l").replace("ø", "o").replace("ß", "ss"))
    bare = "".join(char for char in bare if char.isalnum())
    bare = _SAME.get(bare, bare)
    for pattern, american in _BRITISH:
        bare = pattern.sub(american, bare)
    return bare


def _letters_together(words: Sequence[str]) -> list[str]:
    """Join single letters into acronyms, and drop an `and` inside a number."""
    joined: list[str] = []
    run = ""
    for index, word in enumerate(words):
        after = words[index + 1] if index + 1 < len(words) else ""
        before = words[index - 1] if index else ""
        if len(word) == 1 and (run or (len(after) == 1 and after.isalpha())):
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        if word == "and" and before in {"hundred", "thousand", "million"} and after in _NUMBER_WORDS:
            continue
        joined.append(word)
    return [*joined, run] if run else joined


def _figures(words: Sequence[str]) -> Iterator[str]:
    """Write two or more number words in a row as figures: a judge's `705` does not tell how they were grouped.

    "Seven oh five" and "seven hundred five" are both 705, "twenty twenty" and "two thousand twenty" both 2020. A single
    word stays one: `one` is mostly no number.
    """
    run: list[str] = []
    for index, word in enumerate(words):
        after = words[index + 1] if index + 1 < len(words) else ""
        if word == "a" and after in {"hundred", "thousand"}:
            run.append("one")
        elif word == "oh" and not run and after not in _VALUES:
            yield "zero" if index and words[index - 1] == "point" else word
        elif word in _VALUES:
            run.append(word)
        else:
            yield from _as_figures(run)
            run = []
            yield word
    yield from _as_figures(run)


def _as_figures(run: Sequence[str]) -> Sequence[str]:
    if len(run) < 2:
        return run
    groups: list[int] = []
    for word in run:
        value, last = _VALUES[word], groups[-1] if groups else 0
        low = last % 1000
        if word == "thousand" and 0 < last < 1000:
            groups[-1] = last * 1000
        elif word == "hundred" and 0 < low < 100:
            groups[-1] = last - low + low * 100
        elif 0 < value < 100 and _takes(last, value):
            groups[-1] = last + value
        else:
            groups.append(value)
    return ["".join(str(group) for group in groups)]


def _takes(last: int, value: int) -> bool:
    """Whether a number word ends the number before it: twenty three, two hundred twelve, but not nineteen eighty."""
    tens_free = last >= 100 and last % 100 == 0
    return tens_free or (value < 10 and last % 10 == 0 and last % 100 >= 20)


def word_errors(reference: str, heard: str) -> WordErrors:
    """Compare what should have been said with what was heard."""
    expected, found = normalised(reference), normalised(heard)
    words = len(expected)
    found = _respaced(found, expected)
    return WordErrors(words, tuple(_differences(_respaced(expected, found), found)))


def total_rate(results: Iterable[WordErrors]) -> float:
    """Return the error rate over several texts together: all errors over all words."""
    every = list(results)
    words = sum(each.words for each in every)
    return sum(len(each.differences) for each in every) / words if words else 0.0


def _respaced(words: Sequence[str], model: Sequence[str]) -> list[str]:
    """Join two or three neighbours that the other text writes as one word."""
    known = set(model)
    out: list[str] = []
    index = 0
    while index < len(words):
        for count in (3, 2):
            together = "".join(words[index : index + count])
            if index + count <= len(words) and together in known and len(together) > 2:
                out.append(together)
                index += count
                break
        else:
            out.append(words[index])
            index += 1
    return out


def _differences(expected: Sequence[str], found: Sequence[str]) -> list[Difference]:
    """Return the steps of a cheapest alignment that are not matches (Wagner and Fischer 1974)."""
    rows, columns = len(expected) + 1, len(found) + 1
    cost = [[max(row, column) if not row or not column else 0 for column in range(columns)] for row in range(rows)]
    for row in range(1, rows):
        for column in range(1, columns):
            swap = cost[row - 1][column - 1] + (expected[row - 1] != found[column - 1])
            cost[row][column] = min(swap, cost[row - 1][column] + 1, cost[row][column - 1] + 1)
    row, column = rows - 1, columns - 1
    steps: list[Difference] = []
    while row or column:
        same = row and column and expected[row - 1] == found[column - 1]
        if row and column and cost[row][column] == cost[row - 1][column - 1] + (not same):
            row, column = row - 1, column - 1
            if not same:
                steps.append(Difference("substituted", expected[row], found[column]))
        elif row and cost[row][column] == cost[row - 1][column] + 1:
            row -= 1
            steps.append(Difference("missing", expected[row], ""))
        else:
            column -= 1
            steps.append(Difference("added", "", found[column]))
    return steps[::-1]
