"""The command that talks with a language model: one turn, or many on a terminal."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from hausmusik.cli.commands import Command
from hausmusik.cli.histories import read_history, write_history
from hausmusik.cli.options import NO_BUDGET, Budget, Instrument, Json, On, read_dollars, read_text
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, announce, in_house
from hausmusik.errors import HausmusikError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hausmusik.conversation import Reply
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.types import ChatRequest, Event, Message, Run

THINKING: Final = ("show", "hide", "only", "off")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(rich_help_panel="Instruments", cls=Command)(chat)


def chat(
    context: typer.Context,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="What you say; - reads it from stdin. On a terminal: left out, you talk."),
    ] = None,
    *,
    system: Annotated[str, typer.Option(metavar="TEXT", help="Instructions that stand before everything.")] = "",
    schema: Annotated[
        str, typer.Option(metavar="FILE", help="A JSON Schema for the answer: a file, or itself in braces.")
    ] = "",
    think: Annotated[
        str, typer.Option(metavar="HOW", help="Thinking: show (on stderr), hide, only (no answer), off.")
    ] = "show",
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A conversation to go on with; each turn is added to it.")
    ] = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", metavar="NUMBER", help="Most that is generated; 0: what there is room for.")
    ] = 0,
    temperature: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="0 to 2; left out: as the model's makers advise.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Another seed, another answer.")] = 0,
    instrument: Instrument = "",
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Talk with a language model.

    Example: haus chat "Why is the sea salty?" --max-tokens 200
    """
    output: Output = context.obj
    if think not in THINKING:
        raise UsageError(f"there is no --think {think!r}", hint=f"use {', '.join(THINKING)}")
    if text is None and (json or schema or sys.stdin is None or not sys.stdin.isatty()):
        raise UsageError("what do you say?", hint="give TEXT, or - to read it from stdin")
    said = None if text is None else read_text(text)
    asking: dict[str, Any] = {
        "schema": _read_schema(schema) if schema else None,
        "max_tokens": max_tokens,
        "temperature": temperature,
        "seed": seed,
        "think": think != "off",
    }
    talk = _Talk(output, system=system, history=history, think=think, quiet=bool(json or schema), asking=asking)
    if said is not None:
        talk.request(said)  # what is wrong with it is told before anything starts
    most = read_dollars(budget)

    async def work(house: AsyncHouse, _stop: Stop) -> Reply | None:
        asked = instrument or house.settings.defaults.chat
        run = house.new_run("chat", on=on, budget_usd=most)
        if said is not None:
            return await talk.turn(house, asked, run, said)
        return await _conversation(talk, house, asked, run)

    reply = in_house(work, output)
    if reply is not None:
        _tell(output, talk, reply, schema=bool(schema), think=think, json=json)


