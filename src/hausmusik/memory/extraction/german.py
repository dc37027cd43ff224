"""Which words of a German text are nouns and no names, though German writes both with a capital.

A noun has an article, a name mostly none: `das Geld`, `im Bootshaus`, `eine lange Sitzung`, but `Petra`, `in Lindau`.
All of a document is counted, so that a noun that is once without one is known by the others, and a name is not lost
for one `die Petra`. Nouns are told by their ending too (`Sitzung`), and the commonest of those that need no article are
listed. What is called by an article alone (`der Rhein`, `die Nordwind`) is lost, unless it is listed as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from hausmusik.memory.extraction.words import CONNECTORS, STOP_WORDS
from hausmusik.memory.wordset import word_set

ARTICLED: Final = 3
"""Of so many times that a noun is written, it has an article at least once."""

_PRONOUNS: Final = word_set("der die das den dem des")
"""Articles, which behind a comma are relative pronouns instead: `die Frau, die Petra kennt`, `mit der Anna spricht`."""

DETERMINERS: Final = _PRONOUNS | word_set(
    """
    ein eine einem einen einer eines euer kein keine keinem keinen keiner keines mein meine meinem meinen meiner meines
    dein deine deinem deinen deiner deines sein seine seinem seinen seiner seines ihre ihrem ihren ihrer ihres unser
    unsere unserem unseren unserer unseres eure eurem euren eurer dies diese diesem diesen dieser dieses jede jedem
    jeden jeder jedes jene jenem jenen jener jenes manche manchen mancher solche solchen solcher alle allen aller beide
    beiden viele vielen vieler wenige wenigen einige einigen einiger mehrere mehreren am ans aufs beim fürs im ins ums
    vom zum zur zwei drei vier fünf sechs sieben acht neun zehn elf zwölf
    """
)
"""Articles and what stands in their place: before a noun, and seldom before a name."""

_CONJUNCTIONS: Final = word_set("aber als dass denn ob oder sondern und weil wenn wie")
_ADJECTIVE: Final = re.compile(r"[a-zäöüß]{2,30}(?:e|en|er|es|em)")
_NUMBER: Final = re.compile(r"\d{1,3}")
_ENDING: Final = re.compile(r".{3,}(?:ung|heit|keit|schaft|tion|sion|tät)(?:en|s)?", re.IGNORECASE)
_INFLECTED: Final = re.compile(r"(?:en|es|er|e|n|s)$")
_WORD: Final = re.compile(r"[^\W_][\w’'-]*")
_STREET: Final = re.compile(r".{3,}(?:straße|strasse|allee)", re.IGNORECASE)
_INNER: Final = re.compile(r".+[A-ZÄÖÜ0-9]")

_COMMON: Final = word_set(
    """
    angst anfang antwort antworten arbeit aufgabe aufgaben beispiel bescheid besuch bier blumen brief briefe brot bücher
    cent dank dinge ende erfolg essen euro fehler ferien feuer frage fragen frauen freude freunde frieden frist geduld
    geld gespräch glück grund gründe grüße grüßen hand hause hilfe hunger idee ideen interesse jahr jahre jahren kaffee
    kinder kindern kosten kraft kuchen lärm leute leuten licht liebe lust luft männer meter menge menschen milch mitte
    monat monate monaten musik nacht ordnung papier pause personen pläne platz post preis probleme prozent punkt punkte
    recht regen ruhe sachen schluss schlüssel schnee schule schuld seite seiten sonne spaß spiele sport strom stück
    stunde stunden tag tage tagen tee teil teile termin termine text themen tisch urlaub wasser weg wein wetter woche
    wochen wort wörter zahlen zeit zeiten ziel ziele zucker zug zukunft minute minuten rede stimmen
    """
)
_BODIES: Final = (
    *("bank", "universität", "hochschule", "akademie", "institut", "museum", "republik", "parlament", "regierung"),
    *("ministerium", "gericht", "kirche", "bistum", "königreich", "könig", "königin", "fürst", "herzog"),
    *("markgraf", "landgraf", "pfalzgraf", "stadtrat", "gemeinderat", "staatsrat", "landrat", "bundesrat", "senat"),
)
"""How what stands before the `von` of one name ends: `Universität von Kalifornien`, `Zentralbank von Irland`; not
`rat`, as `Heirat` and `Vorrat` do."""

_ARTICLED_NAMES: Final = word_set(
    """
    schweiz türkei ukraine slowakei mongolei niederlande niederlanden usa vatikan irak iran jemen libanon sudan tschad
    elsass bundestag bundesrat rhein donau elbe main mosel neckar isar inn weser spree havel saale ruhr bodensee ostsee
    nordsee schwarzwald harz allgäu ruhrgebiet erzgebirge alpen vogesen pfalz saarland balkan bundesliga telekom
    lufthansa spd cdu csu fdp afd eu uno nato
    """
)


class Nouns:
    """The nouns of a German document.

    Args:
        text: All of it.
    """

    def __init__(self, text: str) -> None:
        self._written: Counter[str] = Counter()
        self._articled: Counter[str] = Counter()
        self._named: set[str] = set()
        words = list(_WORD.finditer(text))
        for place, match in enumerate(words):
            word = match.group()
            if not word[0].isupper() or word.lower() in STOP_WORDS:
                continue
            stem = _stem(word)
            self._written[stem] += 1
            if _has_article(text, words, place):
                self._articled[stem] += 1
            elif place and _touch(text, words, place - 1) and _is_named_before(words[place - 1].group()):
                self._named.add(stem)

    def are_all_of(self, name: str, people: Collection[str]) -> bool:
        """Return whether a name has nothing but nouns in it, e.g. `Geld` or `Ende der Sitzung`.

        Args:
            name: As written.
            people: Words of names of people, lower case.
        """
        return all(self._is_noun(each, people) for each in name.split() if each not in CONNECTORS)

    def before_name(self, name: str, people: Collection[str]) -> int:
        """Return how many letters of a name are a noun and its `von`: `Angebot von ` of `Angebot von Siemens`.

        Args:
            name: As written, with something in it that is no noun.
            people: Words of names of people, lower case.
        """
        first, von, _ = name.partition(" von ")
        last = first.rpartition(" ")[2].lower()
        is_body = last == "graf" or last.endswith(_BODIES)
        return len(first + von) if von and not is_body and self.are_all_of(first, people) else 0

    def _is_noun(self, word: str, people: Collection[str]) -> bool:
        low, stem = word.lower(), _stem(word)
        if not word.isalpha() or low in people or low in _ARTICLED_NAMES:
            return False
        if _INNER.fullmatch(word) or _STREET.fullmatch(word):
            return False
        if low in _COMMON or (_ENDING.fullmatch(word) and stem not in self._named):
            return True
        return self._articled[stem] * ARTICLED >= max(1, self._written[stem])


def _has_article(text: str, words: list[re.Match[str]], place: int) -> bool:
    """Return whether a word has an article, with at most two adjectives between."""
    at = place - 1
    while at >= 0 and place - at <= 2 and _is_adjective(words[at].group()) and _touch(text, words, at):
        at -= 1
    if at < 0 or not _touch(text, words, at):
        return False
    before = words[at].group().lower()
    if _NUMBER.fullmatch(before):
        return at == place - 1
    if before not in DETERMINERS:
        return False
    if before not in _PRONOUNS or words[at].group()[0].isupper():
        return True
    # Behind a comma, or a comma and a preposition, it may be a relative pronoun, and a name follow.
    joined = at > 0 and words[at - 1].group() in _CONJUNCTIONS
    return joined or not any(
        "," in text[words[each].end() : words[each + 1].start()] for each in range(max(0, at - 2), at)
    )


def _is_adjective(word: str) -> bool:
    return word not in STOP_WORDS and word not in DETERMINERS and _ADJECTIVE.fullmatch(word) is not None


def _touch(text: str, words: list[re.Match[str]], at: int) -> bool:
    """Return whether nothing but blanks, or one line's end, is between a word and the next."""
    between = text[words[at].end() : words[at + 1].start()]
    return between.isspace() and between.count("\n") < 2


def _is_named_before(word: str) -> bool:
    """Return whether a word that stands before another may be the first of a name, or a title."""
    return word[0].isupper() and word.lower() not in STOP_WORDS and word.lower() not in DETERMINERS


def _stem(word: str) -> str:
    """Return a word without an ending of number or case, as `Haus` of `Hauses`; `Tom` and `Anna` have none."""
    low = word.lower()
    bare = _INFLECTED.sub("", low)
    return bare if len(bare) >= 4 else low
