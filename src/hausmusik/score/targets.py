"""Which files a render writes, and where: the finished piece and its companions of the same name.

    piece.flac piece.mp3 …            the finished piece in each format
    piece.voice.flac piece.music.flac …   stems, if asked for
    piece.srt piece.vtt               captions
    piece.png piece.cover.jpg         waveform, spectrogram, segments and cues; the cover
    piece.credits.md                  who made what, under which licence
    piece.report.json                 every figure

Knows nothing of how they are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast, get_args

import msgspec

from hausmusik.errors import OutputError, UsageError
from hausmusik.score.schema import Format

FORMATS: Final[tuple[Format, ...]] = cast("tuple[Format, ...]", get_args(Format))


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """Where a render writes.

    Args:
        base: Path of the piece without its suffix.
        formats: The first is the one that was asked for by name.
    """

    base: Path
    formats: tuple[Format, ...]

    @property
    def main(self) -> Path:
        """The finished piece in its first format."""
        return self.piece(self.formats[0])

    def piece(self, format: Format) -> Path:  # noqa: A002 - the word users know
        """The finished piece in one format."""
        return self._beside(format)

    def stem(self, layer: str) -> Path:
        """One layer by itself."""
        return self._beside(f"{layer}.flac")

    @property
    def srt(self) -> Path:
        """Captions, SubRip."""
        return self._beside("srt")

    @property
    def vtt(self) -> Path:
        """Captions, WebVTT."""
        return self._beside("vtt")

    @property
    def picture(self) -> Path:
        """The picture of the piece."""
        return self._beside("png")

    @property
    def cover(self) -> Path:
        """The cover."""
        return self._beside("cover.jpg")

    @property
    def credits(self) -> Path:
        """The credits."""
        return self._beside("credits.md")

    @property
    def report(self) -> Path:
        """The report."""
        return self._beside("report.json")

    def written(self, layers: Iterable[str]) -> tuple[Path, ...]:
        """Return every file that a whole render may write, the report excepted.

        Args:
            layers: Those that get a stem.
        """
        pieces = [self.piece(each) for each in self.formats]
        stems = [self.stem(layer) for layer in layers]
        return (*pieces, *stems, self.srt, self.vtt, self.picture, self.cover, self.credits)

    @property
    def preview(self) -> Path:
        """What `--preview` writes."""
        return self._beside(f"preview.{self.formats[0]}")

    def _beside(self, ending: str) -> Path:
        return self.base.with_name(f"{self.base.name}.{ending}")


def targets_for(score: Path, out: Path | None, formats: tuple[Format, ...]) -> Targets:
    """Work out the targets and make their folder.

    Args:
        score: The score's file.
        out: As given by `-o`: a file whose suffix names the format, a folder, or None for a folder named after the
            score in the working directory.
        formats: From the score, or from `--format`.

    Raises:
        UsageError: the suffix names no format we write.
        OutputError: the folder cannot be made, or is a file.
    """
    if out is None:
        base, all_formats = Path(score.stem) / score.stem, formats
    elif out.is_dir() or not out.suffix:
        base, all_formats = out / score.stem, formats
    else:
        asked = out.suffix[1:].lower()
        if asked not in FORMATS:
            hint = f"use one of .{', .'.join(FORMATS)}"
            raise UsageError(f"a piece cannot be written as {out.name!r}", hint=hint)
        base = out.with_suffix("")
        all_formats = (asked, *formats)
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {base.parent} cannot be made: {error.strerror}", hint="choose another place with -o"
        ) from error
    return Targets(base=base, formats=tuple(dict.fromkeys(all_formats)))
