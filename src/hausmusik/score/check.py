"""Reads a score and says everything that is wrong with it: where, why and what to do.

Two rounds: what the schema says (every error at once, unknown keys with a suggestion), then what only the whole score
can say (references, circles, voices, files). What needs takes or an instrument's opinion is `plan`'s.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from pydantic import ValidationError

from hausmusik.errors import NotFoundError, ScoreError, UsageError
from hausmusik.inside import file_inside
from hausmusik.score.effective import ducking_of, with_defaults
from hausmusik.score.explain import numbers_for_texts, schema_problems
from hausmusik.score.objections import objections
from hausmusik.score.reading import MAX_DOCUMENT_BYTES, Document, Problem, read_document, with_lines
from hausmusik.score.schema import MARKS, AnyCue, FileCue, Score, Segment, SoundCue, VoiceCue
from hausmusik.score.timeline import Moment, cue_name, solve

_MAX_CUES: Final = 5_000


class OpenedScore(msgspec.Struct, frozen=True, kw_only=True):
    """A score that is whole: it fits the schema, its references lead somewhere, its files exist.

    Args:
        path: The file it came from.
        score: With all defaults filled in.
        document: For lines.
        warnings: Problems that do not stop a render.
        allow_outside: Whether file cues may lead out of the score's folder.
    """

    path: Path
    score: Score
    document: Document
    warnings: tuple[Problem, ...] = ()
    allow_outside: bool = False

    @property
    def folder(self) -> Path:
        """The folder that file cues are relative to."""
        return self.path.parent

    @property
    def takes_folder(self) -> Path:
        """Where locked takes are kept beside the score."""
        return self.path.with_name(f"{self.path.stem}.takes")

    def cue_paths(self) -> dict[str, str]:
        """Return where in the document each cue stands, spelled, by its `segment/cue` name."""
        return {
            cue_name(segment, index): f"segments[{number}].cues[{index}]"
            for number, segment in enumerate(self.score.segments)
            for index in range(len(segment.cues))
        }


def open_score(
    path: Path, *, variables: Mapping[str, str | float | bool] | None = None, allow_outside: bool = False
) -> OpenedScore:
    """Read, check and complete a score.

    Args:
        path: A JSON file.
        variables: Replace the document's own variables of the same name.
        allow_outside: Accept file cues with absolute paths or `..`.

    Raises:
        NotFoundError: no such file.
        ScoreError: it has errors; `.problems` lists all of them.
    """
    opened, problems = check_score(path, variables=variables, allow_outside=allow_outside)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors or opened is None:
        count = f"{len(errors)} problems" if len(errors) > 1 else "a problem"
        raise ScoreError(
            f"{path.name} has {count}",
            problems=tuple(str(problem) for problem in errors),
            hint=f"`haus check {path.name}` explains the format's rules; `haus schema` prints the format",
        )
    return opened


def check_score(
    path: Path, *, variables: Mapping[str, str | float | bool] | None = None, allow_outside: bool = False
) -> tuple[OpenedScore | None, tuple[Problem, ...]]:
    """Return the opened score (None when it cannot even be read as one) and every problem, in the order of lines.

    Raises:
        NotFoundError: no such file.
        ScoreError: the file is not text.
    """
    text = _read(path)
    try:
        document = read_document(text, variables=variables)
    except ScoreError as error:
        return None, (_first_line_problem(error),)
    problems = list(document.problems)
    try:
        score = _validated(document)
    except ValidationError as error:
        problems += schema_problems(error, document)
        return None, _ordered(problems)
    score = with_defaults(score)
    problems += with_lines(_whole_problems(score, path.parent, allow_outside=allow_outside), document)
    warnings = tuple(problem for problem in problems if problem.severity != "error")
    opened = OpenedScore(path=path, score=score, document=document, warnings=warnings, allow_outside=allow_outside)
    return opened, _ordered(problems)


def _validated(document: Document) -> Score:
    """Return the document as a score; a variable that is a number may stand where a text is wanted."""
    try:
        return Score.model_validate_json(json.dumps(document.value))
    except ValidationError as error:
        if not numbers_for_texts(error, document):
            raise
    return Score.model_validate_json(json.dumps(document.value))


def _read(path: Path) -> str:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ScoreError(f"{path} is no plain file", hint="name a JSON file")
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1).decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(
            f"there is no score {path}", hint="`haus new piece.json` writes one to start from"
        ) from None
    except IsADirectoryError:
        raise ScoreError(f"{path} is a folder, not a score", hint="name the JSON file inside it") from None
    except UnicodeDecodeError as error:
        reason = f"{path.name} is not UTF-8 text (byte {error.start})"
        raise ScoreError(reason, problems=(reason,), hint="save it as UTF-8") from None
    except OSError as error:
        raise ScoreError(f"{path} cannot be read: {error.strerror}") from error


def _first_line_problem(error: ScoreError) -> Problem:
    return Problem(path="", line=0, reason=error.problems[0] if error.problems else error.message)


def _ordered(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.path)))


# -- what the whole score says ----------------------------------------------------------------------------------------


def _whole_problems(score: Score, folder: Path, *, allow_outside: bool) -> list[Problem]:
    problems: list[Problem] = []
    problems += _duplicates(score)
    if sum(len(segment.cues) for segment in score.segments) > _MAX_CUES:
        return [Problem(path="segments", line=0, reason=f"more than {_MAX_CUES} cues", fix="split the piece")]
    names = {cue_name(segment, index) for segment in score.segments for index in range(len(segment.cues))}
    for number, segment in enumerate(score.segments):
        for index, cue in enumerate(segment.cues):
            path = f"segments[{number}].cues[{index}]"
            problems += _cue_problems(score, segment, cue, path, folder, allow_outside=allow_outside)
            problems += _ducking_problems(segment, cue, path, names)
        problems += _marker_problems(segment, number, names)
    timeline = solve(score, _unknown)  # finds circles, whatever the lengths
    problems += timeline.problems
    if not timeline.problems:
        told = {problem.path for problem in problems if problem.severity == "error"}
        problems += _first_transition(score)
        # What has been told of a part of it need not be told again of the whole.
        problems += [
            each for each in _certain_objections(score) if not any(path.startswith(each.path) for path in told)
        ]
    return problems


def _unknown(_name: str, _cue: AnyCue) -> Moment:
    return Moment(0.01, exact=False)


def _certain_objections(score: Score) -> list[Problem]:
    """Return what the score's own numbers show already, before anything is known of its takes."""

    def short(cue: AnyCue) -> AnyCue:
        # Whether such a sound lasts or is an event its instrument knows; here it is of unknown length.
        unsettled = isinstance(cue, SoundCue) and cue.fit is None
        return cue.model_copy(update={"fit": "trim"}) if unsettled else cue

    segments = tuple(
        segment.model_copy(update={"cues": tuple(short(cue) for cue in segment.cues)}) for segment in score.segments
    )
    score = score.model_copy(update={"segments": segments})
    found = objections(score, solve(score, _unknown), _unknown)
    return [problem for problem in found if problem.severity == "error"]  # warnings are the plan's, which knows more


