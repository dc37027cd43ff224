"""Reading aloud as one object: text in, sentences of sounds out, an accent's data loaded when it is first needed.

Lazy from end to end: a long text is read portion by portion. Knows nothing of the voice that will speak.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

import msgspec

from hausmusik.engines.english.cmudict import CmuDictionary
from hausmusik.engines.english.dictionary import Dictionary
from hausmusik.engines.english.letter_to_sound import LetterToSound
from hausmusik.engines.english.names import names
from hausmusik.engines.english.pronunciation import Pronouncer, Sound
from hausmusik.engines.english.reading import read
from hausmusik.engines.english.respelling import spoken_forms
from hausmusik.engines.english.sentences import paragraphs, sentences
from hausmusik.engines.english.tokens import Accent, Word
from hausmusik.errors import WeightsError
from hausmusik.seams import EngineContext


class Portion(msgspec.Struct, frozen=True):
    """A paragraph, or a part of a very long one.

    Args:
        text: What the tokens' offsets count in.
        sentences: The sounds of each sentence.
        unsaid: Words that have no sounds because they are in another script.
        ends_paragraph: Whether a paragraph ends with it.
    """

    text: str
    sentences: list[list[Sound]]
    unsaid: tuple[str, ...]
    ends_paragraph: bool


class English:
    """The front end.

    Args:
        context: Hands over the weight sets `misaki-en`, `cmudict` and `g2p-en`.
    """

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._pronouncers: dict[Accent, Pronouncer] = {}
        self._cmudict: CmuDictionary | None = None
        self._guesser: LetterToSound | None = None

    def prepare(self, accent: Accent) -> Pronouncer:
        """Load an accent's dictionaries (0.1 s, about 45 MB) unless they are; raises WeightsError."""
        if self._guesser is None:
            self._guesser = LetterToSound(self._context.path("g2p-en/checkpoint20.npz"))
        if self._cmudict is None:
            self._cmudict = CmuDictionary(self._context.path("cmudict/cmudict.dict"))
        if accent not in self._pronouncers:
            gold, silver = (self._context.path(f"misaki-en/{accent}_{kind}.json") for kind in ("gold", "silver"))
            try:
                dictionary = Dictionary(gold, silver, accent)
            except (msgspec.DecodeError, OSError) as error:
                raise WeightsError(f"a dictionary cannot be read: {error}", hint="pull the weights again") from error
            self._pronouncers[accent] = Pronouncer(dictionary, self._cmudict, self._guesser, names(), accent)
        return self._pronouncers[accent]

    def portions(self, text: str, accent: Accent, lexicon: Mapping[str, str]) -> Iterator[Portion]:
        """Yield the text's portions with their sounds.

        Raises:
            BadInput: the lexicon has an entry that cannot be said.
            WeightsError: the accent's data are not there.
        """
        pronouncer, own = self.prepare(accent), spoken_forms(lexicon, accent)
        for _, portion, ends in paragraphs(unicodedata.normalize("NFC", text)):
            said = [pronouncer.sentence(each) for each in sentences(read(portion, accent, own))]
            unsaid = (
                sound.token.written
                for sentence in said
                for sound in sentence
                if isinstance(sound.token, Word) and sound.token.spoken and not sound.phonemes
            )
            yield Portion(portion, said, tuple(unsaid), ends)
