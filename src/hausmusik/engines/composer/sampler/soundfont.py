"""Reads a SoundFont 2 or 3 bank and answers which regions sound for a preset, a key and a velocity.

Only the articulation lists (`pdta`, 180 kB) are parsed; samples stay in the mapped file as byte ranges, so opening the
40 MB bank costs milliseconds and a few megabytes. Generators and modulators are resolved as the specification says:
instrument values replace, preset values add. Knows nothing of audio, Vorbis or notes in time.

Sources: SoundFont Technical Specification 2.04 (sections 5 to 9); SF3 is the same container with one Ogg Vorbis stream
per sample, loop points relative to the decoded sample.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.errors import WeightsError

KEY_RANGE: Final = 43
VELOCITY_RANGE: Final = 44
INSTRUMENT: Final = 41
SAMPLE: Final = 53
_VORBIS_FLAG: Final = 0x10
DRUM_BANK: Final = 128
_RANGES: Final = frozenset({KEY_RANGE, VELOCITY_RANGE})
_CHUNK_NAMES: Final = frozenset(b"LIST INFO phdr pbag pmod pgen inst ibag imod igen shdr smpl sm24".split())

# Section 8.5: generators whose value is not zero where the bank says nothing (timecents, cents, semitones).
DEFAULTS: Final[dict[int, float]] = {
    8: 13500.0,
    21: -12000.0,
    23: -12000.0,
    25: -12000.0,
    26: -12000.0,
    27: -12000.0,
    28: -12000.0,
    30: -12000.0,
    33: -12000.0,
    34: -12000.0,
    35: -12000.0,
    36: -12000.0,
    38: -12000.0,
    46: -1.0,
    47: -1.0,
    56: 100.0,
    58: -1.0,
}


class Modulator(msgspec.Struct, frozen=True):
    """One articulation rule: source, destination generator, amount, second source (raw words of the file)."""

    source: int
    destination: int
    amount: int
    amount_source: int
    transform: int

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """What makes two modulators the same rule, so that one replaces the other (section 9.5.1)."""
        return self.source, self.destination, self.amount_source, self.transform


# Section 8.4.1 and 8.4.2: the default rules that depend on the struck note alone; the others follow controllers that we
# never move (their sources rest at zero).
_DEFAULT_MODULATORS: Final = (
    Modulator(0x0502, 48, 960, 0, 0),
    Modulator(0x0102, 8, -2400, 0x0D02, 0),
)


class Sample(msgspec.Struct, frozen=True):
    """Where one sample lies and how it loops.

    Args:
        name: As in the bank.
        start: First byte (Vorbis) or first 16-bit word (plain) in the sample chunk.
        end: One past the last.
        loop_start: In samples from the start of the decoded sample.
        loop_end: One past the last looped sample.
        sample_rate_hz: Of the recording.
        root_key: MIDI key at which it plays unshifted.
        correction_cents: Added to the pitch.
        vorbis: Whether it is an Ogg stream.
    """

    name: str
    start: int
    end: int
    loop_start: int
    loop_end: int
    sample_rate_hz: int
    root_key: int
    correction_cents: int
    vorbis: bool


class Region(msgspec.Struct, frozen=True):
    """One sample with everything that shapes it, preset and instrument levels already joined.

    Args:
        sample: Index into `SoundFont.samples`.
        keys: Lowest and highest key.
        velocities: Lowest and highest velocity.
        generators: Value by generator number, defaults filled in only where `DEFAULTS` names one.
        modulators: Rules in force.
    """

    sample: int
    keys: tuple[int, int]
    velocities: tuple[int, int]
    generators: dict[int, float]
    modulators: tuple[Modulator, ...]

    def sounds(self, key: int, velocity: int) -> bool:
        """Return whether a note falls into this region."""
        return self.keys[0] <= key <= self.keys[1] and self.velocities[0] <= velocity <= self.velocities[1]


class _Zone(msgspec.Struct, frozen=True):
    generators: dict[int, int]
    keys: tuple[int, int]
    velocities: tuple[int, int]
    modulators: tuple[Modulator, ...]


class SoundFont:
    """A bank, opened for reading; close it when done.

    Args:
        path: An .sf2 or .sf3 file.

    Raises:
        WeightsError: it is not a sound font, or a damaged one.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._chunks = dict(_walk(self._data))
            self._samples = tuple(self._read_samples())
            self._presets = {
                (bank, program): index for index, (program, bank) in enumerate(self._records("phdr", "<20xHH14x")[:-1])
            }
        except (OSError, ValueError, KeyError, struct.error, IndexError) as error:
            raise WeightsError(
                f"the sound bank {path.name} cannot be read: {error}", hint="pull it again with `haus pull --embedded`"
            ) from error

    @property
    def samples(self) -> tuple[Sample, ...]:
        """All samples of the bank."""
        return self._samples

    @property
    def presets(self) -> frozenset[tuple[int, int]]:
        """`(bank, program)` of all presets; bank 128 holds drum kits."""
        return frozenset(self._presets)

    def sample_bytes(self, sample: Sample) -> bytes:
        """Return the raw bytes of one sample: an Ogg stream, or 16-bit little-endian PCM."""
        offset, size = self._chunks["smpl"]
        width = 1 if sample.vorbis else 2
        if sample.end * width > size:
            raise WeightsError(f"the sample {sample.name} lies outside the bank", hint="pull the bank again")
        return self._data[offset + sample.start * width : offset + sample.end * width]

    def regions(self, bank: int, program: int) -> tuple[Region, ...]:
        """Return all regions of a preset; of its plain relative (GS's capital tone) in a bank without that variation.

        Args:
            bank: 0 for General MIDI, more for variations, 128 for drum kits.
            program: 0 to 127.

        Raises:
            WeightsError: the bank lacks the relative too.
        """
        plain = (DRUM_BANK, 0) if bank == DRUM_BANK else (0, program)
        index = self._presets.get((bank, program), self._presets.get(plain))
        if index is None:
            raise WeightsError(f"the sound bank has no preset {bank}:{program}", hint="use a whole General MIDI bank")
        found: list[Region] = []
        for outer in self._zones("phdr", "<24xH12x", "pbag", "pgen", "pmod", INSTRUMENT, index):
            instrument = outer.generators[INSTRUMENT]
            for inner in self._zones("inst", "<20xH", "ibag", "igen", "imod", SAMPLE, instrument):
                region = _join(outer, inner)
                if region is not None:
                    found.append(region)
        return tuple(found)

    def close(self) -> None:
        """Unmap the file."""
        self._data.close()

    def _records(self, chunk: str, form: str) -> list[tuple[int, ...]]:
        offset, size = self._chunks[chunk]
        whole = size - size % struct.calcsize(form)
        return list(struct.iter_unpack(form, self._data[offset : offset + whole]))

    def _read_samples(self) -> Iterator[Sample]:
        offset, size = self._chunks["shdr"]
        for record in struct.iter_unpack("<20s5IBbHH", self._data[offset : offset + size - size % 46]):
            name, start, end, loop_start, loop_end, rate, key, correction, _, kind = record
            vorbis = bool(kind & _VORBIS_FLAG)
            base = 0 if vorbis else start
            yield Sample(
                name.split(b"\0")[0].decode("latin-1"),
                start,
                end,
                loop_start - base,
                loop_end - base,
                rate or 44_100,
                key if key <= 127 else 60,
                correction,
                vorbis,
            )

    def _zones(
        self, owner: str, form: str, bag: str, generators: str, modulators: str, target: int, index: int
    ) -> Iterator[_Zone]:
        """Yield the zones of one preset or instrument with its global zone folded in."""
        owners = self._records(owner, form)
        bags = self._records(bag, "<HH")
        words = self._records(generators, "<Hh")
        rules = self._records(modulators, "<HHhHH")
        global_zone = _Zone({}, (0, 127), (0, 127), ())
        first = owners[index][0]
        for number in range(first, owners[index + 1][0]):
            raw = words[bags[number][0] : bags[number + 1][0]]
            own = tuple(Modulator(*rule) for rule in rules[bags[number][1] : bags[number + 1][1]])
            values = {generator: value for generator, value in raw if generator not in _RANGES}
            ranges = {generator: value & 0xFFFF for generator, value in raw if generator in _RANGES}
            zone = _Zone(
                {**global_zone.generators, **values},
                _range(ranges.get(KEY_RANGE), global_zone.keys),
                _range(ranges.get(VELOCITY_RANGE), global_zone.velocities),
                _replace(global_zone.modulators, own),
            )
            if target in values:
                yield zone
            elif number == first:
                global_zone = zone


