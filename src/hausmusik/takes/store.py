"""Takes on disk, each in a folder named by its key: `audio.wav` (float32) and `take.json`.

A take appears whole or not at all: it is written in `.staging`, in a folder locked by its maker, and renamed. What a
killed process left there goes when the same take is made again, or with `gc`. Two processes that make the same take
both succeed, the second one's copy is dropped. They live in the data folder, not the cache, because they may have cost
money. Knows nothing of scores; playing is `record`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import msgspec

from hausmusik.atomic import private_folder, write_whole
from hausmusik.audio.wav import WavWriter, wav_info
from hausmusik.errors import HausmusikError, NotFoundError, StoreError
from hausmusik.temporary import abandoned, sweep_folder, temporary_folder
from hausmusik.types import Audio, Recording, WordTiming

AUDIO_NAME: Final = "audio.wav"
RECORD_NAME: Final = "take.json"
_TAKE_KEY: Final = re.compile(r"[0-9a-f]{64}")


class TakeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a take besides its sound.

    Args:
        key: See `key`.
        instrument: Catalogue id that played.
        request: The request as plain JSON values.
        engine_revision: Of the engine that played.
        weights: Digest of the weights.
        setup: Digest of the instrument's options and pins.
        numeric_class: Of the host that played.
        licence: Of the weights.
        commercial: Whether it may be used commercially.
        credit: One line for the credits.
        duration_s: Length.
        sample_rate_hz: Rate.
        channels: 1 or 2.
        loudness_lufs: Integrated loudness, None when it is too short or silent.
        words: When each word is spoken; empty where the instrument does not tell.
        artifacts: Names of by-products beside the audio.
        remarks: What the instrument said of it; see `Remark`.
        recordings: Other people's recordings that are heard in it; each is named in a piece's credits.
        audio_sha256: Of the audio file; empty in takes of older versions.
        created: ISO 8601 UTC.
        busy_s: Seconds of playing.
        cost_usd: Decimal string.
        source: Where an imported file came from; empty for generated takes.
    """

    key: str
    instrument: str
    request: dict[str, Any]
    engine_revision: str = ""
    weights: str = ""
    setup: str = ""
    numeric_class: str = ""
    licence: str = ""
    commercial: bool = True
    credit: str = ""
    duration_s: float
    sample_rate_hz: int
    channels: int
    loudness_lufs: float | None = None
    words: tuple[WordTiming, ...] = ()
    artifacts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    recordings: tuple[Recording, ...] = ()
    audio_sha256: str = ""
    created: str = ""
    busy_s: float = 0.0
    cost_usd: str = "0"
    source: str = ""