def _duplicates(score: Score) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    for number, segment in enumerate(score.segments):
        if segment.id in seen:
            reason = f"two segments are called {segment.id!r}"
            problems.append(Problem(path=f"segments[{number}].id", line=0, reason=reason, fix="rename one"))
        seen.add(segment.id)
        names: set[str] = set()
        for index in range(len(segment.cues)):
            name = cue_name(segment, index)
            if name in names:
                path = f"segments[{number}].cues[{index}].id"
                problems.append(Problem(path=path, line=0, reason=f"two cues are called {name!r}", fix="rename one"))
            names.add(name)
    return problems


def _cue_problems(
    score: Score, segment: Segment, cue: AnyCue, path: str, folder: Path, *, allow_outside: bool
) -> list[Problem]:
    problems: list[Problem] = []
    if isinstance(cue, VoiceCue):
        if cue.voice and cue.voice not in score.voices:
            close = difflib.get_close_matches(cue.voice, score.voices, n=1)
            fix = f"did you mean {close[0]!r}?" if close else f"voices has: {', '.join(score.voices) or 'nobody yet'}"
            problems.append(Problem(path=f"{path}.voice", line=0, reason=f"nobody is called {cue.voice!r}", fix=fix))
        if not any(unicodedata.category(letter)[0] in "LN" for letter in MARKS.sub(" ", cue.text)):
            reason = "the text has no letters or digits to say"
            problems.append(Problem(path=f"{path}.text", line=0, reason=reason, fix="write what is said"))
    if isinstance(cue, FileCue):
        problems += _file_problems(cue, path, folder, allow_outside=allow_outside)
    start = segment.duration_s is not None and cue.at_s is not None and cue.at_s >= segment.duration_s
    if start:
        reason = f"the cue starts at {cue.at_s:g} s, but its segment is over at {segment.duration_s:g} s"
        problems.append(Problem(path=f"{path}.at_s", line=0, reason=reason, fix="move it, or make the segment longer"))
    return problems


