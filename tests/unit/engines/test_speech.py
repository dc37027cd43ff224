"""What speaking engines share: chunks, shaping, timing, outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.english.pronunciation import Sound
from hausmusik.engines.english.reading import read
from hausmusik.engines.english.sentences import paragraphs, sentences
from hausmusik.engines.english.tokens import Word
from hausmusik.engines.speech import chunks
from hausmusik.engines.speech.chunks import Chunk, assemble, pieces, plan
from hausmusik.engines.speech.outputs import with_output
from hausmusik.engines.speech.shaping import frame_levels_db, shape, with_silence
from hausmusik.engines.speech.timing import Spoken, word_timings
from hausmusik.errors import GenerationFailed

RATE = 24_000


def planned(text: str, speed: float = 1.0) -> list[Chunk]:
    """Chunks of letters instead of phonemes."""
    return list(
        plan(
            (
                (
                    (
                        pieces([Sound(" ".join(t.spoken) if isinstance(t, Word) else "", t) for t in group], part)
                        for group in sentences(read(part, "us", {}))
                    ),
                    ends,
                )
                for _, part, ends in paragraphs(text)
            ),
            speed,
        )
    )


# -- chunks -----------------------------------------------------------------------------------------------------------


def test_marks_are_spaced_as_in_print() -> None:
    chunk = planned('Well, "yes" — (no)... he said; stop!')[0]
    assert chunk.symbols == "Well, “yes” — (no)… he said; stop!"


def test_of_two_marks_in_a_row_the_stronger_stays() -> None:
    assert planned("Hm..., well?!").pop().symbols == "Hm… well?"


def test_a_chunk_always_ends_with_a_mark() -> None:
    assert planned("no mark here").pop().symbols == "no mark here,"


def test_the_first_sentence_is_cut_at_a_clause() -> None:
    text = (
        "When the rain had stopped at last, the old man went down to the harbor and looked for his boat. It was gone."
    )
    first, *rest = planned(text)
    assert first.symbols == "When the rain had stopped at last,"
    assert first.pause_s == chunks.CLAUSE_S
    assert len(rest) >= 1


def test_a_short_first_sentence_stands_alone() -> None:
    assert planned("Now listen to me well. This is another sentence. And a third one follows here.")[0].symbols == (
        "Now listen to me well."
    )


def test_short_sentences_are_joined() -> None:
    parts = planned("This is the opening line of it. " + "Yes. No. Why? Go on. Stop it. " * 3)
    assert max(len(part.symbols) for part in parts) <= chunks.JOINED + 10
    assert len(parts) < 6


def test_pauses_by_mark_and_paragraph() -> None:
    parts = planned("This is the first paragraph of two.\n\nThis is the second paragraph of two.")
    assert [part.pause_s for part in parts] == [chunks.PARAGRAPH_S, chunks.PARAGRAPH_S]
    parts = planned("A sentence that is long enough to stand alone here. " * 3)
    assert parts[0].pause_s == chunks.SENTENCE_S


def test_a_silence_at_the_end_of_a_chunk_goes_behind_it() -> None:
    (chunk,) = planned("Listen to the rain [pause 3s].")
    assert chunk.silence_s == 3.0
    assert chunk.rests == ()


def test_a_silence_inside_is_remembered_with_its_place() -> None:
    (chunk,) = planned("Listen [pause 3s] to the rain.")
    assert [(chunk.symbols[at], seconds) for at, seconds in chunk.rests] == [(",", 3.0)]


def test_words_show_the_punctuation_that_touches_them() -> None:
    shown = [word.text for chunk in planned('"Well," he said — $3.50, (maybe)… *so*!') for word in chunk.words]
    assert shown == ['"Well,"', "he", "said —", "$3.50,", "(maybe)…", "so"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(["cat", "house,", "is", "and", "unbelievable.", "Oh!", "…", "—", "$5", "[laughs]", "\n\n"]),
        max_size=200,
    ),
    st.sampled_from([0.5, 1.0, 2.0]),
)
def test_nothing_is_lost_and_no_chunk_is_too_long(parts: list[str], speed: float) -> None:
    text = " ".join(parts)
    made = planned(text, speed)
    most = max(40, round(chunks.MOST * min(1.0, speed)))
    for chunk in made:
        assert 0 < len(chunk.symbols) <= most + 5
        assert chunk.symbols[-1] in ".!?…,;:—”)"
        for word in chunk.words:
            assert 0 <= word.first < word.last <= len(chunk.symbols)
    said = " ".join(chunk.symbols[word.first : word.last] for chunk in made for word in chunk.words)
    tokens = [token for _, part, _ in paragraphs(text) for group in sentences(read(part, "us", {})) for token in group]
    assert said == " ".join(" ".join(token.spoken) for token in tokens if isinstance(token, Word) and token.spoken)


def test_an_endless_word_is_cut() -> None:
    made = planned("a" * 3_000)
    assert max(len(chunk.symbols) for chunk in made) <= 510
    assert sum(chunk.symbols.count("a") for chunk in made) == 3_000


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    text = "It began with a whisper in the hall, then it grew, " * 8 + "and it ended."
    made = planned(text)
    assert all(chunk.symbols.endswith((",", ".")) for chunk in made)
    assert max(len(chunk.symbols) for chunk in made) <= chunks.MOST


# -- shaping ----------------------------------------------------------------------------------------------------------


def tone(seconds: float, loudness: float = 0.1) -> np.ndarray:
    return (loudness * np.sin(np.arange(round(seconds * RATE)) * 2 * np.pi * 220 / RATE)).astype(np.float32)


def padded(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(RATE // 2, np.float32), *parts, np.zeros(RATE // 2, np.float32)])


def lengths(samples: np.ndarray, *seconds: float) -> np.ndarray:
    inner = [round(each * RATE) for each in seconds]
    return np.array([RATE // 2, *inner, samples.size - RATE // 2 - sum(inner)], dtype=np.int64)


def test_padding_is_trimmed_alike_and_edges_move_along() -> None:
    samples = padded(tone(1.0))
    shaped = shape(samples, lengths(samples, 0.4, 0.6), (), RATE)
    assert shaped.samples.size / RATE == pytest.approx(1.08, abs=0.011)
    assert shaped.edges[:3] / RATE == pytest.approx([0.02, 0.42, 1.02], abs=0.011)


@pytest.mark.parametrize("loudness", [0.07, 0.1, 0.15, 0.2])
def test_chunks_come_out_at_one_level(loudness: float) -> None:
    samples = padded(tone(1.0, loudness))
    shaped = shape(samples, lengths(samples, 1.0), (), RATE)
    level = float(np.median(frame_levels_db(shaped.samples, RATE)))
    assert level == pytest.approx(-21.0, abs=0.1)


def test_levels_that_differ_by_five_decibels_come_out_equal() -> None:
    found = []
    for loudness in (0.1, 0.178):
        samples = padded(tone(1.0, loudness))
        found.append(float(np.median(frame_levels_db(shape(samples, lengths(samples, 1.0), (), RATE).samples, RATE))))
    assert abs(found[0] - found[1]) < 0.1


def test_no_peak_leaves_the_range() -> None:
    samples = padded(tone(1.0, 0.02))
    samples[RATE] = 1.4
    assert float(np.abs(shape(samples, lengths(samples, 1.0), (), RATE).samples).max()) <= 0.891


def test_a_rest_is_filled_up_to_what_was_asked() -> None:
    samples = padded(tone(0.5), np.zeros(round(0.2 * RATE), np.float32), tone(0.5))
    shaped = shape(samples, lengths(samples, 0.5, 0.2, 0.5), ((1, 1.0),), RATE)
    quiet = frame_levels_db(shaped.samples, RATE) < -60
    assert int(quiet[10:-10].sum()) == pytest.approx(100, abs=3)
    assert shaped.edges[2] / RATE == pytest.approx(1.52, abs=0.03)
    assert shaped.samples.size / RATE == pytest.approx(2.08, abs=0.03)


def test_a_rest_that_is_there_already_changes_nothing() -> None:
    samples = padded(tone(0.5), np.zeros(round(0.5 * RATE), np.float32), tone(0.5))
    one = shape(samples, lengths(samples, 0.5, 0.5, 0.5), (), RATE)
    two = shape(samples, lengths(samples, 0.5, 0.5, 0.5), ((1, 0.3),), RATE)
    assert np.array_equal(one.samples, two.samples)


def test_a_rest_without_any_silence_is_cut_in_softly() -> None:
    samples = padded(tone(1.0))
    shaped = shape(samples, lengths(samples, 0.4, 0.1, 0.2, 0.3), ((1, 0.5),), RATE)
    assert float(np.abs(np.diff(shaped.samples)).max()) < 0.02
    assert shaped.samples.size / RATE == pytest.approx(1.58, abs=0.03)


def test_silence_is_an_error() -> None:
    samples = np.zeros(RATE, np.float32)
    with pytest.raises(GenerationFailed):
        shape(samples, np.array([100, RATE - 200, 100]), (), RATE)


def test_silence_can_be_appended() -> None:
    assert with_silence(tone(0.1), 0.25, RATE).size == round(0.35 * RATE)
    assert with_silence(tone(0.1), 0.0, RATE).size == round(0.1 * RATE)


# -- timing and outputs -----------------------------------------------------------------------------------------------


def test_times_never_overlap_or_leave_the_chunk() -> None:
    samples = padded(tone(1.0))
    shaped = shape(samples, lengths(samples, 0.2, 0.1, 0.7), (), RATE)
    found = list(word_timings([Spoken("a", 0, 1), Spoken("b", 1, 2), Spoken("c", 2, 3)], shaped, 10.0, 0.05))
    assert [word.text for word in found] == ["a", "b", "c"]
    times = [time for word in found for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert found[0].start_s == 10.0
    assert found[1].start_s == pytest.approx(10.17, abs=0.011)
    assert times[-1] <= 10.0 + shaped.samples.size / RATE


def test_an_output_is_a_few_bytes_behind_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"model")
    assert with_output(path, "/x") == b"model" + bytes([0x3A, 6, 0x62, 4, 0x0A, 2]) + b"/x"
    long = with_output(path, "n" * 200)
    assert len(long) == 5 + 200 + 3 + 3 + 3
    assert path.read_bytes() == b"model"


def test_assembling_nothing_but_words() -> None:
    chunk = assemble([chunks.Piece("kˈæt", "cat"), chunks.Piece("dˈɔɡ", "dog")])
    assert chunk.symbols == "kˈæt dˈɔɡ,"
    assert [chunk.symbols[word.first : word.last] for word in chunk.words] == ["kˈæt", "dˈɔɡ"]
