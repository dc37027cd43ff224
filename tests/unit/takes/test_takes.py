from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hausmusik.audio.files import write_audio
from hausmusik.audio.wav import read_wav
from hausmusik.errors import BadInput, Cancelled, EngineError, GenerationFailed, NotFoundError, StoreError
from hausmusik.takes.key import take_key
from hausmusik.takes.record import import_take, record_take
from hausmusik.takes.store import TakeRecord, TakeStore, copy_take, read_take
from hausmusik.testing import FakeClock, FakePlayer, Fault, FaultSchedule, sine
from hausmusik.types import (
    RECORDINGS_NAME,
    Artifact,
    Audio,
    Done,
    Event,
    MusicRequest,
    Phase,
    Recording,
    Request,
    Run,
    SpeakRequest,
)

RUN = Run(id="r1")
LINE = SpeakRequest(text="One two three.", voice={"a": 1.0})


@pytest.fixture
def store(tmp_path: Path) -> TakeStore:
    return TakeStore(tmp_path / "takes")


async def test_a_take_is_played_once_and_then_kept(store: TakeStore) -> None:
    player, clock = FakePlayer(), FakeClock()
    first = await record_take(player, store, "tone-speak", LINE, run=RUN, clock=clock)
    again = await record_take(player, store, "tone-speak", LINE, run=RUN, clock=clock)
    assert player.counts["tone-speak"] == 1
    assert first == again
    assert first.record.request["text"] == "One two three."
    assert first.record.duration_s == pytest.approx(read_wav(first.audio_path).duration_s)
    assert first.record.loudness_lufs is not None
    assert [word.text for word in first.record.words]
    assert [take.record.key for take in store] == [first.record.key]


