"""Kokoro's speech against the kokoro-onnx package and Piper, paired in one run; writes results/<date>.json and .md.

    python benchmarks/speech/run.py [--rounds 5] [--work FOLDER] [--no-judge]

Needs hausmusik with its extra `embedded` importable, and a package index for the peers' virtual environment, which is
made in a temporary folder (or kept in --work). Weights come from where `haus` keeps them, and are pulled when missing.
All engines are loaded and warm at once, each a process of its own with one thread; they take turns within each round,
in changing order, so that a busy moment hits all. Processor time is what the kernel says of the process.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import material
import report

HERE = Path(__file__).parent
PEERS = ("kokoro-onnx==0.6.1", "phonemizer==3.4.0", "espeakng-loader==0.2.4", "piper-tts==1.8.0")
SETS = ("kokoro-v1-int8", "kokoro-voices-en", "piper-joe")
ENGINES = ("ours", "ours, through the house", "kokoro-onnx", "kokoro-onnx stream", "piper")
COUNTED = ("ours", "kokoro-onnx", "piper")
"""Whose processor time is compared; the worker behind the house is another process."""


class Engine:
    """One engine in its process.

    Args:
        command: Starts it.
    """

    def __init__(self, command: list[str]) -> None:
        env = dict(os.environ) | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._process = subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ready = self._answer()

    def speak(self, text: str, wav: Path | None = None) -> dict[str, float]:
        print(json.dumps({"text": text, "wav": str(wav or "")}), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self._process.args)} failed")
        return json.loads(line)


def peers_python(work: Path) -> Path:
    """Return the interpreter of the peers' environment, made on the first run; with our version of onnxruntime."""
    python = work / "peers" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(work / "peers")], check=True)
        same = [f"{name}=={version(name)}" for name in ("onnxruntime", "numpy")]
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS, *same], check=True)
    return python


def weights() -> dict[str, str]:
    """Return the path of every weight file that a peer reads, pulled when missing."""
    import hausmusik

    with hausmusik.open() as house:
        for _ in house.pull(["kokoro", "piper", "whisper-base"]):
            pass
        return house.weights.located([house.catalogue.weight_set(each) for each in SETS])


def voices_file(files: dict[str, str], work: Path) -> Path:
    """Write our style vectors of the voice in the form that kokoro-onnx reads."""
    import numpy as np

    path = work / "voices.npz"
    table = np.fromfile(files[f"kokoro-voices-en/{material.VOICE}.bin"], dtype="<f4").reshape(510, 1, 256)
    np.savez(path, **{material.VOICE: table})
    return path


def commands(work: Path) -> dict[str, list[str]]:
    files = weights()
    python, voices = peers_python(work), voices_file(files, work)
    models = {"piper": files["piper-joe/en_US-joe-medium.onnx"]}
    own = {"ours": "engine", "ours, through the house": "house"}
    found = {}
    for name in ENGINES:
        if name in own:
            found[name] = [sys.executable, str(HERE / "ours.py"), own[name]]
        else:
            model = models.get(name, files["kokoro-v1-int8/model.onnx"])
            found[name] = [str(python), str(HERE / "peers.py"), name, model, str(voices)]
    return found


def run(work: Path, rounds: int, *, judge: bool) -> dict[str, object]:
    about = machine()
    engines = {name: Engine(command) for name, command in commands(work).items()}
    first: dict[str, dict[str, list[dict[str, float]]]] = {}
    try:
        for number in range(rounds):
            names = list(engines) if number % 2 == 0 else list(engines)[::-1]
            for title, text in material.FIRST.items():
                for name in names:
                    found = engines[name].speak(text)
                    first.setdefault(title, {}).setdefault(name, []).append(found)
                    print(f"round {number + 1}  {title:10s} {name:24s} {found}", flush=True)
        wavs = {name: spoken(engines[name], work, name) for name in COUNTED} if judge else {}
    finally:
        for engine in engines.values():
            engine.close()
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "rounds": rounds,
        "machine": about,
        "load": {name: engine.ready for name, engine in engines.items()},
        "runs": first,
        "ratios": ratios(first["passage"]),
        "word_error_rate": {name: judged(each) for name, each in wavs.items()},
    }


def machine() -> dict[str, object]:
    try:
        listed = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        listed = []
    model = next((line.split(":")[1].strip() for line in listed if line.startswith("model name")), platform.processor())
    flags = next((line.split() for line in listed if line.startswith("flags")), [])
    return {
        "cpu": model,
        "int8_instructions": [
            flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8") if flag in flags
        ],
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": os.getloadavg(),
    }


def ratios(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return how many times our processor seconds per second of audio each peer needed, within each round."""
    found = {}
    for name in COUNTED[1:]:
        each = [
            (peer["cpu_s"] / peer["audio_s"]) / (own["cpu_s"] / own["audio_s"])
            for peer, own in zip(runs[name], runs["ours"], strict=True)
        ]
        found[name] = {"median": statistics.median(each), "min": min(each), "max": max(each)}
    return found


def narration() -> list[tuple[str, str]]:
    folder = HERE.parents[1] / "tests" / "data" / "narration"
    written, read = ((folder / f"proof{kind}.txt").read_text("utf-8").splitlines() for kind in ("", ".spoken"))
    return list(zip(written, read, strict=True))


def spoken(engine: Engine, work: Path, name: str) -> list[Path]:
    """Have the twenty sentences of the tests written to files."""
    paths = []
    for number, (text, _) in enumerate(narration()):
        paths.append(work / f"{name}-{number}.wav")
        engine.speak(text, paths[-1])
    return paths


def judged(wavs: list[Path]) -> dict[str, float]:
    """Return the word error rate of whisper-base on the twenty sentences, both sides normalised."""
    import hausmusik
    from hausmusik.testing.wer import total_rate, word_errors

    with hausmusik.open() as house:
        results = [
            word_errors(reading, house.transcribe(wav, language="en").text)
            for (_, reading), wav in zip(narration(), wavs, strict=True)
        ]
    return {"rate": total_rate(results), "words": sum(each.words for each in results)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, help="kept for the next run; default: a temporary folder")
    parser.add_argument("--no-judge", action="store_true", help="leave the word error rates out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        result = run(work, options.rounds, judge=not options.no_judge)
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{result['date']}.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / f"{result['date']}.md").write_text(report.page(result))
    print(report.page(result))


if __name__ == "__main__":
    main()
