"""What people use today, one process per measurement, run in a virtual environment of its own.

Usage: peers.py ENGINE CLIPS OUT.wav, with ENGINE one of
  pydub          mix only: stepwise ducking is all it offers, 16 bit, no loudness
  numpy          mix only: numpy + soxr on whole arrays
  numpy-master   the same, then pyloudnorm, pedalboard's limiter where a 4x oversampled peak asks for it
  ffmpeg         mix only: one graph of 36 inputs with a side-chain compressor
  ffmpeg-gain    the same, then its meter, and one gain with its (sample peak) limiter
  ffmpeg-master  the same, then loudnorm in two passes, linear
  nothing        start Python and stop
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import piece


def pydub(clips: Path, out: Path) -> None:
    from pydub import AudioSegment

    def load(kind: str, index: int) -> AudioSegment:
        segment = AudioSegment.from_wav(clips / f"{kind}{index:02d}.16.wav")
        return segment.set_frame_rate(piece.RATE_HZ).set_channels(2)

    music = load("music", 0)
    for index in range(1, piece.SEGMENTS):
        music = music.append(load("music", index), crossfade=int(piece.CROSSFADE_S * 1000))
    music += piece.MUSIC_DB
    parts, at = [], 0
    for start_s in piece.VOICE_STARTS_S:
        start, end = int(start_s * 1000), int((start_s + piece.VOICE_S) * 1000)
        parts += [music[at:start], music[start:end] - piece.DUCK_DB]
        at = end
    mixed = sum([*parts[1:], music[at:]], parts[0])
    for index, start_s in enumerate(piece.VOICE_STARTS_S):
        voice = (load("voice", index) + piece.VOICE_DB).fade_in(10).fade_out(30)
        mixed = mixed.overlay(voice, position=int(start_s * 1000))
    for index, start_s in enumerate(piece.SOUND_STARTS_S):
        sound = (load("sound", index) + piece.SOUND_DB).fade_in(10).fade_out(300)
        mixed = mixed.overlay(sound, position=int(start_s * 1000))
    mixed.export(out, format="wav")


def numpy_mix(clips: Path):
    import numpy as np
    import soundfile
    import soxr

    frames = int(piece.DURATION_S * piece.RATE_HZ)
    stems = {kind: np.zeros((frames, 2), np.float32) for kind in ("voice", "music", "sound")}

    def put(kind: str, index: int, start_s: float, fade_in_s: float, fade_out_s: float) -> None:
        samples, rate = soundfile.read(clips / f"{kind}{index:02d}.wav", dtype="float32", always_2d=True)
        samples = soxr.resample(samples, rate, piece.RATE_HZ)
        rise, fall = int(fade_in_s * piece.RATE_HZ), int(fade_out_s * piece.RATE_HZ)
        samples[:rise] *= np.sin(np.linspace(0, np.pi / 2, rise, dtype=np.float32))[:, None]
        samples[-fall:] *= np.cos(np.linspace(0, np.pi / 2, fall, dtype=np.float32))[:, None]
        start = int(start_s * piece.RATE_HZ)
        stems[kind][start : start + len(samples)] += samples[: frames - start]

    for index in range(piece.SEGMENTS):
        put("voice", index, piece.VOICE_STARTS_S[index], 0.01, 0.03)
        put("sound", index, piece.SOUND_STARTS_S[index], 0.01, 0.3)
        put("music", index, piece.MUSIC_STARTS_S[index], piece.CROSSFADE_S if index else 0.01, piece.CROSSFADE_S)
    times, levels = [], []
    for start_s in piece.VOICE_STARTS_S:
        end_s = start_s + piece.VOICE_S
        times += [start_s - piece.ATTACK_S, start_s, end_s, end_s + piece.RELEASE_S]
        levels += [0.0, -piece.DUCK_DB, -piece.DUCK_DB, 0.0]
    seconds = np.arange(frames, dtype=np.float32) / piece.RATE_HZ
    duck = (10 ** (np.interp(seconds, times, levels) / 20)).astype(np.float32)[:, None]
    gains = {"voice": piece.VOICE_DB, "music": piece.MUSIC_DB, "sound": piece.SOUND_DB}
    stems["music"] *= duck
    return sum(samples * np.float32(10 ** (gains[kind] / 20)) for kind, samples in stems.items())


def numpy(clips: Path, out: Path) -> None:
    import soundfile

    soundfile.write(out, numpy_mix(clips), piece.RATE_HZ, subtype="PCM_24")


def numpy_master(clips: Path, out: Path) -> None:
    import numpy as np
    import pyloudnorm
    import soundfile
    import soxr
    from pedalboard import Limiter

    def true_peak_db(samples: np.ndarray) -> float:
        step = 10 * piece.RATE_HZ
        parts = (samples[at : at + step] for at in range(0, len(samples), step))
        return 20 * np.log10(max(np.abs(soxr.resample(part, piece.RATE_HZ, 4 * piece.RATE_HZ)).max() for part in parts))

    mixed = numpy_mix(clips)
    gain_db = piece.LOUDNESS_LUFS - pyloudnorm.Meter(piece.RATE_HZ).integrated_loudness(mixed)
    mixed *= np.float32(10 ** (gain_db / 20))
    peak_db = true_peak_db(mixed)
    if peak_db > piece.TRUE_PEAK_DBTP:
        limiter = Limiter(threshold_db=piece.TRUE_PEAK_DBTP - 0.5, release_ms=80)
        mixed = limiter(mixed.T.copy(), piece.RATE_HZ).T
        peak_db = true_peak_db(mixed)
        mixed *= np.float32(10 ** (min(0.0, piece.TRUE_PEAK_DBTP - peak_db) / 20))
    soundfile.write(out, mixed, piece.RATE_HZ, subtype="PCM_24")


def ffmpeg(clips: Path, out: Path) -> None:
    every = range(piece.SEGMENTS)
    inputs: list[str] = []
    for kind in ("voice", "music", "sound"):
        for index in every:
            inputs += ["-i", str(clips / f"{kind}{index:02d}.wav")]
    to_stereo = f"aresample={piece.RATE_HZ},aformat=sample_fmts=fltp:channel_layouts=stereo"
    graph: list[str] = []
    for index in every:
        for label, number, starts, length_s, fall_s in (
            ("v", index, piece.VOICE_STARTS_S, piece.VOICE_S, 0.03),
            ("s", 2 * piece.SEGMENTS + index, piece.SOUND_STARTS_S, piece.SOUND_S, 0.3),
        ):
            delay = int(starts[index] * 1000)
            fades = f"afade=t=in:d=0.01,afade=t=out:st={length_s - fall_s}:d={fall_s}"
            graph.append(f"[{number}]{to_stereo},{fades},adelay={delay}|{delay}[{label}{index}]")
        graph.append(f"[{piece.SEGMENTS + index}]{to_stereo}[m{index}]")
    last = "m0"
    for index in every[1:]:
        graph.append(f"[{last}][m{index}]acrossfade=d={piece.CROSSFADE_S}:c1=qsin:c2=qsin[x{index}]")
        last = f"x{index}"
    together = f"amix={piece.SEGMENTS}:normalize=0:duration=longest"
    voices, sounds = ("".join(f"[{label}{index}]" for index in every) for label in "vs")
    graph += [
        f"{voices}{together},volume={piece.VOICE_DB}dB,apad=whole_dur={piece.DURATION_S},asplit[V][K]",
        f"{sounds}{together},volume={piece.SOUND_DB}dB[S]",
        f"[{last}]volume={piece.MUSIC_DB}dB[M]",
        "[M][K]sidechaincompress=threshold=0.02:ratio=6:attack=20:release=400[D]",
        "[V][D][S]amix=3:normalize=0:duration=longest",
    ]
    end = ["-t", str(piece.DURATION_S), "-c:a", "pcm_s24le", str(out)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", ";".join(graph), *end], check=True)


def ffmpeg_gain(clips: Path, out: Path) -> None:
    mixed = out.with_name("ffmpeg-mixed.wav")
    ffmpeg(clips, mixed)
    command = ["ffmpeg", "-hide_banner", "-nostats", "-y", "-i", str(mixed), "-af"]
    said = subprocess.run(
        [*command, "ebur128=peak=true", "-f", "null", "-"], capture_output=True, text=True, check=True
    ).stderr
    loudness_lufs = float(re.findall(r"I:\s+(-?[\d.]+)", said[said.rindex("Summary") :])[0])
    limit = 10 ** (piece.TRUE_PEAK_DBTP / 20)
    finish = f"volume={piece.LOUDNESS_LUFS - loudness_lufs}dB,alimiter=limit={limit}:level=disabled"
    end = ["-ar", str(piece.RATE_HZ), "-c:a", "pcm_s24le", str(out)]
    subprocess.run([*command, finish, *end], capture_output=True, check=True)


def ffmpeg_master(clips: Path, out: Path) -> None:
    mixed = out.with_name("ffmpeg-mixed.wav")
    ffmpeg(clips, mixed)
    aim = f"loudnorm=I={piece.LOUDNESS_LUFS}:TP={piece.TRUE_PEAK_DBTP}:LRA=11"
    command = ["ffmpeg", "-hide_banner", "-nostats", "-y", "-i", str(mixed), "-af"]
    first = subprocess.run(
        [*command, f"{aim}:print_format=json", "-f", "null", "-"], capture_output=True, text=True, check=True
    ).stderr
    found = json.loads(first[first.rindex("{") : first.rindex("}") + 1])
    measured = (
        f":measured_I={found['input_i']}:measured_TP={found['input_tp']}:measured_LRA={found['input_lra']}"
        f":measured_thresh={found['input_thresh']}:offset={found['target_offset']}:linear=true"
    )
    end = ["-ar", str(piece.RATE_HZ), "-c:a", "pcm_s24le", str(out)]
    subprocess.run([*command, aim + measured, *end], capture_output=True, check=True)


ENGINES = {
    "pydub": pydub,
    "numpy": numpy,
    "numpy-master": numpy_master,
    "ffmpeg": ffmpeg,
    "ffmpeg-gain": ffmpeg_gain,
    "ffmpeg-master": ffmpeg_master,
    "nothing": lambda *_: None,
}

if __name__ == "__main__":
    ENGINES[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
