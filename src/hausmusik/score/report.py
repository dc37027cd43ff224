"""The report of a render: every figure, every take and licence, every file with its hash. Deterministic: no dates.

It is also the mark of a finished render: `inputs` is one hash over all that shaped it, and the files' hashes say
whether they are still what was written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from hausmusik.audio.loudness import Loudness
from hausmusik.audio.master import MasterReport
from hausmusik.errors import StoreError
from hausmusik.score.credits import Credit, credits_of, use_of
from hausmusik.score.encoding import output_file, write_text
from hausmusik.score.plan import Plan
from hausmusik.score.progress import Finished, OutputFile
from hausmusik.score.targets import Targets
from hausmusik.takes.store import Take

RENDER_REVISION: Final = "2"
"""Changes whenever the same takes and score would give other files."""


LIMITING_TOLD_DB: Final = 9.0
"""Speech at -16 LUFS and -1 dBTP is limited by some 6 dB as a rule; what goes beyond is heard."""


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the render; its name is relative to the report's folder."""

    name: str
    role: str
    sha256: str
    size_bytes: int
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None

    @classmethod
    def of(cls, file: OutputFile) -> FileEntry:
        """Return the entry of a file that was written."""
        return cls(
            name=file.path.name,
            role=file.role,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            loudness_lufs=file.loudness_lufs,
            true_peak_dbtp=file.true_peak_dbtp,
        )

    def at(self, folder: Path) -> OutputFile:
        """Return the file that the entry stands for."""
        return OutputFile(
            path=folder / self.name,
            role=self.role,
            sha256=self.sha256,
            size_bytes=self.size_bytes,
            loudness_lufs=self.loudness_lufs,
            true_peak_dbtp=self.true_peak_dbtp,
        )

    def is_unchanged(self, folder: Path) -> bool:
        """Return whether the file is there with the bytes that were written."""
        path = folder / Path(self.name).name
        if not path.is_file() or path.stat().st_size != self.size_bytes:
            return False
        return output_file(path, self.role).sha256 == self.sha256


class CueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A cue as it sounds in the piece, times in seconds."""

    name: str
    layer: str
    start_s: float
    end_s: float
    instrument: str
    take: str
    licence: str
    commercial: bool


class SegmentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A segment's place in the piece, in seconds."""

    id: str
    title: str
    start_s: float
    end_s: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """See the module.

    Args:
        hausmusik: Version of this form.
        title: Of the piece.
        inputs: Hash over score, takes (their sound and what is known of them), formats and `RENDER_REVISION`.
        duration_s: Of the piece.
        master: Figures of the master: loudness, peaks, range, gain, limiting.
        stems_gain_db: By how much all stems were turned down to fit 24 bits; their sum is the pre-master at this gain.
        use: Whether it may be used commercially, in words.
        segments: In order.
        cues: In the order in which they start.
        credits: Who made what.
        files: What was written.
        written: Every name that renders of this piece have written here, whatever their formats; they may replace it.
        warnings: What a listener might notice.
    """

    hausmusik: int
    title: str
    inputs: str
    duration_s: float
    master: dict[str, float | bool | int | None]
    stems_gain_db: float
    use: str
    segments: tuple[SegmentEntry, ...]
    cues: tuple[CueEntry, ...]
    credits: tuple[Credit, ...]
    files: tuple[FileEntry, ...]
    written: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def files_unchanged(self, folder: Path) -> bool:
        """Return whether every file is there with the bytes that were written."""
        return all(entry.is_unchanged(folder) for entry in self.files)

    def claimed(self) -> Report:
        """Return what stands in its place until its files do: the same claims, and no mark of being finished."""
        return msgspec.structs.replace(self, inputs="", warnings=("this render was not finished: run it again",))

    def finished(self, targets: Targets, *, reused: bool) -> Finished:
        """Return the result that this report stands for."""
        return Finished(
            path=targets.main,
            files=tuple(entry.at(targets.base.parent) for entry in self.files),
            report=targets.report,
            duration_s=self.duration_s,
            loudness_lufs=_number(self.master.get("loudness_lufs")),
            true_peak_dbtp=_number(self.master.get("true_peak_dbtp")),
            use=self.use,
            warnings=self.warnings,
            reused=reused,
        )


def report_inputs(plan: Plan, takes: Mapping[str, Take], targets: Targets) -> str:
    """Return one hash over everything that shapes the files of a render.

    Raises:
        StoreError: the sound of a take is not what was recorded.
    """
    what: dict[str, Any] = {
        "revision": RENDER_REVISION,
        "score": plan.score.model_dump(mode="json", by_alias=True),
        "takes": _contents(takes),
        "formats": targets.formats,
        "name": targets.base.name,
    }
    return hashlib.sha256(msgspec.json.encode(what, order="sorted")).hexdigest()