def _ducking_problems(segment: Segment, cue: AnyCue, path: str, names: set[str]) -> list[Problem]:
    problems: list[Problem] = []
    ducking = ducking_of(cue)
    for reference in () if ducking is None or ducking.by == "voice" else ducking.by:
        if _full_name(segment, reference) not in names:
            reason = f"there is no cue {reference!r} to duck by"
            problems.append(Problem(path=f"{path}.duck.by", line=0, reason=reason, fix="give the cue you mean an id"))
    return problems


def _file_problems(cue: FileCue, path: str, folder: Path, *, allow_outside: bool) -> list[Problem]:
    try:
        resolve_file(folder, cue.path, allow_outside=allow_outside)
    except (ScoreError, NotFoundError) as error:
        return [Problem(path=f"{path}.path", line=0, reason=error.message, fix=error.hint)]
    return []


def resolve_file(folder: Path, name: str, *, allow_outside: bool) -> Path:
    """Return the file that a file cue names.

    Raises:
        ScoreError: it leads out of the score's folder and that is not allowed.
        NotFoundError: there is no such file.
    """
    hint = "copy the file beside the score, or pass --allow-outside"
    try:
        return file_inside(folder, name, whose="the score", hint=hint, allow_outside=allow_outside)
    except UsageError as error:
        raise ScoreError(error.message, hint=error.hint) from error


def _full_name(segment: Segment, reference: str) -> str:
    return reference if "/" in reference else f"{segment.id}/{reference}"


def _marker_problems(segment: Segment, number: int, names: set[str]) -> list[Problem]:
    problems: list[Problem] = []
    for index, marker in enumerate(segment.markers):
        path = f"segments[{number}].markers[{index}]"
        if (marker.at_s is None) == (marker.with_ is None):
            reason = "a marker has exactly one place"
            problems.append(Problem(path=path, line=0, reason=reason, fix="give it at_s or with"))
        elif marker.with_ is not None and _full_name(segment, marker.with_) not in names:
            reason = f"there is no cue {marker.with_!r} to mark"
            problems.append(Problem(path=path, line=0, reason=reason, fix="give the cue you mean an id"))
    return problems


def _first_transition(score: Score) -> list[Problem]:
    if score.segments[0].transition.seconds <= 0:
        return []
    path = "segments[0].transition"
    reason = "the first segment has nothing before it to cross over from"
    return [Problem(path=path, line=0, reason=reason, fix="use fade_in_s", severity="warning")]
