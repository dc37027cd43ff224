"""Which files a render may replace: those that renders of the same name wrote, never an author's own.

The report beside the piece names them all. Before the first new file takes its place, the report claims the new names
as well, so that a render that was killed half-way can be run again. Knows nothing of how files are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hausmusik.errors import OutputError
from hausmusik.score.report import Report, read_report
from hausmusik.score.targets import Targets


def check_free(targets: Targets, written: Iterable[Path], inputs: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse to write over anything that no render wrote.

    Args:
        targets: Where the render writes.
        written: The files that it would write.
        inputs: What the piece is made from: the score, the author's recordings.
        overwrite: Whether other files of those names may go; inputs may never.

    Raises:
        OutputError: a file would be lost, or a folder is in the way.
    """
    inputs = tuple(inputs)
    report = read_report(targets.report)
    ours = {targets.report.name, *report.written} if report else set[str]()
    foreign: list[str] = []
    for path in (*written, targets.report):
        if path.is_dir():
            raise OutputError(f"{path} is a folder", hint="choose another name with -o")
        if not path.exists():
            continue
        if any(path.samefile(each) for each in inputs if each.exists()):
            raise OutputError(
                f"the finished piece would be written over {path.name}, which it is made from",
                hint="choose another name or folder with -o",
            )
        if path.name not in ours:
            foreign.append(path.name)
    if foreign and not overwrite:
        verb = "is" if len(foreign) == 1 else "are"
        raise OutputError(
            f"{', '.join(foreign)} in {targets.base.parent} {verb} there already and no render of this name wrote it",
            hint="choose another name or folder with -o, or say --overwrite",
        )


def remove_stale(before: Report | None, now: Report, folder: Path) -> None:
    """Remove stems and captions of an earlier render that this one no longer has, unless somebody edited them.

    Finished pieces in other formats stay: they were asked for by name.
    """
    kept = {entry.name for entry in now.files}
    for entry in before.files if before else ():
        if entry.role in ("stem", "captions") and entry.name not in kept and entry.is_unchanged(folder):
            (folder / entry.name).unlink(missing_ok=True)
