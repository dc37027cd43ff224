"""Times whole commands: the help, and composing the example when nothing or one level has changed, format by format.

    python benchmarks/commands/run.py [--rounds 5]

Each command is a fresh process; the commands of a round follow one another, so that a change of the machine's speed
meets all of them. The takes of the example are made first and are not timed. `python -c pass` and `pip --help` stand
beside the help, because what Python itself takes is not ours. Writes results/<date>.json and .md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "strange-loops.json"
HAUS = [sys.executable, "-c", "from hausmusik.cli import main; main()"]
FORMATS = ("flac", "wav", "mp3", "opus", "m4a")


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def jobs(folder: Path) -> dict[str, Callable[[], float]]:
    """Return what is timed, by name; each call may write a new score first."""
    score = folder / "piece.json"
    document = json.loads(EXAMPLE.read_text("utf-8"))
    document["master"]["formats"] = ["flac"]
    level = [0.0]

    def write() -> None:
        score.write_text(json.dumps(document), "utf-8")

    def compose(name: str, *words: str) -> list[str]:
        return [*HAUS, "compose", str(score), "-o", str(folder / name), *words]

    def unchanged() -> float:
        return timed(compose("piece.flac"))

    def one_gain(kind: str) -> Callable[[], float]:
        def changed() -> float:
            level[0] -= 0.1
            document["defaults"]["sound"]["gain_db"] = -6 + level[0]
            write()
            return timed(compose(f"{kind}/piece.{kind}"))

        return changed

    write()
    timed(compose("piece.flac"))  # makes the takes
    for kind in FORMATS:
        (folder / kind).mkdir(exist_ok=True)
    return {
        "python -c pass": lambda: timed([sys.executable, "-c", "pass"]),
        "pip --help": lambda: timed([sys.executable, "-m", "pip", "--help"]),
        "haus --help": lambda: timed([*HAUS, "--help"]),
        "compose, nothing changed": unchanged,
        **{
            f"compose, one gain changed, {kind}{'' if kind == 'flac' else ' and flac'}": one_gain(kind)
            for kind in FORMATS
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="hausmusik-bench-") as name:
        os.environ.setdefault("HAUSMUSIK_HOME", f"{name}/home")
        todo = jobs(Path(name))
        times: dict[str, list[float]] = {each: [] for each in todo}
        for _ in range(rounds):
            for each, job in todo.items():
                if each == "compose, nothing changed":
                    job()  # after a change, the first one renders
                times[each].append(job())
    rows = {
        each: {"min_s": min(got), "median_s": statistics.median(got), "max_s": max(got)} for each, got in times.items()
    }
    date = datetime.now(UTC).date().isoformat()
    about = {
        "date": date,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "hausmusik": metadata.version("hausmusik"),
        "rounds": rounds,
        "load_before": round(os.getloadavg()[0], 2),
    }
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{date}.json").write_text(json.dumps({"about": about, "seconds": rows}, indent=2) + "\n", "utf-8")
    lines = [f"# Whole commands, {date}", "", ", ".join(f"{key} {value}" for key, value in about.items()), ""]
    lines += ["| command | min s | median s | max s |", "|---|---|---|---|"]
    lines += [
        f"| `{each}` | {row['min_s']:.2f} | {row['median_s']:.2f} | {row['max_s']:.2f} |" for each, row in rows.items()
    ]
    lines += [
        "",
        "The example is 2 min 55 s long, six segments, with stems, captions, pictures and report in each render.",
        "",
    ]
    (folder / f"{date}.md").write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
