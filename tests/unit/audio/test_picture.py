"""The picture and the cover: the right things in the right places, legible, the same bytes every time."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from hausmusik.audio.cover import LARGEST_COVER_BYTES, read_cover
from hausmusik.audio.lettering import Lettering
from hausmusik.audio.palette import (
    INK,
    LAYERS,
    PANEL,
    PANEL_OTHER,
    PAPER,
    QUIET_INK,
    WAVE,
    WAVE_CORE,
    Colour,
    layer_colour,
    spectrum_colours,
    tint,
)
from hausmusik.audio.picture import CueSpan, PictureSpec, SegmentSpan, make_pictures
from hausmusik.audio.picture_analysis import Analysis, analyse
from hausmusik.audio.picture_lanes import lanes_of
from hausmusik.audio.picture_layout import COLUMNS, LEFT, SPECTRUM_ROWS, WIDTH, draw_picture, ticks
from hausmusik.audio.picture_sound import spectrogram, waveform
from hausmusik.errors import BadInput
from hausmusik.types import Audio

RATE = 16_000
SPEC = PictureSpec(
    title="Strange Loops – naïve Möbius",
    subtitle="A Narrator · 2026",
    duration_s=4.0,
    segments=(SegmentSpan(title="One", start_s=0, end_s=2), SegmentSpan(title="Two", start_s=2, end_s=4)),
    cues=(
        CueSpan(layer="music", start_s=0, end_s=3, label="calm piano"),
        CueSpan(layer="music", start_s=2.5, end_s=4, label="closing"),
        CueSpan(layer="voice", start_s=0.5, end_s=1.5, label="Hello"),
    ),
    figures=(("loudness", "−16.0 LUFS"), ("true peak", "−1.1 dBTP")),
)


SILENT = Analysis(
    high=np.zeros(COLUMNS, np.float32),
    low=np.zeros(COLUMNS, np.float32),
    rms=np.zeros(COLUMNS, np.float32),
    spectrum_db=np.full((SPECTRUM_ROWS, COLUMNS), -120, np.float32),
    frequencies_hz=np.geomspace(16_000, 40, SPECTRUM_ROWS),
)


def tone(frequency_hz: float, duration_s: float = 4.0, level: float = 0.5) -> Audio:
    t = np.arange(round(duration_s * RATE)) / RATE
    return Audio.mono(level * np.sin(2 * np.pi * frequency_hz * t), RATE)


def cut(audio: Audio, size: int) -> Iterator[Audio]:
    for start in range(0, audio.frames, size):
        yield Audio(audio.samples[:, start : start + size], audio.sample_rate_hz)


def look(audio: Audio, columns: int = 200, rows: int = 120, duration_s: float | None = None) -> Analysis:
    return analyse(cut(audio, 5000), duration_s or audio.duration_s, columns=columns, rows=rows)


# -- the sound's part ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frequency_hz", [60.0, 440.0, 1000.0, 5000.0])
def test_a_tone_is_a_line_at_its_frequency(frequency_hz: float) -> None:
    analysis = look(tone(frequency_hz))
    middle = analysis.spectrum_db[:, 20:-20]
    found_hz = analysis.frequencies_hz[middle.argmax(axis=0)]
    assert found_hz == pytest.approx(frequency_hz, rel=0.06)
    away = np.abs(np.log2(analysis.frequencies_hz / frequency_hz)) > 0.75
    assert (middle.max(axis=0) - middle[away].max(axis=0) > 35).all()


@pytest.mark.parametrize("frequency_hz", [60.0, 440.0, 5000.0])
def test_full_scale_is_zero_decibels(frequency_hz: float) -> None:
    assert look(tone(frequency_hz, level=1.0)).spectrum_db[:, 100].max() == pytest.approx(0, abs=2)


def test_pink_noise_is_level() -> None:
    white = np.fft.rfft(np.random.default_rng(4).normal(0, 1, 20 * RATE))
    pink = np.fft.irfft(white / np.sqrt(np.maximum(1, np.arange(white.size))))
    rows = look(Audio.mono(pink / np.abs(pink).max(), RATE)).spectrum_db.mean(axis=1)
    assert abs(rows[10:20].mean() - rows[50:60].mean()) < 1.5


def test_peaks_are_where_they_sound() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[4000], samples[12_000] = 0.9, -0.7
    analysis = look(Audio.mono(samples, RATE), columns=100)
    assert analysis.high.argmax() == 25
    assert analysis.low.argmin() == 75
    assert (analysis.high[25], analysis.low[75]) == (np.float32(0.9), np.float32(-0.7))
    assert analysis.rms[25] == pytest.approx(0.9 / np.sqrt(160))


def test_both_channels_are_seen() -> None:
    left, right = tone(300.0), tone(3000.0)
    analysis = look(Audio(np.concatenate([left.samples, -right.samples]), RATE))
    for frequency_hz in (300, 3000):
        row = np.abs(analysis.frequencies_hz - frequency_hz).argmin()
        assert analysis.spectrum_db[row, 100] > -15
    opposite = look(Audio(np.concatenate([left.samples, -left.samples]), RATE))
    assert opposite.spectrum_db.max() > -12  # out of phase is not silence


@settings(deadline=None, max_examples=25)
@given(
    frames=st.integers(1, 40_000), channels=st.integers(1, 2), block=st.integers(1, 20_000), shown=st.floats(0.3, 1.7)
)
def test_how_the_stream_is_cut_does_not_matter(frames: int, channels: int, block: int, shown: float) -> None:
    samples = np.random.default_rng(frames).normal(0, 0.2, (channels, frames)).astype(np.float32)
    audio = Audio(samples, RATE)
    duration_s = max(1, round(frames * shown)) / RATE
    one = analyse([audio], duration_s, columns=97, rows=31)
    two = analyse(cut(audio, block), duration_s, columns=97, rows=31)
    for name in ("high", "low", "rms", "spectrum_db"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    seen = samples[:, : round(duration_s * RATE)]
    assert one.high.max() == max(0, seen.max())
    assert one.low.min() == min(0, seen.min())
    assert np.isfinite(one.spectrum_db).all()


def test_nothing_to_look_at() -> None:
    for blocks, duration_s in (([], 1.0), ([tone(100)], 0.0), ([tone(100)], float("nan")), ([tone(100)], float("inf"))):
        with pytest.raises(ValueError, match="a picture needs"):
            analyse(blocks, duration_s, columns=10, rows=10)


def test_the_waveform_is_drawn_to_scale() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[RATE // 2 :] = 0.5
    analysis = look(Audio.mono(samples, RATE), columns=10, rows=5)
    pixels = waveform(analysis, 100, np.full((10, 3), PANEL, np.uint8))
    loud = pixels[:, 8]
    assert (loud[26:50] == WAVE_CORE).all()  # up to one half
    assert (loud[:24] == PANEL).all()
    assert (loud[76:] == PANEL).all()
    silent = pixels[:, 1]
    assert (silent[:49] == PANEL).all()
    assert (silent[49:51] != PANEL).any()  # a fine line


def test_the_loudest_is_darkest() -> None:
    colours = spectrum_colours()
    lightness = [_luminance(tuple(int(part) for part in colour)) for colour in colours]
    assert all(one >= two for one, two in itertools.pairwise(lightness))
    pixels = spectrogram(look(tone(1000.0)))
    hertz = look(tone(1000.0)).frequencies_hz
    assert hertz[pixels[:, 100].sum(axis=1).argmin()] == pytest.approx(1000, rel=0.06)
    silence = spectrogram(look(Audio.mono(np.zeros(RATE), RATE)))
    assert (silence == PANEL).all()


def test_memory_does_not_grow_with_length() -> None:
    second = tone(200.0, 1.0)

    def peak(seconds: int) -> int:
        tracemalloc.start()
        try:
            analyse(itertools.repeat(second, seconds), float(seconds), columns=400, rows=60)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(5)
    assert peak(600) < 1.2 * peak(60)


# -- the page ------------------------------------------------------------------------------------------------------


def test_equal_bytes_and_fitting_files() -> None:
    one = make_pictures(SPEC, [tone(440.0)])
    assert one == make_pictures(SPEC, cut(tone(440.0), 999))
    page = Image.open(io.BytesIO(one.picture_png))
    assert (page.format, page.width, page.mode) == ("PNG", WIDTH, "RGB")
    cover = read_cover(one.cover_jpeg)
    assert (cover.codec, cover.width, cover.height) == ("mjpeg", 1000, 1000)
    assert len(one.cover_jpeg) < 400_000 < LARGEST_COVER_BYTES


def test_cues_stand_at_their_times() -> None:
    image = np.asarray(draw_picture(SPEC, SILENT))
    for cue, others in ((SPEC.cues[2], (0.2, 2.0)), (SPEC.cues[0], (3.5,))):
        ground = np.array(tint(layer_colour(cue.layer), 0.2))
        rows = np.flatnonzero((image == ground).all(axis=2).any(axis=1))
        row = image[rows[0] + 3]  # above the label
        columns = np.flatnonzero((row == ground).all(axis=1))
        assert columns.min() == pytest.approx(LEFT + COLUMNS * cue.start_s / 4, abs=6)
        assert columns.max() == pytest.approx(LEFT + COLUMNS * cue.end_s / 4, abs=6)
        for time_s in others:
            assert tuple(row[round(LEFT + COLUMNS * time_s / 4)]) != tuple(ground)


def test_the_page_is_as_high_as_its_lanes() -> None:
    plain = PictureSpec(title="x", duration_s=4.0)
    one = PictureSpec(title="x", duration_s=4.0, cues=SPEC.cues[:1])
    heights = [draw_picture(spec, SILENT).height for spec in (plain, one, SPEC)]
    assert heights == sorted(set(heights))


def test_overlapping_cues_get_rows_of_their_own() -> None:
    lanes = lanes_of(SPEC.cues)
    assert [(lane.layer, len(lane.rows)) for lane in lanes] == [("voice", 1), ("music", 2)]
    crowd = [CueSpan(layer=name, start_s=0, end_s=9) for name in ("zither", "file", "sound") for _ in range(30)]
    assert [lane.layer for lane in lanes_of(crowd)] == ["sound", "file", "zither"]
    assert all(len(lane.rows) == 12 and sum(map(len, lane.rows)) == 30 for lane in lanes_of(crowd))
    assert lanes_of(crowd)[0].height < 12 * 20


@given(st.floats(0.002, 30_000))
def test_ticks_are_few_round_and_inside(duration_s: float) -> None:
    marks = ticks(duration_s)
    assert 2 <= len(marks) <= 14
    assert marks[0][0] == 0
    assert marks[-1][0] <= duration_s * 1.0001
    assert len({label for _, label in marks}) == len(marks)


def test_times_are_written_plainly() -> None:
    assert [label for _, label in ticks(175.0)][:3] == ["0:00", "0:15", "0:30"]
    assert ticks(10_800)[-1] == (10_800, "3:00:00")
    assert ticks(1.7)[1] == (0.2, "0.2 s")


@settings(deadline=None, max_examples=8)
@given(text=st.text(st.characters(codec=None), max_size=40), start_s=st.floats(-9, 9), length_s=st.floats(0, 20))
def test_any_text_and_any_span_can_be_drawn(text: str, start_s: float, length_s: float) -> None:
    end_s = start_s + length_s
    spec = PictureSpec(
        title=text,
        subtitle=text,
        duration_s=4.0,
        segments=(SegmentSpan(title=text, start_s=start_s, end_s=end_s),),
        cues=(CueSpan(layer=text, start_s=start_s, end_s=end_s, label=text),),
        figures=((text, text),),
    )
    assert draw_picture(spec, SILENT).width == WIDTH


# -- lettering and colours -----------------------------------------------------------------------------------------


def written(text: str, size: int = 40, font_file: str = "") -> np.ndarray:
    image = Image.new("RGB", (900, 80), (255, 255, 255))
    Lettering(font_file).draw(ImageDraw.Draw(image), (20, 55), text, size, (0, 0, 0))
    return np.asarray(image.convert("L"))


def test_accents_are_set_over_letters() -> None:
    plain, accented = written("Mobius naive"), written("Möbius naïve")
    assert (accented[:30] < 128).sum() > (plain[:30] < 128).sum()
    assert (accented[38:60] == plain[38:60]).all()  # the letters themselves stay
    assert (written("e\u0301") == written("é")).all()


def test_what_the_font_lacks_is_respelled_or_left_out() -> None:
    assert (written("Straße – 5 €") == written("Strasse - 5 EUR")).all()
    assert (written("日本語") == written("…")).all()
    assert (written("hi 🎵") == written("hi ")).all()


def test_fitted() -> None:
    lettering = Lettering()
    assert lettering.fitted("Hello", 20, 200) == "Hello"
    short = lettering.fitted("Hello, wide world", 20, 80)
    assert short.endswith("…")
    assert lettering.width(short, 20) <= 80
    assert lettering.fitted("Hello", 20, 5) == ""


def test_a_font_that_is_none(tmp_path: pytest.TempPathFactory) -> None:
    with pytest.raises(BadInput, match="not a font"):
        written("x", font_file="/nowhere.ttf")


def _luminance(colour: Colour) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, two: Colour) -> float:
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_everything_written_can_be_read() -> None:
    grounds = [PAPER, PANEL, PANEL_OTHER, *(tint(colour, 0.2) for colour in [*LAYERS.values(), layer_colour("other")])]
    assert all(contrast(INK, ground) >= 7 for ground in grounds)
    assert contrast(QUIET_INK, PAPER) >= 4.5
    for colour in (*LAYERS.values(), WAVE_CORE):  # WCAG 1.4.11: things that carry meaning
        assert contrast(colour, PAPER) >= 3
    assert contrast(WAVE_CORE, WAVE) > 2
