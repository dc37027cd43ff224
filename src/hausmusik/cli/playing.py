"""Commands that play one instrument: speak, music, sound, transcribe."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli import completing
from hausmusik.cli.commands import Command
from hausmusik.cli.destinations import Push, into_file, into_stdout, nowhere
from hausmusik.cli.options import NO_BUDGET, Budget, Instrument, Json, On, read_dollars, read_pair, read_text
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, announce, in_house
from hausmusik.errors import NotFoundError, OutputError, UsageError

if TYPE_CHECKING:
    from hausmusik.audio.formats import AudioFormat
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.seams import TakeIdentity
    from hausmusik.types import Event, Recording, Request, Run, WordTiming
    from hausmusik.verbs import Transcript

Out = Annotated[
    str, typer.Option("--out", "-o", metavar="FILE", help="wav, flac, mp3, opus, m4a; - for wav on stdout.")
]
Play = Annotated[bool, typer.Option("--play", "-p", help="Play it on the loudspeaker as it comes.")]
Seed = Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Another seed, another result.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (speak, music, sound, transcribe):
        app.command(rich_help_panel="Instruments", cls=Command)(command)


def speak(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from stdin.")],
    *,
    voice: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="A name, or a blend: 'af_heart(2)+am_michael(1)'.", autocompletion=completing.voices
        ),
    ] = "",
    speed: Annotated[float, typer.Option(metavar="FACTOR", help="0.5 to 2.")] = 1.0,
    language: Annotated[str, typer.Option(metavar="TAG", help="en-US, en-GB; empty: the voice's own.")] = "",
    say: Annotated[
        list[str] | None, typer.Option("--say", metavar="WORD=HOW", help="Pronounce a word: respelling or /phonemes/.")
    ] = None,
    out: Out = "",
    play: Play = False,
    seed: Seed = 0,
    instrument: Instrument = "",
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Say a text.

    Example: haus speak "Good evening." -o line.wav
    """
    from hausmusik.verbs import speak_request

    lexicon = dict(read_pair(each) for each in say or ())
    request = speak_request(read_text(text), voice=voice, speed=speed, language=language, lexicon=lexicon, seed=seed)
    _sound_of(context.obj, instrument, request, out=out, play=play, on=on, budget=budget, json=json)


def music(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="Mood, instruments, tempo, key.")],
    *,
    seconds: Annotated[float, typer.Option("--seconds", "-s", metavar="SECONDS", help="Exact length.")] = 30.0,
    tempo: Annotated[float, typer.Option(metavar="BPM", help="Beats a minute; 0 leaves it to the prompt.")] = 0.0,
    out: Out = "",
    play: Play = False,
    seed: Seed = 0,
    instrument: Instrument = "",
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Make a piece of music.

    Example: haus music "calm piano, D minor" --seconds 30 --seed 1 -o bed.flac
    """
    from hausmusik.verbs import music_request

    request = music_request(read_text(prompt), duration_s=seconds, seed=seed, tempo_bpm=tempo)
    _sound_of(context.obj, instrument, request, out=out, play=play, on=on, budget=budget, json=json)


def sound(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What is heard, or the name of a recorded clip.")],
    *,
    seconds: Annotated[
        float, typer.Option("--seconds", "-s", metavar="SECONDS", help="Exact length; 0: the sound's own.")
    ] = 0.0,
    loop: Annotated[bool, typer.Option("--loop", help="Make the end join the beginning.")] = False,
    out: Out = "",
    play: Play = False,
    seed: Seed = 0,
    instrument: Instrument = "",
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Make or find a sound.

    Example: haus sound "heavy rain on a roof" --seconds 20 --loop -o rain.wav
    """
    from hausmusik.verbs import sound_request

    request = sound_request(read_text(prompt), duration_s=seconds, loop=loop, seed=seed)
    _sound_of(context.obj, instrument, request, out=out, play=play, on=on, budget=budget, json=json)


