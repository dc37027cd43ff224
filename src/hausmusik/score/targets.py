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

import msgspec

from hausmusik.audio.formats import AudioFormat, format_of
from hausmusik.errors import OutputError, UsageError


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """Where a render writes.

    Args:
        base: Path of the piece without its suffix.
        formats: The first is the one that was asked for by name.
        suffix: Of the file in that first format, without its dot: `ogg` where somebody says so instead of `opus`.
    """

    base: Path
    formats: tuple[AudioFormat, ...]
    suffix: str

    @property
    def main(self) -> Path:
        """The finished piece in its first format."""
        return self.piece(self.formats[0])

    def piece(self, format: AudioFormat) -> Path:  # noqa: A002 - the word users know
        """The finished piece in one format."""
        return self._beside(self.suffix if format == self.formats[0] else format)

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
        return self._beside(f"preview.{self.suffix}")

    def _beside(self, ending: str) -> Path:
        return self.base.with_name(f"{self.base.name}.{ending}")


def targets_for(score: Path, out: Path | None, formats: tuple[AudioFormat, ...]) -> Targets:
    """Work out the targets and make their folder.

    Args:
        score: The score's file.
        out: As given by `-o`: a file whose suffix names the format, a folder, or None for a folder named after the
            score in the working directory.
        formats: From the score, or from `--format`.

    Raises:
        UsageError: the suffix names no format we write, or it is stdout's `-`.
        OutputError: the folder cannot be made, or is a file.
    """
    base, suffix = Path(score.stem) / score.stem, ""
    if out == Path("-"):
        raise UsageError("a piece has companions, so it cannot go to stdout", hint="name a file or a folder with -o")
    if out is not None and (out.is_dir() or not out.suffix):
        base = out / score.stem
    elif out is not None:
        base, suffix = out.with_suffix(""), out.suffix[1:].lower()
        named: AudioFormat = format_of(out)
        formats = (named, *formats)
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {base.parent} cannot be made: {error.strerror}", hint="choose another place with -o"
        ) from error
    return Targets(base=base, formats=tuple(dict.fromkeys(formats)), suffix=suffix or formats[0])
