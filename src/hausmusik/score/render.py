"""From a mix to finished files: mix and master in one pass, then every format and companion, then the report.

Each file appears whole or not at all, and the report comes last: it names the inputs by one hash and every file by its
own, so that a render of which nothing changed is recognised and a killed one is not mistaken for finished. Plain code
for a worker thread; knows nothing of how takes are made.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import math
import shutil
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from hausmusik.audio.encode import encode
from hausmusik.audio.formats import AudioFormat
from hausmusik.audio.master import MasterReport, MasterTarget, master
from hausmusik.audio.mix import MixSpec
from hausmusik.audio.mixing import iter_mix
from hausmusik.audio.tags import Chapter, Tags
from hausmusik.errors import OutputError
from hausmusik.jobs.stop import Stop
from hausmusik.score.companions import chapters_of, write_captions, write_picture
from hausmusik.score.credits import credits_of, credits_text, use_of
from hausmusik.score.encoding import encode_within, look, output_file, peak_db, scaled, write_text
from hausmusik.score.ownership import remove_stale
from hausmusik.score.plan import Plan
from hausmusik.score.progress import Finished, OutputFile, Progress, Stage
from hausmusik.score.report import make_report, read_report, report_inputs, write_report
from hausmusik.score.schema import Score
from hausmusik.score.targets import Targets
from hausmusik.takes.store import Take

EXPORT_THREADS: Final = 2
JUST_BEGUN_S: Final = 60.0
_IN_USE: Final = ".in-use"

Tell = Callable[[Progress], None]


def render_piece(
    plan: Plan, takes: Mapping[str, Take], spec: MixSpec, targets: Targets, *, tell: Tell, stop: Stop
) -> Finished:
    """Write the piece and all its companions; nothing when nothing has changed since the last time.

    Args:
        plan: Finished: every take there.
        takes: By `segment/cue`.
        spec: The mix.
        targets: Where to write.
        tell: Told how far it is.
        stop: Asked between blocks.

    Raises:
        OutputError: a file cannot be written there.
        Cancelled: stopped; no file is half written.
    """
    inputs = report_inputs(plan, takes, targets)
    before = read_report(targets.report)
    if before is not None and before.inputs == inputs and before.files_unchanged(targets.base.parent):
        return before.finished(targets, reused=True)
    with _workshop(targets) as shop:
        mastered = shop / "master.wav"
        stems = {layer: shop / f"{layer}.wav" for layer in spec.layers if plan.score.master.stems}
        figures = _master(plan.score, spec, mastered, stems, tell, stop)
        work = _Export(plan, takes, _inside(targets, shop), mastered, stems, figures, stop)
        files = work.run(tell)
        report = make_report(
            plan, takes, inputs=inputs, files=files, master=figures, stems_gain_db=work.stems_gain_db, before=before
        )
        write_report(targets.report, report.claimed())
        for file in files:
            _deliver(file, targets)
        remove_stale(before, report, targets.base.parent)
        write_report(targets.report, report)
    return report.finished(targets, reused=False)


def render_preview(
    plan: Plan,
    takes: Mapping[str, Take],
    spec: MixSpec,
    targets: Targets,
    *,
    stretch: tuple[float, float],
    tell: Tell,
    stop: Stop,
) -> Finished:
    """Write one stretch of the piece, mastered by itself, without companions.

    Raises:
        OutputError: nothing of the piece lies in that stretch, or the file cannot be written.
    """
    start_s, end_s = stretch[0], min(stretch[1], spec.duration_s)
    if start_s >= end_s:
        raise OutputError(
            f"the piece is only {spec.duration_s:.1f} s long, so there is nothing from {start_s:g} s on",
            hint="choose an earlier stretch",
        )
    with _workshop(targets) as shop:
        mastered = shop / "preview.wav"
        figures = _master(plan.score, spec, mastered, {}, tell, stop, stretch=(start_s, end_s))
        encoded, loudness = encode_within(
            mastered, _inside(targets, shop).preview, targets.formats[0],
            ceiling_dbtp=plan.score.master.true_peak_dbtp, tags=None, chapters=(), cover=b"", stop=stop,
        )  # fmt: skip
        file = output_file(encoded, "piece", loudness or figures.after)
        _deliver(file, targets)
    return Finished(
        path=targets.preview,
        files=(msgspec.structs.replace(file, path=targets.preview),),
        report=None,
        duration_s=end_s - start_s,
        loudness_lufs=figures.after.integrated_lufs,
        true_peak_dbtp=figures.after.true_peak_dbtp,
        use=use_of(credits_of(plan, takes)),
    )


def _master(
    score: Score,
    spec: MixSpec,
    out: Path,
    stems: Mapping[str, Path],
    tell: Tell,
    stop: Stop,
    *,
    stretch: tuple[float, float] | None = None,
) -> MasterReport:
    start_s, end_s = stretch or (0.0, spec.duration_s)
    stages = {"mix": Stage.MIX, "master": Stage.MASTER}

    def progress(phase: str, done_s: float) -> None:
        look(stop)
        done_s -= start_s if phase == "mix" else 0.0
        tell(Progress(stage=stages[phase], done=min(1.0, done_s / (end_s - start_s))))

    return master(
        iter_mix(spec, from_s=start_s, until_s=end_s),
        out,
        sample_rate_hz=spec.sample_rate_hz,
        channels=spec.channels,
        target=MasterTarget(loudness_lufs=score.master.loudness_lufs, true_peak_dbtp=score.master.true_peak_dbtp),
        stems=stems,
        durable=False,  # scratch: only the encoded files count
        on_progress=progress,
    )


class _Export:
    """Writes all files of one piece, two at a time (the codecs leave Python alone while they work)."""

    def __init__(
        self,
        plan: Plan,
        takes: Mapping[str, Take],
        targets: Targets,
        mastered: Path,
        stems: Mapping[str, Path],
        figures: MasterReport,
        stop: Stop,
    ) -> None:
        self._plan = plan
        self._score = plan.score
        self._takes = takes
        self._targets = targets
        self._mastered = mastered
        self._stems = stems
        self._figures = figures
        self._stop = stop
        highest_db = max((peak_db(path) for path in stems.values()), default=0.0)
        self.stems_gain_db = min(0.0, math.floor(-highest_db * 100) / 100)
        """All stems are turned down together where one would clip in 24 bits; in hundredths, as the report says it."""

    def run(self, tell: Tell) -> tuple[OutputFile, ...]:
        chapters = chapters_of(self._plan)
        cover = write_picture(self._plan, self._mastered, self._figures, self._targets)
        work: list[Callable[[], list[OutputFile]]] = [
            functools.partial(self._piece, each, chapters, cover) for each in self._targets.formats
        ]
        work += [functools.partial(self._stem, layer, path) for layer, path in self._stems.items()]
        work += [self._captions, self._credits]
        pictures = [output_file(self._targets.picture, "picture"), output_file(self._targets.cover, "cover")]
        with ThreadPoolExecutor(EXPORT_THREADS, thread_name_prefix="export") as pool:
            futures: list[Future[list[OutputFile]]] = [pool.submit(each) for each in work]
            files: list[OutputFile] = []
            try:
                for number, future in enumerate(futures, start=1):
                    files += future.result()
                    label = files[-1].path.name if files else ""
                    tell(Progress(stage=Stage.EXPORT, done=number / len(futures), label=label))
            except BaseException:
                self._stop.now()
                pool.shutdown(cancel_futures=True)
                raise
        return (*files, *pictures)

    def _piece(self, format: AudioFormat, chapters: tuple[Chapter, ...], cover: bytes) -> list[OutputFile]:  # noqa: A002
        tags = Tags(
            title=self._score.title,
            artist=self._score.author,
            date=self._score.date or "",
            comment=self._score.description,
            licence=self._score.licence,
        )
        path, loudness = encode_within(
            self._mastered, self._targets.piece(format), format, ceiling_dbtp=self._score.master.true_peak_dbtp,
            tags=tags, chapters=chapters, cover=cover, stop=self._stop,
        )  # fmt: skip
        return [output_file(path, "piece", loudness or self._figures.after)]

    def _stem(self, layer: str, source: Path) -> list[OutputFile]:
        path = self._targets.stem(layer)
        tags = Tags(title=f"{self._score.title} ({layer})", artist=self._score.author)
        encode(scaled(source, self.stems_gain_db, self._stop), path, "flac", tags=tags)
        return [output_file(path, "stem")]

    def _captions(self) -> list[OutputFile]:
        return [output_file(path, "captions") for path in write_captions(self._plan, self._takes, self._targets)]

    def _credits(self) -> list[OutputFile]:
        found = credits_of(self._plan, self._takes)
        version = metadata.version("hausmusik")
        text = credits_text(self._score.title, self._score.author, self._score.licence, found, version)
        write_text(self._targets.credits, text)
        return [output_file(self._targets.credits, "credits")]


def _inside(targets: Targets, shop: Path) -> Targets:
    """Return the same targets inside the scratch folder, where a killed render may leave whatever it likes."""
    return msgspec.structs.replace(targets, base=shop / "out" / targets.base.name)


def _deliver(file: OutputFile, targets: Targets) -> None:
    """Move a finished file from the scratch folder to its place."""
    place = targets.base.with_name(file.path.name)
    try:
        file.path.replace(place)
    except OSError as error:
        raise OutputError(
            f"{place} cannot be written: {error.strerror}", hint="choose another place with -o"
        ) from error


@contextlib.contextmanager
def _workshop(targets: Targets) -> Generator[Path]:
    """A scratch folder beside the target, removed whatever happens; those of renders that were killed go too."""
    parent = targets.base.parent
    prefix = f".{targets.base.name}.rendering-"
    folder = parent / f"{prefix}{uuid.uuid4().hex[:12]}"
    # A lock, not a process number: another container counts its processes by itself.
    lock = FileLock(folder / _IN_USE)
    try:
        for left in parent.glob(f"{glob.escape(prefix)}*"):
            if _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
        (folder / "out").mkdir(parents=True)
        lock.acquire(timeout=0)
    except OSError as error:
        raise OutputError(
            f"{parent} cannot be written to: {error.strerror}", hint="choose another place with -o"
        ) from error
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Return whether the render that made a scratch folder is over: nobody holds its lock, and it is not just begun."""
    try:
        if not (folder / _IN_USE).exists():
            return time.time() - folder.stat().st_mtime > JUST_BEGUN_S
        with FileLock(folder / _IN_USE).acquire(timeout=0):
            return True
    except (Timeout, OSError):
        return False
