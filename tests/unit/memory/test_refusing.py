"""What a memory cannot answer is told from what was found."""

from __future__ import annotations

import time

import msgspec
import pytest

from hausmusik.memory.answering.refusing import THRESHOLD, answerable, asks_for_another_number
from hausmusik.memory.retrieval.retriever import missing_in
from tests.unit.memory.found import evidence, retrieved


def test_whether_it_can_be_answered() -> None:
    one = [evidence("a")]
    assert answerable(retrieved([], 0.0)) == 0.0
    shares = [answerable(retrieved(one, missing)) for missing in (0.0, 2.0, 4.0, 9.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > THRESHOLD > shares[-1]
    nearer = [msgspec.structs.replace(one[0], nearness=0.9)]
    assert answerable(retrieved(nearer, 4.0)) > shares[2]


def test_what_has_nothing_to_do_with_the_memory_is_refused_although_little_is_missing() -> None:
    far = [msgspec.structs.replace(evidence("a"), nearness=0.2)]
    assert answerable(retrieved(far, 2.0)) < THRESHOLD
    assert answerable(retrieved(far, 0.0)) > THRESHOLD  # the number of an error is near nothing, and it is there
    near = [msgspec.structs.replace(far[0], nearness=0.4)]
    assert answerable(retrieved([*far, *near], 2.0)) > THRESHOLD  # the second passage is


@pytest.mark.parametrize(
    ("question", "text", "other"),
    [
        ("What did pupil number 950 win?", "Pupil number 101 won the cup. Pupil number 204 came second.", True),
        ("Who is pupil 950?", "Pupils 101 and 204 won.", True),
        ("What did pupil 950 win?", "Pupils 101 and 204 won.", False),  # as far as can be told it is how much
        ("Who lost 20 kilos?", "Tom lost 15 kg, Anna lost twenty kilos.", False),
        ("Who scored 3 goals?", "Tom scored 2.", False),
        ("Where were we at Christmas 2025?", "At Christmas 1999 we were in Leeds.", False),
        ("What was on 3. Mai 2026?", "Am 2. Mai war nichts.", False),
        ("What did pupil number 204 win?", "Pupil number 101 won the cup. Pupil number 204 came second.", False),
        ("What did pupil number 204 win?", "Pupil number 101 won the cup. Second was 204.", False),
        ("Who is in room 12?", "Anna is in room no. 014, Tom in room 15.", True),
        ("Who is in room 14?", "Anna is in room no. 014, Tom in room 15.", False),
        ("What does ERR-4012 mean?", "ERR-4011 means that the disk is full.", True),
        ("What does ERR-4011 mean?", "ERR-4011 means that the disk is full.", False),
        ("Wer hat Zimmer 12?", "Zimmer 14 hat Anna.", True),
        ("Which room has 12 beds?", "Room 14 is large.", False),  # how many, not which
        ("Does it cost 50 euros?", "It costs 40 euros.", False),  # an amount: the answer is no
        ("What happens on May 4?", "We met on May 3, 2026.", False),
        ("What was said at 9:30?", "Anna called at 10:15.", False),
        ("Who won in 2025?", "Tom won in 2024.", False),
        ("What is The Witcher 3?", "Anna plays The Witcher a lot.", False),  # nothing is numbered there
        ("Who has 1,200 books?", "Helga has 1200 books.", False),
        ("What is in box 1,200?", "Box 1200 has books, box 7 has none.", False),
        ("What is on floor 2?", "On floor 1 is the kitchen, on the 2nd floor a bath.", False),
        ("What is on floor 3?", "On floor 1 is the kitchen, on the 2nd floor a bath.", True),
        ("What is new in version 2?", "In version 1 nothing was; version 2.0 has a map.", False),
        ("Who won round 2?", "Tom won round 1, Anna round two.", False),
        ("Who won season 2?", "Tom won season 1, Anna the second season.", False),
        ("Who is in the top 10?", "In the top 3 is Tom. The top ten are on the wall.", False),
        ("Did Anna earn 3000?", "They earn 2500 euros.", False),
        ("Did she turn 30?", "When you turn 18 you may vote.", False),
        ("Who is no. 7?", "Anna is no. 5.", True),
        ("Who is no. 5?", "Anna is no. 5.", False),
        ("Wer ist Nr. 7?", "Anna ist Nr. 5.", True),
        ("Who is pupil number 1?", "Pupil number 12 sings, pupil number 7 dances.", True),
        ("Who is pupil number 1?", "Pupil number one sings, pupil number 7 dances.", False),
        ("What does ERR-1 mean?", "ERR-4011 is a lost disk.", True),
        ("Was sagt Schüler Nummer 950?", "Schüler Nummer 12 singt.", True),
        ("What does Error Code 4012 mean?", "Error code 4011 is a lost disk.", True),
        ("What is in Building A room 14?", "Building A room 3 is the kitchen.", True),
        ("", "Room 14.", False),
    ],
)
def test_a_number_that_others_of_its_kind_have_is_refused_however_near(question: str, text: str, other: bool) -> None:
    assert asks_for_another_number(question, [text, "Nothing else."]) == other
    near = msgspec.structs.replace(evidence(text), nearness=0.9)
    found = msgspec.structs.replace(retrieved([near], 0.5), question=question)
    assert (answerable(found) < THRESHOLD) == other


def test_the_title_of_a_document_has_numbers_too() -> None:
    found = retrieved([evidence("As meeting 11 said, it rains.", title="Meeting 12")], 0.0)
    assert answerable(msgspec.structs.replace(found, question="What was said in meeting 12?")) > THRESHOLD
    assert answerable(msgspec.structs.replace(found, question="What was said in meeting 13?")) < THRESHOLD


@pytest.mark.parametrize("text", ["x" * 200_000, "1" * 200_000, "a1" * 100_000, "1,000" * 40_000, "a " * 100_000])
def test_numbers_are_looked_for_in_a_time_that_grows_with_the_text(text: str) -> None:
    began = time.process_time()
    asks_for_another_number(f"Room 12? {text}", [text])
    assert time.process_time() - began < 2.0


def test_what_is_missing_is_told_from_the_best_line_alone() -> None:
    rarity = {"wolfgang": 1.0, "colour": 2.0, "curtain": 1.0}
    text = "WolfgangSchulz: The curtain is nice.\nLiHua: Which colour do you mean?"
    assert missing_in([evidence(text)], rarity) == pytest.approx(3 * 2 / 4)  # two lines have half of it each
    assert missing_in([evidence("Nothing."), evidence("Wolfgang: a curtain, colour blue.")], rarity) == 0.0
    assert missing_in([], rarity) == 3.0
    assert missing_in([evidence("a")], {}) == 0.0
