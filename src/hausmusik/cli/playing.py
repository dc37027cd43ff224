"""Commands that play one instrument: speak, music, sound, transcribe."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli.output import Output
from hausmusik.cli.pieces import Json, On
from hausmusik.cli.session import ProgressLine, in_house
from hausmusik.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.types import Audio, Event, Request

Instrument = Annotated[str, typer.Option("--instrument", "-i", metavar="NAME", help="Instead of the default.")]
Out = Annotated[
    str, typer.Option("--out", "-o", metavar="FILE", help="wav, flac, mp3, opus, m4a; - for wav on stdout.")
]
Play = Annotated[bool, typer.Option("--play", "-p", help="Play it on the loudspeaker as it comes.")]
Seed = Annotated[int, typer.Option("--seed", help="Another seed, another result.", min=0, max=2**32 - 1)]
Seconds = Annotated[float, typer.Option("--seconds", "-s", help="Exact length.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (speak, music, sound, transcribe):
        app.command(rich_help_panel="Instruments")(command)


def speak(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What to say; - reads it from stdin.")],
    *,
    voice: Annotated[str, typer.Option("--voice", help="A name, or a blend: 'af_heart(2)+am_michael(1)'.")] = "",
    speed: Annotated[float, typer.Option("--speed", help="0.5 to 2.")] = 1.0,
    language: Annotated[str, typer.Option("--language", help="en-US, en-GB; empty: the voice's own.")] = "",
    say: Annotated[
        list[str] | None, typer.Option("--say", metavar="WORD=HOW", help="Pronounce a word: respelling or /phonemes/.")
    ] = None,
    out: Out = "",
    play: Play = False,
    seed: Seed = 0,
    instrument: Instrument = "",
    on: On = "",
    json: Json = False,
) -> None:
    """Say a text.

    Example: haus speak "Good evening." -o line.wav
    """
    from hausmusik.verbs import speak_request

    text = sys.stdin.read() if text == "-" else text
    lexicon = dict(_pair(each) for each in say or ())
    request = speak_request(text, voice=voice, speed=speed, language=language, lexicon=lexicon, seed=seed)
    _sound_of(context.obj, instrument, request, out=out, play=play, on=on, json=json)


def music(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(help="Mood, instruments, tempo, key.")],
    *,
    seconds: Seconds = 30.0,
    tempo: Annotated[float, typer.Option("--tempo", help="Beats a minute; 0 leaves it to the prompt.")] = 0.0,
    out: Out = "",
    play: Play = False,
    seed: Seed = 0,
    instrument: Instrument = "",
    on: On = "",
    json: Json = False,
) -> None:
    """Make a piece of music.

    Example: haus music "calm piano, D minor" --seconds 30 --seed 1 -o bed.flac
    """
    from hausmusik.verbs import music_request

    request = music_request(prompt, duration_s=seconds, seed=seed, tempo_bpm=tempo)
    _sound_of(context.obj, instrument, request, out=out, play=play, on=on, json=json)


def sound(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What is heard, or the name of a recorded clip.")],
    *,
    seconds: Annotated[float, typer.Option("--seconds", "-s", help="Exact length; 0: the sound's own.")] = 0.0,
    loop: Annotated[bool, typer.Option("--loop", help="Make the end join the beginning.")] = False,
    out: Out = "",
    play: Play = False,
    seed: Seed = 0,
    instrument: Instrument = "",
    on: On = "",
    json: Json = False,
) -> None:
    """Make or find a sound.

    Example: haus sound "heavy rain on a roof" --seconds 20 --loop -o rain.wav
    """
    from hausmusik.verbs import sound_request

    request = sound_request(prompt, duration_s=seconds, loop=loop, seed=seed)
    _sound_of(context.obj, instrument, request, out=out, play=play, on=on, json=json)


def transcribe(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A recording.")],
    *,
    language: Annotated[str, typer.Option("--language", help="en, de …; empty: detected.")] = "",
    prompt: Annotated[str, typer.Option("--prompt", help="Names and terms to expect.")] = "",
    format_: Annotated[str, typer.Option("--format", help="text, srt, vtt.")] = "text",
    instrument: Instrument = "",
    on: On = "",
    json: Json = False,
) -> None:
    """Write down what is said in a recording.

    Example: haus transcribe interview.mp3 --format srt
    """
    output: Output = context.obj
    if format_ not in {"text", "srt", "vtt"}:
        raise UsageError(f"there is no format {format_!r}", hint="use text, srt or vtt")
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}", hint="name a recording")
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> Any:
        run = house.new_run(f"transcribe {file.name}", on=on)
        return await house.transcribe(
            file, language=language, prompt=prompt, instrument=instrument, run=run, on_event=lambda e: _tell(line, e)
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


def _sound_of(output: Output, instrument: str, request: Request, *, out: str, play: bool, on: str, json: bool) -> None:
    """Play a request into a file, to stdout or to the loudspeaker."""
    if not out and not play:
        raise UsageError("where should it go?", hint="say -o FILE, -o - for stdout, or --play")
    if out == "-" and json:
        raise UsageError("stdout cannot hold both sound and JSON", hint="write the sound to a file")
    if out and out != "-":
        from hausmusik.audio.formats import format_of

        format_of(out)  # a wrong ending is told before anything is played
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> Audio:
        from hausmusik.cli.loudspeaker import loudspeaker
        from hausmusik.types import AudioChunk, concatenate

        run = house.new_run(_label(request), on=on)
        chunks: list[Audio] = []
        async with aclosing(_told(house.play(instrument, request, run=run), line)) as events:
            with loudspeaker(wanted=play) as speaker:
                async for event in events:
                    if isinstance(event, AudioChunk):
                        chunks.append(event.audio)
                        await speaker(event.audio)
        return concatenate(chunks)

    try:
        audio = in_house(work, output)
    finally:
        line.end()
    if out == "-":
        from hausmusik.audio.files import wav_bytes

        sys.stdout.buffer.write(wav_bytes(audio))
        sys.stdout.buffer.flush()
        return
    if out:
        from hausmusik.audio.files import write_audio

        write_audio(out, audio)
    if json:
        output.json(
            {"file": out or None, "duration_s": round(audio.duration_s, 3), "sample_rate_hz": audio.sample_rate_hz}
        )
    elif out:
        output.talk(f"{audio.duration_s:.1f} s")
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


def _label(request: Request) -> str:
    return type(request).__name__.removesuffix("Request").lower()


def _pair(text: str) -> tuple[str, str]:
    word, equals, how = text.partition("=")
    if not equals or not word.strip() or not how.strip():
        raise UsageError(f"--say {text!r} is no pronunciation", hint="write WORD=respelling or WORD=/phonemes/")
    return word.strip(), how.strip()