def _contents(takes: Mapping[str, Take]) -> dict[str, list[Any]]:
    """Return what of each take reaches the files: its sound, and what captions, levels and credits read of its record.

    The key alone is not enough: a take that was forced, or locked and edited, keeps it. Dates are left out, because
    two equal renders may differ in them.
    """
    sounds: dict[Path, str] = {}  # cues may share a take
    found: dict[str, list[Any]] = {}
    for name, take in takes.items():
        if take.audio_path not in sounds:
            with take.audio_path.open("rb") as file:
                sounds[take.audio_path] = hashlib.file_digest(file, "sha256").hexdigest()
        record = take.record
        locked = take.folder.name != record.key  # beside a score: an author may edit its sound
        if record.audio_sha256 not in ("", sounds[take.audio_path]) and not locked:
            raise StoreError(
                f"the take of {name} was damaged on the disk",
                hint=f"make it anew: add `--force --only {name}`",
            )
        said = [record.key, record.instrument, record.licence, record.commercial, record.credit, record.loudness_lufs]
        found[name] = [sounds[take.audio_path], *said, record.recordings, record.words]
    return found


def make_report(
    plan: Plan,
    takes: Mapping[str, Take],
    *,
    inputs: str,
    files: tuple[OutputFile, ...],
    master: MasterReport,
    stems_gain_db: float,
    before: Report | None,
) -> Report:
    """Put the report together; `before` is that of an earlier render of the same name."""
    found = credits_of(plan, takes)
    placed = sorted((cue for cue in plan.cues if cue.name in takes), key=lambda cue: (cue.place.start.s, cue.name))
    return Report(
        hausmusik=1,
        title=plan.score.title,
        inputs=inputs,
        duration_s=round(plan.timeline.duration_s, 6),
        master=_figures(master),
        stems_gain_db=round(stems_gain_db, 3),
        use=use_of(found),
        segments=tuple(
            SegmentEntry(
                id=segment.id,
                title=segment.title,
                start_s=round(slot.start.s, 6),
                end_s=round(slot.end.s, 6),
            )
            for segment, slot in zip(plan.score.segments, plan.timeline.segments, strict=True)
        ),
        cues=tuple(
            CueEntry(
                name=cue.name,
                layer=cue.cue.layer,
                start_s=round(cue.place.start.s, 6),
                end_s=round(cue.place.end.s, 6),
                instrument=takes[cue.name].record.instrument,
                take=takes[cue.name].record.key,
                licence=takes[cue.name].record.licence,
                commercial=takes[cue.name].record.commercial,
            )
            for cue in placed
        ),
        credits=found,
        files=tuple(FileEntry.of(file) for file in files),
        written=tuple(sorted({file.path.name for file in files} | set(before.written if before else ()))),
        warnings=(*_warnings(plan, master), *_remarks(plan, takes)),
    )


def write_report(path: Path, report: Report) -> None:
    """Write the report whole or not at all."""
    write_text(path, msgspec.json.format(msgspec.json.encode(report)).decode() + "\n")


def read_report(path: Path) -> Report | None:
    """Return the report of an earlier render, or None when there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError):
        return None


def _figures(master: MasterReport) -> dict[str, float | bool | int | None]:
    return {
        "loudness_lufs": _shown(master.after, "integrated_lufs"),
        "true_peak_dbtp": _shown(master.after, "true_peak_dbtp"),
        "range_lu": _shown(master.after, "range_lu"),
        "short_term_max_lufs": _shown(master.after, "short_term_max_lufs"),
        "mix_loudness_lufs": _shown(master.before, "integrated_lufs"),
        "mix_true_peak_dbtp": _shown(master.before, "true_peak_dbtp"),
        "gain_db": round(master.gain_db, 3),
        "limiter_max_reduction_db": round(master.limiter_max_reduction_db, 3),
        "passes": master.passes,
        "silence": master.silence,
    }


def _shown(loudness: Loudness, name: str) -> float | None:
    value = float(getattr(loudness, name))
    return round(value, 3) if value > float("-inf") else None


def _number(value: float | bool | None) -> float:
    return float("-inf") if value is None else float(value)


def _warnings(plan: Plan, master: MasterReport) -> tuple[str, ...]:
    found: list[str] = []
    target = plan.score.master.loudness_lufs
    reached = master.after.integrated_lufs
    if master.silence:
        found.append("the piece is silent")
    elif abs(reached - target) > 0.5:
        why = (
            f"it was raised by {master.gain_db:g} dB, the most allowed"
            if master.gain_capped
            else "the peaks leave no more room"
        )
        found.append(f"the loudness is {reached:.1f} LUFS, not {target:g}: {why}")
    if master.limiter_max_reduction_db > LIMITING_TOLD_DB:
        what = f"the limiter turns peaks down by up to {master.limiter_max_reduction_db:.1f} dB"
        found.append(f"{what}: lower the loudest cues, or aim at a lower loudness_lufs")
    found += [problem.reason for problem in plan.problems if problem.severity == "warning"]
    found += [f"{cue.name} is locked: {cue.reason}" for cue in plan.cues if cue.status == "locked" and cue.reason]
    return tuple(found)


def _remarks(plan: Plan, takes: Mapping[str, Take]) -> tuple[str, ...]:
    """Return what the instruments said of their takes, once each, at the first cue that it is about."""
    found: dict[str, str] = {}
    for cue in plan.cues:
        for remark in takes[cue.name].record.remarks if cue.name in takes else ():
            found.setdefault(remark, f"{cue.name}: {remark}")
    return tuple(found.values())
