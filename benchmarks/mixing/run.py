"""Mixing and mastering against what people use today, paired in one run; writes results/<date>.json and .md.

    python benchmarks/mixing/run.py [--rounds 5] [--work FOLDER] [--no-long]

Needs hausmusik importable, ffmpeg on the PATH, about 10 GB of disk for the three-hour piece, and a package index for
the peers' virtual environment. Every engine is a process of its own; wall time, processor time and peak memory are
what the kernel says of that process and its children (this one imports nothing large, because a child's peak starts
with the size of its parent). Engines take turns within each round: a busy moment hits all.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import piece

HERE = Path(__file__).parent
PEERS = ("numpy", "soundfile", "soxr", "pydub", "pyloudnorm", "pedalboard")
OURS = {
    "ours: mix": ["mix"],
    "ours: mix + master": [],
    "ours: mix + master + stems": ["stems"],
    "ours: mix + master + flac": ["flac"],
    "ours: mix + master, -11 LUFS (limiter at work)": ["loud"],
    "ours: mix + master + fsync": ["fsync"],
}
THEIRS = ("pydub", "numpy", "ffmpeg", "numpy-master", "ffmpeg-gain", "ffmpeg-master")


def peers_python(work: Path) -> Path:
    """Return the interpreter of the peers' environment, made on the first run."""
    python = work / "peers" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(work / "peers")], check=True)
        names = [*PEERS, "audioop-lts"] if sys.version_info >= (3, 13) else list(PEERS)  # pydub needs audioop
        subprocess.run([str(python), "-m", "pip", "install", "-q", *names], check=True)
    return python


