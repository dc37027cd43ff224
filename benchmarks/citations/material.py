"""True sentences with the passages that say so, from QMSum and LiHua-World. Knows nothing of corruptions.

QMSum: the sentences of the answers to specific queries; their evidence are the turns that the annotators marked, as one
passage a turn range, written `Speaker: text`. LiHua-World: a question and its answer turned into one statement by rule
(`Who offers help? Adam.` is `Adam offers help.`); the evidence are the chats that the data names.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import zipfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from hausmusik.memory.checking import Evidence, split

SHORT_SPAN = 1_200  # words; passages that a language model is shown are not longer, all those of a sentence together


@dataclass
class Case:
    id: str
    source: str  # `qmsum`, `qmsum, long` or `lihua`
    sentence: str  # without citations
    passages: dict[int, Evidence]
    document: list[str] = field(default_factory=list)  # names of the same document, for swaps

    @property
    def half(self) -> str:
        """Which half it belongs to, by its document's query: `tune` or `report`."""
        return ("tune", "report")[sha256(self.id.rpartition("/")[0].encode()).digest()[0] % 2]


def qmsum(data: Path) -> list[Case]:
    cases = []
    with gzip.open(data / "qmsum" / "qmsum_meetings.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            meeting = json.loads(line)
            turns = meeting["meeting_transcripts"]
            people = list(dict.fromkeys(turn["speaker"] for turn in turns))
            for at, query in enumerate(meeting["specific_query_list"]):
                passages = {}
                for number, (first, last) in enumerate(query["relevant_text_span"], 1):
                    span = turns[int(first) : int(last) + 1]
                    passages[number] = Evidence(
                        text="".join(f"{turn['speaker']}: {turn['content']}\n" for turn in span),
                        speakers=tuple(dict.fromkeys(turn["speaker"] for turn in span)),
                    )
                if not passages:
                    continue
                size = sum(len(passage.text.split()) for passage in passages.values())
                source = "qmsum" if size <= SHORT_SPAN else "qmsum, long"
                # Annotators forgot the space after a full stop now and then.
                answer = re.sub(r"(?<=[a-z]{3})\.(?=[A-Z][a-z])", ". ", query["answer"])
                cases += [
                    Case(f"{meeting['id']}/{at}/{place}", source, sentence.text, passages, people)
                    for place, sentence in enumerate(split(answer))
                    if sentence.sort == "claim" and len(sentence.text.split()) >= 4
                ]
    return cases


def lihua(data: Path) -> list[Case]:
    folder = data / "lihua-world"
    questions = json.loads((folder / "query_set.json").read_text("utf-8"))
    with zipfile.ZipFile(folder / "LiHuaWorld.zip") as archive:
        chats = {
            Path(name).stem: archive.read(name).decode("utf-8") for name in archive.namelist() if name.endswith(".txt")
        }
    people = sorted({found for chat in chats.values() for found in re.findall(r"^([A-Z]\w+):", chat, re.MULTILINE)})
    cases = []
    for key, question in questions.items():
        statement = stated(question["question"], question["answer"])
        keys = [each.replace(":", "") for each in question["evidence"].split("<and>")]
        if question["type"] == "Null" or statement is None or any(each not in chats for each in keys):
            continue
        passages = {number: chat(chats[each], each) for number, each in enumerate(keys, 1)}
        cases.append(Case(f"lihua-{key}/0", "lihua", statement, passages, [spaced(name) for name in people]))
    return cases


def chat(text: str, key: str) -> Evidence:
    _, _, body = text.partition("\n")  # its first line is its time
    speakers = dict.fromkeys(re.findall(r"^([A-Z]\w+):", body, re.MULTILINE))
    at = f"{key[:4]}-{key[4:6]}-{key[6:8]}T{key[9:11]}:{key[11:13]}"
    return Evidence(text=body, speakers=tuple(speakers), at=at)


def spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def stated(question: str, answer: str) -> str | None:
    """Return question and answer as one statement; None where no rule fits."""
    question = question.removeprefix("Question: ").rstrip("? ")
    answer = answer.removeprefix("Answer: ").strip().rstrip(".")
    if answer in ("Yes", "No"):
        return None  # of the order of two events, which no sentence of either chat says
    who = re.fullmatch(r"Who (?!do |does |did |is |are |else )(.+)", question)
    if who:
        return f"{spaced(answer)} {who[1]}."
    asked = re.fullmatch(
        r"(?:What|Which|When|Where|Why|How)\b(?P<about>.{0,60}?) (?P<verb>does|did|is|was|do|are|were) "
        r"(?P<subject>(?:[A-Z][\w-]+ ){1,3})(?P<rest>.+)",
        question,
    )
    if asked is None:
        return None
    verb = "" if asked["verb"] in ("does", "did", "do") else asked["verb"] + " "
    rest = asked["rest"] if verb else past(asked["rest"])
    return f"{spaced(asked['subject'].strip())} {verb}{rest}{asked['about']}: {spaced(answer)}."


def past(rest: str) -> str:
    verb, space, more = rest.partition(" ")
    irregular = {"say": "said", "tell": "told", "think": "thought", "find": "found", "feel": "felt", "make": "made",
                 "give": "gave", "have": "had", "want": "wanted", "get": "got", "go": "went", "see": "saw"}  # fmt: skip
    if verb in irregular:
        return irregular[verb] + space + more
    if verb in ("plan", "prefer", "admit", "refer", "stop"):
        verb += verb[-1]
    return (
        (verb + "d" if verb.endswith("e") else verb[:-1] + "ied" if verb[-2:] in ("ly", "ry") else verb + "ed")
        + space
        + more
    )


def load(data: Path) -> list[Case]:
    return [*qmsum(data), *lihua(data)]


def seeded(case: Case, kind: str) -> random.Random:
    return random.Random(f"{case.id} {kind}")
