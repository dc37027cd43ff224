"""Dictionaries of a few dozen words and an untrained letter-to-sound network, for tests without weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hausmusik.engines.english.cmudict import CmuDictionary
from hausmusik.engines.english.dictionary import Dictionary
from hausmusik.engines.english.letter_to_sound import LetterToSound
from hausmusik.engines.english.names import names
from hausmusik.engines.english.pronunciation import Pronouncer
from hausmusik.engines.english.reading import read
from hausmusik.engines.english.tokens import Accent

LETTERS = {
    "A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "G": "ʤˈi", "I": "ˈI", "N": "ˈɛn", "P": "pˈi", "S": "ˈɛs",
    "T": "tˈi", "U": "jˈu", "X": "ˈɛks",
}  # fmt: skip
US: dict[str, str | dict[str, str | None]] = {
    **LETTERS,
    "apple": "ˈæpᵊl", "hour": "ˈWəɹ", "cat": "kˈæt", "dog": "dˈɔɡ", "and": "ænd", "of": "ʌv", "is": "ɪz", "he": "hi",
    "we": "wi", "they": "ðA", "it": "ɪt", "never": "nˈɛvəɹ", "stop": "stˈɑp", "want": "wˈɑnt", "bus": "bˈʌs",
    "church": "ʧˈɜɹʧ", "cup": "kˈʌp", "need": "nˈid", "try": "tɹˈI", "run": "ɹˈʌn", "make": "mˈAk", "sound": "sˈWnd",
    "font": "fˈɑnt", "cafe": "kæfˈA", "minus": "mˈInəs", "five": "fˈIv", "London": "lˈʌndən", "mother": "mˈʌðəɹ",
    "law": "lˈɔ", "in": "ɪn", "door": "dˈɔɹ", "open": "ˈOpᵊn", "alpha": "ˈælfə", "please": "plˈiz", "book": "bˈʊk",
    "read": {"DEFAULT": "ɹˈid", "VBD": "ɹˈɛd", "VBN": "ɹˈɛd", "ADJ": "ɹˈɛd"},
    "record": {"DEFAULT": "ɹˈɛkəɹd", "VERB": "ɹəkˈɔɹd"},
    "close": {"DEFAULT": "klˈOs", "NOUN": "klˈOz", "VERB": "klˈOz"},
    "can": {"DEFAULT": "kæn", "None": "kˈæn"},
    "US": {"DEFAULT": "ˌʌs", "NOUN": None},
    "NASA": "nˈæsə",
}  # fmt: skip
CMU = """\
amadeus AE2 M AH0 D EY1 AH0 S
ares EH1 R IY0 Z
are AA1 R
marie(2) M AA0 R IY1
marie M ER0 IY1 # name, french
o'hara OW0 HH AE1 R AH0
pena P EH1 N AH0
zoe Z OW1 IY0"""
GB = {**US, "car": "kˈɑː", "hour": "ˈWə", "fear": "fˈɪə"}


class Echo(LetterToSound):
    """Says one fixed sound sequence for any word, so that a test sees that it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def sounds(self, word: str) -> tuple[str, ...]:
        self.asked.append(word)
        return ("Z", "AA1", "Z", "AH0")


def dictionary(folder: Path, accent: Accent = "us") -> Dictionary:
    gold, silver = folder / "gold.json", folder / "silver.json"
    gold.write_text(json.dumps(US if accent == "us" else GB), encoding="utf-8")
    silver.write_text(json.dumps({"gizmo": "ɡˈɪzmO"}), encoding="utf-8")
    return Dictionary(gold, silver, accent)


def cmudict(folder: Path) -> CmuDictionary:
    path = folder / "cmudict.dict"
    path.write_text(CMU, encoding="ascii")
    return CmuDictionary(path)


def pronouncer(folder: Path, accent: Accent = "us") -> tuple[Pronouncer, Echo]:
    guesser = Echo()
    return Pronouncer(dictionary(folder, accent), cmudict(folder), guesser, names(), accent), guesser


def phonemes(made: Pronouncer, text: str, **lexicon: tuple[str, ...]) -> str:
    """The sounds of a text's words, separated by spaces."""
    return " ".join(sound.phonemes for sound in made.sentence(read(text, "us", lexicon)) if sound.phonemes)


def random_network(path: Path, width: int = 8) -> Path:
    """Write a network of the right shape with random weights."""
    dice = np.random.default_rng(7)
    arrays = {"enc_emb": dice.normal(size=(29, width)), "dec_emb": dice.normal(size=(74, width))}
    for side in ("enc", "dec"):
        arrays |= {
            f"{side}_w_ih": dice.normal(size=(3 * width, width)),
            f"{side}_w_hh": dice.normal(size=(3 * width, width)),
        }
        arrays |= {f"{side}_b_ih": dice.normal(size=3 * width), f"{side}_b_hh": dice.normal(size=3 * width)}
    arrays |= {"fc_w": dice.normal(size=(74, width)), "fc_b": dice.normal(size=74)}
    np.savez(path, **{name: array.astype(np.float32) for name, array in arrays.items()})
    return path