def measured(command: list[str], *, threads: str | None) -> dict[str, float]:
    """Run one process to its end: wall and processor seconds, peak MiB (the largest of it and its children)."""
    env = dict(os.environ) | ({"OMP_NUM_THREADS": threads} if threads else {})
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return {"wall_s": wall_s, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


def meter(path: Path) -> dict[str, float]:
    """Read a finished file with FFmpeg's meter, which none of the engines under test is."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = dict(re.findall(r"(I|LRA|Peak):\s+(-?[\d.]+)", text[text.rindex("Summary") :]))
    return {"lufs": float(found["I"]), "lra_lu": float(found["LRA"]), "dbtp": float(found["Peak"])}


def cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "?")


def machine(python: Path) -> dict[str, object]:
    listed = subprocess.run([str(python), "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "ours": {name: version(name) for name in ("hausmusik", "numpy", "soxr", "av")},
        "peers": dict(line.split("==") for line in listed.split() if "==" in line) | {"ffmpeg": ffmpeg},
        "load_before": os.getloadavg(),
    }


def run(work: Path, rounds: int, *, long: bool) -> dict[str, object]:
    clips = work / "clips"
    if not (clips / "sound11.16.wav").exists():
        subprocess.run([sys.executable, str(HERE / "material.py"), str(clips)], check=True)
    python = peers_python(work)
    about = machine(python)
    commands = {
        name: ([sys.executable, str(HERE / "ours.py"), str(clips), str(work / f"ours{number}.wav"), *words], "1")
        for number, (name, words) in enumerate(OURS.items())
    } | {
        name: ([str(python), str(HERE / "peers.py"), name, str(clips), str(work / f"{name}.wav")], None)
        for name in THEIRS
    }
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, (command, threads) in commands.items():
            runs[name].append(measured(command, threads=threads))
            print(f"round {number + 1}  {name:48s} {runs[name][-1]}", flush=True)
    finished = {name: Path(command[4 if name in THEIRS else 3]) for name, (command, _) in commands.items()}
    meters = {name: meter(path) for name, path in finished.items()}
    result = {"date": dt.datetime.now(dt.UTC).date().isoformat(), "rounds": rounds, "machine": about}
    result |= {"runs": runs, "meters": meters, "ratios": ratios(runs)}
    result["meters_ms_per_s"] = {name: meter_speed(name) for name in ("ours", "ffmpeg")}
    if long:
        result["long"] = three_hours(work, clips)
    return result


def ratios(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Return how many times longer each peer took than ours for the same job, within each round."""
    pairs = {
        "ffmpeg graph + two-pass loudnorm": ("ffmpeg-master", "ours: mix + master"),
        "ffmpeg graph + ebur128, volume, alimiter": ("ffmpeg-gain", "ours: mix + master"),
        "numpy + pyloudnorm": ("numpy-master", "ours: mix + master"),
        "pydub (mix only)": ("pydub", "ours: mix"),
        "numpy (mix only)": ("numpy", "ours: mix"),
        "ffmpeg graph (mix only)": ("ffmpeg", "ours: mix"),
    }
    found = {}
    for title, (theirs, ours) in pairs.items():
        found[title] = {}
        for clock in ("wall_s", "cpu_s"):
            each = [a[clock] / b[clock] for a, b in zip(runs[theirs], runs[ours], strict=True)]
            found[title][clock] = {"median": statistics.median(each), "min": min(each), "max": max(each)}
    return found


def meter_speed(name: str) -> dict[str, float]:
    """Return what `meters.py` says, and its peak memory."""
    command = [sys.executable, str(HERE / "meters.py"), name]
    env = dict(os.environ) | {"OMP_NUM_THREADS": "1"}
    taken, loudness = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()
    return {"ms": float(taken), "lufs": float(loudness), "peak_mib": measured(command, threads="1")["peak_mib"]}


def three_hours(work: Path, clips: Path) -> dict[str, dict[str, float]]:
    found = {}
    for title, segments in (("3 minutes", 12), ("3 hours", 720)):
        out = work / "long.wav"
        command = [sys.executable, str(HERE / "ours.py"), str(clips), str(out), str(segments)]
        found[title] = measured(command, threads="1")
        out.unlink()
        print(title, found[title], flush=True)
    return found


def table(result: dict[str, object]) -> str:
    about = result["machine"]
    how = (
        f"{piece.DURATION_S:.0f} s, {piece.SEGMENTS} segments x 3 layers, 36 clips, out 48 kHz stereo; "
        f"{result['rounds']} rounds, medians (smallest to largest). {about['cpu']}, {about['cores']} cores, "
        f"Python {about['python']}; ours with one thread: {_names(about['ours'])}; "
        f"peers as they come: {_names({name: about['peers'][name] for name in (*PEERS, 'ffmpeg')})}. "
        "Whole processes, imports included. The last column is FFmpeg's meter on the finished file. "
        f"Load average when it began: {about['load_before'][0]:.1f} (above 0.5 others were at work too: look at CPU)."
    )
    lines = [f"# Mixing and mastering, {result['date']}", "", how, ""]
    lines += ["| engine | wall s | CPU s | peak MiB | LUFS / dBTP |", "|---|---|---|---|---|"]
    for name, each in result["runs"].items():
        wall, cpu = ([one[key] for one in each] for key in ("wall_s", "cpu_s"))
        read = result["meters"][name]
        lines.append(
            f"| {name} | {statistics.median(wall):.2f} ({min(wall):.2f} to {max(wall):.2f}) "
            f"| {statistics.median(cpu):.2f} | {max(one['peak_mib'] for one in each):.0f} "
            f"| {read['lufs']:.1f} / {read['dbtp']:.1f} |"
        )
    lines += ["", "Times as long as ours, within each round:", "", "| peer | wall | range | CPU |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {each['wall_s']['median']:.1f} | {each['wall_s']['min']:.1f} to {each['wall_s']['max']:.1f} "
        f"| {each['cpu_s']['median']:.1f} |"
        for name, each in result["ratios"].items()
    ]
    share = statistics.median(one["wall_s"] for one in result["runs"]["ours: mix + master + flac"]) / piece.DURATION_S
    lines += ["", f"Mix + master + flac: {100 * share:.2f} % of the piece's duration."]
    meters = result["meters_ms_per_s"]
    said = (
        f"{name} {one['ms']:.2f} ms ({one['lufs']:.2f} LUFS, {one['peak_mib']:.0f} MiB)" for name, one in meters.items()
    )
    lines += ["", f"Meter with true peak, per second of stereo: {', '.join(said)}; ffmpeg's is `ebur128` through PyAV."]
    if "long" in result:
        short, long = result["long"]["3 minutes"], result["long"]["3 hours"]
        more = 100 * (long["peak_mib"] / short["peak_mib"] - 1)
        memory = f"{long['peak_mib']:.1f} MiB; three minutes: {short['peak_mib']:.1f} MiB ({more:+.1f} %)"
        lines += ["", f"Three hours (720 segments, 2,160 clips): {long['wall_s']:.0f} s, {memory}."]
    return "\n".join([*lines, ""])


def _names(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=HERE.parents[1] / "out" / "mixing")
    parser.add_argument("--no-long", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    result = run(options.work.absolute(), options.rounds, long=not options.no_long)
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{result['date']}.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / f"{result['date']}.md").write_text(table(result))
    print(table(result))


if __name__ == "__main__":
    main()