async def test_remarks_are_kept_with_the_take(store: TakeStore) -> None:
    player = FakePlayer(options={"remark": "spoken by a sine"})
    made = await record_take(player, store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    assert made.record.remarks == ("spoken by a sine",)
    assert read_take(made.folder) == made


async def test_force_plays_again_and_replaces(store: TakeStore) -> None:
    player = FakePlayer()
    for _ in range(2):
        await record_take(player, store, "tone-speak", LINE, run=RUN, clock=FakeClock(), force=True)
    assert player.counts["tone-speak"] == 2
    assert len(list(store)) == 1


@pytest.mark.parametrize(
    "other",
    [
        SpeakRequest(text="One two four.", voice={"a": 1.0}),
        SpeakRequest(text="One two three.", voice={"b": 1.0}),
        SpeakRequest(text="One two three.", voice={"a": 1.0}, seed=1),
        SpeakRequest(text="One two three.", voice={"a": 1.0}, lexicon={"two": "/tuː/"}),
        SpeakRequest(text="One two three.", voice={"a": 1.0}, speed=1.1),
    ],
    ids=["text", "voice", "seed", "lexicon", "speed"],
)
def test_everything_that_shapes_the_sound_is_in_the_key(other: SpeakRequest) -> None:
    player = FakePlayer()
    same = SpeakRequest(text="One two three.", voice={"a": 1.0})
    identity = player.identify("tone-speak", LINE, run=RUN)
    assert take_key(LINE, identity) == take_key(same, identity)
    assert take_key(LINE, identity) != take_key(other, identity)


def test_engine_weights_options_and_numeric_class_are_in_the_key_but_not_the_host() -> None:
    import msgspec

    identity = FakePlayer().identify("tone-speak", LINE, run=RUN)
    for field in ("engine_revision", "weights", "setup", "numeric_class", "instrument"):
        assert take_key(LINE, identity) != take_key(LINE, msgspec.structs.replace(identity, **{field: "other"}))
    assert take_key(LINE, identity) == take_key(LINE, msgspec.structs.replace(identity, host="elsewhere"))


def test_the_order_of_a_blend_does_not_matter() -> None:
    identity = FakePlayer().identify("tone-speak", LINE, run=RUN)
    one = SpeakRequest(text="x", voice={"a": 0.5, "b": 0.5})
    two = SpeakRequest(text="x", voice={"b": 0.5, "a": 0.5})
    assert take_key(one, identity) == take_key(two, identity)


async def test_a_failed_play_leaves_nothing(store: TakeStore) -> None:
    player = FakePlayer(faults=FaultSchedule({0: Fault(error=EngineError("boom"), after=1)}))
    with pytest.raises(EngineError):
        await record_take(player, store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    assert not list(store)
    assert not list((store.folder / ".staging").glob("*"))


async def test_a_stream_without_sound_is_no_take(store: TakeStore) -> None:
    class Mute(FakePlayer):
        async def play(self, instrument, request, *, run):
            yield Phase(name="play")

    with pytest.raises(GenerationFailed, match="without any sound"):
        await record_take(Mute(), store, "tone-speak", LINE, run=RUN, clock=FakeClock())


async def test_damaged_takes_count_as_absent_and_are_made_again(store: TakeStore) -> None:
    player = FakePlayer()
    take = await record_take(player, store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    for damage in (
        lambda: take.audio_path.write_bytes(take.audio_path.read_bytes()[:-100]),
        take.audio_path.unlink,
        lambda: (take.folder / "take.json").write_text("{"),
    ):
        damage()
        assert store.get(take.record.key) is None
        again = await record_take(player, store, "tone-speak", LINE, run=RUN, clock=FakeClock())
        assert read_take(again.folder) is not None


async def test_gc_removes_what_was_not_used_and_keeps_what_was_paid(store: TakeStore) -> None:
    import msgspec

    clock = FakeClock()
    old = await record_take(FakePlayer(), store, "tone-speak", LINE, run=RUN, clock=clock)
    music = MusicRequest(prompt="x", duration_s=1.0)
    paid = await record_take(FakePlayer(), store, "tone-music", music, run=RUN, clock=clock)
    record = msgspec.structs.replace(paid.record, cost_usd="0.02")
    (paid.folder / "take.json").write_bytes(msgspec.json.encode(record))
    now = datetime.now(UTC) + timedelta(days=40)
    gone = store.gc(older_than=timedelta(days=30), now=now, keep_paid=True, dry_run=True)
    assert [take.record.key for take in gone] == [old.record.key]
    assert store.get(old.record.key) is not None
    store.gc(older_than=timedelta(days=30), now=now, keep_paid=True)
    assert [take.record.key for take in store] == [paid.record.key]
    store.gc(older_than=timedelta(days=30), now=now, keep_paid=False)
    assert not list(store)


async def test_what_a_take_has_cost_stands_in_its_record(store: TakeStore) -> None:
    class Priced(FakePlayer):
        async def play(self, instrument: str, request: Request, *, run: Run) -> AsyncGenerator[Event, None]:
            async for event in super().play(instrument, request, run=run):
                yield msgspec.structs.replace(event, cost_usd="0.02") if isinstance(event, Done) else event

    take = await record_take(Priced(), store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    assert take.record.cost_usd == "0.02"
    now = datetime.now(UTC) + timedelta(days=40)
    assert not store.gc(older_than=timedelta(days=30), now=now, keep_paid=True)


async def test_use_keeps_a_take_from_being_collected(store: TakeStore) -> None:
    take = await record_take(FakePlayer(), store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    os.utime(take.folder / "take.json", (0, 0))
    store.use(take.record.key)
    assert not store.gc(older_than=timedelta(days=1), now=datetime.now(UTC), keep_paid=False)


def test_find_by_prefix(store: TakeStore) -> None:
    with pytest.raises(NotFoundError, match="no take begins"):
        store.find("ab")
    with pytest.raises(StoreError):
        store.place("../../etc/passwd")


async def test_a_copy_beside_a_score_is_a_take_of_its_own(store: TakeStore, tmp_path: Path) -> None:
    take = await record_take(FakePlayer(), store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    copy = copy_take(take, tmp_path / "piece.takes" / "one.a")
    assert copy.record == take.record
    np.testing.assert_array_equal(read_wav(copy.audio_path).samples, read_wav(take.audio_path).samples)
    assert copy_take(take, tmp_path / "piece.takes" / "one.a") == copy


def test_a_file_of_ones_own_becomes_a_take_once(store: TakeStore, tmp_path: Path) -> None:
    path = tmp_path / "door.flac"
    write_audio(path, sine(440, 0.5, rate_hz=22_050))
    take = import_take(store, path, clock=FakeClock())
    assert take.record.source == "door.flac"
    assert take.record.sample_rate_hz == 22_050
    assert import_take(store, path, clock=FakeClock()) == take
    with pytest.raises(NotFoundError):
        import_take(store, tmp_path / "none.wav", clock=FakeClock())
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"not music at all" * 50)
    with pytest.raises(BadInput):
        import_take(store, broken, clock=FakeClock())
    assert len(list(store)) == 1


def test_only_the_stretch_that_is_used_of_a_long_file_is_kept(store: TakeStore, tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    steps = np.repeat(np.arange(60, dtype=np.float32) / 100, 8_000)  # a level for each second
    write_audio(path, Audio.mono(steps, 8_000))
    told: list[float] = []
    take = import_take(store, path, clock=FakeClock(), start_s=20.0, duration_s=3.0, on_block=told.append)
    heard = read_wav(take.audio_path)
    assert heard.duration_s == 10.0, "rounded up, so that a slightly longer slot needs no new import"
    assert heard.samples[0, [0, -1]] == pytest.approx((0.20, 0.29), abs=1e-3)
    assert told[-1] == 10.0
    assert import_take(store, path, clock=FakeClock(), start_s=20.0, duration_s=9.5) == take
    assert import_take(store, path, clock=FakeClock(), start_s=55.0, duration_s=9.5).record.duration_s == 5.0


def test_an_import_that_is_stopped_leaves_nothing(store: TakeStore, tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    write_audio(path, sine(440, 30.0))

    def stop(done_s: float) -> None:
        if done_s > 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        import_take(store, path, clock=FakeClock(), on_block=stop)
    assert not list(store.folder.rglob("*.wav"))


def test_artifacts_may_come_before_the_sound(store: TakeStore) -> None:
    draft = store.draft("4" * 64)
    draft.attach("piece.mid", b"MThd")
    draft.append(Audio.mono(np.zeros(80), 8_000))
    draft.close_audio()
    record = TakeRecord(key="4" * 64, instrument="x", request={}, duration_s=0.01, sample_rate_hz=8_000, channels=1)
    assert (draft.finish(record).folder / "piece.mid").read_bytes() == b"MThd"


def test_artifacts_cannot_overwrite_the_take_or_escape(store: TakeStore) -> None:
    draft = store.draft("0" * 64)
    with pytest.raises(StoreError):
        draft.attach("audio.wav", b"x")
    draft.attach("../../evil.mid", b"x")
    assert draft.artifacts == ("evil.mid",)
    draft.drop()


def test_two_drafts_of_one_take_both_succeed(store: TakeStore) -> None:
    def finish(value: float):
        draft = store.draft("2" * 64)
        draft.append(Audio.mono(np.full(800, value), 8_000))
        draft.close_audio()
        record = TakeRecord(key="2" * 64, instrument="x", request={}, duration_s=0.1, sample_rate_hz=8_000, channels=1)
        return draft, record

    one, record = finish(0.1)
    two, _ = finish(0.2)
    kept = one.finish(record)
    assert two.finish(record) == kept
    assert read_wav(kept.audio_path).samples.max() == pytest.approx(0.1)


def test_a_read_only_store_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    draft = TakeStore(blocked).draft("3" * 64)
    with pytest.raises(StoreError) as caught:
        draft.append(Audio.mono(np.zeros(10), 8_000))
    assert "HAUSMUSIK_HOME" in caught.value.hint


class Recorded(FakePlayer):
    """Begins each play by saying whose recordings are heard."""

    said = b"[]"

    async def play(self, instrument: str, request: Request, *, run: Run) -> AsyncGenerator[Event, None]:
        yield Artifact(name=RECORDINGS_NAME, media_type="application/json", data=self.said)
        async for event in super().play(instrument, request, run=run):
            yield event


async def test_a_take_knows_whose_recordings_it_holds(store: TakeStore, tmp_path: Path) -> None:
    player = Recorded()
    player.said = b'[{"title": "Crow", "author": "B. Bird", "licence": "CC0-1.0", "link": "https://example.org/7"}]'
    take = await record_take(player, store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    crow = Recording(title="Crow", author="B. Bird", licence="CC0-1.0", link="https://example.org/7")
    assert take.record.recordings == (crow,)
    assert read_take(take.folder) == take
    assert copy_take(take, tmp_path / "piece.takes" / "one.a").record.recordings == (crow,)


@pytest.mark.parametrize("said", [b"", b"{}", b'[{"title": "Crow"}]', b'[{"title": 7, "author": "", "licence": ""}]'])
async def test_recordings_without_author_or_licence_are_no_take(store: TakeStore, said: bytes) -> None:
    player = Recorded()
    player.said = said
    with pytest.raises(GenerationFailed, match=r"recordings\.json"):
        await record_take(player, store, "tone-speak", LINE, run=RUN, clock=FakeClock())
    assert not list(store)
    assert not list((store.folder / ".staging").glob("*"))
