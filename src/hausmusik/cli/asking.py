"""The command `ask`: a question to a memory; what was found, thoughts and walk on stderr, the answer on stdout."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli.commands import Command
from hausmusik.cli.options import NO_BUDGET, Budget, Instrument, Json, On, read_dollars, read_text
from hausmusik.cli.output import Output, printable
from hausmusik.cli.session import ProgressLine, announce, in_house
from hausmusik.errors import UsageError
from hausmusik.memory.moments import read_moment

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.memory.answering.events import AnswerEvent, Citation, Found

Memory = Annotated[str, typer.Argument(metavar="MEMORY", help="Its name; `haus memory` lists them.")]
AsOf = Annotated[str, typer.Option("--as-of", metavar="DATE", help="As if nothing later had been said: 2026-03-01.")]
Mode = Annotated[str, typer.Option("--mode", metavar="NAME", help="auto, naive, local, global, hybrid, mix.")]
Picture = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Draw it: .svg, .png or .html.")]
QUOTES = "quotes"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Memories", cls=Command)(ask)


def ask(
    context: typer.Context,
    memory: Memory,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In words; - reads it from stdin.")],
    *,
    mode: Mode = "auto",
    passages: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=40, help="Most that the reader is shown.")] = 6,
    as_of: AsOf = "",
    think: Annotated[str, typer.Option(metavar="HOW", help="show, hide or only: the model's thoughts.")] = "show",
    explain: Annotated[bool, typer.Option("--explain", help="Show every excerpt, and which ranking found it.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Answer although the memory seems not to have it.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Another seed, another wording.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Draw what the answer rests on, too: .svg, .png or .html."),
    ] = None,
    instrument: Instrument = "",
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Ask a memory a question.

    Each sentence of the answer points to passages and is checked against them; what none supports is marked. Without a
    language model (or with `-i quotes`) the sentences that say most are quoted.

    Example: haus ask notes "What did we decide about the launch?"
    """
    output: Output = context.obj
    if think not in {"show", "hide", "only"}:
        raise UsageError(f"--think {think!r} is none", hint="use show, hide or only")
    asked = read_text(question)
    most = read_dollars(budget)
    when = read_moment(as_of)
    if out is not None:
        from hausmusik.picturing import check_picture_name

        check_picture_name(out)  # before an answer is paid for
    line = ProgressLine(output)
    shown = _Shown(output, line, think=think, explain=explain, json=json)

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        from hausmusik.memory.answering.answerer import AskOptions

        reader = "" if instrument == QUOTES else instrument or house.reader()
        if not reader and not instrument:
            output.detail("no language model that answers well is here, so sentences are quoted")
        options = AskOptions(
            instrument=reader,
            mode=mode,  # pyright: ignore[reportArgumentType] -- checked where it is used, with a hint
            passages=passages,
            as_of=when,
            think=think != "hide",
            seed=seed,
            anyway=anyway,
        )
        run = house.new_run(f"ask {memory}", on=on, budget_usd=most)
        house.memories.store(memory)  # a memory that is not there costs nobody a quote
        announce(house, output, house.quote_ask(asked, options=options, run=run))
        async with aclosing(house.ask_events(memory, asked, options=options, run=run)) as events:
            async for event in events:
                shown.take(event)
        if out is not None and (found := shown.found) is not None:
            house.picture_answer(memory, out, asked, found, shown.citations, as_of=when)

    try:
        in_house(work, output)
    finally:
        line.end()
    shown.end()
    if out is not None:
        output.talk(f"drew {out}")


class _Shown:
    """Shows events as they come, or keeps them for one JSON document."""

    def __init__(self, output: Output, line: ProgressLine, *, think: str, explain: bool, json: bool) -> None:
        self._output = output
        self._line = line
        self._think = think
        self._explain = explain
        self._json = json
        self.citations: list[Citation] = []
        self._document: dict[str, Any] = {"thinking": "", "citations": self.citations, "walk": []}
        self.found: Found | None = None
        self._text = ""
        self._marked: list[str] = []

    def take(self, event: AnswerEvent) -> None:
        """Show one event."""
        from hausmusik.memory.answering.events import AnswerDelta, Answered, Citation, Found, Walk
        from hausmusik.types import Phase, ThinkingDelta

        match event:
            case Phase():
                self._line(event.name.replace("_", " "), event.done, eta_s=event.eta_s)
            case Found():
                self.found = event
                self._document |= {"found": event}
                for each in event.misspelt if not self._json else ():
                    self._output.talk(f"nobody and nothing is called {each.text!r} here; {each.question}")
                if self._explain and not self._json:
                    self._explained(event)
            case Walk():
                self._document["walk"] = list(event.steps)
                if not self._json:
                    self._output.talk("\n".join(f"path: {step}" for step in event.steps))
            case ThinkingDelta():
                self._document["thinking"] += event.text
                if self._think != "hide" and not self._json:
                    self._line.end()
                    self._output.aside(event.text)
            case AnswerDelta():
                if not self._text:
                    self._line.end()
                self._text += event.text
                if not self._json and self._think != "only":
                    self._output.more(event.text)
            case Citation():
                self.citations.append(event)
                if event.matched:
                    numbers = "".join(f"[{number}]" for number in event.numbers)
                    self._marked.append(f"from {numbers}, found by code: {event.sentence}")
                elif not event.supported:
                    self._marked.append(f"not supported ({event.kind}: {event.detail}): {event.sentence}")
            case Answered():
                self._document |= {"answer": event}

    def _explained(self, found: Found) -> None:
        names = ", ".join(each.text for each in found.names)
        self._output.talk(f"the question names: {names or 'nobody and nothing'}")
        for each in found.passages:
            ranks = ", ".join(f"{name} {place}" for name, place in each.ranks.items())
            self._output.talk(f"[{each.number}] {_place(each)}; {ranks}; nearness {each.nearness:.2f}")
            self._output.talk("\n".join(f"    {line}" for line in each.excerpt.splitlines()[:12]))

    def end(self) -> None:
        """Say which passages were cited, and what is not supported."""
        from hausmusik.memory.checking.sentences import split

        if self._json:
            self._output.json(self._document)
            return
        if self._text and self._think != "only":
            self._output.more("\n")
        # Of what is no claim (`"Who has the keys?" [2]`) the source is told too.
        cited = {number for each in self.citations for number in each.numbers}
        cited.update(number for each in split(self._text) for number in each.citations)
        for each in self.found.passages if self.found else ():
            if each.number in cited:
                lines = {citation.line for citation in self.citations if citation.passage == each.number} - {0}
                self._output.talk(f"[{each.number}] {_place(each, lines)}")
        for mark in self._marked:
            self._output.talk(mark)
        answer = self._document.get("answer")
        if answer is not None and answer.reason == "length":
            self._output.talk("note: the model had no tokens left, so the answer is cut")


def _place(passage: Any, lines: Collection[int] = ()) -> str:
    """Return where a passage is, on which lines if they are known, else on which it begins."""
    where = f"{passage.path}, page {passage.page}" if passage.page else passage.path
    told = sorted(lines) or [passage.line] * bool(passage.line)
    where = f"{where}, line {' and '.join(map(str, told))}" if told else where
    parts = [where, passage.when, ", ".join(passage.speakers[:4])]
    return printable("; ".join(part for part in parts if part), line=True)
