"""Hausmusik's side: one process per measurement. Usage: ours.py CLIPS OUT.wav [mix] [stems] [flac] [fsync] [loud] [N]

N is the number of segments (12: three minutes; 720: three hours, the 12 clips repeated). Prints the figures as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import piece

from hausmusik.audio.ducking import Ducking
from hausmusik.audio.master import MasterTarget, master
from hausmusik.audio.mix import Clip, Duck, MixSpec
from hausmusik.audio.mixing import iter_mix
from hausmusik.audio.wav import WavReader, WavWriter
from hausmusik.types import Audio


def spec(folder: Path, segments: int) -> MixSpec:
    starts = [index * piece.SEGMENT_S for index in range(segments)]
    speech = tuple((start + piece.VOICE_AT_S, start + piece.VOICE_AT_S + piece.VOICE_S) for start in starts)
    ducking = Ducking(depth_db=piece.DUCK_DB, attack_s=piece.ATTACK_S, release_s=piece.RELEASE_S, look_ahead_s=0.0)
    duck = Duck(intervals=speech, ducking=ducking)
    clips: list[Clip] = []
    for index, start in enumerate(starts):
        name = f"{index % piece.SEGMENTS:02d}.wav"
        music = Clip(
            source=folder / f"music{name}",
            layer="music",
            start_s=index * (piece.MUSIC_S - piece.CROSSFADE_S),
            duration_s=piece.MUSIC_S,
            gain_db=piece.MUSIC_DB,
            fade_in_s=piece.CROSSFADE_S if index else 0.01,
            fade_out_s=piece.CROSSFADE_S,
            duck=duck,
        )
        voice = Clip(
            source=folder / f"voice{name}",
            layer="voice",
            start_s=start + piece.VOICE_AT_S,
            duration_s=piece.VOICE_S,
            gain_db=piece.VOICE_DB,
            fade_in_s=0.01,
            fade_out_s=0.03,
        )
        sound = Clip(
            source=folder / f"sound{name}",
            layer="sound",
            start_s=start + piece.SOUND_AT_S,
            duration_s=piece.SOUND_S,
            gain_db=piece.SOUND_DB,
            fade_in_s=0.01,
            fade_out_s=0.3,
        )
        clips += [music, voice, sound]
    return MixSpec(duration_s=segments * piece.SEGMENT_S, sample_rate_hz=piece.RATE_HZ, clips=tuple(clips))


def blocks_of(path: Path) -> Iterator[Audio]:
    with WavReader.open(path) as reader:
        rate = reader.info.sample_rate_hz
        for start in range(0, reader.info.frames, rate):
            yield Audio(reader.read(start, rate), rate)


def main(folder: Path, out: Path, words: list[str]) -> None:
    segments = next((int(word) for word in words if word.isdigit()), piece.SEGMENTS)
    whole = spec(folder, segments)
    if "mix" in words:
        with WavWriter.create(out, whole.sample_rate_hz, 2, durable=False) as writer:
            for block in iter_mix(whole):
                writer.write(block.pre_master())
        print("{}")
        return
    stems = {layer: out.with_name(f"{out.stem}.{layer}.wav") for layer in whole.layers} if "stems" in words else None
    loudness = -11.0 if "loud" in words else piece.LOUDNESS_LUFS
    target = MasterTarget(loudness_lufs=loudness, true_peak_dbtp=piece.TRUE_PEAK_DBTP)
    report = master(
        iter_mix(whole),
        out,
        sample_rate_hz=whole.sample_rate_hz,
        target=target,
        stems=stems,
        durable="fsync" in words,
    )
    if "flac" in words:
        from hausmusik.audio.encode import encode

        encode(blocks_of(out), out.with_suffix(".flac"), "flac")
    print(json.dumps({"passes": report.passes, "limited_db": report.limiter_max_reduction_db}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