class _Talk:
    """A conversation as it grows.

    Args:
        output: Where it is heard.
        system: Instructions; empty: none, or those of the file.
        history: Its file; None: it is forgotten at the end.
        think: What becomes of thinking.
        quiet: Whether nothing is heard until the answer is whole.
        asking: What else each request says.
    """

    def __init__(
        self,
        output: Output,
        *,
        system: str,
        history: Path | None,
        think: str,
        quiet: bool,
        asking: Mapping[str, Any],
    ) -> None:
        self.output = output
        self._file = history
        self._asking = asking
        self._think = think
        self._quiet = quiet
        self._announced = False
        self._heard: Literal["", "aside", "data"] = ""
        self.identity: Any = None
        self.messages = read_history(history) if history is not None else ()
        first = self.messages[0] if self.messages else None
        if system and (first is None or (first.role, first.content) != ("system", system)):
            from hausmusik.types import Message

            self.messages = (Message(role="system", content=system), *self.messages)

    def request(self, said: str) -> ChatRequest:
        """Return the request of the next turn; raises UsageError."""
        from hausmusik.conversation import chat_request

        system = [message for message in self.messages if message.role == "system"]
        if len(system) > 1:
            raise UsageError(f"{self._file} has another system message", hint="leave --system out")
        return chat_request(said, history=self.messages, **self._asking)

    async def turn(self, house: AsyncHouse, instrument: str, run: Run, said: str) -> Reply:
        """Say something, hear the answer as it comes, keep both."""
        from hausmusik.conversation import reply_of

        request = self.request(said)
        if not self._announced:
            self.identity = house.player.identify(instrument, request, run=run)
            announce(house, self.output, house.quote_play(instrument, request, run=run))
            self._announced = True
        line = ProgressLine(self.output)
        events: list[Event] = []
        try:
            async with aclosing(house.play(instrument, request, run=run)) as stream:
                async for event in stream:
                    events.append(event)
                    self._hear(event, line)
        finally:
            line.end()
            self._end()
        reply = reply_of(events)
        self._keep((*request.messages, reply.message))
        return reply

    def _hear(self, event: Event, line: ProgressLine) -> None:
        from hausmusik.types import Phase, TextDelta, ThinkingDelta

        if isinstance(event, Phase):
            line(event.name.replace("_", " "), event.done, eta_s=event.eta_s)
        elif isinstance(event, ThinkingDelta | TextDelta):
            line.end()
            if not self._quiet:
                self._say("thinking" if isinstance(event, ThinkingDelta) else "text", event.text)

    def _say(self, kind: Literal["thinking", "text"], text: str) -> None:
        if kind == "thinking" and self._think == "show":
            self.output.aside(text)
            self._heard = "aside"
        elif kind == ("thinking" if self._think == "only" else "text"):
            if self._heard == "aside":
                self.output.aside("\n\n")
            self.output.more(text)
            self._heard = "data"

    def _end(self) -> None:
        """End the line that was last written to."""
        if self._heard == "aside":
            self.output.aside("\n")
        elif self._heard == "data":
            self.output.more("\n")
        self._heard = ""

    def _keep(self, messages: tuple[Message, ...]) -> None:
        self.messages = messages
        if self._file is not None:
            write_history(self._file, messages)


async def _conversation(talk: _Talk, house: AsyncHouse, instrument: str, run: Run) -> None:
    """Take turns until the line ends (Ctrl-D); a turn that fails is told, and is not part of what was said."""
    output = talk.output
    while True:
        output.ask(">")
        line = await _typed()
        if not line:
            output.aside("\n")
            return
        if not line.strip():
            continue
        try:
            reply = await talk.turn(house, instrument, run, line.strip())
        except HausmusikError as error:
            output.error(error)
        else:
            _note_cut(output, reply)


async def _typed() -> str:
    """Return the next line of the terminal, empty at its end; leaves the loop free, so that Ctrl-C is heard."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()


def _read_schema(given: str) -> str:
    """Return the schema as JSON: a file's, or what was given.

    Raises:
        NotFoundError: no such file.
        UsageError: it is not a JSON object.
    """
    from json import loads

    text, place = given, "--schema"
    if not given.lstrip().startswith("{"):
        path = Path(given)
        if not path.is_file():
            raise NotFoundError(f"there is no file {path}", hint="name a JSON Schema, or write it in braces")
        text, place = path.read_text("utf-8-sig", "replace"), given
    try:
        found = loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON: {error}", hint="a JSON Schema is an object in braces") from error
    if not isinstance(found, dict):
        raise UsageError(f"{place} is not a JSON object", hint="a JSON Schema is an object in braces")
    return text


def _tell(output: Output, talk: _Talk, reply: Reply, *, schema: bool, think: str, json: bool) -> None:
    document = reply.document() if schema else None
    _note_cut(output, reply)
    identity = talk.identity
    if json:
        told: dict[str, Any] = {name: getattr(reply, name) for name in reply.__struct_fields__ if name != "scores"}
        if schema:
            told["document"] = document
        if identity is not None:
            told |= {"instrument": identity.instrument, "licence": identity.licence, "credit": identity.credit}
            told |= {"commercial": identity.commercial}
        output.json(told)
        return
    if schema:
        output.data(reply.thinking if think == "only" else reply.text)
    if identity is not None:
        output.detail(f"{reply.tokens_in} tokens read, {reply.tokens_out} generated by {identity.instrument}")
        output.detail(identity.credit)
        if not identity.commercial:
            output.talk(f"non-commercial: {identity.credit}")


def _note_cut(output: Output, reply: Reply) -> None:
    if reply.reason == "length":
        output.talk("note: the answer was cut, no tokens were left; see --max-tokens")