def _walk(data: mmap.mmap) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield `(name, (offset, size))` of every sub-chunk; raises ValueError for anything that is not a bank."""
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError("it is not a SoundFont")
    position = 12
    while position + 8 <= len(data):
        name = data[position : position + 4]
        size: int = struct.unpack("<I", data[position + 4 : position + 8])[0]
        if name == b"LIST":
            position += 12
            continue
        yield name.decode("latin-1"), (position + 8, size)
        position += 8 + size
        # Odd chunks should be padded, but MuseScore General Lite's sample chunk is odd and is not.
        if size & 1 and data[position : position + 4] not in _CHUNK_NAMES:
            position += 1


def _range(word: int | None, otherwise: tuple[int, int]) -> tuple[int, int]:
    return otherwise if word is None else (word & 0xFF, word >> 8)


def _replace(below: tuple[Modulator, ...], above: tuple[Modulator, ...]) -> tuple[Modulator, ...]:
    table = {each.identity: each for each in below}
    table.update({each.identity: each for each in above})
    return tuple(table.values())


def _add(below: tuple[Modulator, ...], above: tuple[Modulator, ...]) -> tuple[Modulator, ...]:
    table = {each.identity: each for each in below}
    for each in above:
        known = table.get(each.identity)
        amount = each.amount + (known.amount if known else 0)
        table[each.identity] = msgspec.structs.replace(each, amount=amount)
    return tuple(table.values())


def _join(outer: _Zone, inner: _Zone) -> Region | None:
    """Join a preset zone with an instrument zone, or return None where they never sound together."""
    keys = max(outer.keys[0], inner.keys[0]), min(outer.keys[1], inner.keys[1])
    velocities = max(outer.velocities[0], inner.velocities[0]), min(outer.velocities[1], inner.velocities[1])
    if keys[0] > keys[1] or velocities[0] > velocities[1]:
        return None
    values: dict[int, float] = dict(DEFAULTS)
    values.update(inner.generators)
    for generator, amount in outer.generators.items():
        if generator != INSTRUMENT:
            values[generator] = values.get(generator, 0.0) + amount
    modulators = _add(_replace(_DEFAULT_MODULATORS, inner.modulators), outer.modulators)
    return Region(inner.generators[SAMPLE], keys, velocities, values, modulators)
