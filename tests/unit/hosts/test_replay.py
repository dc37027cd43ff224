from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.hosts.replay import Delivered, Departed
from hausmusik.types import (
    Audio,
    AudioChunk,
    Event,
    MusicRequest,
    Phase,
    SoundRequest,
    SpeakRequest,
    TextDelta,
    TranscribeRequest,
    Usage,
    WordTiming,
)

results = st.one_of(
    st.builds(TextDelta, text=st.sampled_from("abc")),
    st.builds(WordTiming, text=st.sampled_from("ab"), start_s=st.sampled_from([0.0, 1.0]), end_s=st.just(2.0)),
    st.builds(
        AudioChunk,
        start_s=st.just(0.0),
        audio=st.sampled_from([Audio.mono([0.5, 0.25], 8_000), Audio.mono([0.5], 8_000)]),
    ),
)


@given(st.lists(results, max_size=8), st.data())
def test_an_equal_replay_is_never_noticed(events: list[Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events)))
    delivered = Delivered()
    got = [event for event in events[:cut] if delivered.is_news(event)]
    delivered.restart()
    got += [event for event in events if delivered.is_news(event)]
    delivered.check_complete()
    assert got == events
    assert delivered.beginning == tuple(events)


@given(st.lists(results, min_size=1, max_size=6), st.data())
def test_any_difference_in_what_was_delivered_is_noticed(events: list[Event], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(events) - 1))
    delivered = Delivered()
    for event in events:
        delivered.is_news(event)
    delivered.restart()
    for event in events[:place]:
        assert not delivered.is_news(event)
    with pytest.raises(Departed):
        delivered.check_complete()
    with pytest.raises(Departed):
        delivered.is_news(TextDelta(text="another"))
    assert delivered.beginning == tuple(events)


def test_one_bit_of_audio_is_a_difference() -> None:
    delivered = Delivered()
    delivered.is_news(AudioChunk(start_s=0, audio=Audio.mono([0.5], 8_000)))
    delivered.restart()
    with pytest.raises(Departed):
        delivered.is_news(
            AudioChunk(start_s=0, audio=Audio.mono([np.nextafter(np.float32(0.5), np.float32(1))], 8_000))
        )


def test_of_a_long_play_only_the_beginning_is_kept_and_all_of_it_compared() -> None:
    second = Audio.mono(np.zeros(48_000), 48_000)  # 192 kB
    delivered = Delivered(kept_bytes=1 << 20)
    for number in range(60):
        assert delivered.is_news(AudioChunk(start_s=number, audio=second))
    delivered.is_news(TextDelta(text="small, and still not kept after a gap"))
    assert [each.start_s for each in delivered.beginning if isinstance(each, AudioChunk)] == [0, 1, 2, 3, 4]
    assert len(delivered.beginning) == 5
    assert delivered.visible(MusicRequest(prompt="x", duration_s=60), Usage()).audio_s == pytest.approx(60)
    delivered.restart()
    for number in range(59):
        assert not delivered.is_news(AudioChunk(start_s=number, audio=second))
    with pytest.raises(Departed):
        delivered.is_news(AudioChunk(start_s=59.5, audio=second))


def test_the_first_result_is_kept_however_large_it_is() -> None:
    large = AudioChunk(start_s=0.0, audio=Audio(np.zeros((2, 30 * 44_100), np.float32), 44_100))
    delivered = Delivered()
    assert delivered.is_news(large)
    assert delivered.is_news(large)
    assert delivered.beginning == (large,)


def test_phases_pass_but_not_a_second_time() -> None:
    delivered = Delivered()
    assert delivered.is_news(Phase(name="boot"))
    delivered.restart()
    assert delivered.is_news(Phase(name="boot")), "nothing was delivered, so the second start is worth showing"
    delivered.is_news(TextDelta(text="a"))
    delivered.restart()
    assert not delivered.is_news(Phase(name="boot"))
    assert not delivered.is_news(TextDelta(text="a"))
    assert delivered.is_news(Phase(name="play", done=0.5))
    assert delivered.is_news(Usage())
    assert delivered.beginning == (TextDelta(text="a"),)


def test_what_the_host_can_see_of_a_play() -> None:
    delivered = Delivered()
    delivered.is_news(AudioChunk(start_s=0, audio=Audio.mono([0.0] * 4_000, 8_000)))
    said = SpeakRequest(text="hello")
    assert delivered.visible(said, Usage()) == Usage(audio_s=0.5, characters=5)
    assert delivered.visible(said, Usage(audio_s=0.4, characters=9)) == Usage()
    assert delivered.visible(MusicRequest(prompt="abc", duration_s=1), Usage()).characters == 3
    assert delivered.visible(SoundRequest(prompt="ab"), Usage()).characters == 2
    heard = TranscribeRequest(audio=Audio.mono([0.0] * 8_000, 8_000))
    assert Delivered().visible(heard, Usage()) == Usage(audio_s=1.0)