class Take(msgspec.Struct, frozen=True):
    """A finished take."""

    folder: Path
    record: TakeRecord

    @property
    def audio_path(self) -> Path:
        """The float32 WAV file."""
        return self.folder / AUDIO_NAME

    @property
    def size_bytes(self) -> int:
        """Size on disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


class TakeDraft:
    """A take being written; nothing of it is visible before `finish`.

    Args:
        store: Where it will appear.
        key: Its key.
    """

    def __init__(self, store: TakeStore, key: str) -> None:
        self._store = store
        self._key = key
        self._staging = store.staging
        self._made: tuple[Path, int] | None = None
        self._writer: WavWriter | None = None
        self._artifacts: list[str] = []

    @property
    def audio_path(self) -> Path:
        """The file that audio is written to; complete only after `close_audio`. Its folder is there."""
        return self._folder / AUDIO_NAME

    @property
    def _folder(self) -> Path:
        """Where the draft lies; made when it is first needed, and locked until it is finished or dropped."""
        if self._made is None:
            with _store_errors(self._staging):
                private_folder(self._staging)
                self._made = temporary_folder(self._staging / self._key[:16])
        return self._made[0]

    def append(self, audio: Audio) -> None:
        """Add samples; all chunks of a take have one rate and channel count."""
        with _store_errors(self._staging):
            if self._writer is None:
                self._writer = WavWriter.create(self.audio_path, audio.sample_rate_hz, audio.channels)
            self._writer.write(audio.samples)

    def attach(self, name: str, data: bytes) -> None:
        """Keep a by-product beside the audio."""
        safe = Path(name).name
        if safe in ("", AUDIO_NAME, RECORD_NAME):
            raise StoreError(f"an artifact cannot be called {name!r}")
        with _store_errors(self._staging):
            (self._folder / safe).write_bytes(data)
        self._artifacts.append(safe)

    @property
    def artifacts(self) -> tuple[str, ...]:
        """Names of the by-products so far."""
        return tuple(self._artifacts)

    def close_audio(self) -> bool:
        """Finish the audio file; returns False when nothing was written."""
        if self._writer is None:
            return False
        with _store_errors(self._staging):
            self._writer.close()
        return True

    def finish(self, record: TakeRecord, *, replace: bool = False) -> Take:
        """Make the take visible and return it.

        Args:
            record: What is known of it.
            replace: Replace a take that is already there; otherwise the first one stays and this one is dropped.
        """
        target = self._store.place(self._key)
        with _store_errors(self._staging):
            write_whole(self._folder / RECORD_NAME, msgspec.json.format(msgspec.json.encode(record)))
            private_folder(target.parent)
            if not replace and self._store.get(self._key) is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            else:
                self._supplant(target)
        self._unlock()
        take = self._store.get(self._key)
        if take is None:
            raise StoreError(f"the take {self._key[:12]} vanished while it was being kept", hint="run it again")
        return take

    def _supplant(self, target: Path) -> None:
        """Rename the draft to its place; whatever stood there (a broken or replaced take) goes."""
        try:
            self._folder.rename(target)
        except OSError:
            if not target.exists():
                raise
            aside, lock = temporary_folder(self._staging / target.name[:16])
            try:
                target.rename(aside / "replaced")
                self._folder.rename(target)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
                os.close(lock)

    def drop(self) -> None:
        """Remove what was written so far."""
        if self._writer is not None:
            self._writer.abort()
        if self._made is not None:
            shutil.rmtree(self._made[0], ignore_errors=True)
        self._unlock()

    def _unlock(self) -> None:
        if self._made is not None:
            os.close(self._made[1])
            self._made = None


class TakeStore:
    """All takes of this home.

    Args:
        folder: Where they live; made when the first take is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def staging(self) -> Path:
        """Where takes are while they are being made."""
        return self.folder / ".staging"

    def place(self, key: str) -> Path:
        """Return where a take of that key lives or would live."""
        if _TAKE_KEY.fullmatch(key) is None:
            raise StoreError(f"{key!r} is not a take's key")
        return self.folder / key[:2] / key

    def get(self, key: str) -> Take | None:
        """Return a finished take, or None; one whose files are damaged counts as absent."""
        return read_take(self.place(key))

    def use(self, key: str) -> Take | None:
        """As `get`, and note that it was used now, for `gc`."""
        take = self.get(key)
        if take is not None:
            with contextlib.suppress(OSError):  # a read-only store can still be played from
                os.utime(take.folder / RECORD_NAME)
        return take

    def find(self, prefix: str) -> Take:
        """Return the one take whose key begins so; NotFoundError when there is none or more than one."""
        found = [take for take in self if take.record.key.startswith(prefix)]
        if len(found) != 1:
            what = "no take begins" if not found else f"{len(found)} takes begin"
            raise NotFoundError(f"{what} with {prefix!r}", hint="`haus takes list` shows their keys")
        return found[0]

    def draft(self, key: str) -> TakeDraft:
        """Begin a take."""
        self.place(key)
        return TakeDraft(self, key)

    def __iter__(self) -> Iterator[Take]:
        """Yield every finished take, by key."""
        if not self.folder.is_dir():
            return
        for shelf in sorted(path for path in self.folder.iterdir() if len(path.name) == 2 and path.is_dir()):
            for folder in sorted(shelf.iterdir()):
                take = read_take(folder)
                if take is not None:
                    yield take

    def last_used(self, take: Take) -> datetime:
        """Return when the take was last played or made."""
        return datetime.fromtimestamp((take.folder / RECORD_NAME).stat().st_mtime, UTC)

    def gc(self, *, older_than: timedelta, now: datetime, keep_paid: bool, dry_run: bool = False) -> list[Take]:
        """Remove takes not used for so long, and drafts left behind by killed processes.

        Args:
            older_than: Since the last use.
            now: The time, aware.
            keep_paid: Keep takes that cost money, however old.
            dry_run: Remove nothing, only say what would go.

        Returns:
            What was, or would be, removed.
        """
        gone = [
            take
            for take in self
            if now - self.last_used(take) > older_than and not (keep_paid and _cost(take.record) > 0)
        ]
        if not dry_run:
            with _store_errors(self.folder):
                for take in gone:
                    with contextlib.suppress(FileNotFoundError):  # somebody else collects as well
                        shutil.rmtree(take.folder)
                sweep_folder(self.staging)
        return gone

    def abandoned(self) -> tuple[Path, ...]:
        """Return the half-made takes of processes that were killed; never those that are being made."""
        return abandoned(self.staging)


def read_take(folder: Path) -> Take | None:
    """Return the take in a folder, or None when there is none or its files do not agree."""
    try:
        record = msgspec.json.decode((folder / RECORD_NAME).read_bytes(), type=TakeRecord)
        info = wav_info(folder / AUDIO_NAME)
    except (OSError, msgspec.MsgspecError, HausmusikError):
        return None
    if _TAKE_KEY.fullmatch(record.key) is None:
        return None
    said = (record.sample_rate_hz, record.channels, round(record.duration_s * record.sample_rate_hz))
    return Take(folder, record) if said == (info.sample_rate_hz, info.channels, info.frames) else None


def copy_take(take: Take, folder: Path) -> Take:
    """Copy a take to a folder of its own, e.g. beside a score; it appears whole or not at all."""
    with _store_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary, lock = temporary_folder(folder)
        try:
            shutil.copytree(take.folder, temporary, dirs_exist_ok=True)
            if folder.exists():
                shutil.rmtree(folder)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            os.close(lock)
    copied = read_take(folder)
    if copied is None:
        raise StoreError(f"the copy of take {take.record.key[:12]} in {folder} is damaged", hint="copy it again")
    return copied


def _cost(record: TakeRecord) -> Decimal:
    try:
        return Decimal(record.cost_usd)
    except InvalidOperation:
        return Decimal(1)  # unreadable: treat it as paid for, so that it is kept


@contextlib.contextmanager
def _store_errors(place: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"a take cannot be kept in {place.parent}: {error.strerror or error}",
            hint="make room or choose another home with HAUSMUSIK_HOME",
        ) from error
