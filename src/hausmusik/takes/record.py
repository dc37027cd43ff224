"""Plays a request and keeps the result as a take; brings files of the user's own in as takes too.

The only place where an event stream becomes a file. Streams: chunks go to disk as they come, so a long take needs no
memory. Knows nothing of scores, money or hosts.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hausmusik.audio.files import import_wav, probe
from hausmusik.audio.loudness import LoudnessMeter
from hausmusik.audio.wav import WavReader, wav_info
from hausmusik.errors import GenerationFailed
from hausmusik.seams import Clock, Player, TakeIdentity
from hausmusik.takes.key import canonical_request, take_key
from hausmusik.takes.store import Take, TakeDraft, TakeRecord, TakeStore
from hausmusik.types import (
    RECORDINGS_NAME,
    Artifact,
    AudioChunk,
    Done,
    Event,
    Recording,
    Remark,
    Request,
    Run,
    Usage,
    WordTiming,
)

IMPORT_REVISION = "import/2"
IMPORT_GRID_S = 10.0
BLOCK_S = 10.0
HASH_BYTES = 1 << 24


async def record_take(
    player: Player,
    store: TakeStore,
    instrument: str,
    request: Request,
    *,
    run: Run,
    clock: Clock,
    on_event: Callable[[Event], None] | None = None,
    force: bool = False,
) -> Take:
    """Return the take of a request: the kept one, or a new one played now.

    Args:
        player: Who plays.
        store: Where takes are kept.
        instrument: Catalogue id or router.
        request: A speak, music or sound request.
        run: To which the play belongs.
        clock: For the record's date.
        on_event: Told of every event as it comes, for progress.
        force: Play again even if the take is kept; it replaces the old one.

    Raises:
        GenerationFailed: the stream ended without audio.
        StoreError: it cannot be kept (full disk, read-only).
    """
    identity = player.identify(instrument, request, run=run)
    key = take_key(request, identity)
    if not force:
        kept = store.use(key)
        if kept is not None:
            return kept
    draft = store.draft(key)
    words: list[WordTiming] = []
    remarks: list[str] = []
    recordings: tuple[Recording, ...] = ()
    usage, cost_usd = Usage(), "0"
    try:
        async for event in player.play(instrument, request, run=run):
            if isinstance(event, AudioChunk):
                draft.append(event.audio)
            elif isinstance(event, WordTiming):
                words.append(event)
            elif isinstance(event, Remark):
                remarks.append(event.text)
            elif isinstance(event, Usage):
                usage += event
            elif isinstance(event, Artifact):
                recordings += recordings_in(event)
                draft.attach(event.name, event.data)
            elif isinstance(event, Done):
                cost_usd = event.cost_usd
            if on_event is not None:
                on_event(event)
        if not draft.close_audio():
            raise GenerationFailed(f"{identity.instrument} ended without any sound")
        record = _record(draft, key, identity, request, usage, clock)
        record = msgspec.structs.replace(
            record, words=tuple(words), remarks=tuple(remarks), recordings=recordings, cost_usd=cost_usd
        )
        return draft.finish(record, replace=force)
    except BaseException:
        draft.drop()
        raise


def _record(
    draft: TakeDraft,
    key: str,
    identity: TakeIdentity,
    request: Request,
    usage: Usage,
    clock: Clock,
) -> TakeRecord:
    info = wav_info(draft.audio_path)
    return TakeRecord(
        key=key,
        instrument=identity.instrument,
        request=msgspec.json.decode(canonical_request(request), type=dict[str, Any]),
        engine_revision=identity.engine_revision,
        weights=identity.weights,
        setup=identity.setup,
        numeric_class=identity.numeric_class,
        licence=identity.licence,
        commercial=identity.commercial,
        credit=identity.credit,
        duration_s=info.duration_s,
        sample_rate_hz=info.sample_rate_hz,
        channels=info.channels,
        loudness_lufs=measured_loudness(draft.audio_path),
        audio_sha256=_file_digest(draft.audio_path),
        artifacts=draft.artifacts,
        created=clock.now().isoformat(),
        busy_s=usage.busy_s,
    )


def recordings_in(event: Event) -> tuple[Recording, ...]:
    """Return whose recordings an event says are heard; none unless it is the by-product that tells them.

    Raises:
        GenerationFailed: the engine wrote something else there; a piece must not lose its credits silently.
    """
    if not isinstance(event, Artifact) or event.name != RECORDINGS_NAME:
        return ()
    try:
        return msgspec.json.decode(event.data, type=tuple[Recording, ...])
    except msgspec.MsgspecError as error:
        raise GenerationFailed(
            f"the instrument's {RECORDINGS_NAME} does not say whose recordings are heard: {error}",
            hint="report it to the author of its engine",
        ) from error


def measured_loudness(path: Path) -> float | None:
    """Return the integrated loudness of one of our WAV files in LUFS, or None when it is silent."""
    with WavReader.open(path) as reader:
        rate = reader.info.sample_rate_hz
        meter = LoudnessMeter(rate, reader.info.channels)
        for start in range(0, reader.info.frames, round(BLOCK_S * rate)):
            meter.push(reader.read(start, round(BLOCK_S * rate)))
    loudness = meter.finish()
    return None if loudness.silent else loudness.integrated_lufs


def import_take(
    store: TakeStore,
    path: Path,
    *,
    clock: Clock,
    start_s: float = 0.0,
    duration_s: float | None = None,
    on_block: Callable[[float], None] = lambda _done_s: None,
) -> Take:
    """Bring a stretch of an audio file of the user's own in as a take; the same bytes are decoded only once.

    Args:
        store: Where takes are kept.
        path: The file.
        clock: For the record's date.
        start_s: Where the take begins in the file.
        duration_s: How much of it is wanted, rounded up to 10 s so that a small change needs no new import; None: all.
        on_block: Told after each second how many are done, also while the file is hashed; what it raises ends it.

    Raises:
        NotFoundError: no such file.
        BadInput: not audio, or damaged.
    """
    probe(path)  # says what is wrong with the file before its bytes are hashed
    digest = _file_digest(path, on_block)
    wanted_s = None if duration_s is None else math.ceil(round(duration_s / IMPORT_GRID_S, 6)) * IMPORT_GRID_S
    key = hashlib.sha256(f"{IMPORT_REVISION}/{digest}/{start_s!r}/{wanted_s!r}".encode()).hexdigest()
    kept = store.use(key)
    if kept is not None:
        return kept
    draft = store.draft(key)
    try:
        import_wav(path, draft.audio_path, start_s=start_s, duration_s=wanted_s, on_block=on_block)
        info = wav_info(draft.audio_path)
        record = TakeRecord(
            key=key,
            instrument="",
            request={"type": "File", "sha256": digest, "start_s": start_s},
            engine_revision=IMPORT_REVISION,
            duration_s=info.duration_s,
            sample_rate_hz=info.sample_rate_hz,
            channels=info.channels,
            loudness_lufs=measured_loudness(draft.audio_path),
            audio_sha256=_file_digest(draft.audio_path),
            created=clock.now().isoformat(),
            source=path.name,
        )
        return draft.finish(record)
    except BaseException:
        draft.drop()
        raise


def _file_digest(path: Path, on_block: Callable[[float], None] = lambda _done_s: None) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BYTES):
            digest.update(block)
            on_block(0.0)
    return digest.hexdigest()
