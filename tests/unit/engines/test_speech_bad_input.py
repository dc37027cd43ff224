"""Whatever is given to the narrator becomes speech or one clear sentence, in time that grows with the text alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.engines.kokoro.alphabet import MAX_SYMBOLS
from hausmusik.engines.kokoro.engine import KokoroEngine
from hausmusik.errors import BadInput
from hausmusik.types import AudioChunk, Done, Event, Remark, SpeakRequest, WordTiming
from tests.unit.engines.tiny_kokoro import context

SILENT = {
    "nothing": "",
    "blanks": " \n\t\r\n ",
    "punctuation": "...!?—,; “” () ",
    "brackets": "<[({[<",
    "emoji": "🎉👩‍👩‍👧🏽 ",
    "control characters": "\x00\x07\x1b\x7f",
    "invisible": "\u200d\u200b\ufeff\u202e\u2066",
    "marks of laughter": "[laughs] *sighs* ♪ ",
    "Cyrillic": "Привет, мир! ",
    "Chinese": "你好，世界。",
    "Japanese": "こんにちは、カタカナ。",
    "Arabic": "مرحبا بالعالم. ",
    "Hebrew": "שלום עולם ",
    "Thai": "สวัสดีชาวโลก",
    "Devanagari": "नमस्ते दुनिया। ",
    "private use": "\ue000\uf8ff ",
}
SPOKEN = {
    "web addresses": "https://example.com/a/b?c=d&e=f#g ",
    "a path": f"http://example.com/{'a/' * 300} ",
    "mail": "someone.else+tag@mail.example.org, ",
    "C": 'for (int i=0; i<n; ++i) { a[i] = b->c("x"); }\n',
    "Python": "def f(x): return [y**2 for y in x if y != 0]\n",
    "JSON": '{"a": [1, 2.5e-3, null], "b": "\\u00e9"},',
    "HTML": '<div class="x">Hello &amp; goodbye</div>',
    "a table": "| a | b |\n|---|---|\n| 1 | **2** |\n",
    "a shell": "$ cat < in.txt | sort -n > out && rm -rf ./tmp\n",
    "a long word": f"{'pneumono' * 30} ",
    "one endless word": "ab",
    "hexadecimal": f"0x{'deadbeef' * 12} ",
    "digits": "1234567890",
    "a huge number": f"{'9' * 60} ",
    "numbers and commas": "1,234,567,",
    "dotted letters": "a.b.c.d.",
    "dates": "1/2/2020 12:30 ",
    "ratios": "1:2:3:4 ",
    "percent signs": "%%5%",
    "money": "$1.5k €3m ",
    "Roman numerals": "XIV III MMXX ",
    "capitals": "THE WHO USA NASA IS GREAT. ",
    "stacked accents": "Z̸̡͚͇a̵l̶g̷o̸ ",
    "mathematics": "∑_{i=1}^n x_i² ≤ ∫f(x)dx ",
    "wide letters": "ｈｅｌｌｏ ",
    "fancy letters": "𝓗𝓮𝓵𝓵𝓸 ",
    "hyphens": f"{'a-' * 60} ",
    "apostrophes": "'''a'b ",
    "a line a word": "a\r\nb\r\n",
    "a paragraph a word": "one.\n\n",
    "colours of a terminal": "\x1b[31mred\x1b[0m ",
    "letters turned round": "\u202eabc\u202c ",
    "half a surrogate pair": "\ud800 hi ",
    "everything": 'Hello мир 你好 🎉 $5.3M (a.k.a. "x") #tag @me 3/4 — ok?\n',
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KokoroEngine]:
    made = KokoroEngine(context(tmp_path_factory.mktemp("kokoro")))
    for stage in (made.prepare(), made.load("cpu"), made.warm_up()):
        for _ in stage:
            pass
    yield made
    made.close()


def events(engine: KokoroEngine, text: str) -> list[Event]:
    return [event for _, event in engine.play([SpeakRequest(text=text)], threading.Event())]


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_what_has_no_words_is_refused_with_a_way_out(engine: KokoroEngine, text: str) -> None:
    for repeated in (text, text * 20):
        with pytest.raises(BadInput, match="nothing to say") as caught:
            events(engine, repeated)
        assert "Latin letters" in caught.value.hint


@pytest.mark.parametrize("text", SPOKEN.values(), ids=SPOKEN)
def test_anything_with_words_is_spoken(engine: KokoroEngine, text: str) -> None:
    found = events(engine, text * 2)
    assert isinstance(found[-1], Done)
    end_s = 0.0
    for event in found:
        if isinstance(event, AudioChunk):
            assert np.isfinite(event.audio.samples).all()
            end_s = event.start_s + event.audio.duration_s
        elif isinstance(event, WordTiming):
            assert event.text.strip()
            assert 0 <= event.start_s <= event.end_s <= end_s
    assert end_s > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("text", [*SILENT.values(), *SPOKEN.values()], ids=[*SILENT, *SPOKEN])
def test_fifty_thousand_characters_of_it_take_time_in_proportion(engine: KokoroEngine, text: str) -> None:
    def taken_s(characters: int) -> float:
        whole = (text or " ") * (characters // max(1, len(text)) + 1)
        began_s = time.process_time()
        for chunk in engine._chunks(SpeakRequest(text=whole[:characters]), []):
            assert 0 < len(chunk.symbols) <= MAX_SYMBOLS
        return time.process_time() - began_s

    fifth = taken_s(10_000)
    assert taken_s(50_000) < 10 * fifth + 0.5
    assert fifth < 3.0


def test_what_is_in_another_script_is_left_out_and_told(engine: KokoroEngine) -> None:
    found = events(engine, "The cat says привет and 你好, then привет again.")
    (remark,) = [event for event in found if isinstance(event, Remark)]
    assert remark.text == "Kokoro reads Latin letters and left 3 words out: привет, 你好"
    said = [event.text for event in found if isinstance(event, WordTiming)]
    assert said == ["The", "cat", "says", "and", "then", "again."]
    many = events(engine, "cat " + " ".join(chr(0x410 + letter) * 50 for letter in range(9)))
    (remark,) = [event for event in many if isinstance(event, Remark)]
    assert remark.text.startswith("Kokoro reads Latin letters and left 9 words out: ААА")
    assert remark.text.endswith("…, …")
    assert len(remark.text) < 200


def test_what_is_said_whole_needs_no_remark(engine: KokoroEngine) -> None:
    found = events(engine, "The cat, José and Gödel paid $5 🎉 [laughs] at 3/4 — ok?")
    assert not any(isinstance(event, Remark) for event in found)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_any_text_is_spoken_or_refused(engine: KokoroEngine, text: str) -> None:
    try:
        found = events(engine, text)
    except BadInput:
        return  # any other error fails
    assert isinstance(found[-1], Done)
    assert any(isinstance(event, AudioChunk) for event in found)
