"""Pieces whose pictures nobody looks at: drawing and encoding them is the half of composing a few seconds."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import pytest
from PIL import Image

from hausmusik.audio.picture import Pictures
from hausmusik.audio.picture_spec import PictureSpec
from hausmusik.score import companions
from hausmusik.types import Audio


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are one black point each."""

    def make(_spec: PictureSpec, blocks: Iterable[Audio]) -> Pictures:
        for _ in blocks:  # it is read to its end all the same
            pass
        return Pictures(picture_png=point("PNG"), cover_jpeg=point("JPEG"))

    monkeypatch.setattr(companions, "make_pictures", make)


def point(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (1, 1)).save(file, kind)
    return file.getvalue()
