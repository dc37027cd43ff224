"""A small reader of Standard MIDI Files for tests, written from the specification and not from our writer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Track:
    name: str = ""
    program: int = -1
    channel: int = -1
    controls: dict[int, int] = field(default_factory=dict)
    notes: list[tuple[int, int, int, int]] = field(default_factory=list)  # start, length, key, velocity; ticks
    hanging: int = 0
    end: int = 0


@dataclass
class MidiFile:
    division: int
    tracks: list[Track]
    tempos: list[tuple[int, float]]
    metre: tuple[int, int]
    key: tuple[int, bool]
    markers: list[tuple[int, str]]

    @property
    def tempo_bpm(self) -> float:
        return self.tempos[0][1]


def read_midi(data: bytes) -> MidiFile:
    if data[:4] != b"MThd":
        raise ValueError("no MThd")
    count, division = int.from_bytes(data[10:12], "big"), int.from_bytes(data[12:14], "big")
    file = MidiFile(division, [], [], (4, 4), (0, False), [])
    at = 14
    for _ in range(count):
        assert data[at : at + 4] == b"MTrk"
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        file.tracks.append(_track(data[at + 8 : at + 8 + size], file))
        at += 8 + size
    assert at == len(data)
    return file


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        byte = data[at]
        value = value << 7 | byte & 0x7F
        at += 1
        if not byte & 0x80:
            return value, at


def _track(data: bytes, file: MidiFile) -> Track:
    track = Track()
    tick, at = 0, 0
    down: dict[int, list[tuple[int, int]]] = {}
    while at < len(data):
        delta, at = _number(data, at)
        tick += delta
        status = data[at]
        at += 1
        if status == 0xFF:
            kind = data[at]
            size, at = _number(data, at + 1)
            body = data[at : at + size]
            at += size
            _meta(kind, body, tick, track, file)
            continue
        what, track.channel = status & 0xF0, status & 0x0F
        if what == 0xC0:
            track.program = data[at]
            at += 1
            continue
        first, second = data[at], data[at + 1]
        at += 2
        if what == 0xB0:
            track.controls.setdefault(first, second)
        elif what == 0x90 and second:
            down.setdefault(first, []).append((tick, second))
        elif what in {0x80, 0x90}:
            start, velocity = down[first].pop(0)
            track.notes.append((start, tick - start, first, velocity))
    track.notes.sort()
    track.hanging = sum(len(each) for each in down.values())
    return track


def _meta(kind: int, body: bytes, tick: int, track: Track, file: MidiFile) -> None:
    if kind == 0x03:
        track.name = body.decode()
    elif kind == 0x06:
        file.markers.append((tick, body.decode()))
    elif kind == 0x51:
        file.tempos.append((tick, 60_000_000 / int.from_bytes(body, "big")))
    elif kind == 0x58:
        file.metre = body[0], 1 << body[1]
    elif kind == 0x59:
        file.key = int.from_bytes(body[:1], "big", signed=True), bool(body[1])
    elif kind == 0x2F:
        track.end = tick
