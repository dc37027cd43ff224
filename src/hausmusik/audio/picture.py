"""A picture of a finished piece: waveform, spectrogram, segments, cues, time axis and figures; and a square cover.

One pass over the sound, with memory that depends on the picture only; equal input gives equal bytes. What stands where
is `picture_layout` and `picture_cover`; the sound's part is computed in `picture_analysis`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from hausmusik.audio.picture_analysis import analyse
from hausmusik.audio.picture_cover import draw_cover
from hausmusik.audio.picture_layout import COLUMNS, SPECTRUM_ROWS, draw_picture
from hausmusik.audio.picture_spec import CueSpan, PictureSpec, SegmentSpan
from hausmusik.types import Audio

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CueSpan", "PictureSpec", "Pictures", "SegmentSpan", "make_pictures"]


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """Finished files as bytes.

    Args:
        picture_png: 1,600 pixels wide, as high as its lanes need.
        cover_jpeg: 1,000 by 1,000 pixels, small enough to travel inside every audio file.
    """

    picture_png: bytes
    cover_jpeg: bytes


def make_pictures(spec: PictureSpec, blocks: Iterable[Audio]) -> Pictures:
    """Draw both pictures of a piece.

    Args:
        spec: Names and times.
        blocks: The sound, of one rate, any block lengths; consumed once. What lies beyond `spec.duration_s` is not
            shown, what is missing is shown as silence.

    Raises:
        ValueError: no block, or a duration that is not positive.
        BadInput: `spec.font_file` is not a font.
    """
    analysis = analyse(blocks, spec.duration_s, columns=COLUMNS, rows=SPECTRUM_ROWS)
    return Pictures(
        picture_png=_encoded(draw_picture(spec, analysis), "PNG", compress_level=6),
        # 4:4:4: fine dark lines on paper are what chroma subsampling smears.
        cover_jpeg=_encoded(draw_cover(spec, analysis), "JPEG", quality=88, subsampling=0),
    )


def _encoded(image: Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
