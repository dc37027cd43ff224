"""Adding where a model extracts, or types what rules found: asked once, with what it said kept, at a failure too."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from hausmusik.errors import GenerationFailed
from hausmusik.memory.extraction import rules
from hausmusik.memory.extraction.prompts import DEFAULT_TYPES
from hausmusik.memory.looking import Looker
from hausmusik.memory.store.answers import KeptAnswer
from hausmusik.memory.values import AddProgress, Settled
from hausmusik.testing import FakePlayer, Fault, FaultSchedule
from hausmusik.testing.player import CUT
from hausmusik.types import ChatRequest
from tests.unit.memory.shelf import PEOPLE, Shelf, many

# -- the ontology -----------------------------------------------------------------------------------------------------

SHIPS = {"ship": "floats", "person": "somebody", "other": "else"}


async def test_the_ontology_is_kept_with_the_memory(shelf: Shelf) -> None:
    shelf.write(**many(2))
    assert shelf.plan().options.types == DEFAULT_TYPES
    await shelf.add(types=SHIPS)
    plan = shelf.plan()
    assert (plan.options.types, plan.has_new_types, plan.to_do) == (SHIPS, False, ())
    assert Looker("notes", shelf.memories.store("notes")).ontology() == SHIPS
    assert shelf.plan(types=DEFAULT_TYPES).has_new_types


async def test_with_a_model_another_ontology_is_another_recipe_and_is_told_before(shelf: Shelf) -> None:
    shelf.write(**many(2))
    shelf.player = FakePlayer(replies=about)
    await shelf.add(extractor="tone-chat", types=SHIPS)
    assert shelf.plan(extractor="tone-chat").to_do == ()
    plan = shelf.plan(extractor="tone-chat", types=DEFAULT_TYPES)
    assert (plan.has_new_types, len(plan.to_do)) == (True, 2)
    assert shelf.plan(extractor="tone-chat").options.types == SHIPS  # only planned


# -- names that rules cannot tell -------------------------------------------------------------------------------------


def typing(request: ChatRequest) -> str:
    names = re.findall(r'^\d+\. "([^"]*)": ', request.messages[1].content, re.MULTILINE)
    kinds = {"Leeds": "location", "Nordwind": "organization"}
    return json.dumps({str(place): kinds.get(name, "other") for place, name in enumerate(names, 1)})


def typed(shelf: Shelf) -> dict[str, str]:
    return {each.title: each.type for each in Looker("notes", shelf.memories.store("notes")).entities()}


async def test_a_small_model_types_what_rules_could_not(shelf: Shelf) -> None:
    shelf.write(**many())
    await shelf.add()
    before = shelf.content()
    assert {typed(shelf)[name] for name in ("Leeds", "Nordwind")} == {"other"}
    shelf.player, shelf.asker = FakePlayer(replies=typing), "tone-chat"
    plan = shelf.plan()
    unknown = sum(type_ == "other" for type_ in typed(shelf).values())
    assert (plan.asker, plan.questions, plan.to_do) == ("tone-chat", unknown, ())
    told: list[AddProgress] = []
    report = await shelf.add(tell=told.append)
    assert report.settled == Settled(asker="tone-chat", asked=unknown, typed=2)
    assert (report.same, report.calls) == (12, 0)
    assert (told[-1].asker, told[-1].asked, told[-1].questions) == ("tone-chat", unknown, unknown)
    assert {name: typed(shelf)[name] for name in ("Leeds", "Nordwind")} == {
        "Leeds": "location",
        "Nordwind": "organization",
    }
    after = shelf.content()
    assert after["documents"] == before["documents"]  # a guess makes no document another one
    assert (await shelf.add()).settled == Settled(asker="tone-chat")
    assert shelf.player.counts["tone-chat"] == 1


async def test_documents_and_names_in_one_go(shelf: Shelf) -> None:
    shelf.write(**many())
    shelf.player, shelf.asker = FakePlayer(replies=typing), "tone-chat"
    assert shelf.plan().questions > 0
    report = await shelf.add()
    assert (report.added, report.settled.typed) == (12, 2)


@pytest.mark.parametrize("options", [{"llm_minutes": 0}, {"extractor": "tone-chat"}])
async def test_nobody_is_asked_about_names_unless_rules_extract_and_there_is_time(
    shelf: Shelf, options: dict[str, Any]
) -> None:
    shelf.write(**many(3))
    shelf.player, shelf.asker = FakePlayer(replies=about), "tone-chat"
    plan = shelf.plan(**options)
    assert (plan.asker, plan.questions) == ("", 0)
    assert (await shelf.add(**options)).settled == Settled()


# -- with a language model --------------------------------------------------------------------------------------------


def about(request: ChatRequest) -> str:
    passage = request.messages[-1].content
    entities = [{"name": name, "type": "person", "description": "x"} for name in PEOPLE if name in passage]
    return json.dumps({"entities": entities, "relations": []})


async def test_a_model_is_asked_once_about_each_passage(shelf: Shelf) -> None:
    shelf.write(**many(4))
    shelf.player = FakePlayer(replies=about)
    first = await shelf.add(extractor="tone-chat")
    assert (first.added, first.calls, shelf.player.counts["tone-chat"]) == (4, 4, 4)
    shelf.memories.store("notes").forget(["d00.txt"])
    again = await shelf.add(extractor="tone-chat")
    assert (again.added, again.calls) == (1, 1)  # what it had said went with the document


async def test_what_a_model_does_not_answer_is_not_done_and_is_asked_for_again(shelf: Shelf) -> None:
    shelf.write(**many(3))

    def replies(request: ChatRequest) -> str:
        return "no idea" + CUT if "number 1" in request.messages[-1].content else about(request)

    shelf.player = FakePlayer(replies=replies)
    report = await shelf.add(extractor="tone-chat")
    assert (report.added, report.failed) == (2, 1)
    assert set(shelf.memories.store("notes").known()) == {"d00.txt", "d02.txt"}
    shelf.player = FakePlayer(replies=about)
    assert (await shelf.add(extractor="tone-chat")).added == 1


async def test_what_was_said_of_a_document_that_failed_is_not_asked_again(shelf: Shelf) -> None:
    shelf.write(a="\n\n".join(f"Anna Weber has paragraph {number} of this text to herself." * 3 for number in range(9)))

    def replies(request: ChatRequest) -> str:
        return "no idea" if "paragraph 8" in request.messages[-1].content else about(request)

    def answers() -> int:
        with shelf.memories.store("notes").database.read() as connection:
            return connection.execute("SELECT count(*) FROM answers").fetchone()[0]

    shelf.player = FakePlayer(replies=replies)
    first = await shelf.add(extractor="tone-chat", concurrency=1)
    assert (first.failed, answers() > 0) == (1, True)
    kept = answers()
    shelf.player = FakePlayer(replies=about)
    again = await shelf.add(extractor="tone-chat", concurrency=1)
    assert (again.added, again.calls, answers()) == (1, 9 - kept, 9)
    shelf.write(b="Tom Baker is here.")
    stray = KeptAnswer(answer="of nothing", tokens_in=1, tokens_out=1)
    shelf.memories.store("notes").keep_answers([(b"k" * 20, b"t" * 16, "tone-chat", stray)])
    await shelf.add(extractor="tone-chat")
    assert answers() == 10  # of that and of nine paragraphs; what nothing is about goes once nothing has failed


async def test_when_one_passage_fails_the_others_are_not_waited_for(shelf: Shelf) -> None:
    shelf.write(
        a="\n\n".join(f"Anna Weber has paragraph {number} of this long text to herself." * 3 for number in range(9))
    )

    def replies(request: ChatRequest) -> str:
        if "paragraph 0" in request.messages[-1].content:
            raise GenerationFailed("nothing came")
        return about(request)

    shelf.player = FakePlayer(replies=replies)
    report = await shelf.add(extractor="tone-chat", concurrency=1)
    assert report.failed == 1
    assert shelf.player.host.playing == 0


async def test_a_document_that_fails_for_good_costs_nobody_a_turn(shelf: Shelf) -> None:
    shelf.write(**many(6))
    shelf.player = FakePlayer(faults=FaultSchedule({0: Fault(error=GenerationFailed("no vectors"))}))
    report = await shelf.add()
    assert report.added + report.failed == 6
    assert Looker("notes", shelf.memories.store("notes")).row().documents == report.added


async def test_passages_that_name_nobody_are_told(shelf: Shelf) -> None:
    shelf.write(a="it was cold again, and so we went home early.", b="Anna Weber was there.")
    shelf.player = FakePlayer(replies=about)
    report = await shelf.add(extractor="tone-chat")
    assert (report.added, report.failed, report.empty) == (2, 0, 1)
    assert (await shelf.add(extractor="tone-chat")).empty == 0


async def test_of_passages_that_seem_empty_the_document_is_looked_at_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    class Counted(rules.Casing):
        def __init__(self, text: str) -> None:
            looked.append(len(text))
            super().__init__(text)

    monkeypatch.setattr(rules, "Casing", Counted)
    shelf.write(
        a="\n\n".join(f"it was cold again on day {day}, and so we all went home early. " * 3 for day in range(9))
    )
    shelf.player = FakePlayer(replies=about)
    report = await shelf.add(extractor="tone-chat")
    assert (report.added, report.empty) == (1, 9)
    assert len(looked) == 1


async def test_lightrags_lines_are_another_recipe(shelf: Shelf) -> None:
    shelf.write(a="Anna Weber met Tom Baker in Leeds.")
    lines = (
        "entity<|#|>Anna Weber<|#|>person<|#|>x\nentity<|#|>Tom Baker<|#|>person<|#|>y\n"
        "relation<|#|>Anna Weber<|#|>Tom Baker<|#|>met<|#|>They met.\n<|COMPLETE|>"
    )
    shelf.player = FakePlayer(replies=lambda request: about(request) if request.schema else lines)
    await shelf.add(extractor="tone-chat", form="lightrag")
    assert [row[2] for row in shelf.content()["facts"]] == ["met"]
    assert shelf.plan(extractor="tone-chat", form="lightrag").to_do == ()
    assert (await shelf.add(extractor="tone-chat")).changed == 1
    assert shelf.content()["facts"] == []
