"""Give every word of a sentence its sounds: own lexicon, names, weak forms, dictionaries, then by letters or a guess.

Works from the end of the sentence to its beginning, because a word's sound depends on the next one (`the` apple) and
on what stops after it. Returns Kokoro's alphabet as misaki writes it, still with `ɾ` and `ʔ`. Knows nothing of audio.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from hausmusik.engines.english import stress
from hausmusik.engines.english.arpabet import to_kokoro
from hausmusik.engines.english.cmudict import CmuDictionary
from hausmusik.engines.english.dictionary import Dictionary
from hausmusik.engines.english.grammar import DETERMINERS, part_of_speech
from hausmusik.engines.english.letter_to_sound import LetterToSound
from hausmusik.engines.english.respelling import SYLLABLE
from hausmusik.engines.english.spelling import GREEK, plain, respelled
from hausmusik.engines.english.tokens import Accent, Stop, Token, Word
from hausmusik.engines.english.weak_forms import weak_form
from hausmusik.engines.english.wordlists import word_set

_NEUTRAL: Final = frozenset("áàâéèêëíìîïóòôúùû")
"""Letters whose accents change nothing in how English has taken a name over: José, Zoë, Brontë."""
_QUIET_STOPS: Final = frozenset("“”()")
_HUMPS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z]|$|\d)|[A-Z]?[a-z]+|[A-Z]+")
_ACRONYMS: Final = re.compile(r"([A-Z]{2,})['’]?s")
_SHORT_WORDS: Final = word_set(
    "a i an am as at be by do go he hi if in is it me my no of oh ok on or so to up us we all and any are ask bad big "
    "but buy can car cut day did die dog eat end far few for fun get god got had has her him his hot how its let man "
    "may me men met mom my new not now off old one our out own pay put ran red run sad saw say see set she sir sit six "
    "son sun ten the too top try two use war was way who why win won yes yet you"
)
"""Two or three capitals that are a word said loudly; any others are spelled."""
_SPELLED: Final = frozenset({"US", "IT", "AI", "PA", "LA", "OS", "MA", "MI", "OR", "ID", "UN", "AM", "ER", "MO", "OU"})


class Sound(msgspec.Struct, frozen=True):
    """One token with its sounds.

    Args:
        phonemes: Kokoro's alphabet; empty for a stop, or a word that cannot be said.
        token: Where it comes from.
    """

    phonemes: str
    token: Token


class Pronouncer:
    """Sounds for one accent.

    Args:
        dictionary: Of that accent.
        cmudict: For names, and for other words that are not in it.
        guesser: For words in no list.
        names: ARPAbet sounds, see `names.names`.
        accent: American or British.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        cmudict: CmuDictionary,
        guesser: LetterToSound,
        names: Mapping[str, tuple[str, ...]],
        accent: Accent,
    ) -> None:
        self._dictionary, self._cmudict, self._guesser, self._names = dictionary, cmudict, guesser, names
        self._accent: Accent = accent

    def sentence(self, tokens: Sequence[Token]) -> list[Sound]:
        """Return one `Sound` for each token of a sentence, in the same order."""
        spoken = [word for token in tokens if isinstance(token, Word) for word in token.spoken]
        lower = [word.lower() for word in spoken]
        shouted = _shouted(spoken)
        index, vowel_follows = len(spoken), None
        sounds: list[Sound] = []
        for token in reversed(tokens):
            if isinstance(token, Stop):
                vowel_follows = vowel_follows if token.mark in _QUIET_STOPS else None
                sounds.append(Sound("", token))
                continue
            parts: list[str] = []
            for word in reversed(token.spoken):
                index -= 1
                said = self._in_place(word.lower() if shouted else word, lower, index, vowel_follows, token)
                parts.append(stress.emphasised(said) if token.emphatic else said)
                vowel_follows = _begins_with_vowel(said, vowel_follows)
            sounds.append(Sound(" ".join(part for part in reversed(parts) if part), token))
        return sounds[::-1]

    def _in_place(self, word: str, lower: Sequence[str], index: int, vowel_follows: bool | None, token: Word) -> str:
        """Return one spoken word's sounds where it stands."""
        if word.endswith("'s") and (word.startswith("/") or SYLLABLE in word or "." in word):
            return self._dictionary.with_s(self._in_place(word[:-2], lower, index, None, token))
        if word.startswith("/"):
            return word.strip("/")
        if SYLLABLE in word:
            return self._by_syllables(word)
        if "." in word:
            return self._spell(word)
        weak = weak_form(word, vowel_follows=vowel_follows, first=index == 0, accent=self._accent)
        if weak is not None and not token.emphatic:
            return weak
        before = lower[index - 1] if index else ""
        acronyms = _ACRONYMS.fullmatch(word)
        if acronyms:
            return self._dictionary.with_s(self._in_place(acronyms[1], lower, index, None, token))
        if word.isupper() and len(word) > 1:
            word, loud = self._capitals(word, before)
            if not word:
                return loud
            return stress.emphasised(self._known(word, lower, index, vowel_follows) or self._unknown(word))
        said = self._known(word, lower, index, vowel_follows) or self._unknown(word)
        return stress.audible(said) if word != word.lower() else said

    def _known(self, word: str, lower: Sequence[str], index: int, vowel_follows: bool | None) -> str | None:
        listed = self._listed(word)
        if listed:
            return listed
        form = plain(word)
        if not form or (len(form) == 1 and form.isupper()):
            return self._dictionary.letter(form) if form else None
        tag = part_of_speech(lower, index) if self._dictionary.is_homograph(form.lower()) or form == "lead" else ""
        if form == "lead" and tag == "ADJ":
            return "lˈɛd"
        if form in {"Polish", "Poles"}:
            return to_kokoro(("P", "OW1", "L", *(("IH0", "SH") if form == "Polish" else ("Z",))), self._accent)
        found = self._dictionary.listed(form, tag, before_stop=vowel_follows is None)
        if found is None and index and form[0].isupper():
            found = self._in_cmudict(word)  # before endings are taken off: Ares is not several
        return found or self._dictionary.find(form, tag, before_stop=vowel_follows is None)

    def _in_cmudict(self, word: str) -> str | None:
        """Return a word's sounds from the CMU dictionary; not where its accents mean other sounds, as in Peña."""
        lower = word.lower()
        if any(not char.isascii() and char not in _NEUTRAL for char in lower):
            return None
        form = plain(lower)
        sounds = self._cmudict.sounds(form) if len(form) > 1 else ()
        if sounds:
            return to_kokoro(sounds, self._accent, form)
        stem = self._cmudict.sounds(form[:-1]) if len(form) > 3 and form[-1] == "s" and form[-2] not in "s'" else ()
        return self._dictionary.with_s(to_kokoro(stem, self._accent, form)) if stem else None

    def _listed(self, word: str) -> str | None:
        """Look in our own list of words and names, with and without accents, a possessive or a plural s."""
        capital = word[:1].isupper()
        for form in dict.fromkeys((word.lower(), plain(word).lower())):
            found = self._names.get(form) or (self._names.get(form.capitalize()) if capital else None)
            if found:
                return to_kokoro(found, self._accent, form)
            for ending in ("'s", "s'", "s"):
                base = form.removesuffix(ending)
                stem = self._names.get(base) or (self._names.get(base.capitalize()) if capital else None)
                if stem and base != form:
                    return self._dictionary.with_s(to_kokoro(stem, self._accent, base))
        return None

    def _capitals(self, word: str, before: str) -> tuple[str, str]:
        """Decide what capitals mean: `(word to say loudly, "")`, or `("", sounds)` for an acronym."""
        lower = word.lower()
        listed = self._listed(word)
        if listed:
            return "", listed
        if word in _SPELLED or (self._dictionary.spelled_as_noun(word) and before in DETERMINERS | {"of", "in", "for"}):
            return "", self._spell(word)
        if self._dictionary.checked(word) and lower not in _SHORT_WORDS:
            return "", stress.audible(self._dictionary.exact(word) or self._spell(word))
        if len(word) <= 3:
            return (lower, "") if lower in _SHORT_WORDS else ("", self._spell(word))
        if self._dictionary.checked(lower) or (self._dictionary.find(lower) and len(word) > 4):
            return lower, ""
        readable = len(word) > 4 and re.search("[AEIOUY]", word)
        return (lower, "") if readable else ("", self._spell(word))

    def _spell(self, word: str) -> str:
        return stress.spelled([self._dictionary.letter(char) for char in plain(word) if char.isalpha()])

    def _unknown(self, word: str) -> str:
        """Return sounds for a word in no list: by its parts where it has any, else by guessing."""
        if word in GREEK or word.lower() in GREEK:
            return self._dictionary.find(GREEK[word.lower()]) or ""
        form = plain(word)
        if not form:
            return ""
        written_down = self._in_cmudict(word)
        if written_down:
            return written_down
        if "-" in form:
            return self._compound([part for part in word.split("-") if plain(part)])
        if form.startswith("O'") and len(form) > 3:
            return stress.compound(
                ["O" if self._accent == "us" else "Q", self._in_place(form[2:], ("",), 0, None, _BARE)]
            )
        if form.endswith(("'s", "s'")):
            return self._dictionary.with_s(self._unknown(word[:-2]))
        humps = _HUMPS.findall(form)
        if len(humps) > 1 and not re.match(r"(?:Mc|Mac)[A-Z]", form):
            return self._compound(humps)
        if not re.search("[aeiouyAEIOUY]", form):
            return self._spell(form) if len(form) > 1 else self._dictionary.letter(form)
        return self._two_words(form.lower()) or self._guess(word)

    def _guess(self, word: str) -> str:
        letters = respelled(word)
        if letters.startswith("mc") and len(letters) > 4:
            return "mək" + self._guess(letters[2:])
        return to_kokoro(self._guesser.sounds(letters), self._accent, letters)

    def _compound(self, parts: list[str]) -> str:
        said = [self._in_place(part, (part.lower(),), 0, None, _BARE) for part in parts]
        return stress.compound([each for each in said if each] or [""])

    def _two_words(self, lower: str) -> str | None:
        """Read `soundfont` as two dictionary words, the longest first one that fits; None when nothing does."""
        for cut in range(len(lower) - 4, 3, -1):
            head, tail = lower[:cut], lower[cut:]
            if self._dictionary.checked(head) and self._dictionary.checked(tail):
                first, second = self._dictionary.find(head), self._dictionary.find(tail)
                return first + stress.weakened(second) if first and second else None
        return None

    def _by_syllables(self, word: str) -> str:
        out = ""
        for syllable in word.split(SYLLABLE):
            letters = syllable.lstrip(stress.PRIMARY)
            said = stress.unstressed(
                self._dictionary.exact(letters) or to_kokoro(self._guesser.sounds(letters), self._accent, letters)
            )
            out += stress.emphasised(said) if syllable.startswith(stress.PRIMARY) else said
        return out


_BARE: Final = Word("", 0, ())


def _shouted(spoken: Sequence[str]) -> bool:
    """Whether a sentence is written in capitals throughout, so that they stress nothing in it."""
    letters = "".join(word for word in spoken if word != "I")
    loud = sum(char.isupper() for char in letters)
    return len(spoken) >= 3 and len(letters) >= 10 and loud > 0.7 * len(letters)


def _begins_with_vowel(sounds: str, otherwise: bool | None) -> bool | None:
    first = next((sound for sound in sounds if sound not in "ˈˌ "), "")
    return first in stress.VOWELS if first else otherwise