def transcribe(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording of up to 30 minutes.")],
    *,
    language: Annotated[str, typer.Option(metavar="TAG", help="en, de …; empty: detected.")] = "",
    prompt: Annotated[str, typer.Option(metavar="WORDS", help="Names and terms to expect.")] = "",
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help="text, srt, vtt.")] = "text",
    instrument: Instrument = "",
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Write down what is said in a recording.

    Example: haus transcribe interview.mp3 --format srt
    """
    output: Output = context.obj
    if format_ not in {"text", "srt", "vtt"}:
        raise UsageError(f"there is no format {format_!r}", hint="use text, srt or vtt")
    if file.is_dir():
        raise UsageError(f"{file} is a folder", hint="name the recording inside it")
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}", hint="name a recording")
    most = read_dollars(budget)
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> Transcript:
        from hausmusik.audio.files import decode
        from hausmusik.types import TranscribeRequest

        run = house.new_run(f"transcribe {file.name}", on=on, budget_usd=most)
        audio = await asyncio.to_thread(decode, file)
        request = TranscribeRequest(audio=audio, language=language, prompt=prompt)
        announce(house, output, house.quote_play(instrument, request, run=run))
        return await house.transcribe(
            audio, language=language, prompt=prompt, instrument=instrument, run=run, on_event=lambda e: _tell(line, e)
        )

    try:
        transcript = in_house(work, output)
    finally:
        line.end()
    if json:
        output.json(transcript)
    elif format_ == "text":
        output.data(transcript.text)
    else:
        from hausmusik.audio.caption_files import to_srt, to_vtt
        from hausmusik.audio.captions import Spoken, make_captions

        spoken = [Spoken(text=word.text, start_s=word.start_s, end_s=word.end_s) for word in transcript.words]
        write = to_srt if format_ == "srt" else to_vtt
        output.data(write(make_captions(spoken)).rstrip("\n"))


class _Played:
    """What came out of one play."""

    def __init__(self) -> None:
        self.frames = 0
        self.sample_rate_hz = 0
        self.words: list[WordTiming] = []
        self.remarks: list[str] = []
        self.recordings: tuple[Recording, ...] = ()
        self.identity: TakeIdentity | None = None

    @property
    def duration_s(self) -> float:
        return self.frames / self.sample_rate_hz if self.sample_rate_hz else 0.0


def _sound_of(
    output: Output, instrument: str, request: Request, *, out: str, play: bool, on: str, budget: str, json: bool
) -> None:
    """Play a request into a file, to stdout or to the loudspeaker."""
    if out == "-" and json:
        raise UsageError("stdout cannot hold both sound and JSON", hint="write the sound to a file")
    if not out and not play:
        raise UsageError("where should it go?", hint="say -o FILE, -o - for stdout, or --play")
    most = read_dollars(budget)
    format_ = _target(out) if out and out != "-" else None
    line = ProgressLine(output)

    def destination() -> AbstractContextManager[Push]:
        if out == "-":
            return into_stdout(output)
        return into_file(out, format_) if format_ else nowhere()

    async def work(house: AsyncHouse, _stop: Stop) -> _Played:
        from hausmusik.verbs import task_of

        with destination() as push:
            run = house.new_run(task_of(request), on=on, budget_usd=most)
            return await _play(house, instrument, request, run, line, output, push, aloud=play)

    try:
        played = in_house(work, output)
    finally:
        line.end()
    if not played.frames:
        from hausmusik.errors import GenerationFailed

        raise GenerationFailed("the instrument ended without any sound")
    _tell_played(output, played, out, json=json)


async def _play(
    house: AsyncHouse,
    instrument: str,
    request: Request,
    run: Run,
    line: ProgressLine,
    output: Output,
    push: Push,
    *,
    aloud: bool,
) -> _Played:
    from hausmusik.cli.loudspeaker import loudspeaker
    from hausmusik.takes.record import recordings_in
    from hausmusik.types import AudioChunk, Remark, WordTiming
    from hausmusik.verbs import task_of

    played = _Played()
    asked = instrument or getattr(house.settings.defaults, task_of(request))
    played.identity = house.player.identify(asked, request, run=run)
    announce(house, output, house.quote_play(asked, request, run=run))
    async with aclosing(_told(house.play(instrument, request, run=run), line)) as events:
        with loudspeaker(wanted=aloud) as speaker:
            async for event in events:
                if isinstance(event, AudioChunk):
                    played.frames += event.audio.frames
                    played.sample_rate_hz = event.audio.sample_rate_hz
                    push(event.audio)
                    await speaker(event.audio)
                elif isinstance(event, WordTiming):
                    played.words.append(event)
                elif isinstance(event, Remark):
                    played.remarks.append(event.text)
                played.recordings += recordings_in(event)
    return played


def _target(out: str) -> AudioFormat:
    """Return the format that a file's ending names; a place that cannot be written is told before anything plays.

    Raises:
        UsageError: the ending names no format.
        OutputError: nothing can be written there.
    """
    from hausmusik.audio.formats import format_of

    format_, path = format_of(out), Path(out)
    if path.is_dir():
        raise OutputError(f"{path} is a folder", hint="name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise OutputError(f"the folder {path.parent} cannot be made: {reason}", hint="choose another place") from error
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"nothing can be written to {path.parent}", hint="choose another place")
    return format_


def _tell_played(output: Output, played: _Played, out: str, *, json: bool) -> None:
    identity = played.identity
    if json:
        document: dict[str, Any] = {
            "file": out or None,
            "duration_s": round(played.duration_s, 3),
            "sample_rate_hz": played.sample_rate_hz,
        }
        if identity is not None:
            document |= {"instrument": identity.instrument, "licence": identity.licence, "credit": identity.credit}
            document |= {"commercial": identity.commercial}
        output.json(document | {"words": played.words, "remarks": played.remarks, "recordings": played.recordings})
        return
    if identity is not None:
        output.talk(f"{played.duration_s:.1f} s by {identity.instrument}")
        for each in played.recordings:
            output.detail(f"“{each.title}”, recorded by {each.author}, {each.link} ({each.licence})")
        output.detail(identity.credit)
        if not identity.commercial:
            output.talk(f"non-commercial: {identity.credit}")
    for remark in played.remarks:
        output.talk(f"note: {remark}")
    if out and out != "-":
        output.data(out)


async def _told(events: AsyncGenerator[Event], line: ProgressLine) -> AsyncGenerator[Event]:
    async with aclosing(events) as stream:
        async for event in stream:
            _tell(line, event)
            yield event


def _tell(line: ProgressLine, event: Event) -> None:
    from hausmusik.types import Phase

    if isinstance(event, Phase):
        line(event.name.replace("_", " "), event.done, eta_s=event.eta_s)
